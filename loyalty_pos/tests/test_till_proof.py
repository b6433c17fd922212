from uuid import uuid4

from odoo.tests import tagged
from odoo.tools import SQL

from .test_session_closing import ClosingCase, ReductionCase

#: Tables whose triggers protect what these tests spoil.
PROTECTED = ("loyalty_ledger_entry", "loyalty_card", "loyalty_lot", "loyalty_ledger_consumption")


class TamperCase(ClosingCase):
    def tamper(self, query, *args):
        """Change rows as a database administrator can: with triggers off."""
        self.env.flush_all()
        for table in PROTECTED:
            self.env.cr.execute(SQL("ALTER TABLE %s DISABLE TRIGGER USER", SQL.identifier(table)))
        self.env.cr.execute(SQL(query, *args))
        for table in PROTECTED:
            self.env.cr.execute(SQL("ALTER TABLE %s ENABLE TRIGGER USER", SQL.identifier(table)))
        self.env.invalidate_all()

    def assertFound(self, record, text, difference, sums=None):
        """The payments of the proof differ, and the row that makes it is named, and nothing else of the difference.

        Checks that look further than the two sides may name what else the row spoils.
        """
        self.env.invalidate_all()
        proof = self.program._loyalty_proof()
        self.assertEqual(
            [(item["model"], item["id"]) for item in proof["payments"]["items"] if item["amount"]],
            [(record._name, record.id)],
        )
        self.assertIn(text, proof["payments"]["items"][0]["problem"])
        self.assertEqual((proof["payments"]["difference"], proof["payments"]["unexplained"]), (difference, 0.0))
        self.assertTrue(proof["residual"])
        wizard = self.env["loyalty.proof"].create({"program_id": self.program.id})
        wizard.action_reconcile()
        self.assertEqual(wizard.state, "bad")
        line = wizard.line_ids.filtered(lambda line: line.part == "payments" and line.amount)
        self.assertEqual(line.action_open_document()["res_id"], record.id)

    def points_payment(self, order):
        return order.sudo().payment_ids.filtered(lambda payment: payment.payment_method_id == self.points_method)


@tagged("post_install", "-at_install")
class TestTillProof(ClosingCase):
    policy = "accrual"

    def test_open_session_is_explained(self):
        """N1: value that waits for the closing of a session is listed as such, and gone once it is closed."""
        card = self.make_card()
        card._post_entries(
            [{"card_id": card.id, "kind": "earn", "points": 100, "key": "proof", "effective_date": "2026-03-01"}]
        )
        self.env["loyalty.accrual.run"].create({"program_id": self.program.id, "date_to": "2026-03-02"}).action_post()
        self.sell(
            [self.taxed(100, 15)],
            self.ann,
            payments=[self.pay(65.0, self.cash_method), self.pay_points(50, card, uuid="proof")],
        )
        problems = [item["problem"] for item in self.assertProved()["completeness"]["items"]]
        self.assertTrue([problem for problem in problems if "open Point of Sale sessions" in problem], problems)
        self.close()
        problems = [item["problem"] for item in self.assertProved()["completeness"]["items"]]
        self.assertFalse([problem for problem in problems if "open Point of Sale sessions" in problem], problems)


@tagged("post_install", "-at_install")
class TestTillPayments(TamperCase):
    """What was paid at tills, invoiced or not, is compared with what the ledger took."""

    def test_sales_and_refunds(self):
        """N1, N4: payments of open and closed sessions, invoices of them and refunds prove themselves."""
        order = self.sale()
        self.assertProved(ledger=50.0, books=50.0)
        self.sale(to_invoice=True)
        self.assertProved(ledger=100.0, books=100.0)
        self.close()
        self.assertProved(ledger=100.0, books=100.0)
        order.sudo().action_pos_order_invoice()
        self.pos_session = self.open_session(self.config)
        self.refund(order, 1, 50)
        self.assertProved(ledger=50.0, books=50.0)
        self.close()
        self.assertProved(ledger=50.0, books=50.0)
        proof = self.program._loyalty_proof("2026-03-14")
        self.assertEqual((proof["payments"]["ledger"], proof["payments"]["books"]), (0, 0))

    def test_value_of_a_point_changes(self):
        """N1: what was paid stays right when points are worth something else from the same day on."""
        self.sale()
        self.sell(
            [self.taxed(100, 15)], self.ann, payments=[self.pay(65.0, self.cash_method), self.pay_points(50, uuid="u")]
        )
        self.program.point_value = 0.5
        self.assertProved(ledger=100.0, books=100.0)

    def test_part_of_a_point(self):
        """N1, N4: a refund that gives back less money than a point is worth returns none, and is right."""
        self.program.point_value = 10
        order = self.sell(
            [self.taxed(100, 0, qty=20)],
            self.ann,
            payments=[self.pay(1990.0, self.cash_method), self.pay_points(10, uuid="u")],
        )
        refund = self.sell(
            [self.taxed(100, 0, qty=-1, refunded_orderline_id=order.lines.id)],
            self.ann,
            payments=[self.pay(-99.5, self.cash_method), self.pay_points(-0.5)],
            is_refund=True,
        )
        self.assertEqual(self.points_payment(refund).loyalty_points, 0)
        self.assertProved(ledger=9.5, books=9.5)
        self.close()

    def test_redemption_without_payment(self):
        """N1: points that a till took, whose payment was deleted, in an open session and in a closed one."""
        order = self.sale()
        entry = order._entries_of_order()
        payment = self.points_payment(order)
        self.tamper("DELETE FROM pos_payment WHERE id = %s", payment.id)
        self.assertFound(entry, "nothing was paid with them", 50.0)

    def test_redemption_without_payment_in_a_closed_session(self):
        """N1: the same when the session is closed and the order invoiced."""
        order = self.sale(to_invoice=True)
        self.sale()
        self.close()
        self.tamper("DELETE FROM pos_payment WHERE id = %s", self.points_payment(order).id)
        self.assertFound(order._entries_of_order(), "nothing was paid with them", 50.0)

    def test_payment_without_redemption(self):
        """N1: a payment by points for which the ledger took none."""
        order, other = self.sale(), self.sale()
        self.close()
        payment = self.points_payment(order)
        self.tamper(
            "UPDATE loyalty_ledger_entry SET res_model = 'res.partner' WHERE id = %s", order._entries_of_order().id
        )
        self.assertFound(payment, "no points were redeemed for it", -50.0)
        self.assertTrue(other.loyalty_settled)

    def test_payment_that_was_entered_twice(self):
        """N1: a payment by points that somebody wrote into a paid order."""
        order = self.sale()
        payment = self.points_payment(order)
        self.tamper(
            """
            INSERT INTO pos_payment (pos_order_id, payment_method_id, amount, uuid, payment_date, loyalty_points)
            SELECT pos_order_id, payment_method_id, 20, %s, payment_date, 20 FROM pos_payment WHERE id = %s
            """,
            str(uuid4()),
            payment.id,
        )
        added = self.points_payment(order) - payment
        self.assertFound(added, "no points were redeemed for it", -20.0)

    def test_changed_amount(self):
        """N1: a payment whose amount was changed: it says another one than was reserved."""
        payment = self.points_payment(self.sale())
        self.tamper("UPDATE pos_payment SET amount = 60, loyalty_points = 60 WHERE id = %s", payment.id)
        self.assertFound(payment, "its points are worth", -10.0)

    def test_return_without_points(self):
        """N1, N4: a refund that gave money back as points whose return is not in the ledger."""
        order = self.sale()
        refund = self.refund(order, 1, 50)
        entry = refund._entries_of_order()
        self.tamper("UPDATE loyalty_ledger_entry SET res_model = 'res.partner' WHERE id = %s", entry.id)
        self.assertFound(self.points_payment(refund), "returned points: they are worth", 50.0)

    def test_points_of_no_card(self):
        """N1, N8: an order that was paid with points of nobody is named as what it is, and known."""
        order = self.sell(
            [self.taxed(100, 15)],
            payments=[self.pay(65.0, self.cash_method), {"amount": 50, "payment_method_id": self.points_method.id}],
        )
        self.assertTrue(self.exceptions_of(order))
        (item,) = self.assertProved(ledger=0.0, books=50.0)["payments"]["items"]
        self.assertEqual((item["id"], item["explained"]), (self.points_payment(order).id, True))
        self.assertIn("without naming a card", item["problem"])
        self.close()

    def test_points_that_wait(self):
        """N1, N8: a payment whose points could not be taken is expected until the closing takes them."""
        order = self.sale()
        entry = order._entries_of_order()
        self.tamper("UPDATE loyalty_ledger_entry SET res_model = 'res.partner' WHERE id = %s", entry.id)
        order.sudo().write({"loyalty_unsettled": True, "loyalty_settled": False})
        self.env.flush_all()
        (item,) = self.program._loyalty_proof()["payments"]["items"]
        self.assertEqual((item["id"], item["explained"]), (self.points_payment(order).id, True))
        self.assertIn("tries again", item["problem"])


@tagged("post_install", "-at_install")
class TestTillReductions(ReductionCase, TamperCase):
    def test_lines_and_refunds(self):
        """N1, N3: lines that points take off the price prove themselves, and those that give them back."""
        order = self.reduced_sale()
        self.assertProved(ledger=50.0, books=50.0)
        self.close()
        self.pos_session = self.open_session(self.config)
        self.reduced_refund(order)
        self.assertProved(ledger=0.0, books=0.0)
        self.close()

    def test_redemption_without_line(self):
        """N1: points that were taken for a line that is gone."""
        order = self.reduced_sale()
        line = order.lines.filtered("loyalty_redeem_uuid")
        self.tamper("DELETE FROM pos_order_line WHERE id = %s", line.id)
        self.assertFound(order._entries_of_order(), "nothing was paid with them", 50.0)

    def test_line_without_redemption(self):
        """N1: a line that took points off the price, for which the ledger took none."""
        order = self.reduced_sale()
        self.close()
        entry = order._entries_of_order()
        self.tamper("UPDATE loyalty_ledger_entry SET res_model = 'res.partner' WHERE id = %s", entry.id)
        self.assertFound(order.lines.filtered("loyalty_redeem_uuid"), "no points were redeemed for it", -50.0)
