from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tests.common import JsonRpcException

from .common import TillCase


@tagged("post_install", "-at_install")
class TestTillRemote(TillCase, HttpCase):
    """What a browser sends: real remote calls, with keys and numbers as JSON makes them."""

    def call(self, model, method, *args):
        return self.make_jsonrpc_request(
            f"/web/dataset/call_kw/{model}/{method}", {"model": model, "method": method, "args": args, "kwargs": {}}
        )

    def test_managers_claims_are_bounded_too(self):
        """H17, N8: a manager's browser is a client as any other: claims are cut, balances cannot be written."""
        new_test_user(self.env, "till_manager", groups="base.group_user,point_of_sale.group_pos_manager", tz="UTC")
        card = self.make_card(self.ann)
        order = self.sell([self.line(price=100)], self.ann)
        claims = {str(card.id): self.claim(1_000_000, card=card, partner_id=self.ann.id)}
        self.authenticate("till_manager", "till_manager")
        reply = self.call("pos.order", "confirm_coupon_programs", [order.id], claims)
        self.assertEqual([(u["id"], u["points"]) for u in reply["coupon_updates"]], [(card.id, 100)])
        self.assertEntries(order, [(card, "earn", 100)])
        self.assertCut(order, [999_900])
        with self.assertRaises(JsonRpcException), self.assertLogs("odoo.http", "WARNING"):
            self.call("loyalty.card", "write", [card.id], {"points": 5_000})
        self.assertEqual(card.points, 100)

    def test_context_of_a_client_vouches_for_nothing(self):
        """H17: a client that sends the ledger's context keys still cannot write a balance."""
        card = self.make_card(self.ann, 20)
        self.authenticate("till_cashier", "till_cashier")
        context = {"loyalty_ledger_source": "loyalty_ledger_source"}
        with self.assertRaises(JsonRpcException), self.assertLogs("odoo.http", "WARNING"):
            self.make_jsonrpc_request(
                "/web/dataset/call_kw/loyalty.card/write",
                {
                    "model": "loyalty.card",
                    "method": "write",
                    "args": [[card.id], {"points": 5_000}],
                    "kwargs": {"context": context},
                },
            )
        self.assertEqual(card.points, 20)
