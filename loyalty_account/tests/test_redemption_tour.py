from odoo.fields import Command
from odoo.tests import HttpCase, new_test_user, tagged

from .redemption_common import RedemptionCase


@tagged("post_install", "-at_install")
class TestRedemptionTour(RedemptionCase, HttpCase):
    """The dialog in a browser."""

    frozen = False

    def test_redeem(self):
        """S9, S10, C17, C18, C19, C20, C27: F11, scan, points and money, redeemed on a posted invoice."""
        bob = self.env["res.partner"].create({"name": "Bob"})
        card = self.make_card(bob, code="FRIEND-1")
        self.grant(30, card)
        move = self.make_invoice(self.line(100, 15), post=True)
        self.start_tour(f"/odoo/customer-invoices/{move.id}", "loyalty_redeem", login="loyalty_clerk")
        self.assertEqual((card.points, self.card.points, move.amount_residual), (20, 1000, 105))

    def test_missing_field(self):
        """N29: a field that is missing is named, in dialogs and wherever it may be on a form of ours."""
        new_test_user(
            self.env,
            "loyalty_boss",
            groups="loyalty_ledger.group_loyalty_manager",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        self.start_tour(f"/odoo/loyalty-cards/{self.card.id}", "loyalty_missing_field", login="loyalty_boss")
