"""Numbers in papers of languages that are written from right to left."""

import re

from odoo import models

FIRST, LAST = "\N{LEFT-TO-RIGHT ISOLATE}", "\N{POP DIRECTIONAL ISOLATE}"
#: A text between two tags that has isolates.
ISOLATED_TEXT = re.compile(f">[^<>]*{FIRST}[^<>]*<")
#: A text between two tags in letters that are written from right to left (Hebrew, Arabic and what belongs to them).
RIGHT_TO_LEFT = "\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc"
RIGHT_TO_LEFT_TEXT = re.compile(f">[^<>]*[{RIGHT_TO_LEFT}][^<>]*<")
SIGN = "[-+]\ufeff?"  # Odoo's amounts have a mark behind the minus that forbids a line break
#: A number in it, with the sign that belongs to it: "2026", "-1,200.50", "31/12/2026", "88%"; no character reference.
NUMBER = re.compile(rf"&#?\w+;|((?:(?<![^\s(>]){SIGN})?[0-9](?:[0-9.,:/-]*[0-9])?%?)")
#: A number with a sign that stands alone between two tags.
SIGNED_NUMBER = re.compile(rf">(\s*)({SIGN}[0-9][0-9.,]*%?)(\s*)<")


class IrActionsReport(models.Model):
    _inherit = "ir.actions.report"

    def _run_wkhtmltopdf(self, bodies, *args, **kwargs):
        """Mark numbers by elements: wkhtmltopdf turns what is isolated by characters around, "+1,200" into "002,1+", and
        pushes words beside a bare number out of their line, beyond the edge of the paper."""
        bodies = [self._numbers_as_elements(self._isolates_as_elements(body)) for body in bodies]
        return super()._run_wkhtmltopdf(bodies, *args, **kwargs)

    def _numbers_as_elements(self, html):
        """Return a page with an element around each number that stands among letters written from right to left, and around
        each that stands alone with a sign, which would come behind it there and changes nothing elsewhere."""
        html = SIGNED_NUMBER.sub(r'>\1<span dir="ltr">\2</span>\3<', str(html))
        return RIGHT_TO_LEFT_TEXT.sub(
            lambda text: NUMBER.sub(
                lambda number: f'<span dir="ltr">{number[1]}</span>' if number[1] else number[0], text[0]
            ),
            html,
        )

    def _isolates_as_elements(self, html):
        if FIRST not in html:
            return html
        return ISOLATED_TEXT.sub(
            lambda text: (
                text[0].replace(FIRST, '<span dir="ltr">').replace(LAST, "</span>")
                if text[0].count(FIRST) == text[0].count(LAST)
                else text[0]
            ),
            str(html),
        )
