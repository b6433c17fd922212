from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form, tagged

from odoo.addons.loyalty_sale.hooks import uninstall_hook

from .points_common import OrderPointsCase


@tagged("post_install", "-at_install")
class TestUsePoints(OrderPointsCase):
    """Use Loyalty Points on quotations and orders, up to their confirmation and cancellation."""

    def test_points_to_use(self):
        """P18, P19: 10,000 points at 0.01 on 40.00: at most 4,000, as an offer first, then as what will be used."""
        order = self.make_order(40, use=False)
        self.assertEqual(order.loyalty_available_points, 10000)
        self.assertEqual((order.loyalty_points_to_use, order.loyalty_amount_to_use), (4000, 40))
        self.assertFalse(order.loyalty_points_applied)
        with Form(order) as form:
            form.loyalty_use_points = True
            self.assertEqual((form.loyalty_points_to_use, form.loyalty_amount_to_use), (4000, 40))
        self.assertEqual((order.loyalty_points_to_use, order.loyalty_points_applied), (4000, 4000))
        self.assertEqual(self.make_order(400, use=False).loyalty_points_to_use, 10000)

    def test_card_that_can_redeem_is_preselected(self):
        """N29, H2, P18: the order preselects the card that can redeem, though the card of another program is older and
        its default; within the program the card with points, unless another is the default card."""
        partner = self.env["res.partner"].create({"name": "Cleo"})
        other = self.make_program(name="Discounts only", sequence=0)
        self.make_card(partner, other, is_default=True)
        empty = self.make_card(partner)
        rich = self.make_card(partner)
        self.grant(500, rich)
        order = self.make_order(40, use=False, partner=partner)
        self.assertRecordValues(
            order, [{"loyalty_card_id": rich.id, "loyalty_problem": False, "loyalty_points_to_use": 500}]
        )
        empty.is_default = True
        self.assertEqual(self.make_order(40, use=False, partner=partner).loyalty_card_id, empty)

    def test_nothing_to_explain_yet(self):
        """A new quotation without lines does not explain why it earns nothing."""
        order = self.make_order(40, use=False)
        self.assertTrue(order.loyalty_explanation)
        with Form(order) as form:
            self.assertFalse(form._get_modifier("loyalty_explanation", "invisible"))
            form.order_line.remove(0)
            self.assertTrue(form._get_modifier("loyalty_explanation", "invisible"))

    def test_issue_card(self):
        """N29, H1: an order of a customer without a card offers one in one click, of the program whose points can be
        redeemed."""
        partner = self.env["res.partner"].create({"name": "Cleo"})
        self.make_program(name="Discounts only", sequence=0)
        order = self.make_order(40, use=False, partner=partner)
        self.assertRecordValues(
            order, [{"loyalty_card_id": False, "loyalty_problem": False, "loyalty_can_issue_card": True}]
        )
        order.action_issue_loyalty_card()
        card = order.loyalty_card_id
        self.assertRecordValues(card, [{"program_id": self.program.id, "partner_id": partner.id, "points": 0}])
        self.assertFalse(order.loyalty_can_issue_card)
        with self.assertRaisesRegex(UserError, "No card can be issued"):
            order.action_issue_loyalty_card()
        order.action_confirm()
        self.assertEqual(self.make_invoices(order).loyalty_card_id, card)
        other = self.env["res.partner"].create({"name": "Dan"})
        order = self.make_order(40, use=False, partner=other)
        later = self.make_card(other)
        order.invalidate_recordset()
        self.assertTrue(order.loyalty_has_card)
        order.action_issue_loyalty_card()
        self.assertEqual(order.loyalty_card_id, later)
        self.env["res.partner"].browse(other.id).loyalty_tracked = False
        later.unlink()
        self.assertFalse(self.make_order(40, use=False, partner=other).loyalty_can_issue_card)

    def test_sale_earns_once(self):
        """N29, C15: an invoice whose order gave its points already promises none, and earns none with a card either."""
        partner = self.env["res.partner"].create({"name": "Fay"})
        self.program.issue_on = "order"
        order = self.make_order(40, use=False, partner=partner)
        order._update_programs_and_rewards()
        order.action_confirm()
        card = self.env["loyalty.card"].search([("partner_id", "=", partner.id)])
        self.assertEqual(card.points, 40)
        invoice = self.make_invoices(order)
        self.program.issue_on = "paid"
        invoice.loyalty_card_id = False
        invoice.action_post()
        self.pay(invoice)
        self.assertFalse(invoice.loyalty_missed_notice)
        invoice.action_issue_loyalty_card()
        self.env.cr.flush()
        self.assertEqual((invoice.loyalty_card_id, invoice.loyalty_points_earned, card.points), (card, 0, 40))

    def test_editing_does_not_recalculate(self):
        """P15, P16, P17: an edited order keeps its points and says that they do not fit; ticking again and Recalculate
        work them out anew."""
        order = self.make_order(40)
        self.assertFalse(order.loyalty_notice)
        with Form(order) as form:
            with form.order_line.edit(0) as line:
                line.price_unit = 60
            self.assertEqual(form.loyalty_points_to_use, 4000)
            self.assertEqual(form.loyalty_notice, "2,000 more points could be used now. Recalculate to use them.")
        self.assertEqual((order.loyalty_points_to_use, order.loyalty_amount_to_use), (4000, 40))
        self.assertFalse(order.loyalty_misfits)
        order.action_recalculate_loyalty_points()
        self.assertEqual((order.loyalty_points_to_use, order.loyalty_amount_to_use), (6000, 60))
        self.assertFalse(order.loyalty_notice)
        order.order_line.price_unit = 30
        self.assertEqual(order.loyalty_points_to_use, 6000)
        self.assertTrue(order.loyalty_misfits)
        self.assertIn("only $\xa030.00 of the order can be covered by points", order.loyalty_notice)
        self.tick(order, False)
        self.assertEqual((order.loyalty_points_to_use, order.loyalty_points_applied), (3000, 0))
        self.assertFalse(order.loyalty_notice)
        self.tick(order)
        self.assertEqual((order.loyalty_points_to_use, order.loyalty_points_applied), (3000, 3000))

    def test_ticking_and_editing_at_once(self):
        """P16: ticked in the same form in which lines change, the order saves what the form showed."""
        order = self.make_order(40, use=False)
        with Form(order) as form:
            with form.order_line.edit(0) as line:
                line.price_unit = 70
            form.loyalty_use_points = True
            self.assertEqual(form.loyalty_points_to_use, 7000)
        self.assertEqual(order.loyalty_points_applied, 7000)
        new = Form(self.env["sale.order"].with_user(self.salesperson))
        new.partner_id = self.customer
        with new.order_line.new() as line:
            line.product_id = self.product
            line.price_unit = 20
            line.tax_ids.clear()
        new.loyalty_use_points = True
        self.assertEqual(new.loyalty_points_to_use, 2000)
        self.assertEqual(new.save().loyalty_points_applied, 2000)

    def test_quotations_hold_nothing(self):
        """P23, P24, N6: two quotations show the same points; the first to be confirmed reserves them, without time-out."""
        first, second = self.make_order(80), self.make_order(80)
        self.assertEqual((first.loyalty_points_to_use, second.loyalty_points_to_use), (8000, 8000))
        self.assertCard(10000, 0)
        first.action_confirm()
        self.assertEqual(self.holds(first), [("sale.order", 8000, "active")])
        self.assertFalse(first.sudo().loyalty_hold_id.expires_at)
        self.assertEqual((first.loyalty_points_reserved, first.loyalty_points_redeemed), (8000, 0))
        self.assertCard(10000, 8000)
        second.invalidate_recordset()
        self.assertTrue(second.loyalty_misfits)
        with self.assertRaisesRegex(
            ValidationError, r"2,000 points available, but the order uses 8,000.*\n.*Recalculate"
        ):
            second.action_confirm()
        self.assertEqual(second.state, "draft")
        second.action_recalculate_loyalty_points()
        second.action_confirm()
        self.assertCard(10000, 10000)
        first._action_cancel()
        self.assertCard(10000, 2000)

    def test_refused_before_anything_is_written(self):
        """P24: an order that became too small is refused as a whole; a later value of the points as well."""
        order = self.make_order(40)
        order.order_line.price_unit = 30
        with self.assertRaisesRegex(ValidationError, "can be covered by points"):
            order.action_confirm()
        order.order_line.price_unit = 40
        self.program.point_value = 0.005
        with self.assertRaisesRegex(ValidationError, r"4,000 points are worth \$\xa020.00 now, no longer \$\xa040.00"):
            order.action_confirm()
        self.assertEqual((order.state, self.holds(order)), ("draft", []))
        order.action_recalculate_loyalty_points()
        order.action_confirm()
        self.assertEqual(order.sudo().loyalty_hold_id.points, 8000)
        self.assertEqual(order.sudo().loyalty_hold_id.amount, 40)

    def test_orders_confirmed_together(self):
        """P24: orders of one card that are confirmed at once share what it has."""
        orders = self.make_order(80) | self.make_order(80)
        with self.assertRaisesRegex(ValidationError, "6,000 are missing"):
            orders.action_confirm()
        self.assertEqual(orders.mapped("state"), ["draft", "draft"])

    def test_rewards_come_first(self):
        """P18, P24: what the order's rewards cost is not used a second time; Odoo's rewards go on to work."""
        self.program.reward_ids.write({"discount_mode": "per_order", "discount": 5, "required_points": 8000})
        order = self.make_order(100, use=False)
        order._update_programs_and_rewards()
        order._apply_program_reward(self.program.reward_ids, self.card)
        self.assertEqual(order.amount_total, 95)
        self.assertEqual(order.loyalty_points_to_use, 2000)
        self.tick(order)
        order.action_confirm()
        self.assertCard(2000, 2000)
        self.assertEqual(order.loyalty_points_redeemed, 8000)
        order._action_cancel()
        self.assertCard(10000, 0)

    def test_never_own_points(self):
        """P20: points that an order earned itself never pay for it, neither before nor after its confirmation."""
        self.program.issue_on = "order"
        self.program.rule_ids.reward_point_amount = 50
        order = self.make_order(200, use=False)
        order._update_programs_and_rewards()
        self.assertEqual(order.loyalty_points_earnable, 10000)
        self.assertIn("when the order is confirmed", order.loyalty_explanation)
        self.assertEqual(order.loyalty_points_to_use, 10000)
        order.action_confirm()
        self.assertEqual((self.card.points, order.loyalty_points_earned), (20000, 10000))
        self.assertEqual(order.loyalty_points_to_use, 10000)
        self.tick(order)
        self.assertCard(20000, 10000)

    def test_another_program(self):
        """P14, P21: the tab counts the points of its card; other programs that the order earns in are other points."""
        other = self.make_program(name="Stamps", issue_on="order", company_id=self.company.id)
        other.rule_ids.reward_point_amount = 2
        second = self.make_card(program=other)
        order = self.make_order(50)
        order._update_programs_and_rewards()
        order.action_confirm()
        self.assertEqual((order.loyalty_card_id, second.points), (self.card, 100))
        self.assertEqual((order.loyalty_points_earned, order.loyalty_points_earnable), (0, 50))

    def test_confirmed_order(self):
        """P16, P17, C18: on a confirmed order ticking reserves, Recalculate reserves anew, unticking frees."""
        order = self.make_order(40, use=False)
        order.action_confirm()
        self.assertCard(10000, 0)
        self.tick(order)
        self.assertCard(10000, 4000)
        order.order_line.price_unit = 50
        self.assertCard(10000, 4000)
        self.assertIn("1,000 more points", order.loyalty_notice)
        order.action_recalculate_loyalty_points()
        self.assertCard(10000, 5000)
        order.order_line.price_unit = 20
        self.assertTrue(order.loyalty_misfits)
        order.action_recalculate_loyalty_points()
        self.assertCard(10000, 2000)
        order.action_recalculate_loyalty_points()
        self.assertEqual([state for *__, state in self.holds(order)], ["released", "released", "active"])
        self.tick(order, False)
        self.assertCard(10000, 0)

    def test_cancel_and_again(self):
        """C18, P24: a cancelled order holds nothing; confirmed again it reserves again; a copy uses no points."""
        order = self.confirmed(40)
        order._action_cancel()
        self.assertCard(10000, 0)
        self.assertEqual(order.loyalty_points_to_use, 0)
        with self.assertRaisesRegex(UserError, "is cancelled and uses no points"):
            order.action_recalculate_loyalty_points()
        order.action_draft()
        order.action_confirm()
        self.assertCard(10000, 4000)
        copy = order.copy()
        self.assertFalse(copy.loyalty_use_points or copy.loyalty_points_applied)

    def test_shipping_and_filter(self):
        """bP5, bP6: neither shipping nor what the program leaves out counts; discounts lower what is left."""
        tea = self.env["product.category"].create({"name": "Tea"})
        green = self.env["product.category"].create({"name": "Green", "parent_id": tea.id})
        cup = self.env["product.product"].create(
            {"name": "Sencha", "categ_id": green.id, "taxes_id": [Command.clear()]}
        )
        lines = [
            {"price_unit": 30},
            {"product_id": cup.id, "price_unit": 20},
            {"product_id": self.shipping.id, "price_unit": 10},
        ]
        order = self.make_order(*lines)
        self.assertEqual(order.loyalty_points_to_use, 5000)
        self.program.write({"redeem_filter": "only", "redeem_category_ids": tea.ids})
        order.invalidate_recordset()
        self.assertTrue(order.loyalty_misfits)
        order.action_recalculate_loyalty_points()
        self.assertEqual(order.loyalty_points_to_use, 2000)
        self.program.write({"redeem_filter": "except"})
        order.action_recalculate_loyalty_points()
        self.assertEqual(order.loyalty_points_to_use, 3000)
        self.program.redeem_product_ids = self.product
        order.action_recalculate_loyalty_points()
        self.assertEqual(order.loyalty_points_to_use, 0)
        with self.assertRaisesRegex(ValidationError, "Choose the eligible categories or products"):
            self.program.write(
                {
                    "redeem_filter": "only",
                    "redeem_category_ids": [Command.clear()],
                    "redeem_product_ids": [Command.clear()],
                }
            )

    def test_points_that_are_no_money(self):
        """M3: without accounting there is nothing to use, and the order says why."""
        self.program.accounting_policy = "none"
        order = self.make_order(40, use=False)
        self.assertEqual(order.loyalty_points_to_use, 0)
        self.assertIn("not a means of payment yet", order.loyalty_problem)
        order.loyalty_use_points = True
        order.action_confirm()
        self.assertEqual(self.holds(order), [])

    def test_no_card(self):
        """P18, H21: customers without a card, with a closed one or one that is linked to another card have nothing to
        use."""
        stranger = self.env["res.partner"].create({"name": "Bob"})
        self.assertEqual(self.make_order(40, partner=stranger, use=False).loyalty_points_to_use, 0)
        master = self.make_card(partner=stranger)
        order = self.make_order(40)
        self.card.points_to_id = master
        order.invalidate_recordset()
        with self.assertRaisesRegex(ValidationError, "is linked to"):
            order.action_confirm()

    def test_another_currency(self):
        """P19: an order in a foreign currency is paid at the rate of today, in the currency of the company."""
        euro = self.setup_other_currency("EUR", rates=[("2026-01-01", 0.5)])
        pricelist = self.env["product.pricelist"].create({"name": "Euro", "currency_id": euro.id})
        order = self.make_order(20, pricelist_id=pricelist.id)
        self.assertEqual(order.currency_id, euro)
        self.assertEqual((order.loyalty_points_to_use, order.loyalty_amount_to_use), (4000, 40))
        order.action_confirm()
        self.assertCard(10000, 4000)

    def test_server_decides(self):
        """P4: nobody writes how many points an order uses, nor hands it another reservation."""
        order = self.make_order(40)
        for vals in ({"loyalty_points_applied": 9999}, {"loyalty_amount_applied": 99}, {"loyalty_hold_id": 1}):
            with self.assertRaisesRegex(AccessError, "Tick Use Loyalty Points"):
                order.write(vals)
        with self.assertRaisesRegex(AccessError, "Tick Use Loyalty Points"):
            self.make_order(40, use=False, loyalty_points_applied=500)
        forged = {
            "default_loyalty_points_applied": 9999,
            "default_loyalty_amount_applied": 99,
            "default_loyalty_hold_id": 1,
        }
        default = order.with_context(**forged).create({"partner_id": self.customer.id})
        self.assertFalse(
            default.loyalty_points_applied or default.loyalty_amount_applied or default.sudo().loyalty_hold_id
        )
        other = self.make_order(40)
        other.sudo().user_id = self.env.user
        with self.assertRaises(AccessError):
            other.with_user(self.salesperson).action_recalculate_loyalty_points()

    def test_leaving(self):
        """N6, N12: without the add-on no order can use its points: they are free again, and balances stay."""
        self.confirmed(40)
        uninstall_hook(self.env(su=True))
        self.assertCard(10000, 0)

    def test_printed_order(self):
        """P14, P23, bP9: the printed quotation and order tell the customer what points cover; the portal does, too."""
        self.program.portal_point_name = "stars"
        order = self.make_order(40)
        report = self.env["ir.actions.report"].with_user(self.salesperson)

        def printed():
            return report._render_qweb_html("sale.report_saleorder", order.ids)[0].decode()

        self.assertIn("4,000 stars will cover $\xa040.00 of this order.", printed())
        order.action_confirm()
        self.assertIn("4,000 stars cover $\xa040.00 of this order.", printed())
        self.tick(order, False)
        self.assertNotIn("4,000 stars", printed())

    def test_earnable_and_earned(self):
        """P14, P21, P22, P23: a quotation shows what it can earn, and why; the order earns nothing before its invoice is
        paid, then both are equal."""
        self.program.issue_on = "paid"
        order = self.make_order(50, use=False)
        self.assertEqual((order.loyalty_points_earned, order.loyalty_points_earnable), (0, 50))
        why = "50.00 without tax × 1 per USD = 50 points."
        self.assertIn(why, order.loyalty_explanation.replace("$\xa0", ""))
        order.action_confirm()
        invoice = self.make_invoices(order)
        invoice.action_post()
        order.invalidate_recordset()
        self.assertEqual((order.loyalty_points_earned, order.loyalty_points_earnable), (0, 50))
        self.bank_journal.inbound_payment_method_line_ids.earns_loyalty = True
        self.pay(invoice)
        self.env.cr.flush()
        order.invalidate_recordset()
        self.assertEqual((order.loyalty_points_earned, order.loyalty_points_earnable), (50, 50))
        self.assertIn(why, order.loyalty_explanation.replace("$\xa0", ""))


@tagged("post_install", "-at_install")
class TestForgedPoints(OrderPointsCase):
    def test_defaults_of_orders(self):
        """P4, N6: no context and no default of one's own lets an order use what another one reserved, or any amount."""
        first = self.confirmed(60.0)
        hold = first.sudo().loyalty_hold_id
        self.assertEqual(hold.points, 6000)
        stranger = self.env["res.partner"].create({"name": "Bob"})
        forged = {
            "loyalty_use_points": True,
            "loyalty_points_applied": 1,
            "loyalty_amount_applied": 60.0,
            "loyalty_hold_id": hold.id,
        }
        Order = self.env["sale.order"].with_user(self.salesperson)
        for name, value in forged.items():
            self.env["ir.default"].with_user(self.salesperson).set("sale.order", name, value, user_id=True)
        context = {f"default_{name}": value for name, value in forged.items()}
        line = {"product_id": self.product.id, "product_uom_qty": 1, "price_unit": 60.0, "tax_ids": [Command.clear()]}
        for partner in (stranger, self.customer):
            order = Order.with_context(**context).create(
                {"partner_id": partner.id, "order_line": [Command.create(line)]}
            )
            self.assertFalse(order.sudo().loyalty_hold_id)
            worth = order.loyalty_points_applied * self.point_value
            self.assertAlmostEqual(order.loyalty_amount_applied, worth)
        self.assertCard(10_000, 6000)

    def test_defaults_of_invoices(self):
        """P4, N6: no context says which points cover an invoice."""
        order = self.confirmed(60.0)
        context = {
            "default_loyalty_order_id": order.id,
            "default_loyalty_order_points": 6000,
            "default_loyalty_order_amount": 60.0,
        }
        move = (
            self.env["account.move"].with_user(self.clerk).with_context(**context).create({"move_type": "out_invoice"})
        )
        none = dict.fromkeys(("loyalty_order_id", "loyalty_order_points", "loyalty_order_amount"), False)
        self.assertRecordValues(move, [none])


@tagged("post_install", "-at_install")
class TestStoredValueOnOrders(OrderPointsCase):
    """Points of orders do not buy money in advance."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.grant(90000)
        cls.gift_card = cls.env["product.product"].create(
            {"name": "Gift Card", "type": "service", "taxes_id": [Command.clear()], "invoice_policy": "order"}
        )
        cls.env["loyalty.program"].create(
            {
                "name": "Gift Cards",
                "program_type": "gift_card",
                "trigger": "auto",
                "applies_on": "future",
                "rule_ids": [Command.clear(), Command.create({"product_ids": cls.gift_card.ids})],
            }
        )

    def test_gift_card_on_order(self):
        """N29, bP5: of goods for 100.00 and a gift card of 50.00 points cover 100.00, and so on their invoice."""
        order = self.confirmed(100, {"product_id": self.gift_card.id, "price_unit": 50})
        self.assertEqual((order.loyalty_points_to_use, order.loyalty_amount_to_use), (10000, 100))
        invoice = self.make_invoices(order)
        invoice.action_post()
        self.assertEqual((invoice.amount_residual, invoice.loyalty_points_redeemed), (50, 10000))

    def test_gift_card_alone(self):
        """N29: an order over a gift card uses no points."""
        order = self.make_order({"product_id": self.gift_card.id, "price_unit": 50})
        self.assertEqual(order.loyalty_points_to_use, 0)

    def test_deposit_of_a_gift_card(self):
        """N29: neither does the deposit of such an order; a deposit of goods is paid as ever."""
        order = self.confirmed(100, {"product_id": self.gift_card.id, "price_unit": 50}, use=False)
        deposit = self.make_invoices(order, advance_payment_method="percentage", amount=100)
        deposit.action_post()
        self.assertEqual((deposit.amount_total, deposit._loyalty_payable_amount(self.program)), (150, 100))
        self.apply_points(deposit, points=10000)
        self.assertEqual((deposit.amount_residual, deposit._loyalty_payable_amount(self.program)), (50, 0))
        order = self.confirmed({"product_id": self.gift_card.id, "price_unit": 50}, use=False)
        deposit = self.make_invoices(order, advance_payment_method="percentage", amount=100)
        deposit.action_post()
        self.assertEqual(deposit._loyalty_payable_amount(self.program), 0)
        order = self.confirmed(100, use=False)
        deposit = self.make_invoices(order, advance_payment_method="percentage", amount=100)
        deposit.action_post()
        self.assertEqual(deposit._loyalty_payable_amount(self.program), 100)
