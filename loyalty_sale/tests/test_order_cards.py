from datetime import date

from odoo.exceptions import ValidationError
from odoo.service.model import call_kw
from odoo.tests import Form, tagged

from .common import OrderCase


@tagged("post_install", "-at_install")
class TestOrderCards(OrderCase):
    """Which card an order earns on and spends from."""

    def test_default_card(self):
        """H2: of several cards the customer's default one is used, and shown on the order."""
        first, second = self._card(), self._card(is_default=True)
        order = self._order(2)
        self.assertEqual(order.loyalty_card_id, second)
        order._update_programs_and_rewards()
        order.action_confirm()
        self.assertPosted(order, [(second, "earn", 200)])
        self.assertEqual(first.points, 0)

    def test_order_of_a_branch(self):
        """N29, H2: orders of a branch use cards of the company's programs, as Odoo uses these programs there; so does the
        button for a card that was issued later."""
        company = self.env.company
        self.program.company_id = company
        branch = self.env["res.company"].create({"name": "Branch", "parent_id": company.id})
        self.salesperson.company_ids |= branch
        late = self._order(2, company_id=branch.id)
        self.assertFalse(late.loyalty_card_id)
        card = self._card()
        order = self._order(2, company_id=branch.id)
        self.assertEqual((card.company_id, order.loyalty_card_id), (company, card))
        order._update_programs_and_rewards()
        order.action_confirm()
        self.assertPosted(order, [(card, "earn", 200)])
        self.assertTrue(late.loyalty_has_card)
        late.action_issue_loyalty_card()
        self.assertEqual(late.loyalty_card_id, card)

    def test_chosen_card(self):
        """H2: the salesperson may choose another card of the customer."""
        first, second = self._card(), self._card()
        order = self._order(2)
        order._update_programs_and_rewards()
        self.assertEqual((order.loyalty_card_id, order.coupon_point_ids.coupon_id), (first, first))
        order.loyalty_card_id = second
        order._update_programs_and_rewards()
        self.assertEqual(order.coupon_point_ids.coupon_id, second)
        order.action_confirm()
        self.assertPosted(order, [(second, "earn", 200)])

    def test_card_of_somebody_else(self):
        """H6: an order cannot use the card of another customer."""
        other = self._card(500, partner=self.stranger)
        order = self._order(2)
        with self.assertRaisesRegex(ValidationError, f"{other.code} belongs to Bob"):
            order.loyalty_card_id = other

    def test_own_card_on_somebody_elses_order(self):
        """N29, H6: a salesperson's own card is on no customer's order: by choice, by a later customer, by RPC neither."""
        mine = self._card(500, partner=self.salesperson.partner_id)
        order = self._order(2)
        with self.assertRaisesRegex(ValidationError, "belongs to"):
            call_kw(order.with_user(self.manager), "write", [order.ids, {"loyalty_card_id": mine.id}], {})
        own = self._order(2)
        own.write({"partner_id": self.salesperson.partner_id.id})
        own._update_programs_and_rewards()
        self.assertEqual(own.loyalty_card_id, mine)
        own.action_confirm()
        with self.assertRaisesRegex(ValidationError, "belongs to"):
            call_kw(own.with_user(self.manager), "write", [own.ids, {"partner_id": self.stranger.id}], {})

    def test_card_without_customer_is_seen(self):
        """N29, H6: a card without owner, which may be the salesperson's, earns on a customer's order under a manager's eyes:
        once, at the order where that earns, at the invoice where it does."""
        nobodys = self.env["loyalty.card"].create({"program_id": self.program.id})
        orders = self._order(1) | self._order(2)
        for order in orders:
            call_kw(order.with_user(self.salesperson), "write", [order.ids, {"loyalty_card_id": nobodys.id}], {})
            order._update_programs_and_rewards()
            order.with_user(self.salesperson).action_confirm()
        uses = self.env["loyalty.exception"].search([("kind", "=", "foreign")])
        self.assertEqual((uses.card_id, set(uses.mapped("res_model"))), (nobodys, {"sale.order"}))
        self.assertEqual(sorted(uses.mapped("res_id")), sorted(orders.ids))
        self.assertIn(f"{self.salesperson.name} used a card without a customer for a document of Ada.", uses[0].note)
        own = self._order(1)
        own.loyalty_card_id = self._card()
        own.action_confirm()
        self.assertEqual(self.env["loyalty.exception"].search_count([("kind", "=", "foreign")]), 2)

    def test_card_stays_behind_when_the_customer_changes(self):
        """H6: with another customer, the first one's card neither pays nor earns."""
        card = self._card(500)
        order = self._order(2)
        order._update_programs_and_rewards()
        self._claim(order)
        self.assertEqual(order.amount_total, 190)
        order.partner_id = self.stranger
        order._update_programs_and_rewards()
        self.assertEqual(order.amount_total, 200)
        order.action_confirm()
        theirs = self._card_of(self.stranger)
        self.assertPosted(order, [(theirs, "earn", 200)])
        self.assertEqual((len(theirs), card.points), (1, 500))

    def test_new_card_for_a_new_customer(self):
        """H5: a customer without card gets one with the first points, and the order shows it."""
        order = self._order(2)
        order._update_programs_and_rewards()
        order.action_confirm()
        self.assertEqual(order.loyalty_card_id, self._card_of())
        self.assertPosted(order, [(self._card_of(), "earn", 200)])

    def test_contact_of_a_company(self):
        """H2: an order for a contact earns on and spends from the card of its company."""
        company = self.env["res.partner"].create({"name": "Acme", "is_company": True})
        contact = self.env["res.partner"].create({"name": "Eve", "parent_id": company.id})
        card = self._card(500, partner=company)
        order = self._order(2, partner=contact)
        self.assertEqual(order.loyalty_card_id, card)
        order._update_programs_and_rewards()
        order._update_programs_and_rewards()
        self.assertEqual(order.coupon_point_ids.coupon_id, card)
        self._claim(order)
        order.action_confirm()
        self.assertPosted(order, [(card, "redeem", -100), (card, "earn", 200)])
        order.order_line.filtered(lambda line: not line.reward_id).product_uom_qty = 3
        order._update_programs_and_rewards()
        self.assertPosted(order, [(card, "redeem", -100), (card, "earn", 200)])
        order._action_cancel()
        self.assertEqual(card.points, 500)
        self.assertFalse(self._card_of(contact))
        self.assertEqual(self.env["loyalty.card"].search([("program_id", "=", self.program.id)]), card)

    def test_unusable_cards_do_not_earn(self):
        """H2, H8, H10, H25: closed, expired and future cards earn nothing; the sale goes on and says why."""
        for values, reason in (
            ({"closed": True}, "is closed"),
            ({"expiration_date": date(2020, 1, 1)}, "expired on"),
            ({"start_date": date(2027, 1, 1)}, "can be used from"),
        ):
            with self.subTest(**values):
                partner = self.env["res.partner"].create({"name": "Carl"})
                card = self._card(partner=partner)
                card.write(values)
                order = self._order(2, partner=partner)
                order._update_programs_and_rewards()
                order.action_confirm()
                self.assertEqual(order.state, "sale")
                self.assertPosted(order, [])
                self.assertEqual(self._card_of(partner), card)
                notes = "".join(str(message.body) for message in order.message_ids)
                self.assertEqual(notes.count(reason), 1)

    def test_card_closed_between_quotation_and_order(self):
        """H25: a card that was closed in the meantime can neither earn nor redeem points."""
        card = self._card(500)
        earning, paying = self._order(2), self._order(2)
        for order in (earning, paying):
            order._update_programs_and_rewards()
        self._claim(paying)
        card.closed = True
        earning.action_confirm()
        self.assertPosted(earning, [])
        with self.assertRaisesRegex(ValidationError, f"{card.code} has 0 points available"):
            paying.action_confirm()
        self.assertEqual(card.points, 500)

    def test_usable_card_before_an_expired_one(self):
        """H10: an expired card does not stand in the way of a valid one."""
        self._card().expiration_date = date(2020, 1, 1)
        valid = self._card()
        order = self._order(2)
        order._update_programs_and_rewards()
        order.action_confirm()
        self.assertPosted(order, [(valid, "earn", 200)])

    def test_customer_who_takes_no_part(self):
        """C4: an untracked customer gets no card and earns nothing, but may spend what is left."""
        self.customer.loyalty_tracked = False
        order = self._order(2)
        order._update_programs_and_rewards()
        order.action_confirm()
        self.assertPosted(order, [])
        self.assertFalse(self._card_of())
        card = self._card(150)
        order = self._order(2)
        order._update_programs_and_rewards()
        self._claim(order)
        order.action_confirm()
        self.assertPosted(order, [(card, "redeem", -100)])

    def test_customer_who_leaves_before_the_confirmation(self):
        """C4: what counts is the customer's setting when the order is confirmed."""
        card = self._card()
        order = self._order(2)
        order._update_programs_and_rewards()
        self.customer.loyalty_tracked = False
        order.action_confirm()
        self.assertPosted(order, [])
        self.assertEqual(card.points, 0)

    def test_points_to(self):
        """H18, H21, H22: what a card with Points To earns goes to its master, from which it cannot take."""
        master = self._card(500, partner=self.stranger)
        source = self._card()
        source.points_to_id = master
        order = self._order(2)
        order._update_programs_and_rewards()
        self.assertFalse(order._get_claimable_rewards())
        order.action_confirm()
        self.assertPosted(order, [(master, "earn", 200)])
        self.assertEqual((source.points, master.points), (0, 700))
        order._action_cancel()
        self.assertEqual(master.points, 500)

    def test_pending_and_reserved_points_do_not_pay(self):
        """N9, C18: points that are pending or reserved for something else cannot be spent."""
        card = self._card(150)
        card._hold(100, "invoice")
        self.program.rule_ids.minimum_qty = 5
        order = self._order(2)
        order._update_programs_and_rewards()
        self.assertFalse(order._get_claimable_rewards())
        card.hold_ids._release()
        self.assertEqual(order._get_claimable_rewards(), {card: self.reward})
        self.program.vesting_days = 14
        partner = self.stranger
        first = self._order(5, partner=partner)
        first._update_programs_and_rewards()
        first.action_confirm()
        self.assertEqual(self._card_of(partner).pending_points, 500)
        second = self._order(5, partner=partner)
        second._update_programs_and_rewards()
        self.assertFalse(second._get_claimable_rewards())

    def test_order_form(self):
        """H2: the form proposes the customer's card and follows the customer."""
        card, theirs = self._card(), self._card(partner=self.stranger)
        with Form(self.env["sale.order"].with_user(self.salesperson)) as form:
            form.partner_id = self.customer
            self.assertEqual(form.loyalty_card_id, card)
            form.partner_id = self.stranger
            self.assertEqual(form.loyalty_card_id, theirs)
            with form.order_line.new() as line:
                line.product_id = self.product
        order = form.record
        self.assertEqual(order.loyalty_card_id, theirs)
        with Form(order) as form, form.order_line.edit(0) as line:
            line.product_uom_qty = 3
        order._update_programs_and_rewards()
        order.action_confirm()
        self.assertPosted(order, [(theirs, "earn", 300)])

    def test_two_companies(self):
        """N11: an order never earns on a card of another company's program."""
        other = self.env["res.company"].create({"name": "Elsewhere"})
        foreign = self._program(name="Elsewhere", company_id=other.id)
        card = self._card(program=foreign)
        own = self._card()
        order = self._order(2)
        self.assertEqual(order.loyalty_card_id, own)
        order._update_programs_and_rewards()
        order.action_confirm()
        self.assertPosted(order, [(own, "earn", 200)])
        self.assertEqual(card.points, 0)
