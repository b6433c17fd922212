from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from .points_common import OrderPointsCase


class OrderReturnsCase(OrderPointsCase):
    """Orders over 115.00 (100.00 and 15 % VAT), 1 point worth 0.10, goods invoiced as they are delivered."""

    point_value = 0.1

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.product.invoice_policy = "delivery"
        cls.start = cls.card.points

    def ordered(self, quantity=1, use=False, **values):
        return self.confirmed(
            {"price_unit": 100, "product_uom_qty": quantity, "tax_ids": [Command.set(self.sale_taxes[15].ids)]},
            use=use,
            **values,
        )

    def invoiced(self, order, quantity, points=0, paid=True):
        """Deliver up to ``quantity``, invoice that, redeem points, and pay the rest with money that earns."""
        self.deliver(order, quantity)
        invoice = self.make_invoices(order)
        invoice.action_post()
        if points:
            self.apply_points(invoice, points=points)
        if paid and invoice.amount_residual:
            self.pay(invoice)
        self.env.cr.flush()
        return invoice

    def returned(self, order, quantity):
        """Goods come back until ``quantity`` are delivered; Odoo makes a credit note without reversal."""
        self.deliver(order, quantity)
        return self.post_final(order)

    def post_final(self, order):
        note = order._create_invoices(final=True).with_user(self.clerk)
        self.assertEqual((note.move_type, note.reversed_entry_id), ("out_refund", self.env["account.move"]))
        note.action_post()
        self.env.cr.flush()
        return note

    def use_price_reduction(self):
        contra = self.make_account("Points Redeemed", "400900", "income")
        self.program.write({"vat_mode": "price_reduction", "cost_account_id": contra.id})

    def points_now(self):
        self.card.invalidate_recordset()
        self.env["account.move"].invalidate_model()
        self.assertEqual(self.env["loyalty.card"]._verify_ledger(), [])
        return self.card.points - self.start

    def cash_due(self, note):
        return note.amount_residual


@tagged("post_install", "-at_install")
class TestOrderReturns(OrderReturnsCase):
    """Credit notes that only their order lines link give back what paid, and take back what was earned."""

    def test_points_of_the_confirmation(self):
        """N29, N4: an order that gave its points at confirmation keeps them through a credit note: listed for a manager."""
        self.program.issue_on = "order"
        order = self.ordered()  # Odoo counts orders with tax
        self.assertEqual(self.points_now(), 115)
        invoice = self.invoiced(order, 1)
        for note in (self.credit(invoice, {"price_unit": 50}), self.credit(invoice, {"price_unit": 50})):
            found = self.env["loyalty.exception"].search([("res_model", "=", "account.move"), ("res_id", "=", note.id)])
            self.assertRecordValues(found, [{"kind": "return", "card_id": self.card.id, "program_id": self.program.id}])
            self.assertIn(f"{order.name}, which earned 115 points", found.note)
        self.assertEqual(self.points_now(), 115)

    def test_goods_came_back(self):
        """N29, N4: 1,000 points and 15.00 paid 115.00; the goods come back: 1,000 points and 15.00, nothing stays earned."""
        self.bank_journal.inbound_payment_method_line_ids.earns_loyalty = True
        order = self.ordered()
        invoice = self.invoiced(order, 1, points=1000)
        self.assertEqual((invoice.payment_state, invoice.loyalty_points_earned), ("paid", 13))
        self.assertEqual(self.points_now(), 13 - 1000)
        note = self.returned(order, 0)
        self.assertEqual((note.amount_total, self.cash_due(note)), (115, 15))
        self.assertEqual(self.points_now(), 0)
        self.assertEqual((invoice.loyalty_points_earned, note.loyalty_points_redeemed), (0, 1000))
        self.assertEntry(
            self.loyalty_payments(note).move_id, [(self.cost_account, -100, []), (self.receivable, 100, [])]
        )

    def test_undone(self):
        """N29, N4, S11: the credit note back to draft takes the points again, posted again it returns them."""
        order = self.ordered()
        invoice = self.invoiced(order, 1, points=1000)
        earned = invoice.loyalty_points_earned
        note = self.returned(order, 0)
        note.button_draft()
        self.env.cr.flush()
        self.assertEqual(self.points_now(), earned - 1000)
        note.action_post()
        self.env.cr.flush()
        self.assertEqual((self.points_now(), self.cash_due(note)), (0, 15))

    def test_credit_note_reversed(self):
        """N29, N4: the credit note of an order that is cancelled by an invoice takes the points again and gives back what
        it took."""
        order = self.ordered()
        invoice = self.invoiced(order, 1, points=1000)
        note = self.returned(order, 0)
        self.assertEqual((self.points_now(), invoice.loyalty_points_earned), (0, 0))
        note.with_user(self.clerk)._reverse_moves([{"invoice_date": note.invoice_date}], cancel=True)
        self.env.cr.flush()
        self.assertEqual((self.points_now(), invoice.loyalty_points_earned), (13 - 1000, 13))

    def test_in_parts(self):
        """N29, N4: three pieces come back one by one: cumulative rounding, the last one takes the remainder."""
        order = self.ordered(3)
        self.invoiced(order, 3, points=1000)
        notes = [self.returned(order, quantity) for quantity in (2, 1, 0)]
        self.assertEqual([note.loyalty_points_redeemed for note in notes], [333, 334, 333])
        self.assertEqual([self.cash_due(note) for note in notes], [81.67, 81.66, 81.67])
        self.assertEqual(self.points_now(), 0)

    def test_invoice_that_it_returns(self):
        """N29, N4: of two invoices of an order that one gets its points back whose goods came back."""
        other = self.env["product.product"].create({"name": "Tea", "invoice_policy": "delivery"})
        taxes = [Command.set(self.sale_taxes[15].ids)]
        order = self.confirmed(
            {"price_unit": 100, "tax_ids": taxes},
            {"product_id": other.id, "price_unit": 200, "tax_ids": taxes},
            use=False,
        )
        order.order_line[0].qty_delivered = 1
        with_points = self.make_invoices(order)
        with_points.action_post()
        self.apply_points(with_points, points=1000)
        self.pay(with_points)
        order.order_line[1].qty_delivered = 1
        with_money = self.make_invoices(order)
        with_money.action_post()
        self.pay(with_money)
        self.env.cr.flush()
        earned = with_money.loyalty_points_earned
        self.assertEqual((with_points.loyalty_points_earned, earned), (13, 200))
        order.order_line[0].qty_delivered = 0
        note = self.post_final(order)
        self.assertEqual((self.cash_due(note), note.loyalty_points_redeemed), (15, 1000))
        self.assertEqual(self.points_now(), earned)
        order.order_line[1].qty_delivered = 0
        note = self.post_final(order)
        self.assertEqual((self.cash_due(note), note.loyalty_points_redeemed), (230, 0))
        self.assertEqual(self.points_now(), 0)

    def test_over_several_invoices(self):
        """N29, N4: one credit note returns two invoices of the same line: each gives its points back and what it earned."""
        order = self.ordered(2)
        first = self.invoiced(order, 1, points=1000)
        second = self.invoiced(order, 2, points=500)
        self.assertEqual((first.loyalty_points_earned, second.loyalty_points_earned), (13, 56))
        note = self.returned(order, 0)
        self.assertEqual((note.amount_total, self.cash_due(note)), (230, 80))
        self.assertEqual(note.loyalty_points_redeemed, 1500)
        self.assertEqual((first.loyalty_points_earned, second.loyalty_points_earned), (0, 0))
        self.assertEqual(self.points_now(), 0)

    def test_latest_first(self):
        """N29, N4: one of two pieces comes back: the latest invoice is returned, the next piece returns the first."""
        order = self.ordered(2)
        first = self.invoiced(order, 1, points=1000)
        second = self.invoiced(order, 2)
        note = self.returned(order, 1)
        self.assertEqual((self.cash_due(note), note.loyalty_points_redeemed), (115, 0))
        self.assertEqual((first.loyalty_points_earned, second.loyalty_points_earned), (13, 0))
        note = self.returned(order, 0)
        self.assertEqual((self.cash_due(note), note.loyalty_points_redeemed), (15, 1000))
        self.assertEqual(self.points_now(), 0)

    def test_halved_after_deposit(self):
        """N29, N4: a deposit of 100 % over 230.00, paid with 1,000 points and 130.00; the order is halved: 115.00 back,
        half of each."""
        self.product.invoice_policy = "order"
        order = self.ordered(2)
        deposit = self.make_invoices(order, advance_payment_method="percentage", amount=100)
        deposit.action_post()
        self.apply_points(deposit, points=1000)
        self.pay(deposit)
        self.env.cr.flush()
        self.assertEqual((deposit.amount_total, deposit.loyalty_points_earned), (230, 113))
        order.order_line.filtered(lambda line: not line.is_downpayment and not line.display_type).product_uom_qty = 1
        note = self.post_final(order)
        self.assertEqual((note.amount_total, self.cash_due(note), note.loyalty_points_redeemed), (115, 65, 500))
        self.assertEqual(deposit.loyalty_points_earned, 56)
        order.order_line.filtered(lambda line: not line.is_downpayment and not line.display_type).product_uom_qty = 0
        note = self.post_final(order)
        self.assertEqual((note.amount_total, self.cash_due(note), note.loyalty_points_redeemed), (115, 65, 500))
        self.assertEqual((deposit.loyalty_points_earned, self.points_now()), (0, 0))

    def test_after_deposit_and_final_invoice(self):
        """N29, N4: what a deposit paid of the goods comes back from the deposit."""
        self.product.invoice_policy = "order"
        order = self.ordered(2)
        deposit = self.make_invoices(order, advance_payment_method="percentage", amount=50)
        deposit.action_post()
        self.apply_points(deposit, points=1000)
        self.pay(deposit)
        final = self.make_invoices(order)
        final.action_post()
        self.pay(final)
        self.env.cr.flush()
        self.assertEqual((deposit.loyalty_points_earned, final.loyalty_points_earned), (13, 100))
        order.order_line.filtered(lambda line: not line.is_downpayment and not line.display_type).product_uom_qty = 0
        note = self.post_final(order)
        self.assertEqual((note.amount_total, self.cash_due(note), note.loyalty_points_redeemed), (230, 130, 1000))
        self.assertEqual((deposit.loyalty_points_earned, final.loyalty_points_earned), (0, 0))
        self.assertEqual(self.points_now(), 0)

    def test_reversed_and_returned(self):
        """N29, N4: a credit note of the invoice and one of the order share what there is; no more comes back than paid."""
        order = self.ordered(2)
        invoice = self.invoiced(order, 2, points=1000)
        half = {"price_unit": 100, "tax_ids": [Command.set(self.sale_taxes[15].ids)]}
        first = self.credit(invoice, half)
        self.assertEqual((first.loyalty_points_redeemed, self.cash_due(first)), (500, 65))
        self.env.cr.flush()
        note = self.returned(order, 1)
        self.assertEqual((note.loyalty_points_redeemed, self.cash_due(note)), (500, 65))
        self.assertEqual(self.points_now(), 0)

    def test_draft_set_off(self):
        """N29, N4: a credit note matched with its unpaid invoice sets it off: the rest earns what was paid of it."""
        order = self.ordered(2)
        invoice = self.invoiced(order, 2, paid=False)
        note = self.returned(order, 1)
        (invoice | note).line_ids.filtered(lambda line: line.account_id == self.receivable).reconcile()
        self.assertEqual(invoice.amount_residual, 115)
        self.pay(invoice)
        self.env.cr.flush()
        self.assertEqual((invoice.payment_state, invoice.loyalty_points_earned, self.points_now()), ("paid", 100, 100))

    def test_input_tax(self):
        """N29, N4, S24: input VAT is back with the points: 13.04 of 100.00, net VAT 0.00."""
        self.program.vat_mode = "input_tax"
        order = self.ordered()
        invoice = self.invoiced(order, 1, points=1000)
        note = self.returned(order, 0)
        self.assertEqual((self.cash_due(note), note.loyalty_points_redeemed), (15, 1000))
        entries = (invoice, note, self.loyalty_payments(invoice).move_id, self.loyalty_payments(note).move_id)
        self.assertAlmostEqual(self.vat(*entries), 0)
        self.assertEqual(self.points_now(), 0)

    def test_price_reduction(self):
        """N29, N4: points that lowered the price on the draft come off the credit note, with their VAT."""
        self.use_price_reduction()
        order = self.ordered(2)
        self.deliver(order, 2)
        invoice = self.make_invoices(order)
        self.apply_points(invoice, points=1000)
        invoice.action_post()
        self.pay(invoice)
        self.env.cr.flush()
        self.assertEqual((invoice.amount_total, invoice.loyalty_points_earned), (130, 113))
        notes = [self.returned(order, quantity) for quantity in (1, 0)]
        for note in notes:
            self.assertEqual((note.amount_total, self.cash_due(note), note.loyalty_points_redeemed), (65, 65, 500))
        self.assertAlmostEqual(self.vat(invoice, *notes), 0)
        self.assertEqual((invoice.loyalty_points_earned, self.points_now()), (0, 0))

    def test_price_reduction_after_posting(self):
        """N29, N4: points that lowered the price by a credit note of points come back by an entry."""
        self.use_price_reduction()
        order = self.ordered()
        invoice = self.invoiced(order, 1, points=1000)
        note = self.returned(order, 0)
        self.assertEqual((note.amount_total, self.cash_due(note)), (115, 15))
        self.assertEqual((invoice.loyalty_points_earned, self.points_now()), (0, 0))

    def test_price_reduction_over_several_invoices(self):
        """N29, N4: one credit note returns two invoices whose prices points lowered."""
        self.use_price_reduction()
        order = self.ordered(2)
        invoices = self.env["account.move"]
        for quantity, points in ((1, 1000), (2, 500)):
            self.deliver(order, quantity)
            invoice = self.make_invoices(order)
            self.apply_points(invoice, points=points)
            invoice.action_post()
            self.pay(invoice)
            invoices |= invoice
        note = self.returned(order, 0)
        self.assertEqual((note.amount_total, note.loyalty_points_redeemed), (80, 1500))
        self.assertAlmostEqual(self.vat(*invoices, note), 0)
        self.assertEqual((sum(invoices.mapped("loyalty_points_earned")), self.points_now()), (0, 0))
        note.button_draft()
        self.env.cr.flush()
        self.assertEqual(self.points_now(), 13 + 56 - 1500)
        note.action_post()
        self.env.cr.flush()
        self.assertEqual(self.points_now(), 0)

    def test_points_of_the_order(self):
        """N29, N4, P14: points that the order reserved come back with its goods as well."""
        order = self.ordered(use=True)
        self.assertEqual(order.loyalty_points_applied, 1150)
        invoice = self.invoiced(order, 1)
        self.assertEqual((invoice.payment_state, self.points_now()), ("paid", -1150))
        note = self.returned(order, 0)
        self.assertEqual((self.cash_due(note), note.loyalty_points_redeemed, self.points_now()), (0, 1150, 0))
        order.invalidate_recordset()
        self.assertEqual(order.loyalty_points_redeemed, 0)


@tagged("post_install", "-at_install")
class TestUnlinkedReturns(OrderReturnsCase):
    """Credit notes that nothing links with a sale, and money of gift cards."""

    def manual_note(self, **values):
        return self.make_invoice(100.0, move_type="out_refund", **values)

    def exceptions(self, document):
        return self.env["loyalty.exception"].search([("res_model", "=", document._name), ("res_id", "=", document.id)])

    def test_typed_by_hand(self):
        """N29, N4: a credit note of a loyalty customer that names no sale is refused, or listed for a manager, once."""
        self.program.unlinked_return_policy = "refuse"
        note = self.manual_note()
        with self.assertRaisesRegex(UserError, "is not linked to an invoice or order"):
            note.action_post()
        note.loyalty_card_id = False
        with self.assertRaisesRegex(UserError, "is not linked to an invoice or order"):
            note.action_post()
        self.program.unlinked_return_policy = "exception"
        note.action_post()
        note.button_draft()
        note.action_post()
        found = self.exceptions(note)
        self.assertEqual(
            (found.kind, found.card_id, found.program_id, found.state), ("return", self.card, self.program, "open")
        )
        self.assertIn("100.00", found.note)

    def test_other_credit_notes(self):
        """N29: strangers, credit notes of invoices and of orders, and what points themselves made are not concerned."""
        self.program.unlinked_return_policy = "refuse"
        self.manual_note(partner=self.env["res.partner"].create({"name": "Bob"}), post=True)
        invoice = self.invoiced(self.ordered(), 1, points=1000)
        note = self.credit(invoice)
        self.assertEqual(note.loyalty_points_redeemed, 1000)
        order = self.ordered()
        self.invoiced(order, 1)
        self.assertFalse(self.exceptions(self.returned(order, 0)))

    def gift_cards(self):
        """Return a product of 50.00 that is a gift card, and its program."""
        product = self.env["product.product"].create(
            {"name": "Gift Card", "type": "service", "taxes_id": [Command.clear()], "invoice_policy": "order"}
        )
        program = self.env["loyalty.program"].create(
            {
                "name": "Gift Cards",
                "program_type": "gift_card",
                "trigger": "auto",
                "applies_on": "future",
                "company_id": self.company.id,
                "rule_ids": [
                    Command.clear(),
                    Command.create(
                        {
                            "product_ids": product.ids,
                            "reward_point_mode": "money",
                            "reward_point_amount": 1,
                            "reward_point_split": True,
                        }
                    ),
                ],
                "reward_ids": [
                    Command.clear(),
                    Command.create(
                        {
                            "reward_type": "discount",
                            "discount": 1,
                            "discount_mode": "per_point",
                            "discount_applicability": "order",
                            "required_points": 1,
                        }
                    ),
                ],
            }
        )
        return product, program

    def sold_gift_card(self, product, program, quantity=1):
        """Sell gift cards of 50.00; return the order, its invoice, and the cards."""
        order = self.make_order({"product_id": product.id, "price_unit": 50, "product_uom_qty": quantity}, use=False)
        order._update_programs_and_rewards()
        order.action_confirm()
        invoice = self.make_invoices(order)
        invoice.action_post()
        self.pay(invoice)
        cards = order.sudo().coupon_point_ids.coupon_id.filtered(lambda card: card.program_id == program)
        self.assertEqual(cards.mapped("points"), [50.0] * quantity)
        return order, invoice, cards

    def spend(self, card, points):
        card._post_entries([{"card_id": card.id, "kind": "redeem", "points": -points, "key": f"spend:{card.id}"}])

    def test_gift_card_partly_spent(self):
        """N29, N4: a gift card of 50.00 of which 30.00 were spent: at most 20.00 come back, or a manager sees it."""
        product, program = self.gift_cards()
        program.unlinked_return_policy = "refuse"
        __, invoice, card = self.sold_gift_card(product, program)
        self.spend(card, 30)
        line = {"product_id": product.id, "tax_ids": [Command.clear()]}
        with self.assertRaisesRegex(UserError, "only .*20"):
            self.credit(invoice, {**line, "price_unit": 50})
        note = self.credit(invoice, {**line, "price_unit": 20})
        self.assertEqual((note.amount_total, card.points), (20, 0))
        self.assertFalse(self.exceptions(note))
        note.button_draft()
        self.assertEqual(card.points, 20)
        program.unlinked_return_policy = "exception"
        note = self.credit(invoice, {**line, "price_unit": 50})
        self.assertEqual((note.amount_total, card.points), (50, 0))
        self.assertEqual(self.exceptions(note).card_id, card)
        self.assertEqual(self.env["loyalty.card"]._verify_ledger(), [])

    def test_gift_card_of_an_order(self):
        """N29, N4: the order loses a gift card: it is empty, the one that was used stays with its owner."""
        product, program = self.gift_cards()
        order, __, cards = self.sold_gift_card(product, program, quantity=2)
        self.spend(cards[0], 10)
        order.order_line.filtered(lambda line: line.product_id == product).product_uom_qty = 1
        note = self.post_final(order)
        self.assertEqual((note.amount_total, cards.mapped("points")), (50, [40, 0]))
        self.assertFalse(self.exceptions(note))

    def test_goods_without_their_gift_card(self):
        """N29, N4: goods of 100.00 of which a gift card paid 40.00: 60.00 come back, or a manager sees it."""
        product, program = self.gift_cards()
        card = self.env["loyalty.card"].create({"program_id": program.id})
        card._post_entries([{"card_id": card.id, "kind": "opening", "points": 40, "key": "fill"}])
        for policy in ("refuse", "exception"):
            program.unlinked_return_policy = policy
            order = self.make_order(100, use=False)
            status = order._try_apply_code(card.code)
            reward = next(iter(status.values()))
            order._apply_program_reward(reward[:1], card)
            order.action_confirm()
            order.order_line.qty_delivered = 1
            invoice = self.make_invoices(order)
            invoice.action_post()
            self.assertEqual(invoice.amount_total, 60)
            goods = {"price_unit": 100, "tax_ids": [Command.clear()]}
            if policy == "refuse":
                with self.assertRaisesRegex(UserError, "60.00"):
                    self.credit(invoice, goods)
                whole = self.credit(invoice)
                self.assertEqual((whole.amount_total, self.exceptions(whole)), (60, self.env["loyalty.exception"]))
                self.assertEqual(card.points, 40)
            else:
                note = self.credit(invoice, goods)
                self.assertEqual((self.exceptions(note).card_id, card.points), (card, 0))
