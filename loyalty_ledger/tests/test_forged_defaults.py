from odoo.exceptions import AccessError
from odoo.service.model import call_kw
from odoo.tests import tagged

from .register_common import RegisterCase
from .test_adjust import AdjustCase


@tagged("post_install", "-at_install")
class TestForgedDefaults(RegisterCase, AdjustCase):
    """Remote clients choose the context and their own defaults (``ir.default``): neither fills what the server keeps."""

    def remote_create(self, user, model, values, **context):
        context = {f"default_{name}": value for name, value in context.items()}
        return self.env[model].browse(
            call_kw(self.env[model].with_user(user), "create", [values], {"context": context})
        )

    def test_new_cards(self):
        """P4, H17: a new card has no points, sums, debts or level but those of the ledger."""
        forged = {
            "points": 500,
            "accumulated_points": 1000,
            "redeemed_points": 3,
            "debt_points": -500,
            "lifetime_points": 9999,
            "ledger_revision": 7,
            "last_use_date": "2020-01-01",
            "ledgered": False,
        }
        card = self.remote_create(self.manager, "loyalty.card", {"program_id": self.program.id}, **forged)
        for name, value in forged.items():
            self.env["ir.default"].with_user(self.manager).set("loyalty.card", name, value, user_id=True)
        mine = self.remote_create(self.manager, "loyalty.card", {"program_id": self.program.id})
        none = dict.fromkeys(forged, 0) | {"last_use_date": False, "ledgered": True}
        self.assertRecordValues(card | mine, [none, none])
        self.assertEqual(self.Card._verify_ledger(), [])

    def test_new_cards_of_users(self):
        """H18, S20: users issue cards on the first level that are linked to no other card, whatever their context."""
        first, __, top = self.make_levels()
        card = self.remote_create(
            self.user, "loyalty.card", {"program_id": self.program.id}, points_to_id=self.card.id, level_id=top.id
        )
        self.assertRecordValues(card, [{"points_to_id": False, "level_id": first.id}])

    def test_program_by_default(self):
        """P4: a card whose program comes from a default is under the ledger like any other."""
        self.env["ir.default"].with_user(self.user).set("loyalty.card", "program_id", self.program.id, user_id=True)
        with self.assertRaises(AccessError):
            self.remote_create(self.user, "loyalty.card", {"points": 1000})
        self.assertRecordValues(
            self.remote_create(self.user, "loyalty.card", {}),
            [{"program_id": self.program.id, "ledgered": True, "points": 0}],
        )

    def test_reservations(self):
        """N6: a reservation reserves, whatever status a context or a user's default names."""
        self.earn(100)
        card = self.card.with_context(default_state="consumed", default_entry_id=self.card.entry_ids.id)
        hold = card._hold(60, "test:forged", None)
        self.env["ir.default"].set("loyalty.hold", "state", "released", user_id=True)
        other = self.card._hold(30, "test:forged:2", None)
        self.assertEqual(((hold | other).mapped("state"), self.card.available_points), (["active", "active"], 10))
        hold._consume()
        self.assertBalances(points=40)

    def test_exceptions(self):
        """N8: what the ledger reports is open until somebody looks at it."""
        self.Card.with_context(default_state="resolved", default_resolved_by_id=self.user.id)._post_entries(
            [self.op(self.card, "external", -10)]
        )
        exception = self.env["loyalty.exception"].search([("card_id", "=", self.card.id)])
        self.assertRecordValues(exception, [{"state": "open", "resolved_by_id": False}])

    def test_approvals(self):
        """N10: no context approves what its user asks for."""
        self.env.company.loyalty_adjustment_limit = 100
        wizard = self.wizard(points=150).with_context(default_state="approved", default_approver_id=self.user.id)
        wizard.action_confirm()
        self.assertRecordValues(wizard.adjustment_id, [{"state": "waiting", "approver_id": False}])
        forged = self.remote_create(
            self.manager,
            "loyalty.balance.import",
            {"data": "", "program_id": self.program.id},
            state="approved",
            approver_id=self.user.id,
        )
        self.assertRecordValues(forged, [{"state": "draft", "approver_id": False}])
