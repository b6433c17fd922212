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
