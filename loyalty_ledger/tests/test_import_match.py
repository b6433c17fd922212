"""Whose card a line means: the same answer at the check and at the import, with the rights of the importer."""

from odoo.exceptions import ValidationError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from ..models import loyalty_balance_import
from .test_import import ImportCase


@tagged("post_install", "-at_install")
class TestImportMatch(ImportCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.elsewhere = cls.env["res.company"].create({"name": "Elsewhere"})
        cls.foreign_program = cls.make_program(name="Foreign", company_id=cls.elsewhere.id)
        cls.carl = cls.env["res.partner"].create({"name": "Carl", "ref": "C-1"})

    def test_number_of_another_company(self):
        """N29, P8: a number that exists where the importer sees nothing gets no points, at the check nor later."""
        hidden = self.make_card(self.foreign_program, code="HIDDEN-1", partner_id=self.carl.id)
        record = self.load("card;points\nHIDDEN-1;5\nNEW-1;7\n", create_missing=True)
        self.assertRecordValues(
            record.line_ids,
            [
                {
                    "state": "problem",
                    "card_id": False,
                    "problem": "Column card: the number HIDDEN-1 is in use where you have no access. Choose another number.",
                },
                {"state": "pending", "card_id": False, "problem": False},
            ],
        )
        record.skip_problems = True
        self.make_card(self.foreign_program, code="NEW-1", partner_id=self.carl.id)
        record.action_import()
        self.assertEqual(record.line_ids.mapped("state"), ["problem", "problem"])
        # Asked again before anything is issued: the reason is not what the database refuses.
        self.assertEqual(
            record.line_ids[1].problem,
            "Column card: the number NEW-1 is in use where you have no access. Choose another number.",
        )
        self.assertEqual((hidden | self.Card.search([("code", "=", "NEW-1")])).mapped("points"), [0, 0])
        self.assertEqual(record.state, "checked")

    def test_number_issued_since_the_check(self):
        """N29, P8: a number issued between check and import belongs to somebody: its line is a problem."""
        record = self.load("card;customer;points\nNEW-1;B-7;10\nNEW-2;;20\n;C-1;30\n", create_missing=True)
        stranger = self.make_card(code="NEW-1", partner_id=self.carl.id)
        record.action_import()
        self.assertEqual(record.line_ids.mapped("state"), ["problem", "done", "done"])
        self.assertIn("Column card: Card NEW-1 belongs to", record.line_ids[0].problem)
        # The customer's own card is the right one, no matter who issued it.
        self.assertBalances(stranger, points=30)
        self.assertEqual(record.line_ids[2].card_id, stranger)

    def test_number_without_owner_issued_since_the_check(self):
        """N29, P8: so is one that names no customer."""
        record = self.load("card;points\nNEW-1;10\n", create_missing=True)
        stranger = self.make_card(code="NEW-1", partner_id=self.carl.id)
        record.action_import()
        self.assertEqual(record.line_ids.problem, "Card NEW-1 was issued since the check. Check the file again.")
        self.assertBalances(stranger, points=0)

    def test_card_changed_hands(self):
        """N29, P8: a card that changed hands since the check gets no points."""
        record = self.load("card;points\nCARD-1;10\nCARD-2;20\n")
        self.card.partner_id = self.carl
        record.action_import()
        self.assertEqual(record.line_ids.mapped("state"), ["problem", "done"])
        self.assertIn("Another customer matches since the check", record.line_ids[0].problem)
        self.assertBalances(points=0)

    def test_one_number_for_two(self):
        """N29, P8: a new number announced for two customers, or in two programs, is a problem."""
        self.make_program(name="Second")
        record = self.load(
            "card;customer;program;points\nNEW-1;B-7;;10\nNEW-1;;;5\nNEW-1;C-1;;20\nNEW-1;B-7;Second;7\n",
            create_missing=True,
        )
        self.assertEqual(record.line_ids.mapped("state"), ["pending", "pending", "problem", "problem"])
        self.assertIn("line 2 gives the new number NEW-1 to another customer", record.line_ids[2].problem)
        self.assertEqual(record.new_card_count, 1)

    def test_new_card_in_two_batches(self):
        """N29, P8: later lines of a large file know the cards that earlier ones brought."""
        self.patch(loyalty_balance_import, "BATCH", 1)
        record = self.load("card;customer;points\nNEW-1;B-7;10\nNEW-1;;5\n;C-1;1\n;C-1;2\n", create_missing=True)
        record.action_import()
        self.assertRecordValues(record, [{"state": "done", "done_count": 4, "problem_count": 0, "new_card_count": 2}])
        self.assertEqual(record.line_ids.card_id.mapped("points"), [15, 3])

    def test_companies_of_the_check(self):
        """N29, P8: the import looks where the check looked, although the user may see more."""
        user = new_test_user(
            self.env,
            "import_wide",
            "base.group_user,loyalty_ledger.group_loyalty_manager",
            company_ids=[Command.set([self.env.company.id, self.elsewhere.id])],
        )
        self.env["res.partner"].create({"name": "Carl", "ref": "C-1", "company_id": self.elsewhere.id})
        record = self.load("customer;points\nC-1;30\n", create_missing=True, check=False)
        record = record.with_user(user).with_context(allowed_company_ids=self.env.company.ids)
        record.action_check()
        record.with_context(allowed_company_ids=user.company_ids.ids).action_import()
        self.assertRecordValues(record.line_ids, [{"state": "done", "partner_id": self.carl.id}])

    def test_opening_balances_send_no_mail(self):
        """N29, P8: customers hear nothing of balances that they had before."""
        template = self.env["mail.template"].create(
            {
                "name": "Welcome",
                "model_id": self.env["ir.model"]._get_id("loyalty.card"),
                "subject": "Welcome",
                "partner_to": "{{ object.partner_id.id }}",
                "body_html": "Hello",
                "auto_delete": False,
            }
        )
        self.program.communication_plan_ids = [
            Command.clear(),
            Command.create({"trigger": "create", "mail_template_id": template.id}),
            Command.create({"trigger": "points_reach", "points": 40, "mail_template_id": template.id}),
        ]
        self.env = self.env(context={**self.env.context, "loyalty_no_mail": False})
        self.bob.email = "bob@example.com"
        self.carl.email = "carl@example.com"
        card, other = self.make_card(partner_id=self.bob.id), self.make_card(partner_id=self.carl.id)
        domain = [("model", "=", "loyalty.card"), ("res_id", "in", (card | other).ids)]
        self.load("customer;points\nB-7;50\n").action_import()
        self.assertBalances(card, points=50)
        self.assertFalse(self.env["mail.mail"].search(domain))
        self.load("customer;points\nC-1;60\n", kind="adjust").action_import()
        self.assertEqual(self.env["mail.mail"].search(domain).mapped("res_id"), [other.id] * 2)

    def test_issuing_by_hand(self):
        """N29, H5: anybody who issues a card by hand gets none with the number of something else."""
        self.env["product.product"].create({"name": "Cup", "barcode": "4006381333931"})
        Card = self.Card.with_user(self.manager)
        for code, words in (("4006381333931", "the product Cup"), ("Kärtchen", "cannot be printed")):
            with self.assertRaisesRegex(ValidationError, words):
                Card.create({"program_id": self.program.id, "code": code})
        with self.assertRaisesRegex(ValidationError, "the product Cup"):
            self.card.with_user(self.manager).code = "4006381333931"

    def test_numbers_that_scanners_take_for_something_else(self):
        """N29, P8: the barcode of a product or contact, and what no printer prints, is no number of a new card."""
        self.env["product.product"].create({"name": "Cup", "barcode": "4006381333931"})
        self.carl.barcode = "CARL-1"
        record = self.load("card;points\n4006381333931;5\nCARL-1;5\nKärtchen;5\nFINE-1;5\n", create_missing=True)
        self.assertEqual(record.line_ids.mapped("state"), ["problem", "problem", "problem", "pending"])
        self.assertIn("barcode of the product Cup", record.line_ids[0].problem)
        self.assertIn("barcode of a contact", record.line_ids[1].problem)
        self.assertIn("cannot be printed", record.line_ids[2].problem)
