"""Comparisons of a proof: what is behind their two sides."""

from odoo import fields, models
from odoo.fields import Domain


class LoyaltyProofPart(models.Model):
    _inherit = "loyalty.proof.part"

    currency_id = fields.Many2one(related="proof_id.currency_id")

    def action_view_ledger(self):
        """Open the rows of the ledger that the comparison counted."""
        self.ensure_one()
        if self.part == "completeness":
            return self._open_lots()
        if self.part == "value" and self.proof_id.program_id._keeps_stored_value():
            return self._open_xmlid("loyalty_ledger.loyalty_card_outstanding_action", self._of_program())
        if self.part == "value":
            return self._open_values()
        domain = self._of_program() & Domain("effective_date", "<=", self.proof_id.date)
        if self.part == "payments":
            domain &= Domain("is_redemption", "=", True)
        return self._open_xmlid("loyalty_ledger.loyalty_ledger_entry_action", domain)

    def action_view_books(self):
        """Open what it was compared with: open lots, value lines or journal items."""
        self.ensure_one()
        if self.part == "points":
            return self._open_lots()
        if self.part == "completeness":
            return self._open_values()
        program = self.proof_id.program_id
        # Readers of the proof may have no access to programs; journal items are read with their own rights.
        accounts = program.sudo().liability_account_id
        if self.part == "payments":
            accounts |= program.sudo().cost_account_id
        else:
            rows = self.env["loyalty.valuation"].sudo()._read_group(self._of_program(), ["account_id"])
            accounts = accounts.union(*(account for (account,) in rows))
        domain = Domain("account_id", "in", accounts.ids) & Domain("parent_state", "=", "posted")
        return {
            **self._open_list("account.move.line", domain & Domain("date", "<=", self.proof_id.date)),
            "name": self.books_label,
        }

    def _of_program(self):
        return Domain("program_id", "=", self.proof_id.program_id.id)

    def _open_lots(self):
        return {**self._open_list("loyalty.lot.report", self._of_program()), "name": self.env._("Open Points")}

    def _open_values(self):
        domain = self._of_program() & Domain("date", "<=", self.proof_id.date)
        return self._open_xmlid("loyalty_account.loyalty_valuation_action", domain)

    def _open_list(self, model, domain):
        return {
            "type": "ir.actions.act_window",
            "res_model": model,
            "views": [(False, "list"), (False, "form")] if model != "loyalty.lot.report" else [(False, "list")],
            "domain": list(domain),
            "context": {"create": False},
        }

    def _open_xmlid(self, xmlid, domain):
        action = self.env["ir.actions.act_window"]._for_xml_id(xmlid)
        return {**action, "domain": list(domain), "context": {"create": False, "active_test": False}}
