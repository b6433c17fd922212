from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from .common import LedgerCase


@tagged("post_install", "-at_install")
class TestMemory(LedgerCase):
    """What a process remembers of programs holds for everybody, and until it changes."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.retail, cls.contract = cls.env["product.pricelist"].create([{"name": "Retail"}, {"name": "Contract"}])

    def as_after_a_commit(self):
        """The process remembers again, and knows nothing yet."""
        registry = self.env.registry
        registry.clear_cache()
        cleared = set()
        self.patch(type(registry), "cache_invalidated", property(lambda registry: cleared))
        return cleared

    def test_pricelists_of_other_companies(self):
        """bM8: no matter who asks first, pricelists that this person cannot see, or archived ones, count as well."""
        theirs = self.env["res.company"].create({"name": "Theirs"})
        self.contract.company_id = theirs
        self.retail.active = False
        self.program.write(
            {"company_id": False, "excluded_pricelist_ids": [Command.set((self.contract | self.retail).ids)]}
        )
        clerk = new_test_user(self.env, "memory_clerk", groups="loyalty_ledger.group_loyalty_user")
        self.assertNotIn(theirs, clerk.company_ids)
        self.env.invalidate_all()
        self.as_after_a_commit()
        program = self.program.with_user(clerk).with_context(active_test=True)
        self.assertTrue(program._uses_pricelists())
        for pricelist, excluded in ((self.contract, True), (self.retail, True), (self.retail.copy(), False)):
            self.assertEqual(program._excludes_pricelist(pricelist), excluded)

    def test_deleted_pricelists(self):
        """bM8: a program whose only pricelist is deleted is for all of them again, at once."""
        self.program.pricelist_ids = self.contract
        self.env.flush_all()
        cleared = self.as_after_a_commit()
        self.assertTrue(self.program._excludes_pricelist(self.retail))
        self.assertTrue(self.program._excludes_pricelist(self.retail))
        self.contract.unlink()
        self.assertIn("default", cleared)
        self.assertFalse(self.program._excludes_pricelist(self.retail))
        self.assertFalse(self.program._uses_pricelists())

    def test_deleted_categories_and_tags(self):
        """C33: a rule whose category or tag is deleted counts every product, at once."""
        category = self.env["product.category"].create({"name": "Fish"})
        tag = self.env["product.tag"].create({"name": "Fresh"})
        self.program.rule_ids = [
            Command.create({"reward_point_mode": "money", "product_category_id": category.id}),
            Command.create({"reward_point_mode": "money", "product_tag_id": tag.id}),
        ]
        self.env.flush_all()
        cleared = self.as_after_a_commit()
        self.assertEqual([rule.counts.every for rule in self.program._frozen_rules()], [False, False])
        category.unlink()
        cleared.clear()
        self.assertEqual(sorted(rule.counts.every for rule in self.program._frozen_rules()), [False, True])
        tag.unlink()
        cleared.clear()
        self.assertEqual([rule.counts.every for rule in self.program._frozen_rules()], [True, True])

    def test_merged_contact_of_a_company(self):
        """S22, N11: days begin in the time zone of the contact that a company has after its contacts are merged."""
        old, new = self.env["res.partner"].create([{"name": "Old", "tz": "Asia/Tokyo"}, {"name": "New", "tz": "UTC"}])
        company = self.env["res.company"].create({"name": "Moved", "partner_id": old.id})
        self.env.flush_all()
        cleared = self.as_after_a_commit()
        self.assertEqual(company._loyalty_timezone(), "Asia/Tokyo")
        self.env["base.partner.merge.automatic.wizard"]._merge((old | new).ids, new)
        cleared.clear()
        self.assertEqual(company._loyalty_timezone(), "UTC")

    def test_archived_and_deleted_products(self):
        """C33: a rule whose only product is archived counts every product, as in Odoo, and that one when it is back."""
        fish, meat = self.env["product.product"].create([{"name": "Fish"}, {"name": "Meat"}])
        self.program.rule_ids = [Command.create({"reward_point_mode": "money", "product_ids": fish.ids})]
        rule = self.program.rule_ids
        self.env.flush_all()
        cleared = self.as_after_a_commit()

        def counted():
            cleared.clear()
            return (fish | meat).filtered_domain(rule._get_valid_product_domain())

        self.assertEqual(counted(), fish)
        fish.active = False
        self.assertEqual(counted(), fish | meat)
        fish.active = True
        self.assertEqual(counted(), fish)
        meat.loyalty_no_earn = True
        fish.unlink()
        self.assertFalse(meat.filtered_domain(rule._get_valid_product_domain()))
        meat.loyalty_no_earn = False
        cleared.clear()
        self.assertEqual(meat.filtered_domain(rule._get_valid_product_domain()), meat)

    def test_terms_of_programs(self):
        """bP3, N9: new terms of a program hold at once, and what a form shows before it is saved is remembered for nobody."""
        self.program.write({"expiry_policy": "lot", "expiry_delay": 1, "expiry_unit": "month"})
        self.env.flush_all()
        cleared = self.as_after_a_commit()
        self.assertEqual(self.program._ledger_terms().delay, 1)
        draft = self.program.new({"expiry_policy": "lot", "expiry_delay": 7}, origin=self.program)
        self.assertEqual(draft._ledger_terms().delay, 7)
        draft.expiry_delay = 9
        self.assertEqual(draft._ledger_terms().delay, 9)
        self.assertEqual(self.program._ledger_terms().delay, 1)
        self.program.expiry_delay = 2
        self.assertIn("default", cleared)
        self.assertEqual(self.program._ledger_terms().delay, 2)
        self.program.write({"expiry_policy": "never", "vesting_days": 3})
        cleared.clear()
        self.assertEqual((self.program._ledger_terms().policy, self.program._ledger_terms().vesting), ("never", 3))

    def test_mails_of_programs(self):
        """S14: a milestone added to a program is mailed from the next points on, and not after it is gone."""
        template = self.env.ref("loyalty.mail_template_loyalty_card")
        cleared = self.as_after_a_commit()
        self.partner.email = "ann@example.com"
        card = self.make_card().with_context(loyalty_no_mail=False)
        mails = self.env["mail.mail"].search_count([])

        def earn(key):
            cleared.clear()
            card._post_entries([{"card_id": card.id, "kind": "earn", "points": 60, "key": f"memory:{key}"}])
            return self.env["mail.mail"].search_count([]) - mails

        earn("welcome")
        mails = self.env["mail.mail"].search_count([])
        self.assertFalse(earn("before"))
        milestone = self.env["loyalty.mail"].create(
            {
                "program_id": self.program.id,
                "trigger": "points_reach",
                "points": 150,
                "mail_template_id": template.id,
            }
        )
        self.assertEqual(earn("reached"), 1)
        milestone.points = 230
        self.assertEqual(earn("reached again"), 2)
        milestone.points = 290
        milestone.unlink()
        self.assertEqual(earn("gone"), 2)
