"""What the sale behind points was taxed with, frozen with the earning (N17)."""

from collections import defaultdict
from fractions import Fraction

from odoo import fields, models

from odoo.addons.loyalty_ledger.ledger.rounding import exact

#: A gross amount on which taxes that are no plain percentages show which part of it they take.
LARGE = 10**9


class LoyaltyEarning(models.Model):
    _inherit = "loyalty.earning"

    tax_sets = fields.Json(
        "Taxes of the Sale",
        readonly=True,
        help="Gross of the products that earned, by their taxes, with the rates of that day. Empty for documents from "
        "before rates were kept.",
    )
    relief = fields.Float(
        "VAT in the Sale",
        digits=(16, 12),
        readonly=True,
        aggregator=None,
        help="Part of the gross amount of the products that earned which is VAT.",
    )

    def _synchronise_documents(self):
        super()._synchronise_documents()
        ids = [earning.res_id for earning in self if earning.res_model == "account.move"]
        self.env["account.move"].browse(ids).exists()._sync_loyalty()

    def _note(self, claim, result, change):
        """Keep by which taxes the products were sold that earned, as long as the document may change."""
        values = super()._note(claim, result, change)
        if claim.active and self.program_id.accounting_policy != "none":
            values |= self._freeze_tax_sets(claim)
        return values

    def _freeze_tax_sets(self, claim):
        """Return values for what the document was taxed with, or none where nothing changed: rates stay those of then.

        A document that gave its points before rates were kept has none: those of today would be a guess.
        """
        if self.revision and not self.tax_sets:
            return {}
        products = self.terms["products"]
        lines = [line for line in claim.lines if products[str(line.product_id)]] or claim.lines
        totals = defaultdict(float)
        for line in lines:
            for tax_ids, gross in line.sets.items():
                totals[tax_ids] += gross
        totals = {taxes: round(gross, 6) for taxes, gross in totals.items()}
        kept = {tuple(row["taxes"]): row for row in self.tax_sets or ()}
        if not totals or {taxes: row["gross"] for taxes, row in kept.items()} == totals:
            return {}
        rows = [
            {"taxes": list(tax_ids), "gross": gross, "parts": self._parts_of(tax_ids, kept)}
            for tax_ids, gross in totals.items()
        ]
        whole = sum(exact(max(0.0, row["gross"])) for row in rows)
        vat = sum(exact(max(0.0, row["gross"])) * sum(Fraction(part) for __, __, part in row["parts"]) for row in rows)
        return {"tax_sets": rows, "relief": float(vat / whole) if whole else 0.0}

    def _parts_of(self, tax_ids, kept):
        """Return ``[[tax, rate, part of a gross amount]]`` for a set of taxes; the part is a fraction as text."""
        if tax_ids in kept:
            return kept[tax_ids]["parts"]
        # Who sells need not see taxes; the document was read with the rights of its user.
        taxes = self.env["account.tax"].sudo().browse(tax_ids).flatten_taxes_hierarchy()
        taxes = taxes.filtered(lambda tax: tax.amount and tax.amount_type != "fixed")
        if all(tax.amount_type == "percent" and not tax.include_base_amount for tax in taxes):
            whole = 100 + sum(exact(tax.amount) for tax in taxes)
            return [[tax.id, tax.amount, str(exact(tax.amount) / whole)] for tax in taxes]
        details = taxes._get_tax_details(
            LARGE, 1.0, precision_rounding=1e-6, rounding_method="round_globally", special_mode="total_included"
        )
        return [
            [data["tax"].id, data["tax"].amount, str(Fraction(round(data["tax_amount"] * 10**4), LARGE * 10**4))]
            for data in details["taxes_data"]
        ]
