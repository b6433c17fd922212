"""Faults of money and points at the till, planted one by one: the proof names each, and nothing that is right."""

from uuid import uuid4

from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import SQL

from odoo.addons.loyalty_account.tests.proof_common import ProofVerbs

from .test_session_closing import ClosingCase, ReductionCase


class TillFaultCase(ProofVerbs, ClosingCase):
    def points_payment(self, order):
        return order.sudo().payment_ids.filtered(lambda payment: payment.payment_method_id == self.points_method)

    def give_back(self, order, cash, points, qty=1, **values):
        """A refund of the first line that gives back what it is told to."""
        line = order.lines[0]
        payments = [self.pay(-cash, self.cash_method), self.pay_points(-points)]
        return self.sell(
            [self.taxed(line.price_unit, 15, qty=-qty, refunded_orderline_id=line.id)],
            self.ann,
            payments=[payment for payment in payments if payment["amount"]],
            is_refund=True,
            **values,
        ).sudo()

    def forget_exceptions(self, order):
        self.env.flush_all()
        self.env.cr.execute(
            SQL("DELETE FROM loyalty_exception WHERE res_model = 'pos.order' AND res_id = %s", order.id)
        )
        self.env.invalidate_all()


@tagged("post_install", "-at_install")
class TestTillFaults(TillFaultCase):
    def test_right(self):
        """N29: 50.00 redeemed and refunded shows nothing, half of it half, in open and closed sessions."""
        order = self.sale(lines=[self.taxed(50, 15, qty=2)])
        self.close()
        for expected in (25.0, 0.0):
            self.pos_session = self.open_session(self.config)
            self.refund(order, 1, 25)
            proof = self.assertSound()["payments"]
            self.assertEqual((proof["ledger"], proof["books"], proof["items"]), (expected, expected, []))
            self.close()
        self.assertSound()

    def test_reserved_and_not_used(self):
        """N29: an order that had reserved points, took none and gave change is shown (B0)."""
        uuid = str(uuid4())
        self.hold(20, str(uuid4()), order_uuid=uuid)
        order = self.sell(
            [self.line(price=70)],
            self.ann,
            uuid=uuid,
            payments=[self.pay(100.0, self.cash_method), self.pay(-30.0, self.cash_method, is_change=True)],
        ).sudo()
        hold = self.env["loyalty.hold"].search([("pos_order_uuid", "=", uuid)])
        self.tamper("UPDATE loyalty_hold SET state = 'released', write_date = now() WHERE id = %s", hold.id)
        self.assertNamed(
            order, "had reserved 20 points for .20.00, but none were used and change was given", explained=True
        )

    def test_fewer_points_than_reserved(self):
        """N29: a redemption that was cut at the payment: 500 points were reserved, 252 taken (B0)."""
        uuid, order_uuid = str(uuid4()), str(uuid4())
        self.hold(500, uuid, order_uuid=order_uuid)
        order = self.sell(
            [self.line(price=525.2)],
            self.ann,
            uuid=order_uuid,
            payments=[self.pay(273.2, self.cash_method), self.pay_points(252, uuid=uuid)],
        ).sudo()
        self.assertNamed(order, "had reserved 500 points for .500.00, but took only 252", size=248.0)

    def test_reservation_of_a_paid_order(self):
        """N29: points that stay reserved for an order that is paid are named (B10)."""
        order = self.sale().sudo()
        self.assertSound()
        self.hold(30, str(uuid4()), order_uuid=order.uuid)
        hold = self.env["loyalty.hold"].search([("pos_order_uuid", "=", order.uuid)], order="id DESC", limit=1)
        self.assertNamed(hold, "30 points of card .* which no longer needs them", size=30.0)
        hold.sudo()._release()
        self.assertSound()

    def test_cash_for_points(self):
        """N29: 115.00 in cash go back for 65.00 that were paid in cash (B2); known once it is an exception."""
        refund = self.give_back(self.sale(), 115, 0)
        self.assertNamed(refund, "115.00 go back in money for this sale, but only .65.00", explained=True)
        self.forget_exceptions(refund)
        self.assertNamed(refund, "115.00 go back in money for this sale, but only .65.00", size=50.0)

    def test_credit_note_of_the_back_end(self):
        """N29: what a till sold with an invoice, credited in the back end as if money had paid for all of it (B2)."""
        order = self.sale(to_invoice=True)
        self.close()
        note = self.plain_note(order.sudo().account_move, {**self.taxed_line(100), "product_id": self.pen.id})
        self.assertNamed(note, "115.00 go back in money for this sale, but only .65.00", size=50.0)

    def taxed_line(self, price):
        return {"price_unit": price, "tax_ids": [Command.set(self.sale_taxes[15].ids)]}

    def test_cost_of_a_closing(self):
        """N29, N1: a closing entry whose cost of points is on another account, or less than its orders wrote down (B14)."""
        self.sale()
        self.close()
        session = self.pos_session.sudo()
        self.assertSound()
        cost = session.move_id.line_ids.filtered(lambda line: line.account_id == self.program.sudo().cost_account_id)
        self.tamper("UPDATE account_move_line SET balance = balance - 10 WHERE id = %s", cost.id)
        self.assertNamed(session, "lacks .10.00 on", size=10.0)

    def test_return_without_receipt(self):
        """N29: goods that came back without their receipt, for cash (B2); known once it is an exception."""
        self.sale()
        refund = self.sell([self.taxed(100, 15, qty=-1)], self.ann, payments=[self.pay(-115, self.cash_method)]).sudo()
        self.forget_exceptions(refund)
        self.assertNamed(refund, "refunded .115.00 for goods returned without a receipt", size=115.0)
        refund._report_points(note="Return without receipt", program=self.program, card=self.card)
        self.assertNamed(refund, "without a receipt", explained=True)

    def test_points_and_money_apart(self):
        """N29: a refund gives 50.00 back as points and 49 points with it (B15)."""
        order = self.sale()
        refund = self.refund(order, 1, 50)
        self.assertSound()
        entry = refund.sudo()._entries_of_order()
        self.tamper("UPDATE loyalty_ledger_entry SET points = 47 WHERE id = %s", entry.id)
        self.assertNamed(self.points_payment(refund), "are worth .47.00 in the ledger, but .50.00 in the books")

    def test_rounding_of_cash(self):
        """N29: 7.98 by card and points, refunded as 8.00 in cash that is rounded, is right; 8.10 is not (B12)."""
        rounding = self.env["account.cash.rounding"].create(
            {
                "name": "Five cents",
                "rounding": 0.05,
                "strategy": "add_invoice_line",
                "profit_account_id": self.revenue.id,
                "loss_account_id": self.cost_account.id,
            }
        )
        self.tamper(
            "UPDATE pos_config SET cash_rounding = TRUE, rounding_method = %s WHERE id = %s",
            rounding.id,
            self.config.id,
        )
        order = self.sell(
            [self.line(price=10.98)], self.ann, payments=[self.pay(7.98), self.pay_points(3, uuid=str(uuid4()))]
        )
        refund = self.sell(
            [self.line(price=10.98, qty=-1, refunded_orderline_id=order.lines.id)],
            self.ann,
            payments=[self.pay(-7.98, self.cash_method), self.pay_points(-3)],
            is_refund=True,
        ).sudo()
        self.forget_exceptions(refund)
        payment = refund.payment_ids.filtered(lambda payment: payment.payment_method_id == self.cash_method)
        self.tamper("UPDATE pos_payment SET amount = -8 WHERE id = %s", payment.id)
        self.assertSound()
        self.tamper("UPDATE pos_payment SET amount = -8.10 WHERE id = %s", payment.id)
        self.assertNamed(refund, "go back in money")

    def test_earned_points_stay(self):
        """N29: a combo came back and what it had earned is still on the card (B13)."""
        self.program.issue_on = "paid"
        order = self.sell([self.taxed(100, 15)], self.ann, payments=[self.pay(115, self.cash_method)])
        refund = self.give_back(order, 115, 0)
        self.assertSound()
        entries = self.env["loyalty.ledger.entry"].search(
            [("kind", "=", "reversal"), ("res_model", "=", "pos.order"), ("program_id", "=", self.program.id)]
        )
        self.assertTrue(entries)
        self.tamper("UPDATE loyalty_ledger_entry SET res_model = 'res.partner' WHERE id = ANY(%s)", entries.ids)
        self.assertNamed(refund, "points that it earned are still on the card")

    def test_sale_on_account(self):
        """N29: an order on account that was paid in full earned nothing, or at the till and on its invoice (B8)."""
        self.program.issue_on = "paid"
        later = self.env["pos.payment.method"].create({"name": "Later", "split_transactions": True})
        self.tamper(
            "INSERT INTO pos_config_pos_payment_method_rel (pos_config_id, pos_payment_method_id) VALUES (%s, %s)",
            self.config.id,
            later.id,
        )
        order = self.sell([self.taxed(100, 15)], self.ann, payments=[self.pay(115, later)], to_invoice=True).sudo()
        invoice = order.account_move
        lines = self.bank_journal.inbound_payment_method_line_ids
        lines.payment_account_id = self.bank_journal.default_account_id
        wizard = self.env["account.payment.register"].with_context(active_model="account.move", active_ids=invoice.ids)
        wizard.create({"journal_id": self.bank_journal.id, "payment_method_line_id": lines[0].id})._create_payments()
        self.env.cr.flush()
        self.assertEqual(invoice.payment_state, "paid")
        self.tamper(
            "UPDATE loyalty_ledger_entry SET res_model = 'res.partner' WHERE id > 0 AND program_id = %s",
            self.program.id,
        )
        self.assertNamed(order, "was paid in full on its invoice .* but it never earned its points")
        for key, document in (("a", ("pos.order", order.id)), ("b", ("account.move", invoice.id))):
            self.card._post_entries(
                [{"card_id": self.card.id, "kind": "earn", "points": 100, "key": key, "document": document}]
            )
        self.assertNamed(order, "earned 100 points at the register and 100 on its invoice")

    def test_tip(self):
        """N29: points that paid a tip (B9)."""
        self.tamper("UPDATE pos_config SET tip_product_id = %s WHERE id = %s", self.pen.id, self.config.id)
        order = self.sell(
            [self.line(price=10)], self.ann, payments=[self.pay(4.0), self.pay_points(6, uuid=str(uuid4()))]
        ).sudo()
        self.assertNamed(order, ".6.00 of points were redeemed on products that are not eligible", size=6.0)

    def closing_tax(self, session, kind="input_vat"):
        return session.move_id.line_ids.filtered(lambda line: line.tax_line_id.type_tax_use == "purchase")

    def test_relief_that_stays(self):
        """N29: a session gave goods and points back, but kept the VAT that another one had recovered (B14)."""
        order = self.sale()
        self.close()
        self.pos_session = self.open_session(self.config)
        self.refund(order, 1, 50)
        self.close()
        self.assertSound()
        session = self.pos_session.sudo()
        self.tamper(
            """
            UPDATE account_move_line SET tax_line_id = NULL, tax_repartition_line_id = NULL, account_id = %s WHERE id = %s
            """,
            self.company_data["default_account_expense"].id,
            self.closing_tax(session).id,
        )
        self.assertNamed(session, "15%: .*0.00 instead of .*6.52", size=6.52)

    def test_vat_of_the_part(self):
        """N29: points that paid two rates, of which one came back at the other's (B4)."""
        order = self.sell(
            [self.taxed(100, 15), self.taxed(100, 5)],
            self.ann,
            payments=[self.pay(174, self.cash_method), self.pay_points(46, uuid=str(uuid4()))],
        )
        self.close()
        self.assertSound()
        session = self.pos_session.sudo()
        line = self.closing_tax(session).filtered(lambda line: line.tax_line_id.amount == 5)
        self.tamper("UPDATE account_move_line SET tax_line_id = %s WHERE id = %s", self.purchase_taxes[15].id, line.id)
        self.assertTrue(order)
        self.assertNamed(session, "5%: .0.00 instead of .1.05; 15%")


@tagged("post_install", "-at_install")
class TestTillReductionFaults(ProofVerbs, ReductionCase):
    def test_right(self):
        """N29: lines that points take off, and the refund of them, show nothing."""
        order = self.reduced_sale()
        self.assertSound()
        self.reduced_refund(order)
        proof = self.assertSound()["payments"]
        self.assertEqual((proof["ledger"], proof["books"]), (0.0, 0.0))

    def test_more_comes_back_than_was_taken_off(self):
        """N29: halves that were rounded twice give 50.02 back of 50.00 (B15)."""
        order = self.reduced_sale()
        refund = self.reduced_refund(order).sudo()
        line = refund.lines.filtered(lambda line: line.refunded_orderline_id.loyalty_redeem_uuid)
        self.tamper("UPDATE pos_order_line SET price_subtotal_incl = 50.02 WHERE id = %s", line.id)
        self.assertNamed(line, "are worth .50.00 in the ledger, but .50.02 in the books", size=0.02)

    def test_value_of_lines(self):
        """N29: the price that a line takes off, not the points that it claims, is what was paid."""
        order = self.reduced_sale().sudo()
        line = order.lines.filtered("loyalty_redeem_uuid")
        self.tamper("UPDATE pos_order_line SET loyalty_points = 70 WHERE id = %s", line.id)
        self.assertSound()
        self.tamper("UPDATE pos_order_line SET price_subtotal_incl = -60 WHERE id = %s", line.id)
        self.assertNamed(line, "shows .60.00 paid with points, but its points are worth .50.00", size=10.0)

    def test_wrong_vat(self):
        """N29: lines of points that take off another VAT than that of what they pay (B4)."""
        order = self.reduced_sale().sudo()
        line = order.lines.filtered("loyalty_redeem_uuid")
        self.tamper("UPDATE pos_order_line SET price_subtotal = -50 WHERE id = %s", line.id)
        self.assertNamed(order, "15%: .0.00 instead of .6.52", size=6.52)

    def test_invoice_the_other_way(self):
        """N29: an invoice that books the points of its order as if they came back."""
        order = self.reduced_sale(to_invoice=True).sudo()
        self.assertSound()
        line = order.account_move.invoice_line_ids.filtered(lambda line: line.account_id == self.cost_account)
        self.tamper(
            "UPDATE account_move_line SET amount_currency = -amount_currency, balance = -balance WHERE id = %s", line.id
        )
        self.assertNamed(
            order.account_move, "books .-43.48 for points .* but its orders at the register say .43.48", size=86.96
        )
