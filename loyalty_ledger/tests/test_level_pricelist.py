from odoo.tests import tagged

from .register_common import RegisterCase


@tagged("post_install", "-at_install")
class TestLevelPricelist(RegisterCase):
    """Prices that come with a level and go with it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.user.group_ids += cls.env.ref("product.group_product_pricelist")
        cls.one, cls.two, cls.three = cls.make_levels()
        __, cls.own, cls.silver, cls.gold, cls.special = cls.env["product.pricelist"].create(
            [
                {"name": name, "sequence": 0, "company_id": False}  # choosing the first of all is choosing none
                for name in ("Public", "Own", "Silver Prices", "Gold Prices", "Special")
            ]
        )
        cls.two.pricelist_id, cls.three.pricelist_id = cls.silver, cls.gold
        cls.program.write({"level_basis": "balance", "company_id": False})
        cls.customer = cls.env["res.partner"].create({"name": "Bob"})
        cls.customer.property_product_pricelist = cls.own
        cls.member = cls.make_card(partner_id=cls.customer.id)

    def prices(self, company=None, customer=None):
        customer = (customer or self.customer).with_company(company or self.env.company)
        customer.invalidate_recordset()
        return customer.specific_property_product_pricelist

    def test_reach_and_leave(self):
        """bH1: reaching a level sets its pricelist, the next level its own, and leaving gives back what was before."""
        self.assertEqual(self.prices(), self.own)
        self.earn(101, self.member)
        self.assertEqual(self.prices(), self.silver)
        self.earn(400, self.member)
        self.assertEqual(self.prices(), self.gold)
        self.assertEqual(self.customer.property_product_pricelist, self.gold, "orders take it")
        self.redeem(300, self.member)
        self.assertEqual(self.prices(), self.silver)
        self.redeem(150, self.member)
        self.assertEqual(self.prices(), self.own)
        self.earn(101, self.card)
        self.redeem(101, self.card)
        self.assertFalse(self.prices(customer=self.partner), "who had none has none again")

    def test_manual_choice_stays(self):
        """bH1: a pricelist chosen in the meantime stays, through other levels and after leaving; then levels decide
        again."""
        self.earn(101, self.member)
        self.customer.property_product_pricelist = self.special
        self.earn(400, self.member)
        self.assertEqual(self.prices(), self.special)
        self.redeem(501, self.member)
        self.assertEqual(self.prices(), self.special)
        self.earn(101, self.member)
        self.assertEqual(self.prices(), self.silver)
        self.redeem(101, self.member)
        self.assertEqual(self.prices(), self.special)

    def test_points_to(self):
        """bH1, H22: a card that is linked to another card brings no prices, its master does; so does a lost card's."""
        self.earn(600, self.member)
        master = self.make_card(partner_id=self.partner.id)
        self.member.with_user(self.manager).points_to_id = master
        self.assertEqual((self.prices(), self.prices(customer=self.partner)), (self.own, self.gold))
        self.redeem(600, master)
        self.assertFalse(self.prices(customer=self.partner))

    def test_closed_and_reopened(self):
        """bH1, H25: closing a card takes the prices away, reopening brings them back; so does another owner."""
        self.earn(101, self.member)
        self.member.with_user(self.manager).action_close()
        self.assertEqual(self.prices(), self.own)
        self.member.with_user(self.manager).action_reopen()
        self.assertEqual(self.prices(), self.silver)
        self.member.with_user(self.manager).partner_id = self.partner
        self.assertEqual((self.prices(), self.prices(customer=self.partner)), (self.own, self.silver))

    def test_level_by_hand(self):
        """bH1, H16: a level that a manager sets brings its prices, until the next use sets both again."""
        self.member.with_user(self.manager).level_id = self.three
        self.assertEqual(self.prices(), self.gold)
        self.earn(1, self.member)
        self.assertEqual(self.prices(), self.own)

    def test_first_program_decides(self):
        """bH1: of several programs the first in their list decides."""
        first = self.make_program(name="First", sequence=1)
        self.program.sequence = 5
        level = self.make_levels(first)[1]
        level.pricelist_id = self.special
        card = self.make_card(first, partner_id=self.customer.id)
        self.earn(600, self.member)
        self.assertEqual(self.prices(), self.gold)
        self.earn(101, card)
        self.assertEqual(self.prices(), self.special)
        self.redeem(600, self.member)
        self.assertEqual(self.prices(), self.special)
        card.with_user(self.manager).action_close()
        self.assertEqual(self.prices(), self.own)

    def test_archived_pricelist(self):
        """bH1: an archived pricelist is neither given nor given back."""
        self.two.pricelist_id.active = False
        self.earn(101, self.member)
        self.assertEqual(self.prices(), self.own)
        self.earn(400, self.member)
        self.assertEqual(self.prices(), self.gold)
        self.own.active = False
        self.redeem(501, self.member)
        self.assertFalse(self.prices())

    def test_companies(self):
        """bH1: a program of one company changes prices there only, a program of all companies everywhere."""
        other = self.env["res.company"].create({"name": "Elsewhere"})
        self.customer.with_company(other).property_product_pricelist = self.special
        mine = self.make_program(name="Mine", company_id=self.env.company.id, level_basis="balance")
        self.make_levels(mine)[1].pricelist_id = self.silver
        card = self.make_card(mine, partner_id=self.customer.id)
        self.earn(101, card)
        self.assertEqual((self.prices(), self.prices(other)), (self.silver, self.special))
        self.redeem(101, card)
        self.earn(600, self.member)
        self.assertEqual((self.prices(), self.prices(other)), (self.gold, self.gold))
        self.redeem(600, self.member)
        self.assertEqual((self.prices(), self.prices(other)), (self.own, self.special))

    def test_contact_of_a_company(self):
        """bH1: the card of a contact brings the prices to its company, as Odoo keeps pricelists."""
        contact = self.env["res.partner"].create({"name": "Clerk", "parent_id": self.customer.id})
        card = self.make_card(partner_id=contact.id)
        self.earn(101, card)
        self.assertEqual((self.prices(), self.prices(customer=contact)), (self.silver, self.silver))
        self.redeem(101, card)
        self.assertEqual((self.prices(), self.prices(customer=contact)), (self.own, self.own))

    def test_level_changes_its_pricelist(self):
        """bH1: another pricelist on a level reaches the customers who are on it; none gives back what they had."""
        self.earn(101, self.member)
        self.two.with_user(self.manager).pricelist_id = self.special
        self.assertEqual(self.prices(), self.special)
        self.two.with_user(self.manager).pricelist_id = False
        self.assertEqual(self.prices(), self.own)
        self.two.pricelist_id = self.silver
        self.assertEqual(self.prices(), self.silver)
        self.two.unlink()
        self.assertEqual(self.prices(), self.own)

    def test_costs_nothing_without(self):
        """bH1: where levels bring no pricelist, a change of level asks nothing more."""
        plain = self.make_program(name="Plain", level_basis="balance")
        self.make_levels(plain)
        card = self.make_card(plain, partner_id=self.customer.id)
        self.earn(1, card)
        Partner = type(self.env["res.partner"])

        def never(*args):
            raise AssertionError("nobody's prices were asked for")

        self.patch(Partner, "_sync_level_pricelists", never)
        self.earn(150, card)
        self.assertEqual(card.level_id.name, "Two")
