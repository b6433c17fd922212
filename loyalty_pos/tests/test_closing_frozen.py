"""What a sale booked is what its return takes back, whatever was set up since, and with the VAT of what came back."""

from odoo.fields import Command
from odoo.tests import tagged

from .test_session_closing import ClosingCase, ReductionCase


class FrozenCase(ClosingCase):
    """Taxes of 21 and 9 % besides the usual ones. A point is worth 0.10; Ann has 1,000."""

    point_value = 0.1

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for rate in (21, 9):
            cls.sale_taxes[rate] = cls.make_tax("sale", rate)
            cls.purchase_taxes[rate] = cls.make_tax("purchase", rate)
            cls.program.tax_map_ids = [
                Command.create({"sale_tax_id": cls.sale_taxes[rate].id, "purchase_tax_id": cls.purchase_taxes[rate].id})
            ]

    def buy(self, lines, money, amount, **values):
        """Pay some lines with money, and an amount with points."""
        return self.sell(
            lines,
            self.ann,
            payments=[self.pay(money, self.cash_method), *([self.pay_points(amount)] if amount else [])],
            **values,
        )

    def give_back(self, order, lines, money, amount):
        """Take lines back: ``[(line, quantity)]``."""
        rates = {tax: rate for rate, tax in self.sale_taxes.items()}
        return self.buy(
            [
                self.taxed(line.price_unit, rates[line.tax_ids], -qty, refunded_orderline_id=line.id)
                for line, qty in lines
            ],
            -money,
            -amount,
            is_refund=True,
        )

    def next_session(self):
        self.close()
        self.pos_session = self.open_session(self.config)

    def book_elsewhere(self):
        """Change everything that decides how redemptions are booked from now on."""
        self.new_account = self.make_account("Points Redeemed From Now On", "610901", "expense")
        other_vat = self.make_account("Other Input VAT", "131902", "asset_current")
        tax = self.purchase_taxes[15].copy({"name": "15 % purchase new"})
        tax.repartition_line_ids = [
            Command.update(line.id, {"account_id": other_vat.id})
            for line in tax.repartition_line_ids
            if line.repartition_type == "tax"
        ]
        row = self.program.tax_map_ids.filtered(lambda row: row.sale_tax_id == self.sale_taxes[15])
        row.purchase_tax_id = tax
        self.program.write({"cost_account_id": self.new_account.id, "point_value": 0.2})

    def balances(self):
        """Return ``{account code: balance}`` of all accounts but those of sales and money, without zeroes."""
        lines = self.env["account.move.line"].search(
            [("move_id", "in", self.env["pos.session"].search([]).move_id.ids), ("parent_state", "=", "posted")]
        )
        shown = (
            self.cost_account
            | self.input_vat
            | self.env["account.account"].search([("code", "in", ("610901", "131902"))])
        )
        return {
            account.code: round(sum(of_account.mapped("balance")), 2)
            for account, of_account in lines.filtered(lambda line: line.account_id in shown)
            .grouped("account_id")
            .items()
        }

    def vat_of(self, move):
        """Return ``[(tax, balance)]`` of the input VAT of a closing entry."""
        lines = move.line_ids.filtered(lambda line: line.account_id == self.input_vat)
        return sorted((line.tax_line_id.name, line.balance) for line in lines)


@tagged("post_install", "-at_install")
class TestFrozenInputTax(FrozenCase):
    def test_settings_changed_before_the_return(self):
        """N29, N4: a sale of yesterday is taken back from the accounts and the VAT on which it was booked."""
        order = self.buy([self.taxed(100, 15)], 95.0, 20.0)
        self.next_session()
        self.assertEqual(self.balances(), {"610900": 17.39, "131901": 2.61})
        self.book_elsewhere()
        self.program.vat_mode = "tender"
        refund = self.give_back(order, [(order.lines, 1)], 95.0, 20.0)
        self.next_session()
        self.assertEqual(self.balances(), {"610900": 0.0, "131901": 0.0})
        self.assertEqual(self.card.points, 1000)
        self.assertFalse(self.exceptions_of(refund))

    def test_rate_changed_before_the_return(self):
        """N29, N4: the rates of the taxes are changed after the sale: halves take back what was booked."""
        order = self.buy([self.taxed(50, 15, qty=2)], 95.0, 20.0)
        self.next_session()
        (self.sale_taxes[15] | self.purchase_taxes[15]).amount = 20
        half = {"refunded_orderline_id": order.lines.id, "price_subtotal_incl": -60}
        for cost, vat in ((8.7, 1.3), (0.0, 0.0)):
            # The till charges the goods at the rate that the tax has now.
            self.buy([{**self.taxed(50, 15, qty=-1), **half}], -50.0, -10.0, is_refund=True)
            self.next_session()
            self.assertEqual(self.balances(), {"610900": cost, "131901": vat})
        self.assertEqual(self.card.points, 1000)

    def test_settings_changed_before_the_closing(self):
        """N29: an order books what held when it was paid, not what holds when its session is closed."""
        order = self.buy([self.taxed(50, 15, qty=2)], 95.0, 20.0)
        self.book_elsewhere()
        self.program.vat_mode = "tender"
        later = self.buy([self.taxed(100, 15)], 95.0, 20.0)
        self.next_session()
        self.assertEqual(self.balances(), {"610900": 17.39, "131901": 2.61, "610901": 20.0})
        self.program.vat_mode = "input_tax"
        self.give_back(order, [(order.lines, 1)], 47.5, 10.0)
        self.give_back(later, [(later.lines, 1)], 95.0, 20.0)
        self.next_session()
        self.assertEqual(self.balances(), {"610900": 8.7, "131901": 1.3, "610901": 0.0})
        self.give_back(order, [(order.lines, 1)], 47.5, 10.0)
        self.next_session()
        self.assertEqual(self.balances(), {"610900": 0.0, "131901": 0.0, "610901": 0.0})
        self.assertEqual(self.card.points, 1000)

    def test_account_that_was_closed(self):
        """N29: a session closes although the account of the sale was archived: the return is booked on today's."""
        order = self.buy([self.taxed(100, 15)], 95.0, 20.0)
        self.next_session()
        old = self.cost_account
        self.book_elsewhere()
        old.active = False
        self.give_back(order, [(order.lines, 1)], 95.0, 20.0)
        self.next_session()
        self.assertEqual(self.balances(), {"610900": 17.39, "131901": 0.0, "610901": -17.39})

    def test_vat_of_a_part_comes_from_the_part(self):
        """N29, N4: 46.00 of 230.00 are points; the line at 9 % comes back with its own VAT, half of it with half."""
        order = self.buy([self.taxed(100, 21), self.taxed(50, 9, qty=2)], 184.0, 46.0)
        self.assertEqual(self.vat_of(self.close()), [("21 % purchase", 4.2), ("9 % purchase", 1.8)])
        for __ in range(2):
            self.pos_session = self.open_session(self.config)
            self.give_back(order, [(order.lines[1], 1)], 43.6, 10.9)
            self.assertEqual(self.vat_of(self.close()), [("9 % purchase", -0.9)])
        self.pos_session = self.open_session(self.config)
        self.give_back(order, [(order.lines[0], 1)], 96.8, 24.2)
        self.assertEqual(self.vat_of(self.close()), [("21 % purchase", -4.2)])
        self.assertEqual(self.balances(), {"610900": 0.0, "131901": 0.0})
        self.assertEqual(self.card.points, 1000)

    def test_vat_of_a_part_in_one_session(self):
        """N29, N4: the same where sale and return are closed together, and where more points come back than are due."""
        order = self.buy([self.taxed(100, 21), self.taxed(100, 9)], 184.0, 46.0)
        self.give_back(order, [(order.lines[1], 1)], 87.2, 21.8)
        self.assertEqual(
            self.vat_of(self.close()), [("21 % purchase", 4.2), ("9 % purchase", -1.8), ("9 % purchase", 1.8)]
        )
        self.pos_session = self.open_session(self.config)
        order = self.buy([self.taxed(100, 21), self.taxed(100, 9)], 184.0, 46.0)
        self.give_back(order, [(order.lines[1], 1)], 63.0, 46.0)
        self.close()
        self.assertEqual(self.balances(), {"610900": 20.0, "131901": 4.2})

    def test_return_after_an_exchange(self):
        """N29, N4: the line at 21 % was exchanged, what was sold instead is covered by its points: the one at 9 % has its own VAT."""
        order = self.buy([self.taxed(100, 21), self.taxed(100, 9)], 184.0, 46.0)
        self.next_session()
        back = self.taxed(100, 21, qty=-1, refunded_orderline_id=order.lines[0].id)
        self.buy([back, self.taxed(200, 9)], 97.0, 0.0)
        self.next_session()
        self.give_back(order, [(order.lines[1], 1)], 87.2, 21.8)
        self.assertEqual(self.vat_of(self.close()), [("9 % purchase", -1.8)])
        self.assertEqual(self.balances(), {"610900": 20.0, "131901": 4.2})

    def test_return_after_an_exchange_for_less(self):
        """N29, N4: of an exchange that gave points back, the rest pays what was sold instead, with the VAT that it had."""
        order = self.sell([self.taxed(50, 21), self.taxed(30, 9)], self.ann, payments=[self.pay_points(93.2)])
        self.next_session()
        back = self.taxed(50, 21, qty=-1, refunded_orderline_id=order.lines[0].id)
        self.sell([back, self.taxed(10, 9)], self.ann, payments=[self.pay_points(-49.6)])
        self.assertEqual(self.vat_of(self.close()), [("21 % purchase", -8.61)])
        self.pos_session = self.open_session(self.config)
        back = self.taxed(30, 9, qty=-1, refunded_orderline_id=order.lines[1].id)
        self.sell([back], self.ann, payments=[self.pay_points(-32.7)], is_refund=True)
        self.assertEqual(self.vat_of(self.close()), [("9 % purchase", -2.7)])
        self.assertEqual(self.balances(), {"610900": 9.01, "131901": 1.89})

    def test_return_gives_back_what_an_exchange_had_left(self):
        """N29, N4: where a later return pays out the points that an exchange had left, their VAT is that of its goods."""
        order = self.buy([self.taxed(100, 21), self.taxed(100, 15), self.taxed(100, 9)], 276.0, 69.0)
        self.next_session()
        back = self.taxed(100, 21, qty=-1, refunded_orderline_id=order.lines[0].id)
        self.sell([back, self.taxed(100, 15)], self.ann, payments=[self.pay_points(-6)])
        self.assertEqual(self.vat_of(self.close()), [("21 % purchase", -1.04)])
        self.pos_session = self.open_session(self.config)
        preview = order.pos_refund_preview({order.lines[1].id: 1})
        self.assertEqual([payment["amount"] for payment in preview["payments"]], [41.2])
        self.give_back(order, [(order.lines[1], 1)], 73.8, 41.2)
        self.assertEqual(self.vat_of(self.close()), [("15 % purchase", -3.0), ("21 % purchase", -3.16)])
        self.assertEqual(self.balances(), {"610900": 20.0, "131901": 1.8})

    def test_exchange_after_a_return(self):
        """N29, N4: an exchange that gives some points back takes nothing from goods that came back in full before."""
        order = self.sell([self.taxed(50, 21), self.taxed(30, 9)], self.ann, payments=[self.pay_points(93.2)])
        back = self.taxed(30, 9, qty=-1, refunded_orderline_id=order.lines[1].id)
        self.sell([back], self.ann, payments=[self.pay_points(-32.7)], is_refund=True)
        self.next_session()
        back = self.taxed(50, 21, qty=-1, refunded_orderline_id=order.lines[0].id)
        self.sell([back, self.taxed(10, 9)], self.ann, payments=[self.pay_points(-49.6)])
        self.assertEqual(self.vat_of(self.close()), [("21 % purchase", -8.61)])
        self.assertEqual(self.balances(), {"610900": 9.01, "131901": 1.89})


@tagged("post_install", "-at_install")
class TestFrozenPriceReduction(FrozenCase, ReductionCase):
    def test_account_changed_before_the_return(self):
        """N29, N4: a reduction is taken back from the account on which it was booked, also when the session was
        still open."""
        for closed in (True, False):
            self.program.cost_account_id = self.cost_account
            order = self.sell(
                [self.taxed(100, 15), self.reduction(17.39, f"r{closed}")],
                self.ann,
                payments=[self.pay(95.0, self.cash_method)],
            )
            if closed:
                self.next_session()
            self.program.cost_account_id = self.make_account("New", f"61090{3 + closed}", "income")
            self.sell(
                [
                    self.taxed(100, 15, qty=-1, refunded_orderline_id=order.lines[0].id),
                    self.reduction(17.39, False, qty=-1, refunded_orderline_id=order.lines[1].id),
                ],
                self.ann,
                payments=[self.pay(-95.0, self.cash_method)],
                is_refund=True,
            )
            self.next_session()
            self.assertEqual(self.balances(), {"610900": 0.0})
            self.assertEqual(self.card.points, 1000)

    def test_rate_changed_before_the_return(self):
        """N29, N4: the rate of the tax is changed after the sale: the reduction goes back with the VAT that it took off."""
        fixed = {
            "extra_tax_data": {
                "currency_id": self.company.currency_id.id,
                "price_unit": -17.39,
                "discount": 0,
                "quantity": 1,
                "rate": 1,
                "manual_total_excluded_currency": -17.39,
                "manual_tax_amounts": {
                    str(self.sale_taxes[15].id): {"tax_amount_currency": -2.61, "base_amount_currency": -17.39}
                },
            }
        }
        order = self.sell(
            [self.taxed(100, 15), {**self.reduction(17.39, "r"), **fixed}],
            self.ann,
            payments=[self.pay(95.0, self.cash_method)],
        )
        self.next_session()
        self.sale_taxes[15].amount = 20
        back = {**self.reduction(17.39, False, qty=-1, refunded_orderline_id=order.lines[1].id), **fixed}
        goods = {**self.taxed(100, 15, qty=-1, refunded_orderline_id=order.lines[0].id), "price_subtotal_incl": -120}
        refund = self.sell([goods, back], self.ann, payments=[self.pay(-100.0, self.cash_method)], is_refund=True)
        session = refund.sudo().session_id
        self.next_session()
        tax = session.move_id.line_ids.filtered(lambda line: line.account_id == self.output_vat)
        self.assertEqual(sorted(tax.mapped("balance")), [-2.61, 20.0])
        self.assertEqual((self.balances(), self.card.points), ({"610900": 0.0}, 1000))

    def test_halves_of_a_reduction(self):
        """N29, N4: 2 x 100 + 15 % less 20.00 by points come back one by one, with all points and no exception, also as
        lines whose tax is rounded on its own."""
        self.company.tax_calculation_rounding_method = "round_per_line"
        order = self.sell(
            [self.taxed(100, 15, qty=2), self.reduction(17.39, "r")],
            self.ann,
            payments=[self.pay(210.0, self.cash_method)],
        )
        self.assertEqual(self.card.points, 800)
        for points in (900, 1000):
            half = {
                **self.reduction(17.39, False, qty=-0.5, refunded_orderline_id=order.lines[1].id),
                "price_subtotal": 8.7,
                "price_subtotal_incl": 10.01,
            }
            refund = self.sell(
                [self.taxed(100, 15, qty=-1, refunded_orderline_id=order.lines[0].id), half],
                self.ann,
                payments=[self.pay(-104.99, self.cash_method)],
                is_refund=True,
            )
            self.assertFalse(self.exceptions_of(refund))
            self.assertEqual(self.card.points, points)

    def test_rest_of_a_reduction_in_the_back_end(self):
        """N29, N4: one piece came back at the till with 10.01 of 20.00 by points; Return Products takes the other with
        9.99: 210.00 were paid, and 210.00 came back."""
        self.company.tax_calculation_rounding_method = "round_per_line"
        order = self.sell(
            [self.taxed(100, 15, qty=2), self.reduction(17.39, "r")],
            self.ann,
            payments=[self.pay(210.0, self.cash_method)],
        )
        half = {
            **self.reduction(8.695, False, qty=-1, refunded_orderline_id=order.lines[1].id),
            "price_subtotal": 8.7,
            "price_subtotal_incl": 10.01,
        }
        self.sell(
            [self.taxed(100, 15, qty=-1, refunded_orderline_id=order.lines[0].id), half],
            self.ann,
            payments=[self.pay(-104.99, self.cash_method)],
            is_refund=True,
        )
        action = order.with_user(self.env.user).refund()
        refund = self.env["pos.order"].browse(action["res_id"])
        self.assertEqual(refund.amount_total, -105.01)
        self.env["pos.make.payment"].with_context(active_id=refund.id, active_ids=refund.ids).create(
            {"payment_method_id": self.cash_method.id}
        ).check()
        self.assertRecordValues(refund, [{"state": "paid", "amount_paid": -105.01, "loyalty_points_redeemed": -100}])
        self.assertFalse(self.exceptions_of(refund))
        self.assertEqual(self.card.points, 1000)
        self.next_session()
        self.assertEqual(self.balances(), {"610900": 0.0})

    def reduction_at(self, rate, net, **values):
        return self.taxed(
            -net,
            rate,
            product=self.env.ref("loyalty_pos.product_redemption"),
            loyalty_card_id=self.card.id,
            **values,
        )

    def return_in_back_end(self, order):
        action = order.with_user(self.env.user).refund()
        refund = self.env["pos.order"].browse(action["res_id"])
        self.assertEqual(refund.state, "draft")
        return refund

    def output_vat_of(self, move):
        lines = move.line_ids.filtered(lambda line: line.account_id == self.output_vat)
        return sorted((line.tax_line_id.name, line.balance) for line in lines)

    def test_vat_of_a_part_of_a_reduction(self):
        """N29, N4: 46.00 of 230.00 are points: once what had 9 % is back at the till, Return Products gives back what had
        21 %, with its own VAT and its own points."""
        order = self.sell(
            [
                self.taxed(100, 21),
                self.taxed(100, 9),
                self.reduction_at(21, 20, loyalty_redeem_uuid="r"),
                self.reduction_at(9, 20, loyalty_redeem_uuid="r"),
            ],
            self.ann,
            payments=[self.pay(184.0, self.cash_method)],
        )
        self.sell(
            [
                self.taxed(100, 9, qty=-1, refunded_orderline_id=order.lines[1].id),
                self.reduction_at(9, 20, qty=-1, refunded_orderline_id=order.lines[3].id),
            ],
            self.ann,
            payments=[self.pay(-87.2, self.cash_method)],
            is_refund=True,
        )
        self.assertEqual(self.card.points, 758)
        self.close()
        self.pos_session = self.open_session(self.config)
        refund = self.return_in_back_end(order)
        self.assertRecordValues(refund.lines, [{"price_subtotal_incl": -121.0}, {"price_subtotal_incl": 24.2}])
        self.pay_refund(refund)
        self.assertEqual((refund.amount_paid, self.card.points), (-96.8, 1000))
        self.assertEqual(self.output_vat_of(self.close()), [("21 % sale", -4.2), ("21 % sale", 21.0)])
        self.assertEqual(self.balances(), {"610900": 0.0})

    def test_fewer_goods_in_the_back_end(self):
        """N29, N4: of what Return Products copied, somebody keeps half of what had 9 %: 10.90 and 109 points come back
        with it, all at 9 %; then the rest."""
        order = self.sell(
            [
                self.taxed(100, 21),
                self.taxed(50, 9, qty=2),
                self.reduction_at(21, 20, loyalty_redeem_uuid="r"),
                self.reduction_at(9, 20, loyalty_redeem_uuid="r"),
            ],
            self.ann,
            payments=[self.pay(184.0, self.cash_method)],
        )
        refund = self.return_in_back_end(order)
        half = {"qty": -1, "price_subtotal": -50, "price_subtotal_incl": -54.5}  # as the form says it
        refund.lines = [Command.delete(refund.lines[0].id), Command.update(refund.lines[1].id, half)]
        self.assertRecordValues(
            refund.lines, [{"qty": -1, "price_subtotal_incl": -54.5}, {"qty": -1, "price_subtotal_incl": 10.9}]
        )
        self.assertEqual(refund.amount_total, -43.6)
        self.pay_refund(refund)
        self.assertEqual((refund.amount_paid, self.card.points), (-43.6, 649))
        self.assertProved(ledger=35.1, books=35.1)
        refund = self.return_in_back_end(order)
        self.pay_refund(refund)
        self.assertEqual((refund.amount_paid, self.card.points), (-140.4, 1000))
        self.assertFalse(self.exceptions_of(refund))
        self.next_session()
        self.assertEqual(self.balances(), {"610900": 0.0})

    def test_more_than_its_part_came_back(self):
        """N29, N4: with one of three pieces the till gave 40.00 of 50.00 back as points; the second one comes back without
        any, however often its number is changed, and the third with the other 10.00."""
        order = self.sell(
            [self.taxed(100, 15, qty=3), self.reduction(43.48, "r")],
            self.ann,
            payments=[self.pay(295.0, self.cash_method)],
        )
        sold = self.card.points
        self.sell(
            [
                self.taxed(100, 15, qty=-1, refunded_orderline_id=order.lines[0].id),
                self.reduction(34.78, False, qty=-1, refunded_orderline_id=order.lines[1].id),
            ],
            self.ann,
            payments=[self.pay(-75.0, self.cash_method)],
            is_refund=True,
        )
        points = self.card.points
        self.assertEqual(points - sold, (1000 - sold) * 0.8)
        refund = self.return_in_back_end(order)
        goods = refund.lines[0]
        for pieces, amounts in ((1, [-115.0]), (2, [-230.0, 10.0]), (1, [-115.0])):
            said = {"qty": -pieces, "price_subtotal": -100 * pieces, "price_subtotal_incl": -115 * pieces}
            refund.lines = [Command.update(goods.id, said)]
            self.assertEqual(refund.lines.mapped("price_subtotal_incl"), amounts)
            self.assertEqual(refund.amount_total, sum(amounts))
        self.pay_refund(refund)
        self.assertEqual(self.card.points, points)
        last = self.return_in_back_end(order)
        self.assertEqual(last.lines.mapped("price_subtotal_incl"), [-115.0, 10.0])
        self.pay_refund(last)
        self.assertEqual((last.amount_paid, self.card.points), (-105.0, 1000))
        self.assertFalse(self.exceptions_of(refund) | self.exceptions_of(last))

    def pay_refund(self, refund):
        self.env["pos.make.payment"].with_context(active_id=refund.id, active_ids=refund.ids).create(
            {"payment_method_id": self.cash_method.id}
        ).check()
        self.assertEqual(refund.state, "paid")

    def test_whole_reduction_in_the_back_end(self):
        """N29, N4: taxes rounded for the whole order: Return Products gives back 17.00, as the points took off, and not
        the 17.01 that its lines would be on their own."""
        self.company.tax_calculation_rounding_method = "round_globally"
        lines = [self.taxed(1.11, 15, qty=7), self.taxed(0.77, 5, qty=13)]
        said = {15: (7.37, 1.10), 5: (8.12, 0.41)}
        for rate, (net, tax) in said.items():
            lines.append(
                {
                    **self.reduction_at(rate, net, loyalty_redeem_uuid="r"),
                    "price_subtotal_incl": -net - tax,
                    "extra_tax_data": {
                        "currency_id": self.company.currency_id.id,
                        "price_unit": -net,
                        "discount": 0,
                        "quantity": 1,
                        "rate": 1,
                        "manual_total_excluded_currency": -net,
                        "manual_tax_amounts": {
                            str(self.sale_taxes[rate].id): {"tax_amount_currency": -tax, "base_amount_currency": -net}
                        },
                    },
                }
            )
        order = self.sell(lines, self.ann, payments=[self.pay(2.45, self.cash_method)], amount_total=2.45)
        self.assertEqual((order.loyalty_points_redeemed, order.state), (170, "paid"))
        refund = self.return_in_back_end(order)
        reductions = refund.lines.filtered(lambda line: line.price_unit < 0)
        self.assertEqual(round(sum(reductions.mapped("price_subtotal_incl")), 2), 17.0)
        self.assertEqual(refund.amount_total, -2.45)
        self.pay_refund(refund)
        self.assertProved(ledger=0.0, books=0.0)
        self.assertEqual(self.card.points, 1000)

    def test_part_of_what_points_paid_in_full(self):
        """N29, N4: points paid 2 x 0.33 and 15 % in full; a piece that comes back pays nothing out, and what is said
        about its tax holds: 0.06 of the 0.10, and not the 0.05 of a line of its own."""
        order = self.sell(
            [self.taxed(0.33, 15, qty=2), self.reduction_at(15, 0.66, loyalty_redeem_uuid="r")],
            self.ann,
            payments=[],
        )
        self.assertEqual((order.amount_total, order.state), (0.0, "paid"))
        tax = str(self.sale_taxes[15].id)
        refund = self.sell(
            [
                self.taxed(0.33, 15, qty=-1, refunded_orderline_id=order.lines[0].id),
                {
                    **self.reduction_at(15, 0.33, qty=-1, refunded_orderline_id=order.lines[1].id),
                    "price_subtotal": 0.32,
                    "price_subtotal_incl": 0.38,
                    "extra_tax_data": {
                        "currency_id": self.company.currency_id.id,
                        "price_unit": -0.33,
                        "discount": 0,
                        "quantity": 1,
                        "rate": 1,
                        "manual_total_excluded_currency": -0.32,
                        "manual_tax_amounts": {tax: {"tax_amount_currency": -0.06, "base_amount_currency": -0.32}},
                    },
                },
            ],
            self.ann,
            payments=[],
            is_refund=True,
            amount_total=0.0,
        )
        totals = refund._loyalty_totals()[refund.lines[1].id]
        self.assertEqual([round(total, 2) for total in totals], [0.38, 0.32])
        base_line = refund.lines[1]._prepare_base_line_for_taxes_computation()
        self.assertEqual(base_line["manual_total_excluded_currency"], 0.32)
