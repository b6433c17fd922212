from datetime import timedelta
from uuid import uuid4

from freezegun import freeze_time

from odoo import fields
from odoo.tests import tagged

from .common import TillPointsCase


class ClosingCase(TillPointsCase):
    """Sessions are sold, closed and looked at, item by item. Ann's points are worth 1.00 each."""

    def sale(self, points=50.0, partner=None, **values):
        """One piece of 100.00 and 15 % VAT, paid with points and by bank (S24)."""
        uuid, order_uuid = str(uuid4()), str(uuid4())
        self.hold(points, uuid, order_uuid=order_uuid)
        return self.sell(
            values.pop("lines", None) or [self.taxed(100, 15)],
            partner or self.ann,
            payments=[
                payment
                for payment in (self.pay(115.0 - points, self.cash_method), self.pay_points(points, uuid=uuid))
                if payment["amount"]
            ],
            uuid=order_uuid,
            **values,
        )

    def refund(self, order, qty, points):
        """Return ``qty`` pieces of the first line; a part comes back as points."""
        line = order.lines[0]
        total = -self.company.currency_id.round(line.price_subtotal_incl / line.qty * qty)
        payments = [self.pay(total + points, self.cash_method), self.pay_points(-points)]
        return self.sell(
            [self.taxed(line.price_unit, 15, qty=-qty, refunded_orderline_id=line.id)],
            self.ann,
            payments=[payment for payment in payments if payment["amount"]],
            is_refund=True,
        )

    def close(self, session=None):
        session = (session or self.pos_session).with_user(self.cashier)
        self.assertProved()
        if session.config_id.cash_control:
            session.post_closing_cash_details(session.cash_register_balance_end)
        answer = session.close_session_from_ui()
        self.assertTrue(answer["successful"], answer)
        self.assertEqual(session.state, "closed")
        self.assertReconciled(session.sudo())
        self.assertProved()
        return session.sudo().move_id

    def assertProved(self, **payments):
        """Points, value and payments agree (N1), before and after any closing.

        :param payments: expected totals ``ledger`` and ``books`` of what was paid with points
        """
        self.env.invalidate_all()
        proof = self.program._loyalty_proof()
        self.assertEqual((proof["residual"], proof["residual_points"]), (0.0, 0.0), proof)
        found = {name: proof["payments"][name] for name in payments}
        self.assertEqual(found, payments)
        return proof

    def assertReconciled(self, session):
        """Nothing stays open that the till paid: neither for customers nor on the till's own receivable account."""
        moves = session._get_related_account_moves()
        open_lines = moves.line_ids.filtered(
            lambda line: line.account_id.account_type == "asset_receivable" and not line.reconciled
        )
        self.assertFalse(open_lines.mapped(lambda line: (line.move_id.ref, line.name, line.balance)))

    def assertItems(self, move, expected):
        """Compare journal items: ``[(account, balance, taxes, tax line's tax, tags)]``, in any order."""
        found = sorted(
            (
                line.account_id.code,
                line.balance,
                tuple(line.tax_ids.mapped("name")),
                line.tax_line_id.name or "",
                tuple(sorted(line.tax_tag_ids.mapped("name"))),
            )
            for line in move.line_ids
        )
        wanted = []
        for account, balance, *rest in expected:
            taxes, tax_line, tags = (*rest, (), "", ())[:3] if rest else ((), "", ())
            wanted.append((account.code, balance, tuple(taxes), tax_line, tuple(sorted(tags))))
        self.assertEqual(found, sorted(wanted))
        self.assertFalse(self.company.currency_id.compare_amounts(sum(move.line_ids.mapped("balance")), 0))

    # The parts of closing entries, for the taxes of 15 %.

    def sold(self, net, vat):
        return [
            (self.revenue, -net, ("15 % sale",), "", ("sale 15 invoice base",)),
            (self.output_vat, -vat, (), "15 % sale", ("sale 15 invoice tax",)),
        ]

    def returned(self, net, vat):
        return [
            (self.revenue, net, ("15 % sale",), "", ("sale 15 refund base",)),
            (self.output_vat, vat, (), "15 % sale", ("sale 15 refund tax",)),
        ]

    def redeemed(self, net, vat):
        return [
            (self.cost_account, net, ("15 % purchase",), "", ("purchase 15 invoice base",)),
            (self.input_vat, vat, (), "15 % purchase", ("purchase 15 invoice tax",)),
        ]

    def given_back(self, net, vat):
        return [
            (self.cost_account, -net, ("15 % purchase",), "", ("purchase 15 refund base",)),
            (self.input_vat, -vat, (), "15 % purchase", ("purchase 15 refund tax",)),
        ]


@tagged("post_install", "-at_install")
class TestClosingInputTax(ClosingCase):
    def test_open_sessions_of_a_close(self):
        """M17: the close of a month names its sessions that are still open, and none that began later."""
        with freeze_time("2026-04-02 12:00:00"):
            for date_to, said in (("2026-03-31", True), ("2026-03-10", False)):
                close = self.env["loyalty.close"].create({"company_id": self.company.id, "date_to": date_to})
                close.action_preview()
                note = close.step_ids.filtered(lambda step: step.code == "inquire").note or ""
                self.assertEqual("1 Point of Sale session of the period is still open." in note, said, date_to)
                close.unlink()

    def test_uninvoiced(self):
        """S2, S24, S8: a sale of 115.00 paid with 50 points and 65.00 books the reference entry at closing."""
        self.sale()
        self.assertItems(self.close(), [*self.sold(100, 15), *self.redeemed(43.48, 6.52), (self.receivable_pos, 65)])

    def test_several_rates(self):
        """S8, S24: the points of one order are shared over its rates to the cent; nothing is recovered at 0 %."""
        self.sell(
            [self.taxed(100, 15), self.taxed(200, 5), self.taxed(50, 0)],
            self.ann,
            payments=[self.pay(325.0), self.pay_points(50, uuid="p")],
        )
        move = self.close()
        lines = move.line_ids.filtered(lambda line: line.account_id in self.cost_account | self.input_vat)
        self.assertEqual(
            sorted((line.account_id.code, line.balance, line.tax_line_id.name or "") for line in lines),
            sorted(
                [
                    (self.cost_account.code, 13.33, ""),
                    (self.input_vat.code, 2.0, "15 % purchase"),
                    (self.cost_account.code, 26.67, ""),
                    (self.input_vat.code, 1.33, "5 % purchase"),
                    (self.cost_account.code, 6.67, ""),
                ]
            ),
        )

    def test_products_that_points_may_pay(self):
        """bP5: the input tax of points is that of what they may pay, as on invoices; the till is told what that is."""
        tea = self.env["product.category"].create({"name": "Tea"})
        green = self.env["product.category"].create({"name": "Green", "parent_id": tea.id})
        cup = self.make_product("Sencha")
        cup.categ_id = green
        self.program.write({"redeem_filter": "only", "redeem_category_ids": tea.ids})
        (told,) = self.program._load_pos_data_read(self.program, self.config)
        self.assertEqual((told["redeem_filter"], told["_redeem_product_ids"]), ("only", []))
        self.assertEqual(sorted(told["_redeem_category_ids"]), sorted((tea | green).ids))
        self.sell(
            [self.taxed(100, 15), self.taxed(200, 5, product_id=cup.id)],
            self.ann,
            payments=[self.pay(275.0), self.pay_points(50, uuid="p")],
        )
        move = self.close()
        lines = move.line_ids.filtered(lambda line: line.account_id in self.cost_account | self.input_vat)
        self.assertEqual(
            {line.account_id: line.balance for line in lines}, {self.cost_account: 47.62, self.input_vat: 2.38}
        )

    def test_invoiced(self):
        """S2, C25: the invoice of a till order is paid in full; the closing entry balances its payments by points."""
        order = self.sale(to_invoice=True)
        self.assertEqual(order.account_move.payment_state, "paid")
        self.assertItems(
            self.close(),
            [
                *self.redeemed(43.48, 6.52),
                (self.receivable_pos, 65),
                (self.receivable_pos, -65),
                (self.receivable_pos, -50),
            ],
        )

    def test_late_invoice(self):
        """S2: an order that is invoiced after the closing is paid in full too, and its cost stands once."""
        order = self.sale()
        self.close()
        order.sudo().action_pos_order_invoice()
        self.assertEqual(order.account_move.payment_state, "paid")
        self.assertReconciled(self.pos_session)
        cost = self.env["account.move.line"].search([("account_id", "=", self.cost_account.id)])
        self.assertEqual(cost.mapped("balance"), [43.48])

    def test_full_refund_in_the_same_session(self):
        """N4, S24: a sale and its refund leave nothing, neither cost nor tax nor points."""
        self.refund(self.sale(), 1, 50)
        self.assertItems(
            self.close(),
            [*self.sold(100, 15), *self.returned(100, 15), *self.redeemed(43.48, 6.52), *self.given_back(43.48, 6.52)],
        )
        self.assertEqual(self.card.points, 1000)

    def test_half_refund_in_another_session(self):
        """N4, S24: half of the sale gives back half of the money, the points and the tax; the rest the remainder."""
        order = self.sale(lines=[self.taxed(50, 15, qty=2)])
        self.close()
        halves = []
        for __ in range(2):
            session = self.open_session(self.config)
            self.refund_in(session, order)
            halves.append(self.close(session))
        self.assertItems(
            halves[0], [*self.returned(50, 7.5), *self.given_back(21.74, 3.26), (self.receivable_pos, -32.5)]
        )
        self.assertItems(
            halves[1], [*self.returned(50, 7.5), *self.given_back(21.74, 3.26), (self.receivable_pos, -32.5)]
        )
        self.assertEqual(self.card.points, 1000)

    def refund_in(self, session, order):
        self.pos_session = session
        return self.refund(order, 1, 25)

    def test_net_negative_session(self):
        """N4, S2: a session in which more comes back than is sold closes like any other."""
        order = self.sale(points=115)
        self.close()
        self.pos_session = self.open_session(self.config)
        self.refund(order, 1, 115)
        self.assertItems(self.close(), [*self.returned(100, 15), *self.given_back(100, 15)])

    def test_invoiced_refund(self):
        """N4, S2: an invoiced order and its invoiced refund leave nothing open."""
        order = self.sale(to_invoice=True)
        refund = self.refund(order, 1, 50)
        refund.sudo().action_pos_order_invoice()
        self.assertFalse(refund.account_move.amount_residual)
        self.close()
        cost = self.env["account.move.line"].search([("account_id", "=", self.cost_account.id)])
        self.assertEqual(sorted(cost.mapped("balance")), [-43.48, 43.48])

    def test_unmapped_tax_does_not_block_the_closing(self):
        """S7, N8: where no input tax is mapped nothing is recovered; the session closes and the order is listed."""
        self.program.tax_map_ids.filtered(lambda row: row.sale_tax_id == self.sale_taxes[15]).unlink()
        order = self.sale()
        self.assertItems(self.close(), [*self.sold(100, 15), (self.cost_account, 50), (self.receivable_pos, 65)])
        self.assertIn("15 % sale", self.exceptions_of(order).note)

    def test_unsettled_order_is_settled_by_the_closing(self):
        """N8: what could not be settled when it was paid is tried again when the session is closed."""
        order = self.sell(
            [self.taxed(100, 15)], self.ann, payments=[self.pay(65.0, self.cash_method), self.pay_points(50, uuid="p")]
        )
        late = self.sell(
            [self.taxed(100, 15)], self.ann, payments=[self.pay(65.0, self.cash_method), self.pay_points(50, uuid="q")]
        )
        self.assertFalse((order | late).filtered("loyalty_unsettled"))
        late.sudo().write({"loyalty_unsettled": True, "loyalty_settled": False})
        self.close()
        self.assertEqual((late.loyalty_settled, late.loyalty_unsettled), (True, False))
        self.assertEqual(self.card.points, 900)

    def test_cash_and_change(self):
        """S2: cash with change, and points, in one order."""
        uuid = str(uuid4())
        self.hold(50, uuid)
        self.sell(
            [self.taxed(100, 15)],
            self.ann,
            payments=[self.pay(70.0, self.cash_method), self.pay_points(50, uuid=uuid)],
            amount_return=-5,
        )
        self.assertItems(self.close(), [*self.sold(100, 15), *self.redeemed(43.48, 6.52), (self.receivable_pos, 65)])

    def test_nothing_but_points(self):
        """S2: an order that points cover in full, and a session of nothing else."""
        self.sale(points=115)
        self.assertItems(self.close(), [*self.sold(100, 15), *self.redeemed(100, 15)])


@tagged("post_install", "-at_install")
class TestClosingTender(ClosingCase):
    vat_mode = "tender"

    def test_uninvoiced_and_refund(self):
        """N3, S2: as a means of payment points cost what they pay, without any tax."""
        order = self.sale()
        self.assertItems(self.close(), [*self.sold(100, 15), (self.cost_account, 50), (self.receivable_pos, 65)])
        self.pos_session = self.open_session(self.config)
        self.refund(order, 1, 50)
        self.assertItems(self.close(), [*self.returned(100, 15), (self.cost_account, -50), (self.receivable_pos, -65)])
        self.assertEqual(self.card.points, 1000)

    def test_invoiced(self):
        """N3, S2: the same with an invoice."""
        order = self.sale(to_invoice=True)
        self.assertEqual(order.account_move.payment_state, "paid")
        self.assertItems(
            self.close(),
            [
                (self.cost_account, 50),
                (self.receivable_pos, 65),
                (self.receivable_pos, -65),
                (self.receivable_pos, -50),
            ],
        )


class ReductionCase(ClosingCase):
    """Points reduce the price: lines of the order, and no payment."""

    vat_mode = "price_reduction"

    @classmethod
    def make_account(cls, name, code, account_type, **values):
        """Price reductions are contra-revenue."""
        if code == "610900":
            account_type = "income"
        return super().make_account(name, code, account_type, **values)

    def reduction(self, net, uuid, **values):
        """The line with which the till takes points off the price, with the tax of what they pay."""
        return self.taxed(
            -net,
            15,
            product=self.env.ref("loyalty_pos.product_redemption"),
            loyalty_redeem_uuid=uuid,
            loyalty_card_id=self.card.id,
            **values,
        )

    def reduced_sale(self, **values):
        uuid, order_uuid = str(uuid4()), str(uuid4())
        self.hold(50, uuid, order_uuid=order_uuid)
        return self.sell(
            [self.taxed(100, 15), self.reduction(43.48, uuid)],
            self.ann,
            payments=[self.pay(65.0, self.cash_method)],
            uuid=order_uuid,
            **values,
        )

    def less(self, net, vat):
        return [
            (self.cost_account, net, ("15 % sale",), "", ("sale 15 refund base",)),
            (self.output_vat, vat, (), "15 % sale", ("sale 15 refund tax",)),
        ]

    def reduced_refund(self, order):
        """Return the goods and the reduction."""
        return self.sell(
            [
                self.taxed(100, 15, qty=-1, refunded_orderline_id=order.lines[0].id),
                self.reduction(43.48, False, qty=-1, refunded_orderline_id=order.lines[1].id),
            ],
            self.ann,
            payments=[self.pay(-65.0, self.cash_method)],
            is_refund=True,
        )


@tagged("post_install", "-at_install")
class TestClosingPriceReduction(ReductionCase):
    def test_uninvoiced(self):
        """N3, S24: points that reduce the price are lines of the order: less output VAT, and contra-revenue."""
        order = self.reduced_sale()
        self.assertEntries(order, [(self.card, "redeem", -50)])
        self.assertEqual((self.card.points, self.card.reserved_points), (950, 0))
        self.assertEqual((order.loyalty_points_redeemed, order.lines[1].loyalty_points), (50, 50))
        self.assertFalse(self.exceptions_of(order))
        self.assertItems(self.close(), [*self.sold(100, 15), *self.less(43.48, 6.52), (self.receivable_pos, 65)])

    def test_invoiced(self):
        """N3: the invoice has the lines on the redemption account too."""
        order = self.reduced_sale(to_invoice=True)
        self.assertEqual((order.account_move.payment_state, order.account_move.amount_total), ("paid", 65))
        line = order.account_move.invoice_line_ids.filtered(lambda line: line.price_subtotal < 0)
        self.assertEqual((line.account_id, line.balance), (self.cost_account, 43.48))
        self.assertItems(self.close(), [(self.receivable_pos, 65), (self.receivable_pos, -65)])

    def test_refund(self):
        """N4: returning the goods and the reduction gives the points back, in part or in full, once."""
        order = self.reduced_sale()
        refund = self.reduced_refund(order)
        self.assertEntries(refund, [(self.card, "reversal", 50)])
        refund.action_pos_order_paid()
        self.assertEqual(self.card.points, 1000)
        self.assertFalse(self.exceptions_of(refund))
        move = self.close()
        self.assertFalse(
            sum(move.line_ids.filtered(lambda item: item.account_id == self.cost_account).mapped("balance"))
        )
        self.assertFalse(sum(move.line_ids.filtered(lambda item: item.account_id == self.output_vat).mapped("balance")))

    def test_return_of_what_points_paid_in_full(self):
        """N3, N4: a return that pays nothing out is credited, and is no second sale: points had paid all of its price."""
        uuid, order_uuid = str(uuid4()), str(uuid4())
        self.hold(115, uuid, order_uuid=order_uuid)
        order = self.sell([self.taxed(100, 15), self.reduction(100, uuid)], self.ann, uuid=order_uuid, to_invoice=True)
        refund = self.sell(
            [
                self.taxed(100, 15, qty=-1, refunded_orderline_id=order.lines[0].id),
                self.reduction(100, False, qty=-1, refunded_orderline_id=order.lines[1].id),
            ],
            self.ann,
            is_refund=True,
            to_invoice=True,
        )
        self.assertEqual((order.amount_total, refund.amount_total, self.card.points), (0, 0, 1000))
        moves = (order | refund).sudo().account_move
        self.assertEqual(moves.mapped("move_type"), ["out_invoice", "out_refund"])
        for move, sign in zip(moves, (1, -1)):
            self.assertEqual(self.totals_of(move)[self.revenue], -100.0 * sign)
            self.assertEqual(self.totals_of(move)[self.cost_account], 100.0 * sign)
        self.close()

    def totals_of(self, move):
        return {
            account: self.company.currency_id.round(sum(lines.mapped("balance")))
            for account, lines in move.line_ids.grouped("account_id").items()
        }

    def exchanged(self, lines, paid, **values):
        """Take the goods and the reduction of an invoiced sale back, and sell others in the same order."""
        order = self.reduced_sale(to_invoice=True)
        exchange = self.sell(
            [
                self.taxed(100, 15, qty=-1, refunded_orderline_id=order.lines[0].id),
                self.reduction(43.48, False, qty=-1, refunded_orderline_id=order.lines[1].id),
                *lines,
            ],
            self.ann,
            payments=[self.pay(paid, self.cash_method)],
            to_invoice=True,
            **values,
        ).sudo()
        self.assertEqual(self.card.points, 1000)
        return exchange.account_move

    def test_exchange_is_invoiced(self):
        """N3, N4: goods that are exchanged for dearer ones are invoiced, for cheaper ones credited, each its own way.

        The register marks an order that began with a return as one, whatever is sold in it.
        """
        for price, move_type, total in ((200, "out_invoice", 165), (20, "out_refund", 42)):
            for is_refund in (True, False):
                with self.subTest(price=price, is_refund=is_refund):
                    paid = total if move_type == "out_invoice" else -total
                    move = self.exchanged([self.taxed(price, 15)], paid, is_refund=is_refund)
                    self.assertEqual((move.move_type, move.state, move.amount_total), (move_type, "posted", total))
                    self.assertEqual(move.amount_residual, 0.0)
                    totals = self.totals_of(move)
                    self.assertEqual(
                        (totals[self.revenue], totals[self.cost_account]), (100.0 - price, -43.48), move.line_ids
                    )
        self.close()

    def test_more_than_available_is_debt(self):
        """N8: a reduction that nobody reserved and the card does not cover is owed, and listed."""
        self.card._post_entries(
            [{"card_id": self.card.id, "kind": "adjust", "points": -980, "key": "less", "reason": "test"}]
        )
        order = self.sell([self.taxed(100, 15), self.reduction(43.48, "offline")], self.ann, payments=[self.pay(65.0)])
        self.assertEntries(order, [(self.card, "redeem", -50)])
        self.assertEqual((self.card.points, self.card.debt_points), (-30, 30))
        self.assertTrue(self.exceptions_of(order, "debt"))


@tagged("post_install", "-at_install")
class TestClosingAccrual(ClosingCase):
    policy = "accrual"

    def liability(self):
        return sum(
            self.env["account.move.line"]
            .search([("account_id", "=", self.liability_account.id), ("parent_state", "=", "posted")])
            .mapped("balance")
        )

    def accrue(self):
        run = self.env["loyalty.accrual.run"].create(
            {"program_id": self.program.id, "date_to": fields.Date.today() - timedelta(days=1)}
        )
        run.action_post()
        return run

    def test_value_is_released_when_the_session_closes(self):
        """S2, P13, N1: what redeemed points were worth leaves the liability in one entry for the session."""
        earned = [
            {
                "card_id": self.make_card().id,
                "kind": "earn",
                "points": 100,
                "key": f"earned{number}",
                "effective_date": "2026-03-01",
            }
            for number in range(2)
        ]
        cards = self.env["loyalty.card"]._post_entries(earned).card_id
        self.accrue()
        before = self.liability()
        self.assertLess(before, 0)
        orders = self.env["pos.order"]
        for card in cards:
            orders |= self.sell(
                [self.taxed(100, 15)],
                self.ann,
                payments=[self.pay(65.0, self.cash_method), self.pay_points(50, card, uuid=f"p{card.id}")],
            )
        self.assertEqual(self.liability(), before)
        moves = self.env["account.move"].search([("loyalty_program_id", "=", self.program.id)])
        self.close()
        released = self.env["account.move"].search([("loyalty_program_id", "=", self.program.id)]) - moves
        self.assertEqual(len(released), 1)
        self.assertIn(self.pos_session.name, released.ref)
        half = self.company.currency_id.round(-before / 4)
        self.assertItems(released, [(self.liability_account, 2 * half), (self.cost_account, -2 * half)])
        values = self.env["loyalty.valuation"].search([("move_id", "=", released.id)])
        self.assertEqual(values.entry_id, orders._entries_of_order())
        self.pos_session._release_values()
        self.assertEqual(self.liability(), before + 2 * half)

    def test_late_return_releases_at_once(self):
        """N4, P13: a return gives the value back with its own session."""
        earned = {"card_id": self.card.id, "kind": "earn", "points": 100, "key": "e", "effective_date": "2026-03-01"}
        self.card._post_entries([earned])
        self.accrue()
        before = self.liability()
        order = self.sale(points=115)
        self.close()
        self.pos_session = self.open_session(self.config)
        self.refund(order, 1, 115)
        self.close()
        self.assertEqual(self.liability(), before)
