import io

from odoo.exceptions import ValidationError
from odoo.tests import tagged
from odoo.tools.pdf import PdfReader

from .common import LedgerCase


@tagged("post_install", "-at_install")
class TestRightToLeft(LedgerCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang("ar_001")
        cls.card.code = "0660-beef-4752"
        cls.isolated = f"\u2066{cls.card.code}\u2069"

    def in_arabic(self, card):
        return card.with_context(lang="ar_001")

    def test_numbers_in_sentences(self):
        """In a language from right to left, a number with dashes keeps the order of its parts in explanations and errors."""
        self.card.closed = True
        self.assertIn(self.isolated, self.in_arabic(self.card)._unusable_reason())
        self.assertNotIn("\u2066", self.card._unusable_reason())
        self.card.closed = False
        for card, number in ((self.in_arabic(self.card), self.isolated), (self.card, self.card.code)):
            with self.assertRaisesRegex(ValidationError, f" {number} "):
                card._post_entries([self.op(self.card, "redeem", -5)])
            with self.assertRaisesRegex(ValidationError, f" {number} "), self.cr.savepoint():
                card.write({"start_date": "2027-01-01", "expiration_date": "2026-12-01"})

    def test_names_of_cards(self):
        """The name of a card stands in columns and pickers beside the name of its program, which may be Arabic."""
        self.assertEqual(self.in_arabic(self.card).display_name, f"Points: {self.isolated}")
        self.assertEqual(self.card.display_name, "Points: 0660-beef-4752")
        found = self.in_arabic(self.env["loyalty.card"]).name_search("0660-beef-4752")
        self.assertEqual([id_ for id_, __ in found], self.card.ids)

    def test_signs_and_currencies(self):
        """A sign stays before its number, and a currency where the language has it: without marks they change places."""
        mark, first, last = "\u200e", "\u2066", "\u2069"
        program, currency = self.card.program_id, self.env.company.currency_id
        card = self.in_arabic(self.card)
        self.assertEqual(self.in_arabic(program)._say_points(600, signed=True), f"{mark}+600 Points")
        self.assertEqual(program._say_points(600, signed=True), "+600 Points")
        self.assertEqual(card._say_points(600, signed=True), f"{first}+600{last} Points")
        self.assertEqual(card._say_points(-20, signed=True), f"{first}-20{last} Points")
        self.assertEqual(card._say_points(20), "20 Points", "a number without a sign needs no mark")
        gift_card = self.env["loyalty.program"].create(
            {"name": "Gifts", "program_type": "gift_card", "currency_id": currency.id}
        )
        self.assertRegex(self.in_arabic(gift_card)._say_points(20), f"^{first}.*{last}$")
        self.assertNotIn(first, gift_card._say_points(20))
        figures = self.in_arabic(self.env["loyalty.dashboard"]).load_figures()["figures"]
        texts = [figure["text"] for figure in figures if currency.symbol in figure["text"]]
        self.assertTrue(texts)
        for text in texts:
            self.assertRegex(text, f"^{first}.*{last}$")

    def test_numbers_on_paper(self):
        """wkhtmltopdf writes what stands between isolates backwards; on paper the numbers are marked by elements."""
        Report = self.env["ir.actions.report"]
        html = '<p title="\u2066-1\u2069">A \u2066+1,200\u2069 B \u2066-20\u2069</p><i>\u2066half</i>'
        self.assertEqual(
            Report._isolates_as_elements(html),
            '<p title="\u2066-1\u2069">A <span dir="ltr">+1,200</span> B <span dir="ltr">-20</span></p><i>\u2066half</i>',
        )
        points = self.in_arabic(self.card)._say_points(1200, signed=True)
        body = f'<html><head><meta charset="utf-8"/></head><body dir="rtl"><p>{points}</p></body></html>'
        text = PdfReader(io.BytesIO(Report._run_wkhtmltopdf([body]))).pages[0].extract_text()
        self.assertIn("+1,200", text)

    def test_numbers_among_letters_on_paper(self):
        """A number among Arabic letters has an element of its own, or wkhtmltopdf draws the letters beyond the edge."""
        Report = self.env["ir.actions.report"]
        month = "\u0645\u0627\u064a\u0648"
        for text, expected in (
            (f"<td>{month} 2026</td>", f'<td>{month} <span dir="ltr">2026</span></td>'),
            (f"<td>{month} -1,200.50</td>", f'<td>{month} <span dir="ltr">-1,200.50</span></td>'),
            (f"<td>{month}-20 (88%)</td>", f'<td>{month}-<span dir="ltr">20</span> (<span dir="ltr">88%</span>)</td>'),
            (f"<td>{month}&#160;31/12/2026</td>", f'<td>{month}&#160;<span dir="ltr">31/12/2026</span></td>'),
            ("<td> -1,200.50\n</td>", '<td> <span dir="ltr">-1,200.50</span>\n</td>'),
            ("<td>-\ufeff1,200.50</td>", '<td><span dir="ltr">-\ufeff1,200.50</span></td>'),
            ("<td>1,200.50</td><i>-</i><b>+5%</b>", '<td>1,200.50</td><i>-</i><b><span dir="ltr">+5%</span></b>'),
            (f'<td title="{month} 1">May 2026</td>', f'<td title="{month} 1">May 2026</td>'),
        ):
            self.assertEqual(Report._numbers_as_elements(text), expected)
        marked = Report._run_wkhtmltopdf([self.page_of(f"{month} 2026")])
        by_hand = Report._run_wkhtmltopdf([self.page_of(f'{month} <span dir="ltr">2026</span>')])
        self.assertEqual(*(PdfReader(io.BytesIO(pdf)).pages[0].get_contents().get_data() for pdf in (marked, by_hand)))

    def page_of(self, text):
        return f'<html><head><meta charset="utf-8"/></head><body dir="rtl"><p>{text}</p></body></html>'
