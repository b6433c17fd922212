"""Closing entries over what can be combined: ways to treat VAT, prices, rates, invoices, refunds and sessions."""

from uuid import uuid4

from odoo.exceptions import ValidationError
from odoo.fields import Command
from odoo.tests import tagged

from .test_session_closing import ClosingCase, ReductionCase

PLAIN, INVOICED, LATE = "not invoiced", "invoiced", "invoiced after the closing"


class CombinationCase(ClosingCase):
    """Two pieces of 50.00 + 15 % and two of 20.00 + 5 %: 157.00, of which 50.00 are paid with points.

    Points cover the rates by what they are of the whole: 36.62 of 115.00 and 13.38 of 42.00.
    """

    prices = "tax_excluded"
    #: What the order says it costs.
    total = 157.0
    #: What the sale owes the tax office: 15.00 + 2.00, less 4.78 + 0.64 where points take VAT off.
    net_vat = 11.58
    #: What the points cost: 50.00 less that VAT.
    cost = 44.58

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for tax in cls.sale_taxes.values():
            tax.price_include_override = cls.prices

    def goods(self, net, rate, qty=1, **values):
        """A line of the till, at prices with or without tax."""
        gross = self.company.currency_id.round(net * (100 + rate) / 100)
        return self.line(
            price=gross if self.prices == "tax_included" else net,
            qty=qty,
            tax_ids=[Command.set(self.sale_taxes[rate].ids)],
            price_subtotal=net * qty,
            price_subtotal_incl=gross * qty,
            **values,
        )

    def basket(self):
        return [self.goods(50, 15, 2), self.goods(20, 5, 2)]

    def returned_goods(self, order, qty=1):
        first, second = order.lines[:2]
        return [
            self.goods(50, 15, -qty, refunded_orderline_id=first.id),
            self.goods(20, 5, -qty, refunded_orderline_id=second.id),
        ]

    def sale_of_two_rates(self, kind):
        uuid, order_uuid = str(uuid4()), str(uuid4())
        self.hold(50, uuid, order_uuid=order_uuid)
        return self.sell(
            self.basket(),
            self.ann,
            payments=[self.pay(107.0, self.cash_method), self.pay_points(50, uuid=uuid)],
            uuid=order_uuid,
            to_invoice=kind == INVOICED,
        )

    def half_refund(self, order):
        return self.sell(
            self.returned_goods(order),
            self.ann,
            payments=[self.pay(-53.5, self.cash_method), self.pay_points(-25)],
            is_refund=True,
        )

    # --- what is on the books ------------------------------------------------------------------------------------

    def balance(self, *accounts):
        lines = self.env["account.move.line"].search(
            [("account_id", "in", [account.id for account in accounts]), ("parent_state", "=", "posted")]
        )
        return self.company.currency_id.round(sum(lines.mapped("balance")))

    def assertBooks(self, sold, vat, cost):
        """Compare what was sold, what is owed to the tax office, and what points cost; nothing else stays open."""
        self.assertEqual(
            {
                "sold": -self.balance(self.revenue),
                "vat": -self.balance(self.output_vat, self.input_vat),
                "cost": self.balance(self.cost_account),
                "customers": self.balance(self.receivable, self.receivable_pos),
            },
            {"sold": sold, "vat": vat, "cost": cost, "customers": 0.0},
        )
        tagged = self.env["account.move.line"].search(
            [("tax_tag_ids", "!=", False), ("parent_state", "=", "posted"), ("company_id", "=", self.company.id)]
        )
        untaxed = tagged.filtered(lambda line: not line.tax_repartition_line_id)
        self.assertFalse(untaxed.filtered(lambda line: not line.tax_ids), "a base has its taxes")

    def invoice(self, order, kind):
        if kind == INVOICED and not order.account_move:
            order.sudo().action_pos_order_invoice()

    def invoice_late(self, order, kind):
        if kind == LATE:
            order.sudo().action_pos_order_invoice()

    def check_cycle(self, kind):
        """Sell, close, return in two halves in sessions of their own: at each step the books say what happened."""
        before = self.card.points
        order = self.sale_of_two_rates(kind)
        self.assertEqual(order.amount_total, self.total)
        session = self.pos_session
        self.close()
        self.invoice_late(order, kind)
        if kind != PLAIN:
            self.assertEqual(order.account_move.payment_state, "paid")
            self.assertReconciled(session)
        self.assertBooks(140.0, self.net_vat, self.cost)
        self.assertEqual(self.card.points, before - 50)
        self.assertProved(ledger=50.0, books=50.0)
        for part in (1, 2):
            self.pos_session = self.open_session(self.config)
            refund = self.half_refund(order)
            self.invoice(refund, kind)
            session = self.pos_session
            self.close()
            self.invoice_late(refund, kind)
            if kind != PLAIN:
                self.assertFalse(refund.account_move.amount_residual)
                self.assertReconciled(session)
            left = (2 - part) / 2
            self.assertBooks(140.0 * left, self.half_of(self.net_vat, left), self.half_of(self.cost, left))
            self.assertProved(ledger=50.0 * left, books=50.0 * left)
        self.assertEqual(self.card.points, before)
        self.assertFalse(self.exceptions_of(order) | self.exceptions_of(refund))
        self.pos_session = self.open_session(self.config)

    def half_of(self, amount, left):
        return self.company.currency_id.round(amount * left)


class CombinationTests:
    """Run by each of the classes below, which say how VAT and prices are treated."""

    allow_inherited_tests_method = True

    def test_cycles(self):
        """S2, N1, N3, N4, S24: not invoiced, invoiced at once and later; what is sold and returned leaves nothing."""
        for kind in (PLAIN, INVOICED, LATE):
            with self.subTest(kind=kind):
                self.check_cycle(kind)

    def test_all_in_one_session(self):
        """S2, N1, N4: one session with sales of every kind, a refund and an exchange closes with one entry."""
        orders = [self.sale_of_two_rates(kind) for kind in (PLAIN, INVOICED)]
        self.half_refund(orders[0])
        self.invoice(self.half_refund(orders[1]), INVOICED)
        self.close()
        self.assertBooks(140.0, self.net_vat, self.cost)
        self.assertProved(ledger=50.0, books=50.0)

    def test_more_comes_back_than_is_sold(self):
        """S2, N4: a session that is net negative, of invoiced and other orders, closes and reconciles."""
        orders = [self.sale_of_two_rates(kind) for kind in (PLAIN, INVOICED)]
        self.close()
        self.pos_session = self.open_session(self.config)
        self.half_refund(orders[0])
        self.invoice(self.half_refund(orders[1]), INVOICED)
        self.close()
        self.assertBooks(140.0, self.net_vat, self.cost)
        self.assertProved(ledger=50.0, books=50.0)

    def test_exchange(self):
        """N4, S2: goods come back and others are taken in one order, settled with points and money."""
        order = self.sale_of_two_rates(PLAIN)
        self.close()
        self.pos_session = self.open_session(self.config)
        # 78.50 come back, 115.00 are bought: 36.50 in money.
        self.sell(
            [*self.returned_goods(order), self.goods(100, 15)],
            self.ann,
            payments=[self.pay(36.5, self.cash_method)],
        )
        self.close()
        self.assertBooks(170.0, self.company.currency_id.round(self.net_vat - 8.5 + 15.0), self.cost)


@tagged("post_install", "-at_install")
class TestCombinationsInputTax(CombinationTests, CombinationCase):
    """Points are a means of payment, and recover input tax."""


@tagged("post_install", "-at_install")
class TestCombinationsInputTaxIncluded(CombinationTests, CombinationCase):
    """The same where prices include tax."""

    prices = "tax_included"


@tagged("post_install", "-at_install")
class TestCombinationsTender(CombinationTests, CombinationCase):
    """Points are a means of payment, and change no tax."""

    vat_mode = "tender"
    net_vat = 17.0
    cost = 50.0


@tagged("post_install", "-at_install")
class TestCombinationsTenderIncluded(CombinationTests, CombinationCase):
    """The same where prices include tax."""

    vat_mode = "tender"
    prices = "tax_included"
    net_vat = 17.0
    cost = 50.0


class ReductionCombinationCase(CombinationCase, ReductionCase):
    """Points take 36.62 at 15 % and 13.38 at 5 % off the price, by lines of the order."""

    total = 107.0

    def reductions(self, qty=1, order=None, uuid=False):
        lines = order.lines[2:] if order else [self.env["pos.order.line"]] * 2
        return [
            self.goods(
                -net,
                rate,
                qty,
                product=self.env.ref("loyalty_pos.product_redemption"),
                loyalty_redeem_uuid=uuid,
                loyalty_card_id=self.card.id,
                refunded_orderline_id=line.id,
            )
            for net, rate, line in zip((31.84, 12.74), (15, 5), lines)
        ]

    def sale_of_two_rates(self, kind):
        uuid, order_uuid = str(uuid4()), str(uuid4())
        self.hold(50, uuid, order_uuid=order_uuid)
        return self.sell(
            [*self.basket(), *self.reductions(uuid=uuid)],
            self.ann,
            payments=[self.pay(107.0, self.cash_method)],
            uuid=order_uuid,
            to_invoice=kind == INVOICED,
        )

    def half_refund(self, order):
        return self.sell(
            [*self.returned_goods(order), *self.reductions(-0.5, order)],
            self.ann,
            payments=[self.pay(-53.5, self.cash_method)],
            is_refund=True,
        )


@tagged("post_install", "-at_install")
class TestCombinationsPriceReduction(CombinationTests, ReductionCombinationCase):
    """Points take something off the price, and its tax."""


@tagged("post_install", "-at_install")
class TestCombinationsPriceReductionIncluded(CombinationTests, ReductionCombinationCase):
    """The same where prices include tax."""

    prices = "tax_included"


@tagged("post_install", "-at_install")
class TestForeignCurrency(CombinationCase):
    """A till that sells in another currency than the company's, which is the program's."""

    def test_points_do_not_pay(self):
        """S3, N3: points are worth money of the company: a till in another currency refuses them, and closes."""
        currency = self.setup_other_currency("EUR", rates=[("2020-01-01", 2.0)])
        journals = {
            kind: self.env["account.journal"].create(
                {"name": f"Foreign {kind}", "code": code, "type": kind, "currency_id": currency.id}
            )
            for kind, code in (("sale", "FSAL"), ("bank", "FBNK"))
        }
        method = self.env["pos.payment.method"].create({"name": "Bank EUR", "journal_id": journals["bank"].id})
        pricelist = self.env["product.pricelist"].create({"name": "EUR", "currency_id": currency.id})
        config = self.env["pos.config"].create(
            {
                "name": "Foreign Till",
                "journal_id": journals["sale"].id,
                "invoice_journal_id": journals["sale"].id,
                "payment_method_ids": [Command.set(method.ids)],
                "use_pricelist": True,
                "available_pricelist_ids": [Command.set(pricelist.ids)],
                "pricelist_id": pricelist.id,
            }
        )
        self.assertEqual(config.currency_id, currency)
        with self.assertRaises(ValidationError) as caught:
            config.write({"payment_method_ids": [Command.link(self.points_method.id)]})
        self.assertIn("cannot be redeemed at Foreign Till", str(caught.exception))
        self.program.issue_on = "paid"
        session = self.pos_session = self.open_session(config)
        order = self.sell(
            self.basket(),
            self.ann,
            session=session,
            payments=[self.pay(157.0, method)],
            to_invoice=True,
            loyalty_card_id=self.card.id,
        )
        self.assertEntries(order, [])
        self.close(session)
        self.assertEqual(self.balance(self.receivable, self.receivable_pos), 0.0)
        self.assertEqual(self.card.points, 1000)
