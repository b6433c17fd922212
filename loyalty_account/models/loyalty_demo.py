from odoo import api, models

from odoo.addons.loyalty_ledger.demo.telling import tell

from ..demo import gift_cards, story


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    @api.model
    def _load_demo_books(self):
        """Make the invoices, payments and the accrual of the demo program; only the demo data calls it."""
        tell(self.env, story.tell)

    @api.model
    def _load_demo_gift_cards(self):
        """Take the demo gift cards into the books; only the demo data calls it."""
        tell(self.env, gift_cards.tell)
