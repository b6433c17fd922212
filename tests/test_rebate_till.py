"""Sales of a register in programs that credit a period."""

from datetime import date
from uuid import uuid4

from freezegun import freeze_time

from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.loyalty_pos.tests.test_till_earning import EarningCase


@tagged("post_install", "-at_install")
class TestRebateTill(EarningCase):
    def test_period(self):
        """M9, M10, bM1: an order of a register earns nothing by itself and counts once among the sales of its month."""
        self.program.write(
            {
                "award_mode": "period",
                "tier_ids": [Command.create({"threshold": 50, "percentage": 10, "applies_to": "all"})],
            }
        )
        order = self.sell([self.taxed(100, 15)], self.ann, payments=[self.pay(115.0, self.cash_method)])
        self.assertEntries(order, [])
        self.assertIn("credited together", self.earning_of(order).explanation)
        (figures,) = self.program._period_figures(self.ann)
        self.assertEqual((figures["sales"], figures["accrued"]), (100.0, 10.0))
        self.assertEqual(self.program._period_documents(self.ann)["pos.order"], order.ids)
        loaded = self.env["loyalty.program"]._load_pos_data_read(self.program, self.config)
        self.assertFalse(loaded[0]["accumulates"])
        self.sell([self.taxed(20, 15)], self.ann, payments=[self.pay(23.0, self.cash_method)])
        (figures,) = self.program._period_figures(self.ann)
        self.assertEqual(figures["sales"], 120.0)

    def count_sales(self):
        self.program.write(
            {
                "award_mode": "period",
                "tier_ids": [Command.create({"threshold": 50, "percentage": 10, "applies_to": "all"})],
            }
        )

    def figures(self, day=None):
        (figures,) = self.program._period_figures(self.ann, day)
        return figures["sales"], figures["accrued"]

    def test_both_kinds_of_documents(self):
        """M11: where a customer has invoices and orders, the inquiry offers both, each with its number."""
        self.count_sales()
        order = self.sell([self.taxed(100, 15)], self.ann, payments=[self.pay(115.0, self.cash_method)])
        invoice = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": self.ann.id,
                "invoice_date": order.date_order.date(),
                "invoice_line_ids": [
                    Command.create({"product_id": self.pen.id, "price_unit": 70, "tax_ids": [Command.clear()]})
                ],
            }
        )
        invoice.action_post()
        row = self.env["loyalty.inquiry"].search(self.env["loyalty.inquiry"].action_inquire(self.ann.id)["domain"])
        row = row.filtered(lambda row: row.sales == 170.0)
        self.assertEqual((len(row), row.invoice_count, row.order_count), (1, 1, 1))
        action = row.action_view_documents()
        self.assertEqual((action["res_model"], action["res_id"], action["target"]), ("loyalty.inquiry", row.id, "new"))
        self.assertEqual(row.action_view_invoices()["domain"], [("id", "in", invoice.ids)])
        orders = row.action_view_orders()
        self.assertEqual((orders["res_model"], orders["domain"]), ("pos.order", [("id", "in", order.ids)]))

    def test_paid_with_points(self):
        """M9, M10: points that pay a part of an order lower no sales; the whole order counts."""
        self.count_sales()
        uuid = str(uuid4())
        self.hold(50, uuid)
        self.sell([self.taxed(100, 15)], self.ann, payments=[self.pay(65.0), self.pay_points(50, uuid=uuid)])
        self.assertEqual(self.figures(), (100.0, 10.0))

    def test_tip(self):
        """M8: a tip is no sale."""
        self.count_sales()
        tip = self.make_product("Tips")
        self.config.write({"iface_tipproduct": True, "tip_product_id": tip.id})
        self.sell([self.taxed(100, 15), self.line(tip, 5)], self.ann, payments=[self.pay(120.0, self.cash_method)])
        self.assertEqual(self.figures(), (100.0, 10.0))

    def test_combo(self):
        """M8: of a combo the choice on the menu decides: its parts count as the combo does."""
        self.count_sales()
        menu, tea, roll = (self.make_product(name) for name in ("Breakfast", "Tea", "Roll"))
        tea.loyalty_no_earn = True
        uuids = [str(uuid4()) for __ in range(3)]
        self.sell(
            [self.line(menu, 0, uuid=uuids[0]), self.line(tea, 40, uuid=uuids[1]), self.line(roll, 60, uuid=uuids[2])],
            self.ann,
            payments=[self.pay(100.0, self.cash_method)],
            relations_uuid_mapping={"pos.order.line": {uuid: {"combo_parent_id": uuids[0]} for uuid in uuids[1:]}},
        )
        self.assertEqual(self.figures(), (100.0, 10.0))
        menu.loyalty_no_earn = True
        self.assertEqual(self.figures(), (0.0, 0.0))

    def test_gift_card_sold(self):
        """M8, N14: a gift card that a register sells is no sale."""
        self.count_sales()
        product = self.make_product("Gift Card")
        self.make_stored_value("gift_card", product)
        self.sell([self.taxed(100, 15), self.line(product, 25)], self.ann, payments=[self.pay(140.0, self.cash_method)])
        self.assertEqual(self.figures(), (100.0, 10.0))

    def test_invoiced_later(self):
        """M13, M12: an order that is invoiced in the next month stays a sale of its own day, and counts once."""
        self.count_sales()
        order = self.sell([self.taxed(100, 15)], self.ann, payments=[self.pay(115.0, self.cash_method)])
        day = order.date_order.date()
        march, april = self.program._period_bounds(day)[1], self.program._next_day(self.program._period_bounds(day)[1])
        self.program._roll_over(march)
        points = self.card.points
        session = self.pos_session.with_user(self.cashier)
        session.post_closing_cash_details(session.cash_register_balance_end)
        self.assertTrue(session.close_session_from_ui()["successful"])
        with freeze_time(f"{april.replace(day=5)} 12:00:00"):
            order.sudo().action_pos_order_invoice()
            invoice = order.sudo().account_move
            self.assertEqual((invoice.state, invoice.date), ("posted", april.replace(day=5)))
            self.assertEqual(self.figures(day), (100.0, 10.0))
            self.assertEqual(self.figures(), (0.0, 0.0))
            self.assertEqual(self.program._roll_over(march), (0, 0.0))
            self.assertEqual(self.program._roll_over(date(april.year, april.month, 28)), (0, 0.0))
            # A credit note for it belongs to the day of the order as well.
            note = invoice._reverse_moves([{"invoice_date": april.replace(day=6), "date": april.replace(day=6)}])
            note.action_post()
            self.assertEqual((self.figures(day), self.figures()), ((0.0, 0.0), (0.0, 0.0)))
        self.assertEqual(self.card.points, points)
