"""Deferred revenue at the register: what an order allocates, what its points paid, and what a return takes back."""

from uuid import uuid4

from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.loyalty_account.tests.proof_common import ProofVerbs
from odoo.addons.loyalty_pos.tests.common import TillPointsCase
from odoo.addons.loyalty_pos.tests.test_session_closing import ReductionCase


@tagged("post_install", "-at_install")
class TestDeferralTill(ProofVerbs, TillPointsCase):
    """A point per unit without tax, worth 0.10, 90 % expected. The 1,000 points on the card are from before."""

    vat_mode = "tender"
    point_value = 0.1

    @classmethod
    def accounting_values(cls, **values):
        cls.cost_account = cls.make_account("Revenue Deferred for Points", "400900", "income")
        values = super().accounting_values(**values)
        del values["point_value"]
        return {
            **values,
            "accounting_policy": "deferral",
            "issue_on": "paid",
            "point_value_ids": [
                Command.create({"date": "2020-01-01", "point_value": cls.point_value, "redemption_rate": 90})
            ],
        }

    def earning(self, order):
        return self.env["loyalty.earning"].search([("res_model", "=", "pos.order"), ("res_id", "=", order.id)])

    def test_order(self):
        """N2: an order allocates as an invoice does; what points paid of it is no revenue; a return takes its share back."""
        order = self.sell([self.taxed(100, 15)], self.ann, payments=[self.pay(115.0)])
        self.assertRecordValues(
            self.earning(order),
            [{"earnable_points": 100, "revenue_amount": 100.0, "allocated_amount": 8.26, "redemption_rate": 90}],
        )
        uuid = str(uuid4())
        self.hold(230, uuid)
        mixed = self.sell([self.taxed(100, 15)], self.ann, payments=[self.pay(92.0), self.pay_points(23, uuid=uuid)])
        self.assertRecordValues(self.earning(mixed), [{"earnable_points": 80, "revenue_amount": 77.0}])
        line = order.lines
        self.sell(
            [self.taxed(100, 15, qty=-1, refunded_orderline_id=line.id)],
            self.ann,
            payments=[self.pay(-115.0)],
            is_refund=True,
        )
        self.assertRecordValues(self.earning(order), [{"earnable_points": 0, "revenue_amount": 0.0}])
        program = self.program.sudo()
        self.env["loyalty.accrual.run"].sudo().create({"program_id": program.id, "date_to": "2026-03-15"}).action_post()
        self.assertRecordValues(
            program.cohort_ids.sorted("kind", reverse=True),
            [
                {"kind": "sale", "issued_points": 80, "redeemed_points": 0, "allocated_amount": 6.58},
                {"kind": "grant", "issued_points": 1000, "redeemed_points": 230, "allocated_amount": 0.0},
            ],
        )
        self.assertSound("2026-03-15", program)

    def test_control(self):
        """N29, N2: the control reads orders, returns paid with points, and invoices of orders; what was falsified is named."""
        uuid = str(uuid4())
        self.hold(460, uuid)
        mixed = self.sell([self.taxed(200, 15)], self.ann, payments=[self.pay(184.0), self.pay_points(46, uuid=uuid)])
        invoiced = self.sell([self.taxed(100, 15)], self.ann, payments=[self.pay(115.0)], to_invoice=True)
        self.assertTrue(invoiced.account_move)
        self.sell(
            [self.taxed(200, 15, qty=-0.5, refunded_orderline_id=mixed.lines.id)],
            self.ann,
            payments=[self.pay(-92.0), self.pay_points(-23)],
            is_refund=True,
        )
        self.assertEqual(self.earning(mixed).revenue_amount, 77.0)
        program = self.program.sudo()
        self.env["loyalty.accrual.run"].sudo().create({"program_id": program.id, "date_to": "2026-03-15"}).action_post()
        self.assertSound("2026-03-15", program)
        for order in (mixed, invoiced):
            earning = self.earning(order)
            self.tamper(
                "UPDATE loyalty_earning_revenue SET revenue_amount = 10 * revenue_amount, allocated = 10 * allocated "
                "WHERE earning_id = %s AND revenue_amount > 0",
                earning.id,
            )
            self.assertNamed(order, "by the books, but revenue was deferred", "completeness", program=program)


@tagged("post_install", "-at_install")
class TestDeferralTillReduction(ProofVerbs, ReductionCase):
    """Points lower the price: 43.48 without tax of 100.00."""

    def test_reduction(self):
        """N29, N2, N4: what points take off is no revenue, with or without invoice; the control reads it; a return undoes it."""
        self.program.sudo().write({"accounting_policy": "none"})
        values = {"date": "2020-01-01", "point_value": 1.0, "vat_rate": 15, "redemption_rate": 90}
        self.program.sudo().write(
            {
                "issue_on": "paid",
                "point_value_ids": [Command.clear(), Command.create(values)],
                "accounting_policy": "deferral",
            }
        )
        earnings = self.env["loyalty.earning"].sudo()
        orders = self.reduced_sale(), self.reduced_sale(to_invoice=True)
        for order in orders:
            earning = earnings.search([("res_model", "=", "pos.order"), ("res_id", "=", order.id)])
            self.assertEqual(earning.mapped("revenue_amount"), [56.52])
        program = self.program.sudo()
        self.env["loyalty.accrual.run"].sudo().create({"program_id": program.id, "date_to": "2026-03-15"}).action_post()
        self.assertSound("2026-03-15", program)
        self.reduced_refund(orders[0])
        earning = earnings.search([("res_model", "=", "pos.order"), ("res_id", "=", orders[0].id)])
        self.assertEqual(earning.revenue_amount, 0.0)
        self.assertSound("2026-03-15", program)
