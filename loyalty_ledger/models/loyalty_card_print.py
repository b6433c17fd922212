"""Cards on paper and plastic: the layout of the program, with the number as barcode (S23)."""

import base64

from odoo import models
from odoo.exceptions import UserError

from odoo.addons.base.models.ir_actions_report import _wkhtml

#: Layouts and the reports that print them.
LAYOUTS = {
    "plastic": "loyalty_ledger.action_report_loyalty_card_plastic",
    "sheet": "loyalty_ledger.action_report_loyalty_card_sheet",
    "receipt": "loyalty_ledger.action_report_loyalty_card_receipt",
}
#: Cards on a sheet: two columns of five.
COLUMNS, ROWS = 2, 5
#: wkhtmltopdf with plain Qt, as Debian and Ubuntu pack it, prints 96 dots as if they were 125 and cannot be told not to.
PLAIN_QT_ZOOM = 125 / 96


class LoyaltyCard(models.Model):
    _name = "loyalty.card"
    _inherit = ["loyalty.values.mixin", "loyalty.card"]

    def action_print_card(self):
        """Print the cards in the layout of their program."""
        self.check_access("read")  # what is remembered of a card is no right to it
        cards = self.filtered("ledgered")
        if not cards:
            raise UserError(self.env._("Only cards with a points ledger can be printed as loyalty cards."))
        layouts = set(cards.program_id.mapped("card_layout"))
        if len(layouts) > 1:
            raise UserError(
                self.env._(
                    "The programs of these cards have different card layouts. Print the cards of one program at a time."
                )
            )
        return self.env.ref(LAYOUTS[layouts.pop()]).report_action(cards, config=False)

    def _card_barcode(self):
        """Return the number as Code128, as the source of an image; False for what Code128 cannot write."""
        self.ensure_one()
        try:
            image = self.env["ir.actions.report"].barcode("Code128", self.code, width=600, height=120, quiet=False)
        except (AttributeError, ValueError):
            return False
        return f"data:image/png;base64,{base64.b64encode(image).decode()}"

    def _paper_zoom(self):
        """Return the zoom at which a millimetre of a layout is one on paper, whichever wkhtmltopdf prints it."""
        return 1 if _wkhtml().is_patched_qt else PLAIN_QT_ZOOM

    def _card_sheets(self):
        """Return the cards as pages of rows of an A4 sheet."""
        size = COLUMNS * ROWS
        return [
            [page[start : start + COLUMNS] for start in range(0, len(page), COLUMNS)]
            for page in (self[start : start + size] for start in range(0, len(self), size))
        ]

    def _in_language_of_customer(self):
        """Return the card as its customer reads it."""
        self.ensure_one()
        return self.with_context(lang=self.partner_id.lang or self.env.lang)
