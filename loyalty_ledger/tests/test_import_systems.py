"""Exports of sixteen further systems (folder ``exports``, its README names their pages), imported as their users would."""

from odoo.exceptions import ValidationError
from odoo.tests import BaseCase, tagged
from odoo.tools import file_open

from ..tools import balance_columns
from .test_import import ImportCase


@tagged("post_install", "-at_install")
class TestImportSystems(ImportCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.maya, cls.lee, cls.zoe = cls.people = cls.env["res.partner"].create(
            [
                {"name": "Maya O'Neil", "email": "maya.oneil@example.com"},
                {"name": "Lee Park", "email": "lee.park@example.com", "phone": "+1 (555) 010-0102"},
                {"name": "Zoe Hill", "email": "zoe@example.com"},
            ]
        )

    def _file(self, name):
        with file_open(f"loyalty_ledger/tests/exports/{name}.csv", "rb") as file:
            return file.read()

    def read(self, name):
        return self.load(self._file(name), create_missing=True)

    def assertImports(self, record, points, **values):
        """Import what is not a problem; assert the balances of the three customers, and that every column was read or named."""
        for column in record.column_ids.filtered(lambda column: not column.role):
            self.assertIn(column.name, record.notes)
        self.assertRecordValues(record, [{"total_change": sum(points), **values}])
        record.skip_problems = True
        record.action_import()
        self.assertEqual(record.state, "done")
        cards = record.line_ids.card_id
        balances = [
            sum(cards.filtered(lambda card, who=who: card.partner_id == who).mapped("points")) for who in self.people
        ]
        self.assertEqual(balances, points)
        return cards

    def test_loyverse(self):
        """N29, P8: what a shop has noted about its customers becomes no reason, which would stay and which they would read."""
        record = self.read("loyverse")
        cards = self.assertImports(record, [240.75, 35.5, 0], problem_count=0)
        self.assertEqual(set(cards.entry_ids.mapped("reason")), {"Old system"})
        self.assertEqual(record.line_ids.mapped("number"), [2, 3, 4])

    def test_magento(self):
        """N29, P8: balances of one customer on two websites add up, and it is said."""
        record = self.read("magento_rewards")
        self.assertEqual(
            record.line_ids.mapped("note"),
            [False, "Line 2 is for the same card: both count.", False, "This line has no number of points."],
        )
        self.assertImports(record, [1300, 35, 0], problem_count=0)

    def test_number_of_the_other_system(self):
        """N29, P8, A4: the customer id of another system that is a reference here gives nobody's points to a stranger."""
        self.bob.write({"ref": "41", "email": "bob@example.com"})
        record = self.read("magento_rewards")
        self.assertIn("are different customers", record.line_ids[0].problem)
        self.maya.unlink()
        self.people = self.lee | self.zoe
        record = self.read("magento_rewards")
        self.assertEqual(
            record.line_ids[0].problem,
            "“41” is the reference of Bob, but the line says maya.oneil@example.com. Is it a number of the other system? Then "
            "choose under Columns not to read it; otherwise correct the contact or the file.",
        )
        self.assertEqual(record.line_ids.mapped("state"), ["problem", "problem", "pending", "skipped"])
        for text, problem, note in (
            ("customer id;name;points\n41;Maya O'Neil;5\n", "but the line says Maya O'Neil", False),
            ("customer id;name;points\n41;Bobby, BOB;5\n", False, False),
            (
                "customer id;name;email;points\n41;Bob;bob@new.example;5\n",
                False,
                "another e-mail or phone: bob@example.com",
            ),
            ("customer;email;points\nBob;bob@new.example;5\n", "“Bob” is a customer, but with another e-mail", False),
            ("customer id;points\n41;5\n", False, False),
        ):
            with self.subTest(text):
                line = self.load(text, create_missing=True).line_ids
                self.assertIn(problem or "", line.problem or "")
                self.assertEqual((bool(line.problem), bool(line.note)), (bool(problem), bool(note)))
                self.assertIn(note or "", line.note or "")

    def test_rise(self):
        """N29, P8: the remaining value is the balance, money is asked about, and disabled cards are named."""
        record = self.read("rise_gift_cards")
        self.assertIn("“Remaining Value” may count points or money", record.unit_question)
        self.assertIn(
            "Lines on which “Status” says “disabled” or the like: 1 (the first one is line 4). They are imported all the same",
            record.notes,
        )
        self.assertIn("“Next Expiration Date” seems to contain expiry dates. It is not read", record.notes)
        with self.assertRaisesRegex(ValidationError, "may count points or money"):
            record.action_import()
        record.with_context(answer={"unit": "points"}).action_answer()
        self.assertImports(record, [12.5, 25, 25], problem_count=0)

    def test_stamp_me(self):
        """N29, P8: active stamps are proposed, not those ever collected, and it is asked."""
        record = self.read("stamp_me")
        self.assertIn(
            "“Stamps”, “Active Stamps”. The lines below are read from “Active Stamps”", record.column_question
        )
        with self.assertRaisesRegex(ValidationError, "Several columns may be the balance"):
            record.action_import()
        record.with_context(answer={"column_chosen": True}).action_answer()
        self.assertImports(record, [7, 2, 0], problem_count=0)

    def test_toast(self):
        """N29, P8: a shortened number of 16 digits is a problem, stored money is no points, inactive accounts are named."""
        record = self.read("toast_rewards_accounts")
        self.assertIn("“6.3012E+15” is a number that a spreadsheet has shortened", record.line_ids[0].problem)
        self.assertIn("“Status” says “INACTIVE” or the like: 1 (the first one is line 4)", record.notes)
        cards = self.assertImports(record, [0, 35, 12], problem_count=1)
        self.assertEqual(cards.mapped("code"), ["6301200000000024", "6301200000000031"])

    def test_stamped(self):
        """N29, P8: the end of a tier is no expiry of points, and a tier is not imported; both are said."""
        record = self.read("stamped")
        self.assertEqual(
            record.notes,
            "These columns are not read: birthday, vip_tier_end_date.\n“vip_tier” is not imported: the program sets levels by its own "
            "rules.",
        )
        self.assertFalse(any(record.line_ids.mapped("expiration_date")))
        self.assertImports(record, [1240, 35, 12], problem_count=0)

    def test_woocommerce(self):
        """N29, P8: user_email is the customer's; points used and earned are no balance; a file without names is understood."""
        record = self.read("yith")
        self.assertEqual(record.notes, "The file does not name its columns: check under Columns what each of them is.")
        self.assertEqual(record.line_ids.mapped("number"), [1, 2, 3])
        self.assertEqual(record.line_ids.mapped("points"), [240, 35, 12])
        record = self.read("wupsales")
        self.assertNotIn("expiry dates", record.notes)
        record.with_context(answer={"number_style": "point"}).action_answer()
        self.assertEqual(record.line_ids[2].problem, "Column points: the card would go below zero.")
        self.assertEqual(record.total_change, 1275)
        self.assertImports(self.read("wployalty"), [240, 35, 12], column_question=False)

    def test_columns_without_names(self):
        """N29, P8: a column without a name is named by its place where it is not read; nothing is guessed from numbers alone."""
        record = self.load("17;250\n18;40\n", check=False)
        self.assertFalse(any(record.column_ids.mapped("role")))
        with self.assertRaisesRegex(ValidationError, "The columns are: 1, 2"):
            record.action_check()
        record = self.load("card;points;\nCARD-1;5;2027-12-31\n")
        self.assertEqual(record.notes, "These columns are not read: 3.")

    def test_perkstar(self):
        """N29, P8: the stamps on the card are the balance; a card deleted there is named."""
        record = self.read("perkstar")
        self.assertIn("“Card status” says “Deleted” or the like: 1 (the first one is line 4)", record.notes)
        self.assertEqual(
            [str(day or "") for day in record.line_ids.mapped("expiration_date")], ["2027-12-31"] * 2 + [""]
        )
        self.assertImports(record, [7, 2, 1], problem_count=0)

    def test_talon_one(self):
        """N29, P8: names in one word are taken apart; whose points they are is asked, as nothing says what the id is."""
        record = self.load(self._file("talon_one"), check=False, create_missing=True)
        self.assertEqual(
            {column.name: column.role for column in record.column_ids if column.role}, {"currentBalance": "points"}
        )
        with self.assertRaisesRegex(ValidationError, "No column is named “card”, “customer” or “email”.*profileInt"):
            record.action_check()
        record.column_ids.filtered(lambda column: column.name == "profileIntegrationID").role = "customer"
        record.action_check()
        self.assertImports(record, [1240.5, 35, 0], problem_count=0)

    def test_americommerce(self):
        """N29, P8: what remains of each lot is imported, with its date where it is chosen; pending lots and dates that are
        not read are named."""
        self.maya.ref, self.lee.ref = "C-17", "C-18"
        record = self.read("americommerce")
        self.assertEqual(record.line_ids.mapped("points"), [120, 80, 35, 60])
        self.assertIn("“ExpiredOn” seems to contain expiry dates. It is not read", record.notes)
        self.assertIn("“RewardPointsStatus” says “Pending” or the like: 1 (the first one is line 5)", record.notes)
        record.column_ids.filtered(lambda column: column.name == "ExpiredOn").role = "expiration_date"
        record.action_check()
        self.assertEqual(
            [str(day or "") for day in record.line_ids.mapped("expiration_date")],
            ["2027-01-31", "2027-03-31", "", "2027-03-31"],
        )
        self.assertImports(record, [260, 35, 0], problem_count=0)

    def test_dynamics(self):
        """N29, P8: of what was issued, used and expired nothing is the balance, whatever the balance is called."""
        record = self.read("dynamics_ax")
        self.assertEqual(record.line_ids.mapped("points"), [1240.5, 35, 0])
        cards = self.assertImports(record, [1240.5, 35, 0], problem_count=0)
        self.assertEqual(set(cards.mapped("code")), {"55000001", "55000002", "55000003"})
        record = self.load("card number;issued points\n55000001;7\n", check=False)
        with self.assertRaisesRegex(ValidationError, "No column is named “points”.*issued points"):
            record.action_check()

    def test_shift4shop(self):
        """N29, P8: the reference of a sale is not that of a customer."""
        self.maya.ref, self.lee.ref = "C-17", "C-18"
        record = self.read("shift4shop")
        self.assertIn("Line 2 is for the same card: both count.", record.line_ids[2].note)
        self.assertImports(record, [200, 35, 0], problem_count=0)

    def test_rivyo_and_rivo(self):
        """N29, P8: days first with dashes are read as such; of points and credits in money the points are proposed, and it
        is asked."""
        record = self.read("rivyo")
        self.assertEqual(
            [str(day or "") for day in record.line_ids.mapped("expiration_date")], ["2027-12-31", "2027-06-30", ""]
        )
        self.assertImports(record, [240, 35, 12], problem_count=0, date_question=False)
        record = self.read("rivo")
        self.assertIn("“Points Balance”, “Credits Balance”", record.column_question)
        self.assertEqual(record.line_ids.mapped("points"), [1240, 35, 0])

    def test_not_in_use(self):
        """N29, P8: cards that are blocked by a column of that name, or not active, are named."""
        for column, cell in (("Gesperrt", "Ja"), ("Blocked", "true"), ("Active", "0"), ("aktiv", "Nein")):
            record = self.load(f"card;points;{column}\nCARD-1;5;{cell}\n")
            self.assertIn(f"“{column}” says “{cell}” or the like: 1", record.notes)
        for column, cell in (("Gesperrt", "Nein"), ("Active", "1"), ("Newsletter", "1")):
            self.assertNotIn("or the like", self.load(f"card;points;{column}\nCARD-1;5;{cell}\n").notes)


class TestSystemColumns(BaseCase):
    def test_whose(self):
        """N29, P8: the e-mail and phone of the customer, by any of its names; nobody else's, and no consent."""
        for names, roles in (
            (["user_email", "Customer Mobile Phone", "points"], {0: "email", 1: "phone", 2: "points"}),
            (["Buyer Email", "Recipient E-Mail", "Balance"], {1: "email", 2: "points"}),
            (["Email Opt In", "Email Marketing", "Phone Type", "Points"], {3: "points"}),
            (["User Email", "Contact E-Mail Address", "Points"], {2: "points"}),
            (["Card", "Points", "Note", "Comment", "Bemerkung"], {0: "card", 1: "points"}),
        ):
            self.assertEqual(balance_columns.find_roles(names), roles, names)
