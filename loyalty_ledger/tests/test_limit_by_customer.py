from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from .test_adjust import AdjustCase
from .test_adjustment_approval import ImportMixin


@tagged("post_install", "-at_install")
class TestLimitByCustomer(ImportMixin, AdjustCase):
    """The limit counts what a person gives to a customer within a day, through every door."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.second = new_test_user(cls.env, "limit_second", "base.group_user,loyalty_ledger.group_loyalty_manager")
        cls.env.company.loyalty_adjustment_limit = 1000
        Partner = cls.env["res.partner"]
        cls.bob, cls.company_partner = Partner.create([{"name": "Bob"}, {"name": "Firm", "is_company": True}])
        cls.staff = Partner.create([{"name": name, "parent_id": cls.company_partner.id} for name in ("Cid", "Dan")])
        cls.of_bob = cls.make_card(partner_id=cls.bob.id)
        cls.of_staff = cls.Card.union(*(cls.make_card(partner_id=person.id) for person in cls.staff))
        cls.blank = cls.Card.union(*(cls.make_card(partner_id=False) for __ in range(3)))
        cls.gift = cls.make_program(name="Gifts", program_type="gift_card", rule_ids=[Command.clear()])
        cls.wallet = cls.make_program(name="Wallet", program_type="ewallet")

    def is_refused(self, cards, points=1):
        """Whether adjusting waits for somebody; nothing is posted then."""
        return bool(self.adjust(cards, points=points).adjustment_id)

    def transfer(self, source, target, points=0):
        wizard = (
            self.env["loyalty.transfer.wizard"]
            .with_user(self.manager)
            .create(
                {
                    "card_id": source.id,
                    "target_card_id": target.id,
                    "reason": "Moved",
                    "points": points,
                    "everything": not points,
                }
            )
        )
        wizard.action_confirm()
        return wizard

    def generate(self, program=None, customers=None, quantity=1, points=900):
        return (
            self.env["loyalty.generate.wizard"]
            .with_user(self.manager)
            .create(
                {
                    "program_id": (program or self.program).id,
                    "mode": "selected" if customers else "anonymous",
                    "customer_ids": [Command.set(customers.ids if customers else [])],
                    "coupon_qty": quantity,
                    "points_granted": points,
                    "description": "Gift",
                }
            )
            .generate_coupons()
        )

    def test_cards_of_one_customer(self):
        """N29, N10: several cards of a customer, and of the people of a company, have one limit."""
        self.assertFalse(self.is_refused(self.card, 900))
        self.assertTrue(self.is_refused(self.other, 101))
        self.assertFalse(self.is_refused(self.other, 100))
        self.assertFalse(self.is_refused(self.of_bob, 900))
        self.assertFalse(self.is_refused(self.of_staff[0], 900))
        self.assertTrue(self.is_refused(self.of_staff[1], 900))
        for card in self.blank:
            self.assertFalse(self.is_refused(card, 900))
        with self.on("2026-03-17"):
            self.assertFalse(self.is_refused(self.other, 1000))

    def test_transfers_of_granted_points(self):
        """N29, N10: 900 on each of three cards cannot be brought together on one by transfers."""
        cards = self.card | self.of_bob | self.blank[0]
        for card in cards:
            self.assertFalse(self.is_refused(card, 900))
        for source in (self.of_bob, self.blank[0]):
            wizard = self.transfer(source, self.card)
            wizard.action_confirm()
            self.assertEqual(wizard.adjustment_id.state, "waiting")
        self.assertEqual(cards.mapped("points"), [900, 900, 900])
        self.assertFalse(self.transfer(self.of_bob, self.card, 100).adjustment_id)
        self.assertTrue(self.transfer(self.of_bob, self.card, 1).adjustment_id)
        self.assertTrue(self.is_refused(self.other, 1))
        self.assertFalse(self.transfer(self.card, self.other).adjustment_id)  # of one customer: nothing is given
        self.assertEqual((self.card.points, self.other.points), (0, 1000))
        self.assertClean()

    def test_transfer_is_approved(self):
        """N29, N10, N11: a second manager approves a transfer above the limit; then it posts once, with its dates."""
        self.earn(1500, self.of_bob, expiration_date="2026-06-30")
        adjustment = self.transfer(self.of_bob, self.card, 1200).adjustment_id
        self.assertRecordValues(adjustment, [{"mode": "transfer", "points": 1200, "requester_id": self.manager.id}])
        with self.assertRaisesRegex(UserError, "Another manager"):
            adjustment.with_user(self.manager).action_approve()
        self.assertBalances(points=0)
        # The row that is approved, and the answer, name both sides.
        both = f"{self.of_bob.partner_id.name} to {self.card.partner_id.name}"
        self.assertEqual(adjustment.subject, both)
        said = adjustment.with_user(self.second).action_approve()["params"]["message"]
        self.assertEqual(said, f"Transfer approved and posted, {both}: 1,200 Points ({adjustment.reason})")
        adjustment.with_user(self.second).action_approve()
        self.assertEqual(self.open_lots(), [(1200, None, "2026-06-30")])
        self.assertBalances(self.of_bob, points=300)
        self.assertFalse(self.is_refused(self.card, 1000))  # what was approved counts for nobody
        everything = self.transfer(self.of_bob, self.card).adjustment_id
        everything.with_user(self.second).action_approve()
        self.assertBalances(self.of_bob, points=0)
        self.assertBalances(points=2500)
        self.assertClean()

    def test_generated_cards(self):
        """N29, N10: generating 900 twice is generating 1,800, for a customer and for cards that nobody has yet."""
        self.generate(customers=self.bob)
        self.assertTrue(self.is_refused(self.of_bob, 101))
        with self.assertRaisesRegex(ValidationError, "single-approver limit"):
            self.generate(customers=self.bob)
        blank = self.generate()
        with self.assertRaisesRegex(ValidationError, "single-approver limit"):
            self.generate()
        self.generate(points=100)
        with self.assertRaisesRegex(UserError, "single-approver limit"):
            blank.with_user(self.manager).partner_id = self.bob
        blank.with_user(self.manager).partner_id = self.partner
        self.assertTrue(self.is_refused(self.card, 101))

    def test_gift_cards_and_wallets(self):
        """N29, N10: a gift card of 1,000,000 is not one person's to issue; printing many of 50 is."""
        for program, values in (
            (self.gift, {"points": 1_000_000}),
            (self.gift, {"points": 1001}),
            (self.gift, {"points": 600, "customers": self.bob}),
            (self.wallet, {"points": 600, "customers": self.bob}),
        ):
            if values["points"] == 600:
                self.generate(program, self.bob, points=500)
                if program == self.gift:
                    continue
            with self.assertRaisesRegex(ValidationError, "single-approver limit"):
                self.generate(program, **{"customers": None, **values})
        self.assertEqual(len(self.generate(self.gift, quantity=100, points=50)), 100)

    def test_value(self):
        """N29, N10: with a limit in money, programs whose points have a value count together, by what they are worth."""
        self.env.company.loyalty_value_limit = 100
        self.env.company.loyalty_adjustment_limit = 5000
        with self.assertRaisesRegex(ValidationError, "single-approver limit"):
            self.generate(self.gift, points=100.01)
        self.generate(self.wallet, self.bob, points=60)
        with self.assertRaisesRegex(ValidationError, "single-approver limit"):
            self.generate(self.gift, self.bob, points=41)
        self.generate(self.gift, self.bob, points=40)

    def test_links(self):
        """N29, N10: linking a card hands its points over like a transfer."""
        self.earn(1200, self.of_bob)
        with self.assertRaisesRegex(UserError, "Use Transfer Points first"):
            self.of_bob.with_user(self.manager).points_to_id = self.card
        self.earn(1200, self.other)
        self.other.with_user(self.manager).points_to_id = self.card  # the customer's own
        self.assertBalances(points=1200)

    def test_points_of_a_linked_card(self):
        """N29, N10: what is given on a card that is linked to somebody's card is given to the owner of that card."""
        self.of_bob.with_user(self.manager).points_to_id = self.card
        self.assertFalse(self.is_refused(self.card, 900))
        self.assertTrue(self.is_refused(self.of_bob, 101))
        self.assertFalse(self.is_refused(self.of_bob, 100))

    def test_owners_are_summed(self):
        """N29, N10: cards with a balance that one person gives to a customer count together, whatever put it there, and
        once: neither another day nor another person's gifts do, and what was adjusted before is part of the balance."""
        people = self.env["res.partner"].create([{"name": f"Person {number}"} for number in range(4)])
        cards = self.Card.union(*(self.make_card(partner_id=person.id) for person in people))
        cards._post_entries([self.op(card, "opening", 400) for card in cards])
        mine = cards.with_user(self.manager)
        mine[0].partner_id = self.bob
        mine[1].partner_id = self.bob
        with self.assertRaisesRegex(UserError, "single-approver limit"), self.cr.savepoint():
            mine[2].partner_id = self.bob
        self.assertTrue(self.is_refused(self.of_bob, 201))
        self.assertFalse(self.is_refused(self.of_bob, 200))
        given = self.env["loyalty.card.handover"].search([("customer_id", "=", self.bob.id)], order="id")
        self.assertRecordValues(
            given, [{"card_id": card.id, "points": 400, "user_id": self.manager.id} for card in cards[:2]]
        )
        with self.assertRaisesRegex(UserError, "by hand"):
            given.unlink()
        mine[2].with_user(self.second).partner_id = self.bob
        self.assertFalse(self.is_refused(mine[3], 500))
        mine[3].partner_id = self.staff[0]  # 900, of which 500 were given before
        self.assertFalse(self.is_refused(self.of_staff[0], 100))
        self.assertTrue(self.is_refused(self.of_staff[0], 1))
        with self.on("2026-03-17"):
            self.assertFalse(self.is_refused(self.of_bob, 900))

    def test_owners_who_join_or_leave_a_company(self):
        """N29, N10: what somebody got with a card counts for the company joined afterwards, and for the person who leaves
        one: neither gets twice what one person may give."""
        eve, fay = self.env["res.partner"].create(
            [{"name": "Eve"}, {"name": "Fay", "parent_id": self.company_partner.id}]
        )
        cards = self.blank[:2]
        cards.partner_id = self.bob
        cards._post_entries([self.op(card, "opening", 900) for card in cards])
        one, two = cards.with_user(self.manager)
        self.env["res.partner"].create({"name": "Firm", "is_company": True}).child_ids = eve
        firm = eve.commercial_partner_id
        eve.parent_id = False
        one.partner_id = eve
        eve.parent_id = firm
        self.assertFalse(self.is_refused(self.make_card(partner_id=firm.id), 100))
        self.assertTrue(self.is_refused(self.make_card(partner_id=firm.id), 1))
        two.partner_id = fay
        fay.parent_id = False
        self.assertFalse(self.is_refused(self.make_card(partner_id=fay.id), 100))
        self.assertTrue(self.is_refused(self.make_card(partner_id=fay.id), 1))
        self.assertFalse(self.is_refused(self.make_card(partner_id=self.company_partner.id), 900))

    def test_handing_a_card_round(self):
        """N29, N10: 900 on a card that goes from Ann to Bob are Bob's 900; neither he nor she gets more by it."""
        ann = self.env["res.partner"].create({"name": "Ann"})
        card = self.make_card(partner_id=ann.id)
        self.assertFalse(self.is_refused(card, 900))
        card.with_user(self.manager).partner_id = self.bob
        self.assertTrue(self.is_refused(card, 101))
        self.assertTrue(self.is_refused(self.of_bob, 101))
        self.assertFalse(self.is_refused(self.make_card(partner_id=ann.id), 900))
        with self.assertRaisesRegex(UserError, "single-approver limit|more points than one person"):
            card.with_user(self.manager).partner_id = ann

    def test_owners(self):
        """N29, N10: neither blank cards with points nor somebody else's balance come to a customer by a new owner."""
        for card in self.blank:
            self.assertFalse(self.is_refused(card, 400))
        mine = self.blank.with_user(self.manager)
        with self.assertRaisesRegex(UserError, "single-approver limit"):
            mine.partner_id = self.bob
        mine[:2].partner_id = self.bob
        with self.assertRaisesRegex(UserError, "single-approver limit"):
            mine[2].partner_id = self.bob
        self.earn(1500)
        with self.assertRaisesRegex(UserError, "single-approver limit"):
            self.card.with_user(self.manager).partner_id = self.staff[0]
        self.earn(1500, self.of_staff[0])
        self.of_staff[0].with_user(self.manager).partner_id = self.staff[1]  # of one company

    def test_owner_by_way_of_nobody(self):
        """N29, N10: a card with points does not lose its owner first, to be given to somebody else uncounted."""
        empty = self.other.with_user(self.manager)
        empty.partner_id = False
        self.assertFalse(empty.partner_id)
        self.earn(1500)
        owner = self.card.partner_id
        with self.assertRaisesRegex(UserError, "so its customer cannot be removed"), self.cr.savepoint():
            self.card.with_user(self.manager).partner_id = False
        self.assertEqual(self.card.partner_id, owner)
        self.env.company.loyalty_adjustment_limit = 0
        self.card.with_user(self.manager).partner_id = False
        self.assertFalse(self.card.partner_id)

    def test_imports(self):
        """N29, N10: imports count what the customer got on other cards, new cards included."""
        self.assertFalse(self.is_refused(self.card, 900))
        self.assertEqual(self.import_file(f"card,points\n{self.other.code},101\n").state, "waiting")
        self.assertEqual(self.import_file(f"card,points\n{self.other.code},100\n").state, "done")
        self.assertTrue(self.is_refused(self.card, 1))
        self.assertFalse(self.is_refused(self.of_bob, 900))
        for points, state in ((101, "waiting"), (100, "done")):
            text = f"card,customer,points\nNEW-{points},Bob,{points}\n"
            self.assertEqual(self.import_file(text, create_missing=True).state, state)

    def test_running_import(self):
        """N29, N10: lines of an import that has yet to post them count already."""
        record = self.import_file(f"card,points\n{self.of_bob.code},900\n", run=False)
        record.sudo().write({"requester_id": self.manager.id, "state": "approved"})
        self.assertTrue(self.is_refused(self.of_bob, 101))

    def test_two_at_once(self):
        """N29, N10: what posts changes the row of its user, so another transaction of the same user starts again."""
        self.env.flush_all()
        version = "SELECT xmin::text, ctid::text FROM res_users WHERE id = %s"
        self.env.cr.execute(version, [self.manager.id])
        before = self.env.cr.fetchone()
        self.adjust(points=5)
        self.env.cr.execute(version, [self.manager.id])
        self.assertNotEqual(self.env.cr.fetchone(), before)

    def join(self):
        """Return three customers without relation who got 900 each from one manager, who may edit contacts as well."""
        people = self.env["res.partner"].create(
            [{"name": name, "email": "family@example.com"} for name in ("Eve", "Fay", "Gus")]
        )
        self.manager.group_ids += self.env.ref("base.group_partner_manager")
        for person in people:
            self.assertFalse(self.is_refused(self.make_card(partner_id=person.id), 900))
        return people

    def test_merged_customers(self):
        """N29, N10: 900 for each of three customers cannot become one customer's by merging them."""
        people = self.join()
        Merge = self.env["base.partner.merge.automatic.wizard"]
        wizard = Merge.with_user(self.manager).create(
            {"partner_ids": [Command.set(people.ids)], "dst_partner_id": people[0].id, "state": "selection"}
        )
        with self.assertRaisesRegex(UserError, "single-approver limit"):
            wizard.action_merge()
        self.assertEqual(len(people.exists()), 3)
        Card = self.Card.with_user(self.manager)
        Card._check_customers_join(people[0] | self.bob)  # Bob got nothing from this person
        Merge.with_user(self.env.ref("base.user_admin"))._merge(people.ids, people[0])

    def test_joined_company(self):
        """N29, N10: nor by making them people of one company, whichever way."""
        people = self.join()
        mine, firm = people.with_user(self.manager), self.company_partner.with_user(self.manager)
        mine[0].parent_id = firm
        with self.assertRaisesRegex(UserError, "single-approver limit"):
            mine[1].parent_id = firm
        with self.assertRaisesRegex(UserError, "single-approver limit"):
            firm.write({"child_ids": [Command.link(mine[1].id)]})
        with self.assertRaisesRegex(UserError, "single-approver limit"):
            firm.create({"name": "Other firm", "is_company": True, "child_ids": [Command.set(mine[1:].ids)]})
        people[1:].with_user(self.env.ref("base.user_admin")).parent_id = self.company_partner
        self.assertEqual(people.commercial_partner_id, self.company_partner)
