"""What redemptions cost goes to the analytic accounts of the sales that points paid."""

from collections import defaultdict

from odoo import models


class AccountMove(models.Model):
    _inherit = "account.move"

    def _loyalty_distribution(self):
        """Return the analytic distribution of this document: the mix of its lines by their amounts, or False.

        Percentages are rounded to Odoo's two digits; lines without a distribution leave their part open.
        """
        self.ensure_one()
        lines = self.invoice_line_ids.filtered(lambda line: line.display_type == "product")
        if not any(lines.mapped("analytic_distribution")):
            return False
        whole = sum(abs(line.balance) for line in lines)
        mix = defaultdict(float)
        for line in lines:
            for accounts, percentage in (line.analytic_distribution or {}).items():
                mix[accounts] += percentage * abs(line.balance) / whole if whole else 0.0
        return {accounts: round(percentage, 2) for accounts, percentage in mix.items() if round(percentage, 2)} or False
