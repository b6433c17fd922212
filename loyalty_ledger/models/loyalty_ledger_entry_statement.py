"""Transactions as lines of a statement."""

from odoo import models
from odoo.tools import format_date

from ..ledger.rounding import to_units
from .loyalty_card_statement import ROWS, StatementLine


class LoyaltyLedgerEntry(models.Model):
    _inherit = "loyalty.ledger.entry"

    def _statement_line(self):
        """Return the transaction as a line of the customer's statement."""
        self.ensure_one()
        spent = self.is_redemption or (self.kind == "external" and self.points < 0)
        reason, document = self.reason or "", self.document_name or ""
        if self.kind == "redate" and self.expiration_date:
            reason = self.env._("Valid until %s", format_date(self.env, self.expiration_date))
        if self.res_model == "loyalty.card" and self.res_id == self.card_id.id:
            document = ""  # a card is no document of its own
        elif (self.res_model or "").startswith("loyalty.") and self.res_model != "loyalty.card":
            document = ""  # how the shop did it is not the customer's business
        return StatementLine(
            self.effective_date,
            self.kind,
            "redeemed" if spent else ROWS.get(self.kind, "adjusted"),
            to_units(self.points),
            reason,
            document,
        )

    def _portal_description(self):
        """Say to the customer what happened: the document, else the reason, else the type."""
        self.ensure_one()
        line = self._statement_line()
        name = dict(self._fields["kind"]._description_selection(self.env))[self.kind]
        return " · ".join(part for part in (name, line.document or line.reason) if part)

    def _portal_url(self, user):
        """Return where ``user`` finds the document in the portal, or False when it is not theirs."""
        self.ensure_one()
        document = self.env[self.res_model].browse(self.res_id).exists() if self.res_model in self.env else None
        if not document or "access_url" not in document._fields or "partner_id" not in document._fields:
            return False
        own = document.partner_id.commercial_partner_id == user.partner_id.commercial_partner_id
        return own and document.access_url not in (False, "#") and document.access_url
