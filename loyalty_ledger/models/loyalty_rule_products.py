"""Which products a rule counts, remembered."""

from odoo import api, models
from odoo.fields import Domain

from ..tools.memory import remembered

#: Context key: calculate what is remembered otherwise.
AFRESH = "loyalty_afresh"


class LoyaltyRule(models.Model):
    _name = "loyalty.rule"
    _inherit = ["loyalty.rule", "loyalty.remembered.mixin"]

    def _get_valid_product_domain(self):
        """Leave out products that earn nothing (C33), for loyalty cards only; gift cards, unless they earn (C32, bH9).

        Other programs trigger on gift cards on purpose.
        """
        if isinstance(self.id, int) and not self.env.context.get(AFRESH):
            return self._known_product_domain()
        domain = super()._get_valid_product_domain()
        if self.program_type != "loyalty":
            return domain
        domain &= Domain("loyalty_no_earn", "=", False)
        gift_cards = () if self.program_id.gift_cards_earn else self._gift_card_product_ids()
        return domain & Domain("id", "not in", gift_cards) if gift_cards else domain

    @remembered("self.id")
    def _known_product_domain(self):
        """Every order asks several times, and rules hardly ever change: remembered until one does."""
        rule = self.sudo().with_context(active_test=True, **{AFRESH: True})  # the same for everybody
        return rule._get_valid_product_domain()

    @api.model
    @remembered()
    def _gift_card_product_ids(self):
        """Products that are money in advance: selling them issues a gift card or tops an eWallet up.

        Every line of every order asks; rules of programs change rarely.
        """
        rules = self.sudo().with_context(active_test=True)
        return tuple(rules.search([("program_id.program_type", "in", ("gift_card", "ewallet"))]).product_ids.ids)
