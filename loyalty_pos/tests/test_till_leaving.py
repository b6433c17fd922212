from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from ..hooks import uninstall_hook
from .common import TillPointsCase


@tagged("post_install", "-at_install")
class TestTillLeaving(TillPointsCase):
    def test_refused_while_points_pay(self):
        """N12: the add-on is not removed while a session is open where points are redeemed."""
        module = self.env["ir.module.module"].search([("name", "=", "loyalty_pos")])
        core = self.env["ir.module.module"].search([("name", "=", "loyalty_ledger")])
        admin = self.env.ref("base.user_admin")
        for record in (module, core):
            with self.assertRaisesRegex(UserError, self.pos_session.name):
                record.with_user(admin).button_uninstall()
        self.assertEqual(module.state, "installed")

    def test_methods_are_archived(self):
        """N12: afterwards no till has a payment by points that would turn into a sale on account."""
        order = self.sell([self.line(price=50)], self.ann, payments=[self.pay_points(50, uuid="p")])
        self.pos_session.action_pos_session_closing_control()
        self.assertEqual(self.pos_session.state, "closed")
        uninstall_hook(self.env)
        self.assertFalse(self.points_method.active)
        self.assertEqual(self.config.payment_method_ids, self.cash_method | self.method)
        self.assertEqual(order.payment_ids.payment_method_id, self.points_method)


@tagged("post_install", "-at_install")
class TestTillExceptions(TillPointsCase):
    def overspend(self):
        card = self.make_card()
        order = self.sell([self.line(price=50)], self.ann, payments=[self.pay_points(50, card, uuid="late")])
        return card, self.exceptions_of(order, "debt")

    def test_waive_in_one_click(self):
        """N8, C31: a manager waives what a late order overspent: the card owes nothing, the exception is resolved."""
        card, exception = self.overspend()
        with self.assertRaises(AccessError):
            exception.with_user(self.cashier).action_waive()
        manager = new_test_user(self.env, "points_manager", groups="loyalty_ledger.group_loyalty_manager")
        exception.with_user(manager).action_waive()
        self.assertEqual((card.points, card.debt_points, exception.state), (0, 0, "resolved"))
        entry = card.entry_ids.sorted("id")[-1]
        self.assertEqual((entry.kind, entry.points, entry.author_id), ("adjust", 50, manager.id))
        self.assertFalse(exception.activity_ids)

    def test_waive_above_the_limit(self):
        """N8, N10: above the limit a second manager has to approve it."""
        self.company.loyalty_adjustment_limit = 49
        card, exception = self.overspend()
        with self.assertRaisesRegex(UserError, "second manager"):
            exception.action_waive()
        self.assertEqual((card.debt_points, exception.state), (50, "open"))

    def test_paid_meanwhile(self):
        """N8: what later points paid already is not given again."""
        card, exception = self.overspend()
        card._post_entries([{"card_id": card.id, "kind": "earn", "points": 30, "key": "earned"}])
        exception.action_waive()
        self.assertEqual((card.points, card.debt_points), (0, 0))

    def test_settle_again(self):
        """N8: what kept points from being settled is fixed, and one click settles them."""
        self.card.code = "LONG"
        order = self.sell([self.line(price=50)], self.ann, payments=[self.pay_points(50, uuid="again")])
        order.loyalty_settled = False
        exception = self.exceptions_of(order)
        exception.action_settle_again()
        self.assertEqual((order.loyalty_settled, exception.state), (True, "resolved"))
        self.assertEqual(self.card.points, 950)
