"""Files of other systems, with invented data: what they mean, or what is asked about them."""

import io
from datetime import date
from zoneinfo import ZoneInfo

from odoo.exceptions import UserError, ValidationError
from odoo.tests import BaseCase, tagged

from ..tools import balance_columns, balance_file, balance_values
from .test_import import ImportCase

NUMBERS = [f"04377000000{tail}" for tail in ("17", "24", "31", "48", "55", "62", "79", "86", "93")] + ["0437700000109"]


class FilesCase(ImportCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        Partner = cls.env["res.partner"]
        cls.bob.email = False
        cls.ann, cls.bob, cls.cleo = Partner.create(
            [
                {"name": "Ann Lee", "email": "ann@example.com", "phone": "+44 20 7946 0001"},
                {"name": "Bob Ray", "email": "Bob@example.com", "phone": "07700 900123"},
                {"name": "Cleo Wu", "email": "cleo@example.com"},
            ]
        )

    def cards(self, owners=None):
        """Return cards with the numbers of the files."""
        return self.Card.create(
            [
                {"program_id": self.program.id, "code": code, "partner_id": owners and owners.get(code)}
                for code in NUMBERS
            ]
        )

    def problems(self, record):
        return {line.number: line.problem for line in record.problem_line_ids}


@tagged("post_install", "-at_install")
class TestImportFiles(FilesCase):
    def test_decimal_comma(self):
        """N29, P8: 1.250 beside 12,50 is 1,250, in the code page and with the line ends of a German spreadsheet."""
        self.cards()
        record = self.load(
            "Kundennummer;Card number;Points;Expiry date;Reason\r\n"
            "K-0017;0437700000017;1.250;31.12.2027;Übernahme Altsystem\r\n"
            "K-0018;0437700000024;12,50;31.12.2027;Übernahme Altsystem\r\n"
            "K-0019;0437700000031;1.234,50;31.12.2027;Übernahme Altsystem\r\n"
            "K-0020;0437700000048;2.000;31.12.2027;Übernahme Altsystem\r\n",
            encoding="cp1252",
        )
        self.assertRecordValues(record, [{"total_change": 4497, "problem_count": 0, "number_question": False}])
        self.assertEqual(record.line_ids.mapped("points"), [1250, 12.5, 1234.5, 2000])
        self.assertEqual(set(record.line_ids.mapped("reason")), {"Übernahme Altsystem"})
        self.assertEqual(set(record.line_ids.mapped("expiration_date")), {date(2027, 12, 31)})

    def test_last_name_first(self):
        """N29, P8: “Möller, Jörg” is Jörg Möller where there is one; two of them, or none, are a problem on the line."""
        Partner = self.env["res.partner"]
        jurgen, *two, comma = Partner.create(
            [{"name": name} for name in ("Jörg Möller", "Eva Braun", "Eva Braun", "Lang, Ina")]
        )
        Partner.create({"name": "Ina Lang"})
        record = self.load(
            'Name;Points\n"Möller, Jörg";5\n"Braun, Eva";6\n"Lang, Ina";7\n"Möller, Heinz";8\n"Möller, Jörg, Dr";9\n',
            create_missing=True,
        )
        self.assertEqual(record.line_ids.mapped("partner_id"), jurgen | comma)
        self.assertEqual(record.line_ids[0].note, "Read as Jörg Möller.")
        self.assertEqual(
            self.problems(record),
            {
                3: "Column customer: 2 customers match “Braun, Eva”. Use the reference or the card number.",
                5: "Column customer: no customer has the reference, e-mail, phone or name “Möller, Heinz”.",
                6: "Column customer: no customer has the reference, e-mail, phone or name “Möller, Jörg, Dr”.",
            },
        )
        self.assertEqual(len(two), 2)

    def test_letters_that_make_sense_in_one_way(self):
        """N29, P8: nobody is asked about letters of which other readings are in no language: ú and ń, ç and ă, ń before a
        vowel; where another reading could be a name, the user is."""
        for name, asked in (("José Núñez", False), ("João Conceição", False), ("Ana Peña", False), ("Zoë", True)):
            with self.subTest(name):
                record = self.load(f"Name;Points\n{name};5\n", encoding="cp1252")
                self.assertEqual((record.line_ids.customer, bool(record.encoding_question)), (name, asked))
        for name in ("Wałęsa", "Dvořák", "Kovačević"):
            record = self.load(f"Name;Points\n{name};5\n", encoding="cp1250", number_style="point")
            self.assertTrue(record.encoding_question or record.line_ids.customer == name, name)

    def test_number_is_asked(self):
        """N29, P8: 1.250 alone is asked about, with the user's language as proposal and the total of each answer."""
        record = self.load("card;points\nCARD-1;1.250\nCARD-2;3\n")
        self.assertEqual(
            record.number_question,
            "“1.250” can be read in two ways. With a decimal point it is 1.25 (all lines together: 4.25); with a decimal "
            "comma it is 1,250 (all lines together: 1,253). Choose one; the lines below are read with a decimal point.",
        )
        self.assertEqual(record.total_change, 4.25)
        with self.assertRaisesRegex(ValidationError, "can be read in two ways"):
            record.action_import()
        self.env["res.lang"]._lang_get("en_US").write({"decimal_point": ",", "thousands_sep": "."})
        record.action_check()
        self.assertEqual(record.total_change, 1253)
        with self.assertRaisesRegex(ValidationError, "can be read in two ways"):
            record.action_import()
        record.with_context(answer={"number_style": "point", "state": "done"}).action_answer()
        self.assertRecordValues(record, [{"number_question": False, "state": "checked", "total_change": 4.25}])
        record.action_import()
        self.assertBalances(points=1.25)

    def test_dates_of_one_column(self):
        """N29, P8: all dates of a column have one order; a month is its last day; 9999-12-31 never expires."""
        self.cards()
        text = "Card number;Points;Expiry date\n" + "".join(
            f"{code};10;{day}\n"
            for code, day in zip(
                NUMBERS,
                (
                    "05/06/2027",
                    "13/06/2027",
                    "202712",
                    "12/2027",
                    "2027-06-30T22:00:00Z",
                    "31.12.27",
                    "2027-06-30 23:59:59",
                    "9999-12-31",
                    "0000-00-00",
                    "",
                ),
            )
        )
        record = self.load(text)
        self.assertFalse(record.date_question)
        self.assertEqual(
            [str(day) if day else False for day in record.line_ids.mapped("expiration_date")],
            [
                "2027-06-05",
                "2027-06-13",
                "2027-12-31",
                "2027-12-31",
                "2027-06-30",
                "2027-12-31",
                "2027-06-30",
                False,
                False,
                False,
            ],
        )
        self.assertFalse(record.problem_line_ids.mapped("problem"))

    def test_date_is_asked(self):
        """N29, P8: 05/06 alone is asked about."""
        record = self.load("card;points;expires\nCARD-1;5;05/06/2027\n")
        self.assertIn("“05/06/2027” can be read as two dates", record.date_question)
        self.assertEqual(record.line_ids.expiration_date, date(2027, 5, 6))
        with self.assertRaisesRegex(ValidationError, "can be read as two dates"):
            record.action_import()
        record.with_context(answer={"date_style": "dmy"}).action_answer()
        self.assertEqual(record.line_ids.expiration_date, date(2027, 6, 5))
        record.action_import()
        self.assertEqual(self.open_lots(), [(5, None, "2027-06-05")])

    def test_named_separator(self):
        """N29, P8: a first line that names the separator is not the line with the columns."""
        self.cards()
        record = self.load("sep=;\r\nCard number;Points\r\n0437700000017;10\r\n0437700000024;20\r\n")
        self.assertEqual(record.line_ids.mapped(lambda line: (line.number, line.points)), [(3, 10), (4, 20)])
        self.assertNotIn("sep=", record.notes or "")
        record = self.load("sep=^\r\nCard number^Points\r\n0437700000017^10\r\n")
        self.assertEqual(record.line_ids.mapped(lambda line: (line.number, line.points)), [(3, 10)])

    def test_name_and_email(self):
        """N29, P8: columns of a common export map by themselves, e-mails in any case; what is not read is named."""
        self.ann.email = "Ann.Lee@Example.com"
        record = self.load(
            "Name,Email,State,Birthday,Points Balance,Referral URL,Referrals\n"
            "Ann Lee,ann.lee@example.com,member,04/17,1250,https://r.example/a1,2\n"
            "Bob Ray,bob@example.com,member,,80,https://r.example/b2,0\n",
            create_missing=True,
        )
        self.assertEqual(record.line_ids.partner_id, self.ann | self.bob)
        self.assertRecordValues(record, [{"total_change": 1330, "new_card_count": 2, "problem_count": 0}])
        self.assertEqual(record.notes, "These columns are not read: State, Birthday, Referral URL, Referrals.")

    def test_money_with_five_decimals(self):
        """N29, P8: a balance that may be money is asked about; ids of customers are no keys; below zero is a problem."""
        record = self.load(
            "id,customer_code,first_name,last_name,company_name,email,phone,mobile,customer_group_name,enable_loyalty,"
            "loyalty_balance,account_balance\n"
            "0a1b-77,Ann-7QX2,Ann,Lee,,ann@example.com,+44 20 7946 0001,,All Customers,1,12.50000,0.00000\n"
            "0a1b-78,Bob-1AB9,Bob,Ray,Ray Ltd,bob@example.com,,+44 7700 900123,All Customers,1,-3.20000,15.00000\n",
            create_missing=True,
        )
        self.assertIn("“loyalty_balance” may count points or money", record.unit_question)
        self.assertFalse(record.has_keys)
        self.assertEqual(record.line_ids.mapped("partner_id"), self.ann | self.bob)
        with self.assertRaisesRegex(ValidationError, "points or money"):
            record.action_import()
        record.with_context(answer={"unit": "points"}).action_answer()
        self.assertEqual(self.problems(record), {3: "Column points: the card would go below zero."})
        self.assertEqual(record.total_change, 12.5)

    def test_numbers_of_a_spreadsheet(self):
        """N29, P8: a shortened number is a problem of its line; without leading zeros, with spaces it finds its card."""
        self.cards({"0437700000017": self.ann.id})
        record = self.load(
            "Card number;Customer;Points\n"
            "6.3012E+18;ann@example.com;500\n6.3012E+18;bob@example.com;300\n6.3012E+18;cleo@example.com;20\n"
            "4,39E+11;bob@example.com;10\n6301200000000000000;;10\n"
            '437700000017;ann@example.com;5\n="0437700000017";ann@example.com;5\n'
            "'0437700000017;ann@example.com;5\n0437 7000 0001 7;ann@example.com;5\n",
            create_missing=True,
        )
        self.assertEqual(sorted(self.problems(record)), [2, 3, 4, 5, 6])
        self.assertIn("“6.3012E+18” is a number that a spreadsheet has shortened", self.problems(record)[3])
        self.assertIn("lost its last digits", self.problems(record)[6])
        self.assertEqual(
            record.line_ids.filtered(lambda line: line.state == "pending").card_id.mapped("code"), ["0437700000017"]
        )
        self.assertEqual(record.line_ids[5].note, "Read as card 0437700000017.")
        self.assertEqual(record.total_change, 20)

    def test_lost_zero_of_a_new_number(self):
        """N29, P8: a new number that seems to have lost its zero is a problem, as are two cards that fit."""
        self.Card.create([{"program_id": self.program.id, "code": code} for code in ("00-77A", "077a")])
        record = self.load("card;points\n449000000017;5\n77A;5\n", create_missing=True)
        self.assertIn("Did you mean 0449000000017?", self.problems(record)[2])
        self.assertIn("2 cards match “77A”", self.problems(record)[3])

    def test_open_quote(self):
        """N29, P8: a quotation mark that is not closed swallows no line."""
        self.cards()
        for line in ('"Geschenk', '"Geschenk" an Ann'):
            record = self.load(
                f"Card number;Points;Reason\n0437700000017;10;{line}\n0437700000024;20;Umzug\n0437700000031;30;Umzug\n"
            )
            self.assertEqual(record.row_count, 3)
            self.assertEqual(list(self.problems(record)), [2])
            self.assertEqual(record.total_change, 50)
        closed_later = self.load(
            'Card number;Points;Reason\n0437700000017;10;"Geschenk\n0437700000024;20;"\n0437700000031;30;Umzug\n'
        )
        self.assertEqual(closed_later.row_count, 3)
        note = self.load('Card number;Points;Reason\n0437700000017;10;"Moved\nto town"\n0437700000024;20;"a;b"\n')
        self.assertEqual(note.line_ids.mapped(lambda line: (line.number, line.points)), [(2, 10), (4, 20)])

    def test_extra_cells_and_titles(self):
        """N29, P8: a line with too many cells is a problem; titles above the columns are named."""
        record = self.load("Balances as of 1 March, 2026\n\nPrinted by Bob\ncard,points\nCARD-1,1,250\nCARD-2,7,\n")
        self.assertIn("more cells than there are columns", self.problems(record)[5])
        self.assertEqual(record.total_change, 7)
        self.assertEqual(
            record.notes, "Not read, above the names of the columns: Balances as of 1 March 2026; Printed by Bob."
        )

    def test_level(self):
        """N29, P8: a column of levels is known, and said to follow the program's own rules."""
        record = self.load("card,points,VIP Tier\nCARD-1,5,Gold\n")
        self.assertEqual(record.notes, "“VIP Tier” is not imported: the program sets levels by its own rules.")

    def test_expiry_is_not_lost(self):
        """N29, P8: a column of expiry dates is read, or named loudly."""
        record = self.load("card,points,expiration\nCARD-1,5,2027-01-31\n")
        self.assertEqual(record.line_ids.expiration_date, date(2027, 1, 31))
        record = self.load("card,points,valid in shop\nCARD-1,5,2027-01-31\n")
        self.assertIn("“valid in shop” seems to contain expiry dates", record.notes)

    def test_double_and_total(self):
        """N29, P8: a customer named twice is told, whatever the case; the total is a problem, also as a card number."""
        self.make_card(partner_id=self.ann.id)
        self.make_card(partner_id=self.bob.id)
        record = self.load("Email;Points\nann@example.com;100\n\nANN@example.com ;100\nbob@example.com;40\nTotal;240\n")
        self.assertEqual(list(self.problems(record)), [6])
        self.assertIn("looks like the total", self.problems(record)[6])
        self.assertEqual(
            record.line_ids.mapped("note"), [False, "Line 2 is for the same card: both count.", False, False]
        )
        record = self.load("Card;Points\nGesamt:;240\n", create_missing=True)
        self.assertIn("looks like the total", record.problem_line_ids.problem)

    def test_archived_card(self):
        """N29, P8: an archived card gets no points silently."""
        self.card.active = False
        record = self.load("card;points\nCARD-1;5\n")
        self.assertIn("Column card: Card CARD-1 is archived", record.problem_line_ids.problem)

    def test_who_is_meant(self):
        """N29, P8: customers are found by e-mail, reference or phone; two that fit, or contradict, are a problem."""
        self.make_card(partner_id=self.ann.id)
        self.make_card(partner_id=self.bob.id)
        self.cleo.ref = "C-1"
        self.make_card(partner_id=self.cleo.id)
        self.env["res.partner"].create(
            [{"name": "Dan", "email": "twin@example.com", "phone": number} for number in "12"]
        )
        record = self.load(
            "reference;email;phone;points\n"
            ";;020 7946 0001;1\n"
            ";;0044 7700-900123;2\n"
            "C-1;;;3\n"
            ";CLEO@EXAMPLE.COM;;4\n"
            ";twin@example.com;;5\n"
            "C-1;ann@example.com;;6\n"
            ";ann@example.com;07700 900123;7\n"
        )
        self.assertEqual(
            record.line_ids.mapped("partner_id.name"), ["Ann Lee", "Bob Ray", "Cleo Wu"]
        )  # of all lines, once
        self.assertEqual(sorted(self.problems(record)), [6, 7, 8])
        self.assertIn("2 customers match", self.problems(record)[6])
        self.assertIn("are different customers", self.problems(record)[7])
        self.assertEqual(record.total_change, 10)

    # --- keys ----------------------------------------------------------------------------------------------------

    def test_next_month(self):
        """N29, P8: next month's balances are set although the file has the same ids."""
        card = self.make_card(partner_id=self.ann.id)
        bob = self.make_card(partner_id=self.bob.id)
        self.run_import("id;email;points\n17;ann@example.com;100\n18;bob@example.com;40\n", mode="set")
        self.assertBalances(card, points=100)
        record = self.run_import("id;email;points\n17;ann@example.com;250\n18;bob@example.com;40\n", mode="set")
        self.assertBalances(card, points=250)
        self.assertBalances(bob, points=40)
        self.assertRecordValues(record, [{"state": "done", "done_count": 1, "skipped_count": 1}])
        self.assertEqual(record.line_ids[1].note, "Imported before: balances.csv, line 3.")

    def test_corrected_file(self):
        """N29, P8: after lines with problems were left out, the corrected file posts those and no other line twice."""
        record = self.load("card;points\nCARD-1;50\nCARD-2;abc\n")
        record.skip_problems = True
        record.action_import()
        record = self.load("card;points\nCARD-1;50\nCARD-2;7\n")
        self.assertEqual(record.line_ids.mapped("state"), ["skipped", "pending"])
        record.action_import()
        self.assertBalances(points=50)
        self.assertBalances(self.other, points=7)
        # As many points for another card are another line, in another file too.
        self.run_import("card;points\nCARD-2;50\n")
        self.assertBalances(self.other, points=57)
        # The same bonus once more is possible, when somebody says so.
        record = self.load("card;points\nCARD-1;50\n", import_again=True)
        record.action_import()
        self.assertBalances(points=100)

    def test_second_program(self):
        """N29, P8: a list for a second program is posted there, with keys and without, once each."""
        second = self.make_program(name="Second")
        for text in ("email;points;key\nann@example.com;5;A1\n", "email;points\nann@example.com;7\n"):
            for program in (self.program, second):
                for count in (1, 0):
                    record = self.load(text, program_id=program.id, create_missing=True)
                    self.assertEqual(record.pending_count, count)
                    if count:
                        record.action_import()
        cards = self.Card.search([("partner_id", "=", self.ann.id)], order="id")
        self.assertRecordValues(
            cards, [{"program_id": self.program.id, "points": 12}, {"program_id": second.id, "points": 12}]
        )

    def test_key_of_another_card(self):
        """N29, P8: a key that comes again for another card is a problem, not silently left out."""
        self.run_import("card;points;key\nCARD-1;5;A1\n")
        record = self.load("card;points;key\nCARD-2;5;A1\n")
        self.assertEqual(record.problem_line_ids.problem, "Column key: it was imported before for card CARD-1.")

    def test_old_keys(self):
        """N29, P8: what an earlier version imported is not imported again."""
        self.post(self.card, "opening", 5, key="ext:import:A1")
        record = self.load("card;points;key\nCARD-1;5;A1\n")
        self.assertEqual(record.line_ids.state, "skipped")

    def test_nothing_posted_is_not_done(self):
        """N29, P8: an import of which no line could be posted is not done."""
        self.earn(100)
        record = self.load("card;points\nCARD-1;-80\n")
        self.redeem(50)
        record.action_import()
        self.assertRecordValues(record, [{"state": "checked", "done_count": 0, "problem_count": 1}])
        with self.assertRaisesRegex(UserError, "nothing to import"):
            self.load("card;points;mode\nCARD-2;0;set\n").action_import()

    # --- spreadsheets, encodings, columns ------------------------------------------------------------------------

    def workbook(self, *sheets):
        """Return the bytes of an XLSX file with sheets ``(name, rows)``."""
        import openpyxl  # pylint: disable=import-outside-toplevel

        book = openpyxl.Workbook()
        book.remove(book.active)
        for name, rows in sheets:
            sheet = book.create_sheet(name)
            for row in rows:
                sheet.append(row)
        stream = io.BytesIO()
        book.save(stream)
        return stream.getvalue()

    def test_xlsx(self):
        """N29, P8: an Excel file is read: the sheet with the balances, dates as dates, numbers without zeros."""
        self.cards()
        record = self.load(
            self.workbook(
                ("Info", [["Export of our shop"]]),
                (
                    "Balances",
                    [
                        ["Balances"],
                        ["Card number", "Points", "Expiry date"],
                        [437700000017, 12.5, date(2027, 6, 5)],
                        ["0437700000024", 1250, None],
                    ],
                ),
            )
        )
        self.assertRecordValues(
            record.line_ids,
            [
                {
                    "number": 3,
                    "code": "437700000017",
                    "points": 12.5,
                    "expiration_date": date(2027, 6, 5),
                    "state": "pending",
                },
                {"number": 4, "code": "0437700000024", "points": 1250, "expiration_date": False, "state": "pending"},
            ],
        )
        self.assertIn("The sheet “Balances” is read; not read: Info.", record.notes)
        record.action_import()
        self.assertBalances(record.line_ids[0].card_id, points=12.5)

    def test_xlsx_text_beside_numbers(self):
        """N29, P8: 1.125 may be a number of the spreadsheet although a text beside it has a decimal comma."""
        record = self.load(self.workbook(("A", [["Card", "Points"], ["CARD-1", 1.125], ["CARD-2", "12,50"]])))
        self.assertIn("“1.125” can be read in two ways", record.number_question)

    def test_damaged_spreadsheet(self):
        """N29, P8: a spreadsheet that is not complete is refused with words."""
        content = self.workbook(("A", [["Card", "Points"], ["CARD-1", 5]]))
        with self.assertRaisesRegex(ValidationError, "spreadsheet cannot be read"):
            self.load(content[: len(content) // 2])

    def test_utf16_without_mark(self):
        """N29, P8: UTF-16 is read without its mark, in both orders."""
        for number, encoding in enumerate(("utf-16-le", "utf-16-be"), 1):
            record = self.load(f"Card\tPoints\nCARD-1\t{number}\n", encoding=encoding)
            self.assertEqual(record.total_change, number)

    def test_choose_columns(self):
        """N29, P8: columns with unknown names are shown with their values; the user says what they are."""
        record = self.load("Wer;Wieviel;Rest\nCARD-1;50;x\nCARD-2;7;y\n", check=False)
        self.assertRecordValues(
            record.column_ids,
            [
                {"name": "Wer", "sample": "CARD-1 · CARD-2", "role": False},
                {"name": "Wieviel", "sample": "50 · 7", "role": False},
                {"name": "Rest", "sample": "x · y", "role": False},
            ],
        )
        with self.assertRaisesRegex(ValidationError, "Choose the right one under Columns"):
            record.action_check()
        record.column_ids[0].role = "card"
        record.column_ids[1].role = "points"
        record.action_check()
        self.assertEqual(record.total_change, 57)
        record.column_ids[2].role = "reason"
        self.assertEqual(record.state, "draft")
        record.action_check()
        record.action_import()
        self.assertEqual(self.card.entry_ids.reason, "x")
        with self.assertRaises(UserError):
            record.column_ids[2].role = False
        with self.assertRaises(UserError):
            record.column_ids[2].name = "Points"

    def test_file_without_names(self):
        """N29, P8: the first line of a file without names of columns is not lost."""
        record = self.load("CARD-1;50\nCARD-2;7\n", check=False)
        record.column_ids[0].role = "card"
        record.column_ids[1].role = "points"
        record.action_check()
        self.assertEqual(record.total_change, 57)


class TestFileTools(BaseCase):
    def test_read_number(self):
        """N29, P8: a number is read in one style, or it is none."""
        cases = {
            "7": (7, 7),
            "-7": (-7, -7),
            "1234.5": (1234.5, None),
            "1234,5": (None, 1234.5),
            "1 234,50": (None, 1234.5),
            "1.234,5": (None, 1234.5),
            "1'234": (1234, 1234),
            "1,234,567": (1234567, None),
            "0,125": (None, 0.125),
            "1,234": (1234, 1.234),
            "(5)": (-5, -5),
            "5-": (-5, -5),
            "$1,250.50": (1250.5, None),
            "12,50 €": (None, 12.5),
            "300 pts": (300, 300),
            "1,00,000": (100000, None),
            "\u22125": (-5, -5),
        }
        for text, numbers in cases.items():
            read = tuple(balance_values.read_number(text, style) for style in ("point", "comma"))
            self.assertEqual(read, numbers, text)
        for text in ("", "abc", "1,23,4", "--5", "1e5", "nan", ".", "12.34,5", "9" * 31, "1 2", "6.3012E+18"):
            self.assertIsNone(balance_values.read_number(text, "point"), text)
            self.assertIsNone(balance_values.read_number(text, "comma"), text)

    def test_style_of_a_column(self):
        """N29, P8: the style comes from all cells; where they allow both or contradict, there is none."""
        for cells, reading in (
            (["1.250", "12,50"], ("comma", None)),
            (["1.250", "12.5"], ("point", None)),
            (["1.250", "3"], (None, "1.250")),
            (["1,234.5", "1.234,5"], (None, "1.234,5")),
            (["7", "abc"], ("point", None)),
        ):
            self.assertEqual(tuple(balance_values.decide_numbers(cells)), reading, cells)
        self.assertEqual(tuple(balance_values.decide_dates(["05/06/2027", "06/13/2027"])), ("mdy", None))
        self.assertEqual(tuple(balance_values.decide_dates(["05/06/2027", "31.12.2027"])), (None, "05/06/2027"))

    def test_read_date(self):
        """N29, P8: a moment is a day where the shop is; no text becomes a wrong date."""
        berlin = ZoneInfo("Europe/Berlin")
        for text, day in {
            "2027-06-30T22:00:00Z": date(2027, 7, 1),
            "2027-06-30T23:59:59Z": date(2027, 6, 30),
            "2027-06-30 00:00:00": date(2027, 6, 30),
            "5/6/27 12:00 AM": date(2027, 6, 5),
            "202712": date(2027, 12, 31),
            "20271231": date(2027, 12, 31),
            "31-Dec-27": date(2027, 12, 31),
            "Dec 31, 2027": date(2027, 12, 31),
            "02/2028": date(2028, 2, 29),
            "2027/12/31": date(2027, 12, 31),
            "46752": None,
            "31/31/2026": None,
            "": None,
            "20271": None,
            "0001-01-01": None,
            "12": None,
        }.items():
            self.assertEqual(balance_values.read_date(text, "dmy", berlin), day, text)

    def test_columns_without_names(self):
        """N29, P8: beside e-mails, numbers are taken for points unless they look like phones, card numbers or dates."""
        emails = ["ann@example.com", "bob@example.com"]
        guess = balance_columns.find_roles_by_content
        for cells in (["50", "7"], ["1,250.50", ""], ["999999", "-3"], ["12.5000", "123456.7890"], ["50 points", "1"]):
            self.assertEqual(guess([emails, cells]), {0: "email", 1: "points"}, cells)
        for cells in (
            ["5551234567", "5557654321"],
            ["50", "+49 171 234-5678"],
            ["0171.2345678", ""],
            ["0441234", "0441235"],
            ["2025-01-31", "2025-02-28"],
            ["31.1.25", "1.2.25"],
            ["1/31/2025 10:00", ""],
            ["31 Jan 25", ""],
        ):
            self.assertEqual(guess([emails, cells]), {}, cells)

    def test_names_of_columns(self):
        """N29, P8: names are known in any case, with accents and signs; an id is nobody's key."""
        self.assertEqual(
            balance_columns.find_roles(
                ["ID", "E-Mail", "Points (Balance)", "Gültig bis", "Total Points", "Phone", "Mobile"]
            ),
            {1: "email", 2: "points", 3: "expiration_date", 5: "phone", 6: "phone"},
        )
        self.assertTrue(balance_columns.is_total("TOTAL:"))

    def test_separators(self):
        """N29, P8: the separator is the one that finds the columns, whatever a title has."""
        for separator in ";,\t|":
            text = f"A title, with; signs\ncard{separator}points\nX{separator}1\n"
            self.assertEqual(balance_file.find_delimiter(text), separator)
