"""Numbers in papers of languages that are written from right to left."""

import re

from odoo import models

FIRST, LAST = "\N{LEFT-TO-RIGHT ISOLATE}", "\N{POP DIRECTIONAL ISOLATE}"
#: A text between two tags that has isolates.
ISOLATED_TEXT = re.compile(f">[^<>]*{FIRST}[^<>]*<")


class IrActionsReport(models.Model):
    _inherit = "ir.actions.report"

    def _run_wkhtmltopdf(self, bodies, *args, **kwargs):
        """Mark numbers by elements: wkhtmltopdf turns what is isolated by characters around, "+1,200" into "002,1+"."""
        return super()._run_wkhtmltopdf([self._isolates_as_elements(body) for body in bodies], *args, **kwargs)

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
