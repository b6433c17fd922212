from uuid import uuid4

from odoo import Command
from odoo.tests import tagged

from .test_session_closing import ClosingCase


@tagged("post_install", "-at_install")
class TestClosingEarningSale(ClosingCase):
    """The till, where points take off the VAT of the sales that earned them; a point is worth 0.01."""

    vat_mode = "earning_sale"
    point_value = 0.01

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sale_taxes |= {rate: cls.make_tax("sale", rate) for rate in (19, 7)}
        cls.program.write({"issue_on": "paid", "tax_map_ids": [Command.clear()]})

    @classmethod
    def grant(cls, points, card=None, **values):
        """The card starts without points."""
        return cls.env["loyalty.ledger.entry"]

    def earn(self, net, rate):
        return self.sell([self.taxed(net, rate)], self.ann)

    def spend(self, points, qty=1, held=True):
        """``qty`` pieces of 100.00 and 7 % VAT, paid with points and in money."""
        uuid, order_uuid = str(uuid4()), str(uuid4())
        if held:
            self.hold(points, uuid, order_uuid=order_uuid)
        amount = points / 100
        return self.sell(
            [self.taxed(100, 7, qty=qty)],
            self.ann,
            payments=[self.pay(107.0 * qty - amount, self.cash_method), self.pay_points(amount, uuid=uuid)],
            uuid=order_uuid,
        )

    def give_back(self, order, qty, points):
        line = order.lines[0]
        payments = [self.pay(-107.0 * qty + points / 100, self.cash_method), self.pay_points(-points / 100)]
        return self.sell(
            [self.taxed(100, 7, qty=-qty, refunded_orderline_id=line.id)], self.ann, payments=payments, is_refund=True
        )

    def points_of(self, move):
        """What points booked in a closing entry: ``[(account, balance, tags)]``."""
        lines = move.line_ids.filtered(lambda line: self.points_method.name in line.name)
        return sorted((line.account_id.code, line.balance, line.tax_tag_ids.mapped("name")) for line in lines)

    def invoice(self, order):
        order.sudo().action_pos_order_invoice()
        self.assertEqual(order.account_move.payment_state, "paid")

    def relief(self):
        """What the statement has: ``{(card, rate): (amount, VAT)}`` of all documents together."""
        rows = self.env["loyalty.relief"].search([("program_id", "=", self.program.id)])
        return {
            (card, rate): (round(sum(part.mapped("amount")), 2), round(sum(part.mapped("vat_amount")), 2))
            for (card, rate), part in rows.grouped(lambda row: (row.card_id, row.rates)).items()
        }

    def redeemed_by(self, *parts, document="refund"):
        return sorted(
            (account.code, balance, [f"sale {rate} {document} {kind}"] if rate else [])
            for account, balance, rate, kind in parts
        )

    def test_closing(self):
        """N17: the closing takes off the VAT of the sales that earned, at the till and on invoices."""
        self.earn(300, 19)
        self.earn(200, 7)
        order = self.spend(500)
        move = self.close()
        self.assertEqual(
            self.points_of(move),
            self.redeemed_by(
                (self.cost_account, 2.52, 19, "base"),
                (self.output_vat, 0.48, 19, "tax"),
                (self.cost_account, 1.87, 7, "base"),
                (self.output_vat, 0.13, 7, "tax"),
            ),
        )
        rows = self.env["loyalty.relief.report"].search([("program_id", "=", self.program.id)])
        self.assertEqual(rows.mapped("document_name"), [order.display_name] * 2)
        self.assertEqual((rows.move_id, rows.mapped("vat_amount")), (move, [0.48, 0.13]))

    def test_returns_lot_by_lot(self):
        """N17, N4: refunds give back what was taken off, the lot that was used last first."""
        self.earn(300, 19)
        self.earn(200, 7)
        order = self.spend(500, qty=2)
        self.close()
        self.pos_session = self.open_session(self.config)
        self.give_back(order, 1, 250)
        self.assertEqual(
            self.points_of(self.close()),
            self.redeemed_by(
                (self.cost_account, -1.87, 7, "base"),
                (self.output_vat, -0.13, 7, "tax"),
                (self.cost_account, -0.42, 19, "base"),
                (self.output_vat, -0.08, 19, "tax"),
                document="invoice",
            ),
        )
        self.pos_session = self.open_session(self.config)
        self.give_back(order, 1, 250)
        self.assertEqual(
            self.points_of(self.close()),
            self.redeemed_by(
                (self.cost_account, -2.10, 19, "base"), (self.output_vat, -0.40, 19, "tax"), document="invoice"
            ),
        )
        rows = self.env["loyalty.relief"].search([("program_id", "=", self.program.id)])
        self.assertAlmostEqual(sum(rows.mapped("vat_amount")), 0)
        self.assertAlmostEqual(sum(rows.mapped("amount")), 0)

    def test_return_of_less_than_a_point(self):
        """N17, N29: 0.20 of 50 points of 1.00 come back with their VAT of 0.03, and no whole point with them."""
        self.earn(300, 19)
        self.program.point_value = 1.0
        uuid, order_uuid = str(uuid4()), str(uuid4())
        self.hold(50, uuid, order_uuid=order_uuid)
        order = self.sell(
            [self.taxed(100, 7), self.taxed(0.4, 7)],
            self.ann,
            payments=[self.pay(57.43, self.cash_method), self.pay_points(50.0, uuid=uuid)],
            uuid=order_uuid,
        )
        self.sell(
            [self.taxed(0.4, 7, qty=-1, refunded_orderline_id=order.lines[1].id)],
            self.ann,
            payments=[self.pay(-0.23, self.cash_method), self.pay_points(-0.20)],
            is_refund=True,
        )
        self.close()  # and the proof has nothing left
        redeemed = order.sudo()._entries_of_order().filtered(lambda entry: entry.kind == "redeem")
        self.assertFalse(self.env["loyalty.ledger.entry"].search([("reversed_entry_id", "in", redeemed.ids)]))
        self.assertEqual(self.relief(), {(self.card, "19%"): (49.8, 7.95)})

    def test_rate_changed_after_the_sale(self):
        """N17: what a till sold keeps the rate of then, also when a part comes back at a time of another rate."""
        order = self.earn(500, 19)
        self.close()
        self.sale_taxes[19].amount = 16
        self.pos_session = self.open_session(self.config)
        line = self.taxed(500, 19, qty=-0.5, refunded_orderline_id=order.lines.id)
        line["price_subtotal_incl"] = -290.0  # Odoo taxes a return at the rate of its own day
        self.sell([line], self.ann, payments=[self.pay(-290.0, self.cash_method)], is_refund=True)
        self.assertEqual(self.card.points, 250)
        self.spend(250)
        self.assertEqual(
            self.points_of(self.close()),
            self.redeemed_by((self.cost_account, 2.1, 19, "base"), (self.output_vat, 0.4, 19, "tax")),
        )

    def test_points_that_were_owed(self):
        """N17, N8: points that the card did not have came from no sale: no VAT for them, also when they are paid later."""
        self.earn(300, 19)
        self.spend(500, held=False)
        self.earn(400, 7)
        self.assertEqual(
            self.points_of(self.close()),
            self.redeemed_by(
                (self.cost_account, 2.52, 19, "base"),
                (self.output_vat, 0.48, 19, "tax"),
                (self.cost_account, 2.0, False, ""),
            ),
        )
        rows = self.env["loyalty.relief"].search([("program_id", "=", self.program.id)])
        self.assertEqual(rows.mapped("origin"), ["sale", "owed"])

    def test_note_with_change(self):
        """N29, N17: a note of 150.00 for 102.00 changes nothing of what the points take off: 5.00 of a sale at 19 %."""
        self.earn(500, 19)
        uuid = str(uuid4())
        self.hold(500, uuid)
        order = self.sell(
            [self.taxed(100, 7)],
            self.ann,
            payments=[
                self.pay_points(5.0, uuid=uuid),
                self.pay(150.0, self.cash_method),
                self.pay(-48.0, self.cash_method, is_change=True),
            ],
        )
        self.assertEqual((order.state, order.loyalty_points_redeemed, order.loyalty_points_earned), ("paid", 500, 95))
        self.assertEqual(
            self.points_of(self.close()),
            self.redeemed_by((self.cost_account, 4.2, 19, "base"), (self.output_vat, 0.8, 19, "tax")),
        )
        self.assertFalse(self.exceptions_of(order))

    def test_parts_in_one_session(self):
        """N29, N17, N4: two parts that come back before the session closes leave nothing of the relief."""
        self.earn(300, 19)
        self.earn(200, 7)
        order = self.spend(500, qty=2)
        points = self.card.points
        for earned in (98, 97):
            self.give_back(order, 1, 250)
            points += 250 - earned
            self.assertEqual(self.card.points, points)
        move = self.close()
        self.assertEqual(round(sum(balance for __, balance, __ in self.points_of(move)), 2), 0.0)
        self.assertEqual(self.relief(), {(self.card, "19%"): (0.0, 0.0), (self.card, "7%"): (0.0, 0.0)})

    def test_invoiced(self):
        """N29, N17, N4: invoiced with the sale or after the closing, the VAT of points is on the books once."""
        for late in (False, True):
            with self.subTest(late=late):
                self.earn(500, 19)
                order = self.spend(500)
                if not late:
                    self.invoice(order)
                session = self.pos_session
                self.assertEqual(
                    self.points_of(self.close()),
                    self.redeemed_by((self.cost_account, 4.2, 19, "base"), (self.output_vat, 0.8, 19, "tax")),
                )
                if late:
                    self.invoice(order)
                    self.assertReconciled(session)
                    self.assertProved()
                self.pos_session = self.open_session(self.config)
                refund = self.give_back(order, 1, 500)
                if not late and not refund.account_move:
                    refund.sudo().action_pos_order_invoice()
                session = self.pos_session
                self.assertEqual(
                    self.points_of(self.close()),
                    self.redeemed_by(
                        (self.cost_account, -4.2, 19, "base"), (self.output_vat, -0.8, 19, "tax"), document="invoice"
                    ),
                )
                if late:
                    refund.sudo().action_pos_order_invoice()
                    self.assertReconciled(session)
                    self.assertProved()
                self.pos_session = self.open_session(self.config)

    def test_two_cards(self):
        """N29, N17, N4: each of two cards gets back what its own points took off, whichever was used last."""
        other = self.make_card(self.ann)
        self.earn(300, 19)
        self.sell([self.taxed(200, 7)], self.ann, loyalty_card_id=other.id)
        self.assertEqual((self.card.points, other.points), (300, 200))
        uuids = [str(uuid4()), str(uuid4())]
        self.hold(300, uuids[0])
        self.hold(200, uuids[1], card=other)
        order = self.sell(
            [self.taxed(100, 7, qty=2)],
            self.ann,
            payments=[
                self.pay_points(3.0, uuid=uuids[0]),
                self.pay_points(2.0, other, uuid=uuids[1]),
                self.pay(209.0, self.cash_method),
            ],
        )
        self.close()
        whole = {(self.card, "19%"): (3.0, 0.48), (other, "7%"): (2.0, 0.13)}
        self.assertEqual(self.relief(), whole)
        before = self.card.points, other.points
        for left in (2, 1):
            self.pos_session = self.open_session(self.config)
            preview = order.pos_refund_preview({order.lines.id: 1})
            amounts = {item["card_id"]: item["amount"] for item in preview["payments"]}
            self.assertEqual(amounts, {self.card.id: 1.5, other.id: 1.0})
            self.sell(
                [self.taxed(100, 7, qty=-1, refunded_orderline_id=order.lines.id)],
                self.ann,
                payments=[
                    self.pay_points(-1.5),
                    self.pay_points(-1.0, other),
                    self.pay(-104.5, self.cash_method),
                ],
                is_refund=True,
            )
            self.close()
            if left == 2:
                self.assertEqual(self.relief(), {(self.card, "19%"): (1.5, 0.24), (other, "7%"): (1.0, 0.06)})
        self.assertEqual(self.relief(), dict.fromkeys(whole, (0.0, 0.0)))
        self.assertEqual(other.points - before[1], 200)
