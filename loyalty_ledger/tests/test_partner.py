import json

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user, tagged

from .common import LedgerCase


@tagged("post_install", "-at_install")
class TestPartner(LedgerCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.user = new_test_user(
            cls.env, "partner_user", "base.group_user,base.group_partner_manager,loyalty_ledger.group_loyalty_user"
        )
        cls.company_partner = cls.env["res.partner"].create({"name": "Acme", "is_company": True})
        cls.contact = cls.env["res.partner"].create({"name": "Joe", "parent_id": cls.company_partner.id})

    def totals(self, partner):
        names = ("accumulated", "redeemed", "outstanding", "reserved", "available")
        return [partner[f"loyalty_{name}_points"] for name in names]

    def test_totals(self):
        """P1, C16, C18, C28: balances on the customer; outstanding = accumulated - redeemed, reserved not deducted."""
        self.earn(1000)
        self.redeem(200)
        self.card._hold(300, "invoice:1")
        self.assertEqual(self.totals(self.partner.with_user(self.user)), [1000, 200, 800, 300, 500])
        self.earn(50, self.other)
        self.assertEqual(self.totals(self.partner), [1050, 200, 850, 300, 550])
        self.other.closed = True
        self.assertEqual(self.totals(self.partner), [1050, 200, 850, 300, 500])

    def test_per_program(self):
        """P1, S1: the customer's Loyalty tab lists the cards with program, level and balance."""
        second = self.make_card(self.make_program(name="Wine Club"))
        self.earn(70)
        self.earn(9, second)
        partner = self.partner.with_user(self.user)
        self.assertEqual(
            [(card.program_id.name, card.points) for card in partner.loyalty_card_ids if card.points],
            [("Points", 70), ("Wine Club", 9)],
        )
        form = Form(partner)
        self.assertEqual(len(form.loyalty_card_ids), 3)
        self.assertEqual(form.loyalty_available_points, 79)
        action = partner.action_view_loyalty_transactions()
        self.assertEqual(self.Entry.with_user(self.user).search(action["domain"]), (self.card | second).entry_ids)

    def test_points_of_programs_are_not_added(self):
        """N29, P2: the list says points by program; totals over several programs are not for screens."""
        partner = self.partner.with_user(self.user)
        self.earn(1070)
        self.assertEqual((partner.loyalty_points_text, partner.loyalty_one_program), ("1,070 Points", True))
        self.earn(9, self.make_card(self.make_program(name="Wine Club", portal_point_name="corks")))
        partner.invalidate_recordset()
        self.assertFalse(partner.loyalty_one_program)
        self.assertEqual(
            sorted(partner.loyalty_points_text.split(", ")), ["Points: 1,070 Points", "Wine Club: 9 corks"]
        )

    def test_list(self):
        """P2, S13: the customer list shows, searches and sorts by points and card number."""
        self.earn(70)
        card = self.make_card(partner_id=self.contact.id)
        self.earn(400, card)
        self.redeem(100, card)
        Partner = self.env["res.partner"].with_user(self.user)
        mine = [("id", "in", (self.partner | self.company_partner | self.contact).ids)]
        self.assertEqual(
            Partner.search([*mine, ("loyalty_outstanding_points", ">", 100)]), self.company_partner | self.contact
        )
        self.assertEqual(Partner.search([*mine, ("loyalty_outstanding_points", "<", 100)]), self.partner)
        self.assertEqual(Partner.search([*mine, ("loyalty_redeemed_points", "=", 0)]), self.partner)
        self.assertEqual(
            Partner.search(mine, order="loyalty_accumulated_points desc, id").mapped("loyalty_accumulated_points"),
            [400, 400, 70],
        )
        self.assertEqual(Partner.search([("loyalty_card_ids", "ilike", card.code)]), self.contact)
        self.assertTrue(Partner.fields_get(["loyalty_outstanding_points"])["loyalty_outstanding_points"]["sortable"])

    def test_commercial_entity(self):
        """P1, C16: the company shows the points of its contacts' cards, the contact only its own."""
        self.earn(10, self.make_card(partner_id=self.company_partner.id))
        self.earn(5, self.make_card(partner_id=self.contact.id))
        self.assertEqual(self.company_partner.loyalty_outstanding_points, 15)
        self.assertEqual(self.contact.loyalty_outstanding_points, 5)
        self.assertEqual((self.company_partner | self.contact).mapped("loyalty_available_points"), [15, 5])

    def test_queries(self):
        """P2: the columns cost the same number of queries for a page of customers as for one."""
        partners = self.env["res.partner"].create([{"name": f"Customer {number}"} for number in range(40)])
        cards = self.Card.create([{"program_id": self.program.id, "partner_id": partner.id} for partner in partners])
        self.Card._post_entries([self.op(card, "earn", 10) for card in cards])
        counts = []
        for page in (partners[:2], partners):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            page.mapped(lambda partner: (partner.loyalty_outstanding_points, partner.loyalty_available_points))
            counts.append(self.env.cr.sql_log_count - before)
        self.assertLessEqual(counts[1], counts[0] + 2)

    def test_portal_reads_no_totals(self):
        """P10: totals of customers are for the staff."""
        portal = new_test_user(self.env, "partner_portal", "base.group_portal")
        with self.assertRaises(AccessError):
            portal.partner_id.with_user(portal).read(["loyalty_outstanding_points"])

    # --- who collects points -------------------------------------------------------------------------------------

    def test_deleted_with_a_gift_card(self):
        """N29: who deletes a customer is told which cards hold him, but not a number that can be spent."""
        gifts = self.make_program(name="Gifts", program_type="gift_card")
        card = self.make_card(gifts, points=50)
        clerk = new_test_user(self.env, "clerk", "base.group_user,base.group_partner_manager")
        for user, number in ((clerk, card._masked_code()), (self.user, card.code)):
            with self.assertRaises(UserError) as caught:
                self.partner.with_user(user).unlink()
            self.assertIn(f"transactions: {number}.", str(caught.exception))

    def test_tracked(self):
        """C4: points are tracked per customer; a contact of an untracked company earns nothing."""
        self.assertTrue(self.partner.loyalty_tracked)
        self.assertTrue(self.contact._earns_loyalty())
        self.company_partner.loyalty_tracked = False
        self.assertFalse(self.contact._earns_loyalty())
        self.assertFalse(self.company_partner._earns_loyalty())
        self.assertTrue(self.env["res.partner"]._earns_loyalty())

    def test_default_from_company(self):
        """C5: the company's default is for new customers only."""
        self.env.company.loyalty_tracked_default = False
        self.assertTrue(self.partner.loyalty_tracked)
        new = self.env["res.partner"].create({"name": "New"})
        self.assertFalse(new.loyalty_tracked)
        self.assertTrue(self.env["res.partner"].create({"name": "Other", "loyalty_tracked": True}).loyalty_tracked)
        self.env.company.loyalty_tracked_default = True
        self.assertFalse(new.loyalty_tracked)

    def test_default_from_category(self):
        """C5: the customer's class decides for new customers only."""
        Tag = self.env["res.partner.category"]
        dealers = Tag.create({"name": "Dealers", "loyalty_tracked_default": False})
        members = Tag.create({"name": "Members", "loyalty_tracked_default": True})
        self.assertFalse(self.env["res.partner"].create({"name": "D", "category_id": dealers.ids}).loyalty_tracked)
        self.assertTrue(self.env["res.partner"].create({"name": "M", "category_id": members.ids}).loyalty_tracked)
        self.partner.category_id = dealers
        self.assertTrue(self.partner.loyalty_tracked)
        self.env.company.loyalty_tracked_default = False
        self.assertTrue(self.env["res.partner"].create({"name": "M", "category_id": members.ids}).loyalty_tracked)
        with Form(self.env["res.partner"].with_user(self.user)) as form:
            form.name = "In the form"
            self.assertFalse(form.loyalty_tracked)
            form.category_id.add(members)
            self.assertTrue(form.loyalty_tracked)

    def test_card_number_finds_its_owner(self):
        """N29, H7: a card number, whole, finds its owner wherever a customer is looked for, in any way of writing it."""
        self.card.code = "0441-2345-678"
        Partner = self.env["res.partner"].with_user(self.user)
        for text in ("0441-2345-678", " 0441 2345 678 ", "4412345678"):
            found = Partner.name_search(text)
            self.assertEqual([partner_id for partner_id, __ in found], self.partner.ids, text)
        self.assertFalse(Partner.name_search("0441-2345-67"))
        nobody = new_test_user(self.env, "sees_no_card", "base.group_user")
        self.assertFalse(self.env["res.partner"].with_user(nobody).name_search("0441-2345-678"))

    def test_code_of_a_gift_card_finds_nobody(self):
        """N29: codes of gift cards are money: a user who may not read them does not find their owners either."""
        program = self.make_program(name="Gifts", program_type="gift_card")
        gift = self.make_card(program, code="0449-gift-9999")
        auditor = new_test_user(self.env, "sees_no_code", "loyalty_ledger.group_loyalty_auditor")
        Partner = self.env["res.partner"]
        for text in (gift.code, "0449 gift 9999"):
            self.assertTrue(Partner.with_user(self.user).name_search(text))
            self.assertFalse(Partner.with_user(auditor).name_search(text))

    def test_pickers_say_whose_card_it_is(self):
        """N29: where a card is chosen, its owner and what can be spent stand beside the number; owners find their cards."""
        self.earn(120)
        cards = self.Card.with_user(self.user).with_context(formatted_display_name=True)
        self.assertEqual(cards.browse(self.card.id).display_name, f"Points: {self.card.code}\t--Ann · 120 Points--")
        self.assertEqual(self.card.display_name, f"Points: {self.card.code}")
        found = self.Card.with_user(self.user).name_search("Ann", [("program_id", "=", self.program.id)])
        self.assertEqual({card_id for card_id, __ in found}, {self.card.id, self.other.id})

    def test_number_in_a_card_picker(self):
        """N29: the number of a card finds that card, not all cards of its owner."""
        self.card.code = "0441-2345-678"
        for text in ("0441-2345-678", "04412345678"):
            found = self.Card.with_user(self.user).name_search(text)
            self.assertEqual([card_id for card_id, __ in found], [self.card.id], text)

    def test_chart(self):
        """N29: points by month of the program that the customer uses; programs are never added."""
        self.earn(100, effective_date="2026-01-10")
        self.earn(30)
        self.redeem(20)
        self.earn(999, self.make_card(self.make_program(name="Other")), effective_date="2026-02-01")
        chart = json.loads(self.partner.with_user(self.user).loyalty_chart)
        self.assertEqual(chart["labels"][-3:], ["Jan 26", "Feb 26", "Mar 26"])
        self.assertEqual(chart["charts"][0]["title"], "Points of Points")
        earned, redeemed = chart["charts"][0]["series"]
        self.assertEqual((earned["label"], earned["values"][-3:]), ("Earned", [100, 0, 30]))
        self.assertEqual(redeemed["texts"][-3:], ["0", "0", "20"])
        self.assertFalse(self.contact.loyalty_chart)
        clerk = new_test_user(self.env, "no_loyalty", "base.group_user")
        with self.assertRaises(AccessError):
            self.partner.with_user(clerk).read(["loyalty_chart"])
