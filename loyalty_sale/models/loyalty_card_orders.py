"""Cards that orders offer."""

from odoo import api, models
from odoo.tools import format_date

from odoo.addons.loyalty_ledger.tools.today import loyalty_today

from ..tools.order_event import OrderEvent


class LoyaltyCard(models.Model):
    _inherit = "loyalty.card"

    @api.model_create_multi
    def create(self, vals_list):
        """Orders issue cards: Odoo raises its rights for the first one of a program, and forgets it for more."""
        if self.env.su or OrderEvent.of(self.env) is None:
            return super().create(vals_list)
        return super(LoyaltyCard, self.sudo()).create(vals_list).sudo(False)

    def _why_not_usable(self, date=None):
        """Return in words why the card neither earns nor pays on ``date`` (default today), or False."""
        self.ensure_one()
        if self._is_usable(date):
            return False
        _ = self.env._
        if self.closed or not self.active:
            return _("Card %s is closed.", self.code)
        if self.points_to_id:
            return _(
                "Card %(card)s sends its points to card %(master)s.", card=self.code, master=self.points_to_id.code
            )
        if self.start_date and self.start_date > (date or loyalty_today(self.env, self.company_id)):
            return _(
                "Card %(card)s can be used from %(date)s on.",
                card=self.code,
                date=format_date(self.env, self.start_date),
            )
        return _("Card %(card)s expired on %(date)s.", card=self.code, date=format_date(self.env, self.expiration_date))
