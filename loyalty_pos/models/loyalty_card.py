from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from odoo.addons.loyalty_ledger.ledger.usability import EARN
from odoo.addons.loyalty_ledger.tools.source import Source
from odoo.addons.loyalty_ledger.tools.today import loyalty_today

from ..tools import remote
from ..tools.source import TillSource
from ..tools.trust import server_vouches


class LoyaltyCard(models.Model):
    _inherit = "loyalty.card"

    @api.model
    def _fields_of_the_card(self):
        return super()._fields_of_the_card() | {"source_pos_order_id"}

    def _is_till_read(self, fnames):
        """Return whether the till reads cards: it always asks for exactly the fields that it was given to load."""
        return set(fnames or ()) == set(self._load_pos_data_fields(self.env["pos.config"]))

    def _read_format(self, fnames, load="_classic_read"):
        """The till spends ``points``: give it what the card can spend, not what is outstanding."""
        values = super()._read_format(fnames, load)
        if self._is_till_read(fnames):
            for vals in values:
                vals["points"] = vals["available_points"]
        return values

    @api.model
    @api.readonly
    def search_read(self, domain=None, fields=None, offset=0, limit=None, order=None, **read_kwargs):
        """The till finds a customer's card by search: cards that cannot be used stay out, default cards come first."""
        if self._is_till_read(fields):
            domain = Domain(domain or Domain.TRUE) & self._usable_domain(loyalty_today(self.env, self.env.company))
            order = order or "is_default DESC, id"
        return super().search_read(domain, fields, offset, limit, order, **read_kwargs)

    @api.model
    def _config_of_call(self, config_id):
        """Return the till that a call names, where it names one; nothing is decided by it."""
        return self.env["pos.config"].sudo().browse(config_id if isinstance(config_id, int) else None).exists()

    @api.model
    @remote.checked(gift_code=remote.a_text, config_id=remote.maybe_id)
    def get_gift_card_status(self, gift_code, config_id):
        """Say whether a gift card with that code can be sold. Numbers that no card has are usual there, up to a limit."""
        Miss = self.env["loyalty.till.miss"]
        card = self.search([("code", "=", gift_code)], limit=1)
        if Miss._wait_reason() or (not card and Miss._note(self._config_of_call(config_id), gift_code, is_sale=True)):
            return {"status": False, "data": {"loyalty.card": []}}
        result = super().get_gift_card_status(gift_code, config_id)
        if card.ledgered and not card._spendable_points():
            result["status"] = False
        return result

    @api.model
    @remote.checked(code=remote.a_text)
    def get_loyalty_card_partner_by_code(self, code):
        """A card that cannot be used does not identify its customer; one that is linked to another card does."""
        Miss = self.env["loyalty.till.miss"]
        if reason := Miss._wait_reason():
            raise UserError(reason)
        card = self.search([("code", "=", code), ("program_type", "=", "loyalty")], limit=1)
        if not card and not self.sudo().search_count([("code", "=", code)], limit=1):
            Miss._note(self._config_of_call(None), code)
        if card.ledgered and not card._is_usable(loyalty_today(self.env, card.company_id or self.env.company), EARN):
            return False
        return super().get_loyalty_card_partner_by_code(code)

    def _check_may_write_points(self):
        return server_vouches(self.env) or super()._check_may_write_points()

    def _may_manage(self):
        return server_vouches(self.env) or super()._may_manage()

    def _send_creation_communication(self, force_send=False):
        """The mail about a gift card names its value: post it before, the till sends the mail in mid-flight."""
        source = Source.of(self.env)
        if isinstance(source, TillSource) and not self.env.context.get("action_no_send_mail"):
            source.settle()
        return super()._send_creation_communication(force_send=force_send)
