import base64
import io

from PIL import Image
from reportlab.graphics.barcode.code128 import _patterns

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools.pdf import PdfReader

from .register_common import RegisterCase

LAYOUTS = ("plastic", "sheet", "receipt")


@tagged("post_install", "-at_install")
class TestCardPrint(RegisterCase):
    """Cards printed for the customer."""

    def html(self, cards, layout):
        report = self.env["ir.actions.report"].with_user(self.user)
        return report._render_qweb_html(f"loyalty_ledger.report_loyalty_card_{layout}", cards.ids)[0].decode()

    def test_layout_of_the_program(self):
        """S23: the program chooses the layout, and the register prints in it."""
        paper = {"plastic": (86, 54), "sheet": (0, 0), "receipt": (80, 90)}
        for layout in LAYOUTS:
            self.program.card_layout = layout
            action = self.card.with_user(self.user).action_print_card()
            self.assertEqual(action["report_name"], f"loyalty_ledger.report_loyalty_card_{layout}")
            report = self.env["ir.actions.report"]._get_report_from_name(action["report_name"])
            self.assertEqual((report.paperformat_id.page_width, report.paperformat_id.page_height), paper[layout])
        menu = self.env["ir.actions.actions"].with_user(self.user).get_bindings("loyalty.card")["report"]
        self.assertIn(self.env.ref("loyalty_ledger.action_print_loyalty_card").id, [item["id"] for item in menu])
        self.assertIn(self.env.ref("loyalty.report_gift_card").id, [item["id"] for item in menu])

    def test_papers_of_coupons(self):
        """A loyalty card is offered neither the coupon's paper nor the gift card's; the others keep both."""
        papers = self.env.ref("loyalty.report_loyalty_card") | self.env.ref("loyalty.report_gift_card")
        menu = self.env["ir.actions.actions"].with_user(self.user).get_bindings("loyalty.card")["report"]
        # The web client asks about the reports that have this key, and shows all others.
        self.assertEqual({item["id"] for item in menu if "domain" in item} & set(papers.ids), set(papers.ids))
        papers = papers.with_user(self.user)
        self.assertEqual(papers.get_valid_action_reports("loyalty.card", self.card.ids), [])
        for program_type in ("gift_card", "ewallet", "coupons"):
            other = self.make_card(self.make_program(program_type=program_type, trigger="auto"))
            self.assertEqual(papers.get_valid_action_reports("loyalty.card", other.ids), papers.ids, program_type)

    def test_true_to_size(self):
        """S23: on paper a card is as large as its layout says, on one page, with the wkhtmltopdf of any package."""
        cards = self.card | self.other
        pages = {"plastic": 2, "sheet": 1, "receipt": 2}
        barcodes = {"plastic": 74, "sheet": 74, "receipt": 68}
        for layout in LAYOUTS:
            report = self.env["ir.actions.report"].with_context(force_report_rendering=True)
            pdf, __ = report._render_qweb_pdf(f"loyalty_ledger.action_report_loyalty_card_{layout}", cards.ids)
            reader = PdfReader(io.BytesIO(pdf))
            self.assertEqual(len(reader.pages), pages[layout], layout)
            for page in reader.pages:
                self.assertAlmostEqual(max(_widths_of_images(page)), barcodes[layout], delta=2, msg=layout)

    def test_what_is_on_it(self):
        """S23: number, barcode, name, program, level and expiry, in the language of the customer."""
        self.env["res.lang"]._activate_lang("de_DE")
        self.make_levels()
        self.partner.lang = "de_DE"
        card = self.make_card(code="20001234567", expiration_date="2027-12-31")
        for layout in LAYOUTS:
            html = self.html(card, layout)
            for text in ("20001234567", "Ann", "Points", "One", "31.12.2027", "data:image/png;base64,"):
                self.assertIn(text, html, layout)

    def test_barcode_is_the_number(self):
        """S23: anybody who scans the barcode gets the number."""
        for code in ("20001234567", "20001234568", "0446-ec71-4d11"):
            self.card.code = code
            kind, data = self.card._card_barcode().split(",")
            self.assertEqual(kind, "data:image/png;base64")
            image = Image.open(io.BytesIO(base64.b64decode(data))).convert("1")
            row = [image.getpixel((x, image.height // 2)) == 0 for x in range(image.width)]
            self.assertEqual(_read_bars(row), code)

    def test_number_without_barcode(self):
        """S23: a number that Code128 cannot write is printed without barcode, and the rest of the card as usual."""
        self.card.code = "Зимa-1"
        self.assertFalse(self.card._card_barcode())
        for layout in LAYOUTS:
            self.assertIn("Зимa-1", self.html(self.card, layout))

    def test_many(self):
        """S23: ten cards on a sheet, a page for each plastic card, and no number is left out."""
        cards = self.card | self.other
        cards |= self.Card.create([{"program_id": self.program.id, "partner_id": self.partner.id} for __ in range(11)])
        self.assertEqual([[len(row) for row in sheet] for sheet in cards._card_sheets()], [[2] * 5, [2, 1]])
        for layout, breaks in (("plastic", 12), ("sheet", 1), ("receipt", 12)):
            html = self.html(cards, layout)
            self.assertEqual(html.count("page-break-before: always"), breaks, layout)
            for card in cards:
                self.assertIn(card.code, html)

    def test_refused(self):
        """S23: coupons are left to Odoo's own print; different layouts are not mixed."""
        coupon = self.make_card(self.make_program(program_type="promotion", trigger="auto"))
        with self.assertRaises(UserError):
            coupon.action_print_card()
        self.assertEqual(
            (coupon | self.card).action_print_card()["context"]["active_ids"], self.card.ids, "coupons are left out"
        )
        other = self.make_card(self.make_program(name="Club", card_layout="receipt"))
        with self.assertRaises(UserError):
            (self.card | other).action_print_card()


def _widths_of_images(page):
    """Return the widths of the images of a page of a PDF in millimetres."""
    widths = set()

    def look(operator, __, matrix, ___):
        if operator == b"Do":
            widths.add(matrix[0] / 72 * 25.4)

    page.extract_text(visitor_operand_before=look)
    return widths


def _read_bars(row):
    """Read a line of pixels as Code128, sets B and C, with reportlab's table of symbols; check the check symbol."""
    patterns = {tuple("abcd".index(part.lower()) + 1 for part in key): value for value, key in _patterns.items()}
    first, last = row.index(True), len(row) - row[::-1].index(True)
    edges = [x for x in range(first, last + 1) if x in (first, last) or row[x] != row[x - 1]]
    pixels = [after - before for before, after in zip(edges, edges[1:])]
    module = sum(pixels[:6]) / 11  # a symbol has three bars and three spaces, eleven modules in all
    widths = [round(width / module) for width in pixels]
    values = [patterns[tuple(widths[start : start + 6])] for start in range(0, len(widths) - 7, 6)]
    *symbols, check = values
    assert check == (symbols[0] + sum(place * value for place, value in enumerate(symbols))) % 103
    text, digits = "", symbols[0] == 105
    for value in symbols[1:]:
        if value in (99, 100):
            digits = value == 99
        else:
            text += f"{value:02}" if digits else chr(value + 32)
    return text
