"""Exports of other systems as they really write them, with invented data (folder ``exports``): the right reading, or a question."""

import io
import zipfile
from datetime import date

from odoo.exceptions import ValidationError
from odoo.tests import BaseCase, tagged
from odoo.tools import file_open, mute_logger

from ..tools import balance_columns, balance_encoding, balance_file, balance_values
from ..tools.balance_matching import same_phone
from .test_import import ImportCase


@tagged("post_install", "-at_install")
class TestImportExports(ImportCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.maya, cls.lee, cls.zoe, cls.ivan, cls.chloe = cls.env["res.partner"].create(
            [
                {"name": "Maya O'Neil", "email": "maya.oneil@example.com"},
                {"name": "Lee Park", "email": "lee.park@example.com", "phone": "+1 (555) 010-0102"},
                {"name": "Zoe Hill", "email": "zoe@example.com"},
                {"name": "Иванов Иван Иванович", "phone": "+7 916 555-01-01"},
                {"name": "Chloé Lefèvre", "email": "chloe.lefevre@example.fr"},
            ]
        )

    def read(self, name, check=True, **values):
        with file_open(f"loyalty_ledger/tests/exports/{name}", "rb") as file:
            return self.load(file.read(), check=check, create_missing=True, **values)

    def lines(self, record):
        """Return ``(line, who, points, expiry date)`` of what would be imported."""
        return [
            (line.number, line.code or line.partner_id.name, line.points, str(line.expiration_date or ""))
            for line in record.line_ids
            if line.state == "pending"
        ]

    def problem(self, record, number):
        return record.problem_line_ids.filtered(lambda line: line.number == number).problem

    # --- letters -------------------------------------------------------------------------------------------------

    def test_cyrillic(self):
        """N29, P8: a Cyrillic code page is found; one customer has several balances with dates; the total is none."""
        record = self.read("russian_cp1251.csv")
        self.assertEqual(
            record.column_ids.mapped(lambda column: (column.name, column.role)),
            [
                ("Код карты", "card"),
                ("Владелец", "name"),
                ("Телефон", "phone"),
                ("Остаток баллов", "points"),
                ("Дата сгорания", "expiration_date"),
            ],
        )
        self.assertFalse(record.encoding_question)
        self.assertEqual(
            self.lines(record),
            [(2, "2200000000017", 1250, "2027-12-31"), (3, "2200000000017", 350, "2028-06-30")],
        )
        self.assertEqual(record.line_ids[:2].partner_id, self.ivan)
        self.assertEqual(record.new_card_count, 1)
        self.assertFalse(record.line_ids[2].expiration_date)  # 01.01.0001
        self.assertIn("looks like the total", self.problem(record, 6))
        self.assertIn("Lines that name customers who are not among your contacts: 2.", record.notes)
        record.skip_problems = True
        record.action_import()
        card = record.line_ids[0].card_id
        self.assertBalances(card, points=1600)
        self.assertEqual(
            sorted((lot.remaining, lot.expiration_date) for lot in card.lot_ids),
            [(350, date(2028, 6, 30)), (1250, date(2027, 12, 31))],
        )

    def test_central_european(self):
        """N29, P8: the code page that names known columns is right."""
        record = self.read("polish_cp1250.csv")
        self.assertEqual(record.column_ids.mapped("role"), ["card", "name", "points", "expiration_date"])
        self.assertEqual(record.line_ids.mapped("customer"), ["Łukasz Wójcik", "Żaneta Śliwińska"])
        self.assertEqual(record.line_ids.mapped("points"), [1250, 80])
        self.assertFalse(record.encoding_question)
        # Nothing but the name of a column tells that this is not “Èíslo”, or “G¸ltig”.
        for text, encoding, first in (
            ("Číslo karty;Saldo\nCARD-1;5\n", "cp1250", "Číslo karty"),
            ("Gültig bis;Karte;Punkte\n2027-12-31;CARD-1;5\n", "mac_roman", "Gültig bis"),
        ):
            record = self.load(text, encoding=encoding)
            self.assertEqual(record.column_ids[0].name, first)
            self.assertRecordValues(record, [{"encoding_question": False, "total_change": 5, "problem_count": 0}])

    def test_mac_and_japanese(self):
        """N29, P8: files of an old Mac (ends of lines too) and of Japan are read."""
        record = self.read("mac_roman.csv")
        self.assertEqual(record.line_ids.mapped("customer"), ["José Núñez", "Zoë Grün"])
        record = self.read("japanese_shift_jis.csv")
        self.assertEqual(record.line_ids.mapped("customer"), ["山田 太郎", "鈴木 花子"])
        self.assertEqual(record.line_ids.mapped(lambda line: str(line.expiration_date)), ["2027-03-31", "2027-12-31"])

    def test_letters_are_asked(self):
        """N29, P8: letters that make words in two code pages are asked about, or the user's language decides and it is said."""
        text = "Name;Points\nChloé Lefèvre;5\n"
        record = self.load(text, encoding="cp1252", create_missing=True)
        self.assertEqual(
            record.encoding_question,
            "The letters of this file can be read in several ways: Western European (Windows): “Chloé Lefèvre”; Central "
            "European (Windows): “Chloé Lefčvre”. The lines below are read in the first one. Keep it, or choose another one "
            "under Encoding.",
        )
        with self.assertRaisesRegex(ValidationError, "can be read in several ways"):
            record.action_import()
        record.encoding = "cp1250"
        record.action_check()
        self.assertFalse(record.encoding_question)
        self.assertEqual(record.line_ids.customer, "Chloé Lefčvre")
        record.encoding = "auto"
        record.action_check()
        record.with_context(answer={"encoding": "keep"}).action_answer()
        self.assertRecordValues(record, [{"encoding": "cp1252", "encoding_question": False}])
        record.action_import()
        self.assertEqual(record.line_ids.card_id.partner_id, self.chloe)
        self.env["res.lang"]._activate_lang("fr_FR")
        self.manager.lang = "fr_FR"
        record = self.load(text.replace("5", "6"), encoding="cp1252", create_missing=True)
        self.assertFalse(record.encoding_question)
        self.assertIn("“Chloé Lefèvre”", record.notes)
        # Letters that nobody reads are no question.
        self.manager.lang = "en_US"
        record = self.load("card;points;town\nCARD-1;5;Lefèvre\n", encoding="cp1252")
        self.assertFalse(record.encoding_question)

    def test_wrong_encoding(self):
        """N29, P8: a file that is not written in the chosen encoding is refused, and what was chosen for columns stays."""
        record = self.load("Wer;Wieviel\nMüller;5\n", check=False, encoding="cp1252")
        record.column_ids[0].role, record.column_ids[1].role = "name", "points"
        record.encoding = "utf-8"
        with self.assertRaisesRegex(ValidationError, "not written in the chosen encoding"):
            record.action_check()
        record = self.load("Wer;Wieviel\nMüller;5\n", check=False)
        record.column_ids[0].role, record.column_ids[1].role = "name", "points"
        record.delimiter = ";"
        self.assertEqual(record.column_ids.mapped("role"), ["name", "points"])

    # --- which column is which -----------------------------------------------------------------------------------

    def test_square(self):
        """N29, P8: phones behind an apostrophe, an empty balance, and money that is no balance."""
        record = self.read("square.csv")
        record.with_context(answer={"number_style": "point"}).action_answer()
        self.assertEqual(self.lines(record), [(2, "Maya O'Neil", 1240, ""), (3, "Lee Park", 35, "")])
        self.assertRecordValues(
            record.line_ids[2],
            [{"state": "skipped", "note": "This line has no number of points.", "problem": False}],
        )
        self.assertIn("Lifetime Spend", record.notes)

    def test_loyaltylion(self):
        """N29, P8: of approved, pending and spent points the approved ones are the balance; a moment with a zone is a day."""
        record = self.read("loyaltylion.csv")
        self.assertEqual(
            self.lines(record),
            [
                (2, "Maya O'Neil", 1240, "2027-03-31"),
                (3, "Lee Park", 35, record.line_ids[1].expiration_date.isoformat()),
                (4, "Zoe Hill", 12, ""),
            ],
        )
        self.assertIn("points_pending, points_spent", record.notes)

    def test_yotpo(self):
        """N29, P8: the balance and not what was ever earned; a negative in brackets; months first because of one line."""
        record = self.read("yotpo.csv")
        record.with_context(answer={"number_style": "point"}).action_answer()
        self.assertEqual(
            self.lines(record), [(2, "Maya O'Neil", 1240, "2027-12-31"), (3, "Lee Park", 35, "2027-03-04")]
        )
        self.assertEqual(self.problem(record, 4), "Column points: the card would go below zero.")

    def test_several_balances(self):
        """N29, P8: which of two balances counts is asked where their numbers differ; choosing a column answers too."""
        record = self.read("movements.csv")
        self.assertEqual(
            record.column_question,
            "Several columns may be the balance: “Points”, “Balance”. The lines below are read from “Points”. Keep it, or "
            "choose another one under Columns.",
        )
        with self.assertRaisesRegex(ValidationError, "Several columns may be the balance"):
            record.action_import()
        record.with_context(answer={"column_chosen": True}).action_answer()
        self.assertRecordValues(record, [{"column_question": False, "total_change": 95}])
        points, balance = (
            record.column_ids.filtered(lambda column, name=name: column.name == name) for name in ("Points", "Balance")
        )
        points.role, balance.role = False, "points"
        record.action_check()
        self.assertFalse(record.column_question)
        self.assertEqual(record.line_ids.mapped("points"), [100, 60, 75, 20])
        # Cash and stamps: the stamps are points.
        record = self.read("loylap.csv")
        self.assertFalse(record.column_question or record.unit_question)
        self.assertEqual(record.line_ids.mapped("points"), [7, 12])
        self.assertIn("Cash_Balance", record.notes)
        # Somebody who chooses the cash is asked what it counts.
        stamps, cash = (
            record.column_ids.filtered(lambda column, name=name: column.name == name)
            for name in ("Stamp_Balance", "Cash_Balance")
        )
        stamps.role, cash.role = False, "points"
        record.action_check()
        self.assertIn("“Cash_Balance” may count points or money", record.unit_question)

    def test_two_lines_of_names(self):
        """N29, P8: names in two lines belong together; none of two balances is chosen silently."""
        record = self.read("two_lines_of_names.xlsx", check=False)
        self.assertEqual(
            record.column_ids.mapped("name")[5:9],
            [
                "Loyalty Points Currently Available",
                "Loyalty Points Not Yet Available",
                "Loyalty Points Total Used",
                "Loyalty Points Currently Available (Converted)",
            ],
        )
        with self.assertRaisesRegex(
            ValidationError, "Several columns may be the balance: “Loyalty Points Currently Av"
        ):
            record.action_check()
        record.column_ids[5].role = "points"
        record.action_check()
        self.assertEqual(self.lines(record), [(3, "Maya O'Neil", 1240, ""), (4, "Lee Park", 35, "")])

    # --- spreadsheets --------------------------------------------------------------------------------------------

    def test_sheets(self):
        """N29, P8: the sheet with the balances is found, or chosen by its name; amounts of money are asked about."""
        record = self.read("money_and_cover.xlsx")
        self.assertIn("The sheet “Customers” is read; not read: Cover.", record.notes)
        self.assertIn("“Reward Balance” may count points or money", record.unit_question)
        self.assertEqual(
            self.lines(record), [(2, "Maya O'Neil", 12.5, "2027-12-31"), (3, "Lee Park", 1050, "2027-03-04")]
        )
        self.assertTrue(record.is_sheet)
        record.sheet = "cover"
        with self.assertRaisesRegex(ValidationError, "No column is named “points”"):
            record.action_check()
        record.sheet = "Sheet 7"
        with self.assertRaisesRegex(ValidationError, "no sheet “Sheet 7”. Its sheets are: Cover, Customers."):
            record.action_check()

    def test_old_spreadsheet(self):
        """N29, P8: XLS with titles, a lost zero, an empty balance and a total."""
        record = self.read("titles_and_sheets.xls")
        self.assertEqual(self.lines(record), [(4, "0449000000024", 35, "2028-06-05")])
        self.assertEqual(record.line_ids.mapped("state"), ["problem", "pending", "skipped", "problem"])
        self.assertIn("Did you mean 0449000000017?", self.problem(record, 3))

    def test_files_that_cannot_be_read(self):
        """N29, P8: what is no list of cells is refused with words that say what to do."""
        archive, binary = io.BytesIO(), io.BytesIO()
        with zipfile.ZipFile(archive, "w") as file:
            file.writestr("balances.csv", "card;points\nCARD-1;5\n")
        with zipfile.ZipFile(binary, "w") as file:
            file.writestr("[Content_Types].xml", "<Types/>")
            file.writestr("xl/workbook.bin", "x")
        for content, words in (
            (b"<html><table><tr><td>card</td></tr></table></html>", "web page or XML.* save it as XLSX"),
            (b'\xef\xbb\xbf<?xml version="1.0"?><Workbook/>', "web page or XML"),
            (b'[{"email": "maya.oneil@example.com", "points": "190"}]', "JSON.*CSV or XLSX"),
            (b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n", "PDF.*CSV"),
            (archive.getvalue(), "ZIP archive. Unpack it"),
            (binary.getvalue(), "neither a text file nor a spreadsheet"),
            (b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03sNKI-", "neither a text file nor a spreadsheet"),
            (b"\xd0\xcf\x11\xe0" + "EncryptedPackage".encode("utf-16-le"), "protected by a password"),
        ):
            with self.subTest(words=words), self.assertRaisesRegex(ValidationError, words):
                self.load(content)

    @mute_logger("odoo.addons.base_import.models.base_import")
    def test_open_document(self):
        """N29, P8: ODS is read where the server can, else the user reads what to do."""
        record = self.read("libreoffice.ods", check=False)
        try:
            record.action_check()
        except ValidationError as error:
            self.assertIn("need the Python package odfpy on the server. Save the file as XLSX", str(error))
        else:
            self.assertEqual(record.line_ids.mapped("points"), [1250.5, 35])

    # --- numbers and dates ---------------------------------------------------------------------------------------

    def test_french(self):
        """N29, P8: narrow spaces between thousands, a real minus, days first because of one line."""
        record = self.read("french_narrow_spaces.csv")
        self.assertEqual(self.lines(record), [(2, "3760000000014", 1234.5, "2027-12-31")])
        self.assertEqual(record.line_ids.mapped("points"), [1234.5, 12000, -12])
        self.assertEqual(record.line_ids[1].expiration_date, date(2028, 6, 5))
        self.assertFalse(record.number_question or record.date_question)
        self.assertEqual(record.notes.splitlines()[0], "These columns are not read: Statut.")

    def test_german_till(self):
        """N29, P8: other columns say how numbers are probably meant; it is asked all the same. A minus may stand behind."""
        record = self.read("german_till.csv")
        self.assertIn("the lines below are read with a decimal comma", record.number_question)
        self.assertEqual(record.line_ids.mapped("points"), [1250, 12000, -50])

    def test_other_groups(self):
        """N29, P8: apostrophes of Switzerland, groups of two digits of India, months by name in Spanish."""
        record = self.read("swiss_apostrophes.csv")
        self.assertEqual(record.line_ids.mapped("points"), [1250.5, 12000, 980.25])
        record = self.read("indian_groups.csv")
        self.assertEqual(record.line_ids.mapped("points"), [125000.5, 12500])
        self.assertEqual(record.line_ids[1].expiration_date, date(2027, 6, 5))
        record = self.read("spanish_months.csv")
        self.assertEqual(record.line_ids.mapped("points"), [1250, 80])
        self.assertEqual(record.line_ids.mapped("expiration_date"), [date(2027, 12, 31), date(2028, 6, 5)])

    def test_short_line(self):
        """N29, P8: a line that ends before its points is a problem, not an empty balance."""
        record = self.load("card;points\nCARD-1;5\nCARD-2")
        self.assertEqual(self.problem(record, 3), "The line ends before the column of points. Is the file complete?")

    # --- who is meant --------------------------------------------------------------------------------------------

    def test_phones(self):
        """N29, P8: customers of two areas whose numbers end alike are two customers."""
        self.env["res.partner"].create(
            [{"name": "Ann", "phone": "+1 (212) 555-0177"}, {"name": "Ben", "phone": "312-555-0177"}]
        )
        record = self.load("phone;points\n(212) 555-0177;1\n13125550177;2\n(646) 555-0177;4\n", create_missing=True)
        self.assertEqual(record.line_ids.mapped(lambda line: line.partner_id.name), ["Ann", "Ben", False])
        self.assertEqual(record.total_change, 3)

    def test_what_to_do(self):
        """N29, P8: the check counts new cards without those of lines with problems, and says how missing ones are issued."""
        text = "email;points\nmaya.oneil@example.com;5\nlee.park@example.com;-5\n"
        record = self.load(text, create_missing=True)
        self.assertRecordValues(record, [{"new_card_count": 1, "problem_count": 1, "notes": ""}])
        self.assertEqual(record.line_ids.mapped("is_new_card"), [True, False])
        record = self.load(text)
        self.assertEqual(
            record.notes, "Lines for cards that do not exist yet: 2. Choose Create Missing Cards to issue them."
        )

    def test_same_name(self):
        """N29, P8: a customer of the same name with another e-mail is somebody else; the same phone is said."""
        record = self.load(
            "email;phone;name;points\nother@example.com;;Lee Park;5\nnew@example.com;555 010 0102;Lee Park;7\n;;Lee Park;1\n",
            create_missing=True,
        )
        self.assertEqual(
            self.problem(record, 2),
            "“Lee Park” is a customer, but with another e-mail or phone: lee.park@example.com, not other@example.com. Correct the "
            "contact or the file.",
        )
        self.assertEqual(
            record.line_ids[1].note,
            "Found by phone; the customer has another e-mail: lee.park@example.com, not new@example.com.",
        )
        self.assertEqual(record.total_change, 8)


class TestExportTools(BaseCase):
    def test_code_pages(self):
        """N29, P8: what is decided is right; what is not decided names the right code page."""
        texts = {
            "de": ("Name;Übernahme\n1;Müller-Lüdenscheidt;groß\n", "cp1252 cp1250 cp850 mac_roman"),
            "es": ("Nº;José Núñez;Peña\n¡Ojo!;Íñigo;12 €", "cp1252 cp850 mac_roman"),
            "fr": ("N° de carte;Prénom\nChloé;Lefèvre;l’été;Noël;Œuvre", "cp1252 mac_roman"),
            "pl": ("Imię i nazwisko;Łukasz Wójcik;Żaneta Śliwińska", "cp1250 cp852"),
            "cs": ("Příjmení;Dvořák;Žižkov;Nováková", "cp1250 cp852"),
            "hu": ("Nagy Erzsébet;Fűzfő;Győr;Tóth", "cp1250 cp852"),
            "tr": ("İsim;Ayşe Yılmaz;Öğün Şahin;düğün", "cp1254"),
            "lt": ("Vardas;Žąsis;Jūratė Kazlauskienė;Šarūnas", "cp1257"),
            "ru": ("Код карты;Владелец;Иванов Иван;Эльдорадо\nИВАНОВ;ЯНА", "cp1251 cp866 koi8_r"),
            "el": ("Αριθμός κάρτας;Όνομα;Γιώργος Παπαδόπουλος", "cp1253"),
            "he": ("מספר כרטיס;שם;שלום כהן;נקודות", "cp1255"),
            "ar": ("رقم البطاقة;الاسم;محمد علي;النقاط", "cp1256"),
            "ja": ("会員番号;氏名;山田 太郎;ﾔﾏﾀﾞ ﾀﾛｳ;ポイント残高", "cp932"),
            "zh": ("会员卡号;姓名;王小明;积分余额", "gb18030"),
            "zh_TW": ("會員卡號;姓名;王小明;點數餘額", "big5"),
            "ko": ("회원번호;이름;김철수;포인트 잔액", "cp949"),
        }
        for language, (text, encodings) in texts.items():
            for encoding in encodings.split():
                with self.subTest(language=language, encoding=encoding):
                    content = text.encode(encoding, "replace")
                    read = balance_encoding.decode_unknown(content)
                    readings = [content.decode(name) for name in (read.encoding, *read.rivals)]
                    self.assertIn(content.decode(encoding), readings)
                    home = balance_encoding.home_encoding(language)
                    if encoding == home and language != "zh_TW":
                        self.assertEqual(balance_encoding.decode_unknown(content, home).text, content.decode(encoding))
        # One letter alone is Windows rather than DOS or an old Mac.
        for word in ("Übernahme", "Sánchez", "Bäcker", "Ärger", "Øster", "Müller"):
            read = balance_encoding.decode_unknown(word.encode("cp1252"))
            self.assertEqual(read.text, word)
            self.assertFalse({"mac_roman", "cp850", "cp852"} & set(read.rivals), word)
        self.assertIn("mac_roman", balance_encoding.decode_unknown("Müller".encode("mac_roman")).rivals)
        self.assertFalse(balance_encoding.decode_unknown("Übernahme".encode("cp1252")).rivals)
        self.assertEqual(balance_encoding.home_encoding("en_US", "PL"), "cp1250")
        self.assertIsNone(balance_encoding.home_encoding("en_US", "US"))

    def test_large_file(self):
        """N29, P8: letters behind many lines without any decide too."""
        content = b"card;name\n" + b"1;Ann\n" * 5000 + "2;Łukasz Żak\n".encode("cp1250")
        self.assertTrue(balance_file.decode(content).text.endswith("Łukasz Żak\n"))

    def test_same_phone(self):
        """N29, P8: a number is the same with and without the prefixes of country and trunk, and only then."""
        for one, other, same in (
            ("+44 (0)7700 900123", "07700 900123", True),
            ("0044 7700-900123", "+44 7700 900123", True),
            ("447700900123", "07700 900123", True),
            ("+1 212 555 0101", "(312) 555-0101", False),
            ("(212) 555-0101", "+1 (212) 555-0101", True),
            ("12125550101", "212-555-0101", True),
            ("8 (916) 555-01-01", "+7 916 555-01-01", True),
            ("79165550101", "8 916 555 01 01", True),
            ("79460001", "+44 20 7946 0001", False),
            ("5550101", "+1 212 555 0101", False),
            ("+45 12 34 56 78", "12345678", True),
            ("+39 06 1234567", "06 1234567", True),
            ("+33 6 12 34 56 78", "+34 6 12 34 56 78", False),
            ("212-555-0101", "312-555-0101", False),
        ):
            self.assertEqual((same_phone(one, other), same_phone(other, one)), (same, same), (one, other))

    def test_months(self):
        """N29, P8: months by name in the languages of the trade, and what databases write for no date."""
        for text, day in {
            "31 dic 2027": date(2027, 12, 31),
            "31. Dez. 2027": date(2027, 12, 31),
            "31 déc. 2027": date(2027, 12, 31),
            "1er mars 2027": date(2027, 3, 1),
            "31 декабря 2027 г.": date(2027, 12, 31),
            "2027年3月31日": date(2027, 3, 31),
            "31 de diciembre de 2027": date(2027, 12, 31),
            "5 mai 2027": date(2027, 5, 5),
            "5 maj 2027": date(2027, 5, 5),
            "Sept 5, 2027": date(2027, 9, 5),
            "June 5th, 2027": date(2027, 6, 5),
            "31 foo 2027": None,
        }.items():
            self.assertEqual(balance_values.read_date(text, "dmy"), day, text)
        for text in ("01.01.0001 0:00:00", ".  .", "—", "30.12.1899", "1900-01-00", "31/12/9999 23:59", "0001-01-01"):
            self.assertTrue(balance_values.is_never(text), text)
        for text in ("2027-01-01", "0001", "10000", "1.1.2000", ""):
            self.assertFalse(balance_values.is_never(text), text)

    def test_names_taken_apart(self):
        """N29, P8: names that nobody listed are known by their words; two that fit are nobody's."""
        for names, roles in (
            (
                ["points_approved", "points_pending", "points_spent", "points_expire_at"],
                {0: "points", 3: "expiration_date"},
            ),
            (["N° de carte", "Saldo puntos"], {0: "card", 1: "points"}),
            (["Membership No", "Cash_Balance", "Stamp_Balance"], {0: "card", 2: "points"}),
            (["Stars balance", "Stamps balance"], {}),
            (["Points expiring", "Card type", "Payment card number", "Points earned"], {}),
        ):
            self.assertEqual(balance_columns.find_roles(names), roles, names)
        self.assertEqual(
            balance_columns.may_be_points(["Points", "Balance", "Points Earned", "Opening Balance"]), [0, 1]
        )
