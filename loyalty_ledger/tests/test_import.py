import base64

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form, new_test_user, tagged
from odoo.tools import mute_logger

from ..models import loyalty_balance_import, loyalty_balance_import_posting
from ..tools.trusted import by_server
from .test_adjust import AdjustCase


class ImportCase(AdjustCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.card.code, cls.other.code = "CARD-1", "CARD-2"
        cls.bob = cls.env["res.partner"].create({"name": "Bob", "ref": "B-7", "email": "Bob@Example.com"})

    def load(self, text, check=True, encoding="utf-8", **values):
        record = (
            self.env["loyalty.balance.import"]
            .with_user(self.manager)
            .create(
                {
                    "data": base64.b64encode(text if isinstance(text, bytes) else text.encode(encoding)),
                    "program_id": self.program.id,
                    "reason": "Old system",
                    **values,
                }
            )
        )
        if check:
            record.action_check()
        return record

    def run_import(self, text, **values):
        record = self.load(text, **values)
        record.action_import()
        return record


@tagged("post_install", "-at_install")
class TestImport(ImportCase):
    def test_dry_run(self):
        """P8, N10: the dry run shows each line with card, before, change, after and problem; it writes nothing."""
        self.earn(100)
        record = self.load("card;points;mode\nCARD-1;50;add\nCARD-1;20;set\nCARD-2;5,5;\nNONE;7;add\n")
        self.assertRecordValues(
            record.line_ids,
            [
                {"number": 2, "card_id": self.card.id, "before": 100, "change": 50, "after": 150, "state": "pending"},
                {"number": 3, "card_id": self.card.id, "before": 150, "change": -130, "after": 20, "state": "pending"},
                {"number": 4, "card_id": self.other.id, "before": 0, "change": 5.5, "after": 5.5, "state": "pending"},
                {"number": 5, "card_id": False, "before": 0, "change": 0, "after": 0, "state": "problem"},
            ],
        )
        self.assertEqual(record.line_ids[3].problem, "Column card: no card has the number NONE.")
        self.assertEqual(record.display_name, "balances.csv")
        self.assertRecordValues(
            record, [{"state": "checked", "row_count": 4, "problem_count": 1, "total_change": -74.5}]
        )
        self.assertBalances(points=100)
        self.assertEqual(len(self.card.entry_ids), 1)

    def test_changes_of_several_programs_are_not_added(self):
        """N27: what a file changes is said for each program; one that was checked before names the one it has."""
        self.program.portal_point_name = "points"
        beans = self.make_program(name="Coffee", portal_point_name="beans")
        self.make_card(beans, code="MUG-1")
        record = self.load("card;points\nCARD-1;50\nCARD-2;1\n")
        self.assertEqual(record.change_text, "51 points")
        by_server(record.sudo()).change_by_program = False
        self.assertEqual(record.change_text, "51 points")
        record = self.load("card;points\nCARD-1;50\nMUG-1;7\n", program_id=False)
        self.assertEqual(record.problem_count, 0)
        self.assertEqual(set(record.change_text.split(", ")), {"Points: 50 points", "Coffee: 7 beans"})

    def test_import(self):
        """P8, N10: an import posts what the dry run showed, once per line, with file, reason and user."""
        record = self.run_import("card;points;mode\nCARD-1;50;add\nCARD-1;20;set\nCARD-2;5,5;\n")
        self.assertEqual(record.state, "done")
        self.assertBalances(points=20)
        self.assertBalances(self.other, points=5.5)
        self.assertRecordValues(
            self.other.entry_ids,
            [
                {
                    "kind": "opening",
                    "points": 5.5,
                    "reason": "Old system",
                    "res_model": record._name,
                    "res_id": record.id,
                    "author_id": self.manager.id,
                }
            ],
        )
        self.assertClean()

    def test_form(self):
        """P8: a manager uploads, checks and imports a file in the form."""
        form = Form(self.env["loyalty.balance.import"].with_user(self.manager))
        form.data = base64.b64encode(b"card;points\nCARD-1;50\nNONE;1\n")
        form.reason = "Old system"
        record = form.save()
        record.action_check()
        with Form(record) as form:
            form.skip_problems = True
            self.assertEqual(form.pending_count, 1)
        record.action_import()
        self.assertBalances(points=50)

    def test_same_file_again(self):
        """P8, N10: the same file again changes nothing, also when balances moved in the meantime."""
        text = "card;points;mode\nCARD-1;50;add\nCARD-2;0;set\n"
        self.run_import(text)
        self.earn(10, self.other)
        again = self.load(text)
        self.assertEqual(again.line_ids.mapped("state"), ["skipped", "skipped"])
        with self.assertRaisesRegex(UserError, "nothing to import"):
            again.action_import()
        self.assertEqual(again.state, "checked")
        self.assertBalances(points=50)
        self.assertBalances(self.other, points=10)

    def test_keys(self):
        """N10: a line's own key is posted once per source, in whatever file it comes."""
        self.run_import("card,points,key\nCARD-1,50,A1\n")
        record = self.run_import("card,points,key\nCARD-2,5,A2\nCARD-1,50,A1\n")
        self.assertEqual(record.line_ids.mapped("state"), ["done", "skipped"])
        self.assertBalances(points=50)
        self.assertEqual(self.card.entry_ids.idempotency_key, f"ext:import:A1:{self.program.id}")
        self.run_import("card,points,key\nCARD-1,50,A1\n", client="till")
        self.assertBalances(points=100)
        changed = self.load("card,points,key\nCARD-1,60,A1\nCARD-2,1,B\nCARD-2,1,B\n")
        self.assertEqual(
            changed.line_ids.mapped("problem"),
            [
                "Column key: it was imported before with 50 points.",
                False,
                "Column key: line 3 has the same key.",
            ],
        )

    def test_problems_name_line_and_column(self):
        """N10: each problem names its line and column; nothing is imported before they are settled."""
        record = self.load(
            "card;customer;program;points;mode;expiry date\n"
            "CARD-1;;;abc;;\n"
            "CARD-1;;;12.34,5;;\n"
            "CARD-1;;;5;twist;\n"
            "CARD-1;;;5;;31/31/2026\n"
            "CARD-1;;;5;;2020-01-01\n"
            "CARD-1;;Nonesuch;5;;\n"
            ";;;5;;\n"
            ";Nobody;;5;;\n"
            "CARD-1;;;-5;;\n"
            "CARD-2;B-7;;5;;\n"
        )
        self.assertEqual(
            record.line_ids.mapped(lambda line: (line.number, line.problem)),
            [
                (2, "Column points: “abc” is not a clear number; write 1234.5."),
                (3, "Column points: “12.34,5” is not a clear number; write 1234.5."),
                (4, "Column mode: “twist” is neither add nor set."),
                (5, "Column expiry date: “31/31/2026” is not a date; write 2026-12-31."),
                (6, "Column expiry date: 2020-01-01 is past."),
                (7, "Column program: no programs with a points ledger are named “Nonesuch”."),
                (8, "Columns card and customer: both are empty."),
                (9, "Column customer: no customer has the reference, e-mail, phone or name “Nobody”."),
                (10, "Only 0 points are available."),
                (11, "Column card: Card CARD-2 belongs to Ann. Use a card of Bob."),
            ],
        )
        with self.assertRaisesRegex(ValidationError, "Lines with problems: 10."):
            record.action_import()

    def test_leave_out(self):
        """N10: lines with problems can be left out."""
        record = self.load("card;points\nCARD-1;50\nNONE;7\n")
        record.skip_problems = True
        record.action_import()
        self.assertEqual(record.line_ids.mapped("state"), ["done", "problem"])
        self.assertBalances(points=50)

    def test_customers(self):
        """P8: customers are found by reference, e-mail or name; their default card gets the points."""
        self.make_card(partner_id=self.bob.id)
        best = self.make_card(partner_id=self.bob.id, is_default=True)
        self.run_import("customer,points\nB-7,1\nbob@example.com,2\nBob,3\n")
        self.assertBalances(best, points=6)
        self.env["res.partner"].create({"name": "Bob"})
        record = self.load("customer,points\nBob,3\n")
        self.assertIn("2 customers match", record.line_ids.problem)

    def test_create_missing(self):
        """P8: missing cards are created when asked, one per number or customer."""
        text = "card;customer;points\nNEW-1;B-7;10\nNEW-1;;5\n;Ann;1\n;B-7;3\n"
        self.assertEqual(len(self.load(text).problem_line_ids), 3)
        record = self.load(text, create_missing=True)
        self.assertEqual(record.new_card_count, 1)
        self.assertFalse(self.Card.search([("code", "=", "NEW-1")]))
        record.action_import()
        card = self.Card.search([("code", "=", "NEW-1")])
        self.assertBalances(card, points=15 + 3)
        self.assertEqual(card.partner_id, self.bob)
        self.assertBalances(points=1)

    def test_dates(self):
        """P8, N11: a line's expiry date goes with its points."""
        self.run_import("card;points;expiry date\nCARD-1;50;2026-12-31\nCARD-1;20;30.06.2026\n")
        self.assertEqual(self.open_lots(), [(50, None, "2026-12-31"), (20, None, "2026-06-30")])

    def test_encodings(self):
        """P8: files of any usual encoding and separator are read."""
        self.bob.name = "Zoë Müller"
        card = self.make_card(partner_id=self.bob.id)
        for number, encoding in enumerate(("utf-8", "utf-8-sig", "cp1252", "utf-16"), 1):
            record = self.load(f"Customer\tPoints\tKey\nZoë Müller\t1\t{encoding}\n", encoding=encoding)
            self.assertEqual(bool(record.encoding_question), encoding == "cp1252")
            record.with_context(answer={"encoding": "keep"} if record.encoding_question else {}).action_answer()
            record.action_import()
            self.assertBalances(card, points=number)
        with self.assertRaisesRegex(ValidationError, "points"):
            self.load("card;birthday\nCARD-1;5\n")
        with self.assertRaisesRegex(ValidationError, "empty"):
            self.load("\n")

    def test_approval(self):
        """N10: a file above the company's limit waits for a second manager."""
        self.env.company.loyalty_adjustment_limit = 100
        second = new_test_user(self.env, "import_second", "base.group_user,loyalty_ledger.group_loyalty_manager")
        record = self.run_import("card;points\nCARD-1;80\nCARD-2;80\n")
        self.assertEqual(record.state, "waiting")
        self.assertBalances(points=0)
        with self.assertRaises(UserError):
            record.action_approve()
        for values in ({"state": "approved"}, {"requester_id": second.id}, {"program_id": self.program.id}):
            with self.assertRaises(UserError):
                record.write(values)
        with self.assertRaises(AccessError):
            self.load("card;points\nCARD-1;80\n", check=False, state="approved")
        message = record.with_user(second).action_approve()["params"]["message"]
        self.assertEqual(message, "Approved: balances.csv. Lines imported: 2")
        self.assertEqual(record.state, "done")
        self.assertBalances(points=80)
        self.assertEqual(self.card.entry_ids.author_id, self.manager.id)

    def upload(self, text, name="old.csv", user=None, **context):
        Import = self.env["loyalty.balance.import"].with_user(user or self.manager).with_context(**context)
        data = base64.b64encode(text.encode()).decode()
        return lambda *program: Import.upload_file(name, data, *program)

    def test_upload(self):
        """P8, N29: a file that is uploaded in the list is checked at once where its program is known; nothing is posted."""
        upload = self.upload("card;points\nCARD-1;50\nNEW-1;20\n", default_create_missing=True)
        record = self.env["loyalty.balance.import"].browse(upload(self.program.id)["res_id"])
        self.assertRecordValues(
            record,
            [{"state": "checked", "file_name": "old.csv", "pending_count": 2, "new_card_count": 1, "problem_count": 0}],
        )
        self.assertBalances(points=0)
        # The answer that no new cards are issued makes them problems, line by line.
        record.with_user(self.manager).with_context(answer={"create_missing": False}).action_answer()
        self.assertRecordValues(
            record, [{"create_missing": False, "pending_count": 1, "new_card_count": 0, "problem_count": 1}]
        )
        self.assertIn("Create Missing Cards", record.notes)

    def test_upload_without_program(self):
        """P8, N29: without a program the import waits for one, unless the file names programs."""
        self.program.copy({"name": "Elsewhere"})
        Import = self.env["loyalty.balance.import"]
        record = Import.browse(self.upload("card;points\nCARD-1;50\n")()["res_id"])
        self.assertRecordValues(record, [{"state": "draft", "program_id": False}])
        named = Import.browse(self.upload(f"card;points;program\nCARD-1;50;{self.program.name}\n")()["res_id"])
        self.assertRecordValues(named, [{"state": "checked", "pending_count": 1}])

    def test_upload_with_an_odd_program(self):
        """What is no id of a program leaves the choice to the person."""
        Import = self.env["loyalty.balance.import"]
        self.make_program(name="Another")
        for odd in (True, 2**40, "1", [1]):
            record = Import.browse(self.upload("card;points\nCARD-1;50\n")(odd)["res_id"])
            self.assertEqual(record.state, "draft", odd)

    def test_upload_of_what_cannot_be_read(self):
        """P8, N29: what is wrong with the file is said, and the import is kept, where the columns can be chosen."""
        answer = self.upload("card;birthday\nCARD-1;50\n")(self.program.id)["params"]
        self.assertIn("No column is named “points”", answer["message"])
        record = self.env["loyalty.balance.import"].browse(answer["next"]["res_id"])
        self.assertRecordValues(record, [{"state": "draft", "program_id": self.program.id}])
        record.with_user(self.manager).column_ids[1].role = "points"
        record.with_user(self.manager).action_check()
        self.assertEqual(record.pending_count, 1)
        with self.assertRaises(AccessError):
            self.upload("card;points\nCARD-1;50\n", user=self.clerk)(self.program.id)

    def test_upload_of_an_empty_file(self):
        """A file without content is refused, and no import is left behind."""
        before = self.env["loyalty.balance.import"].search_count([])
        for nothing in ("", False):
            with self.assertRaisesRegex(UserError, "old.csv is empty"):
                self.env["loyalty.balance.import"].with_user(self.manager).upload_file("old.csv", nothing, False)
        self.assertEqual(self.env["loyalty.balance.import"].search_count([]), before)

    def test_manager_only(self):
        """S20: users cannot import, by remote calls neither."""
        record = self.load("card;points\nCARD-1;80\n")
        with self.assertRaises(AccessError):
            record.with_user(self.clerk).action_import()
        with self.assertRaises(AccessError):
            record.line_ids.with_user(self.manager).write({"points": 10**6, "change": 10**6})

    def test_another_file_needs_another_check(self):
        """N10: what is imported is what was checked."""
        record = self.load("card;points\nCARD-1;80\n")
        record.data = base64.b64encode(b"card;points\nCARD-1;8000\n")
        self.assertEqual(record.state, "draft")
        record.action_check()
        self.assertEqual(record.line_ids.points, 8000)
        record.action_import()
        with self.assertRaises(UserError):
            record.data = base64.b64encode(b"card;points\nCARD-1;1\n")
        with self.assertRaises(UserError):
            record.unlink()

    def test_changed_meanwhile(self):
        """N10: a line that no longer fits when it is imported becomes a problem; the others are posted."""
        self.earn(100)
        record = self.load("card;points\nCARD-1;-80\nCARD-2;5\n")
        self.redeem(50)
        record.action_import()
        self.assertEqual(record.line_ids.mapped("state"), ["problem", "done"])
        self.assertBalances(points=50)
        self.assertBalances(self.other, points=5)

    def test_large_file(self):
        """P8: a large file is posted by the job in batches, goes on after an interruption, and needs few queries."""
        self.patch(loyalty_balance_import, "BATCH", 100)
        self.patch(loyalty_balance_import_posting, "BATCH", 100)
        self.patch(loyalty_balance_import_posting, "AT_ONCE", 100)
        cards = self.Card.create([{"program_id": self.program.id, "code": f"L{number:04}"} for number in range(250)])
        text = "card;points\n" + "".join(f"{code};{number + 1}\n" for number, code in enumerate(cards.mapped("code")))
        record = self.load(text)
        record.action_import()
        self.assertRecordValues(record, [{"state": "approved", "pending_count": 250, "progress": 0}])
        record.sudo()._import_batch()
        self.assertRecordValues(record, [{"state": "approved", "pending_count": 150, "progress": 40}])
        with self.enter_registry_test_mode():
            self.env.ref("loyalty_ledger.cron_balance_import").method_direct_trigger()
        self.assertRecordValues(record, [{"state": "done", "pending_count": 0, "progress": 100}])
        self.assertEqual(sum(cards.mapped("points")), 250 * 251 / 2)
        self.assertEqual(len(cards.entry_ids), 250)
        self.assertEqual(set(cards.entry_ids.mapped("author_id")), {self.manager.id})

    def test_number_of_a_promotion(self):
        """N29, P8: a new number that is the code of a promotion is a problem of its line, before and after the check."""
        text = "card;customer;points\nNEW-1;B-7;10\nPROMO-1;;20\nNEW-2;;30\n"
        record = self.load(text, create_missing=True)
        self.make_promotion("PROMO-1")
        again = self.load(text + "\n", create_missing=True)
        self.assertIn("A promotion has the code “PROMO-1”", again.problem_line_ids.problem)
        record.action_import()
        self.assertRecordValues(record, [{"state": "done", "done_count": 2, "problem_count": 1, "pending_count": 0}])
        self.assertRecordValues(record.problem_line_ids, [{"number": 3, "state": "problem", "change": 0}])
        self.assertIn("code", record.problem_line_ids.problem)
        self.assertEqual(
            self.Card.search([("code", "in", ["NEW-1", "NEW-2", "PROMO-1"])], order="code").mapped("points"), [10, 30]
        )

    def make_promotion(self, code):
        rule = Command.create({"mode": "with_code", "code": code})
        self.env["loyalty.program"].create(
            {"name": "Promotion", "program_type": "promo_code", "rule_ids": [Command.clear(), rule]}
        )

    def large_imports(self, *texts):
        """Return approved imports that the job has to go on with, one line a batch."""
        self.patch(loyalty_balance_import_posting, "BATCH", 1)
        self.patch(loyalty_balance_import_posting, "AT_ONCE", 0)
        records = self.env["loyalty.balance.import"]
        for text in texts:
            record = self.load(text, create_missing=True)
            record.action_import()
            records |= record
        return records

    def run_job(self):
        with self.enter_registry_test_mode():
            self.assertIs(self.env.ref("loyalty_ledger.cron_balance_import").method_direct_trigger(), True)
        self.env.invalidate_all()

    def test_job_skips_what_fails(self):
        """N29, P8: a line that fails in the job is skipped with the reason, and later files are imported."""
        first, second = self.large_imports("card;points\nPROMO-2;20\nNEW-3;30\n", "card;points\nNEW-4;40\n")
        self.make_promotion("PROMO-2")
        self.run_job()
        self.assertRecordValues(
            first | second,
            [
                {"state": "done", "done_count": 1, "problem_count": 1},
                {"state": "done", "done_count": 1, "problem_count": 0},
            ],
        )
        self.assertEqual(
            self.Card.search([("code", "in", ["NEW-3", "NEW-4"])], order="code").mapped("points"), [30, 40]
        )

    def test_job_skips_what_the_database_refuses(self):
        """N29, P8: what the database refuses (here a rule of another add-on) lands on its line; all others are imported."""
        first, second = self.large_imports("card;points\nBAD-1;20\nNEW-7;30\n", "card;points\nNEW-8;40\n")
        self.env.flush_all()
        self.env.cr.execute("SET CONSTRAINTS ALL IMMEDIATE")
        self.env.cr.execute("ALTER TABLE loyalty_card ADD CONSTRAINT shop_numbers CHECK (code <> 'BAD-1')")
        with mute_logger("odoo.sql_db"):
            self.run_job()
        self.assertEqual((first | second).mapped("state"), ["done", "done"])
        self.assertEqual(first.problem_line_ids.mapped("number"), [2])
        self.assertIn("The database rejected this line", first.problem_line_ids.problem)
        self.assertEqual(
            self.Card.search([("code", "in", ["NEW-7", "NEW-8"])], order="code").mapped("points"), [30, 40]
        )

    def test_file_that_cannot_go_on(self):
        """N29, P8: a file that fails as a whole does not keep later ones waiting."""
        first, second = self.large_imports("card;points\nNEW-5;20\n", "card;points\nNEW-6;40\n")
        Wizard = self.registry["loyalty.balance.import"]
        count = Wizard._count

        def fail(record):
            if record.id == first.id:
                raise RuntimeError("Disk full")
            count(record)

        self.patch(Wizard, "_count", fail)
        with mute_logger("odoo.addons.loyalty_ledger.models.loyalty_balance_import_posting"):
            self.run_job()
        self.assertEqual((first | second).mapped("state"), ["approved", "done"])
        self.patch(Wizard, "_count", count)
        self.run_job()
        self.assertEqual(first.state, "done")
        self.assertEqual(self.Card.search([("code", "=", "NEW-5")]).points, 20)

    def test_stop(self):
        """N29, P8: a manager stops an import; what was imported stays, and it goes on later where it stopped."""
        record = self.large_imports("card;points\nNEW-7;20\nNEW-8;30\nNEW-9;50\n")
        record.sudo()._import_batch()
        with self.assertRaises(AccessError):
            record.with_user(self.clerk).action_stop()
        record.action_stop()
        self.assertRecordValues(record, [{"state": "stopped", "done_count": 1, "pending_count": 2, "progress": 33}])
        self.run_job()
        self.assertRecordValues(record, [{"state": "stopped", "done_count": 1, "pending_count": 2}])
        with self.assertRaisesRegex(UserError, "cannot be deleted"):
            record.unlink()
        record.action_continue()
        self.run_job()
        self.assertRecordValues(record, [{"state": "done", "done_count": 3, "pending_count": 0, "progress": 100}])
        self.assertEqual(
            self.Card.search([("code", "in", ["NEW-7", "NEW-8", "NEW-9"])], order="code").mapped("points"), [20, 30, 50]
        )

    def test_queries(self):
        """P8: the check looks a batch of lines up at once, not line by line."""
        cards = self.Card.create([{"program_id": self.program.id, "code": f"Q{number:04}"} for number in range(400)])
        counts = []
        for codes in (cards[:20].mapped("code"), cards.mapped("code")):
            record = self.load("card;points\n" + "".join(f"{code};1\n" for code in codes), check=False)
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            record.action_check()
            counts.append(self.env.cr.sql_log_count - before)
        self.assertLess(counts[1], counts[0] + 15)
