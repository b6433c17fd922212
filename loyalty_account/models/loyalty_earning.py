"""What the sale behind points was taxed with, frozen with the earning (N17)."""

import math
from collections import defaultdict
from fractions import Fraction

from odoo import fields, models
from odoo.tools import SQL

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
    earlier_tax_sets = fields.Json(
        "Earlier Taxes of the Sale",
        readonly=True,
        help="Taxes before the document was changed, for what was redeemed until then.",
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
        kept = {tuple(row["taxes"]): row for row in self.tax_sets or ()}
        sets = self._sum_up_sets(lines)
        if not sets or self._are_kept(sets, kept):
            return {}
        tolerance = self.currency_id.rounding * (len(lines) + 1) / (self.currency_rate or 1.0)
        rows = [
            {
                "taxes": list(taxes),
                "gross": gross,
                "net": net,
                "parts": self._parts_of(taxes, kept, gross, net, tolerance),
            }
            for taxes, (gross, net) in sets.items()
        ]
        whole = sum(exact(max(0.0, row["gross"])) for row in rows)
        vat = sum(exact(max(0.0, row["gross"])) * sum(Fraction(part) for __, __, part in row["parts"]) for row in rows)
        values = {"tax_sets": rows, "relief": float(vat / whole) if whole else 0.0}
        return values | self._keep_earlier_sets()

    def _keep_earlier_sets(self):
        """Return values that keep the taxes of before for what points were redeemed until now: its VAT was taken off at their
        rates, and stays. Whoever changed the document is told."""
        redeemed = self.env["loyalty.ledger.entry"].browse(self._redeemed_points()) if self.tax_sets else None
        earlier = self.earlier_tax_sets or []
        since = earlier[-1]["until"] if earlier else 0
        redeemed = redeemed and redeemed.filtered(lambda entry: entry.id > since)
        if not redeemed:
            return {}
        self._tell_redeemed_before(redeemed)
        return {"earlier_tax_sets": [*earlier, {"since": since, "until": max(redeemed.ids), "sets": self.tax_sets}]}

    def _redeemed_points(self):
        """Return ids of the redemptions that used points of this document, given back since or not."""
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT d.id FROM loyalty_ledger_entry e
                  JOIN loyalty_lot r ON r.entry_id = e.id
                  JOIN loyalty_lot l ON l.id = r.id OR l.origin_lot_id = r.id
                  JOIN loyalty_ledger_consumption c ON c.lot_id = l.id
                  JOIN loyalty_ledger_entry d ON d.id = c.debit_entry_id AND d.kind = 'redeem'
                 WHERE e.res_model = %s AND e.res_id = %s AND e.program_id = %s AND e.kind = 'earn' ORDER BY d.id
                """,
                self.res_model,
                self.res_id,
                self.program_id.id,
            )
        )
        return [entry_id for (entry_id,) in rows]

    def _tell_redeemed_before(self, entries):
        """Say on the document which redemptions keep the VAT of before its change."""
        document = self.env[self.res_model].browse(self.res_id)
        rows = self.env["loyalty.relief"].search(
            [("earning_id", "=", self.id), ("origin_id", "=", False), ("vat_amount", "!=", 0)]
        )
        keys = {(entry.res_model, entry.res_id) for entry in entries}
        names = {
            self.env[row.res_model].browse(row.res_id).display_name
            for row in rows
            if (row.res_model, row.res_id) in keys
        }
        if names and hasattr(document, "message_post"):
            document.message_post(
                body=self.env._(
                    "Points of this document had been redeemed before it was changed: %(redemptions)s. The VAT that they took "
                    "off stays as it was. If the taxes were wrong, cancel these redemptions and apply the points again, or "
                    "correct the VAT with a journal entry.",
                    redemptions=", ".join(sorted(names)),
                )
            )

    @staticmethod
    def _sum_up_sets(lines):
        """Return ``{taxes: (gross, net)}`` of lines; the net is None where a line has several sets."""
        totals, nets = defaultdict(float), defaultdict(float)
        for line in lines:
            for taxes, gross in line.sets.items():
                totals[taxes] += gross
                nets[taxes] += line.untaxed if len(line.sets) == 1 else math.nan
        return {
            taxes: (round(gross, 6), None if math.isnan(nets[taxes]) else round(nets[taxes], 6))
            for taxes, gross in totals.items()
        }

    @staticmethod
    def _are_kept(sets, kept):
        """Return whether nothing changed. Earlier releases kept no net."""
        return sets.keys() == kept.keys() and all(
            row["gross"] == sets[taxes][0] and row.get("net") in (None, sets[taxes][1]) for taxes, row in kept.items()
        )

    def _parts_of(self, taxes, kept, gross, net, tolerance):
        """Return ``[[tax, rate, part of a gross amount]]`` for a set of taxes; the part is a fraction as text.

        The rates are those of the document: as they were kept, of today, or what its amounts say where both are others.
        """
        known = kept[taxes]["parts"] if taxes in kept else None
        # Who sells need not see taxes; the document was read with the rights of its user.
        taxes = self.env["account.tax"].sudo().browse(taxes).flatten_taxes_hierarchy().filtered("amount")
        candidates = [parts for parts in (known, self._nominal_parts(taxes)) if parts is not None]
        if net is None or not gross:
            return candidates[0]
        for parts in candidates:
            if abs(float(exact(gross) * (1 - sum(Fraction(part) for __, __, part in parts))) - net) <= tolerance:
                return parts
        return self._parts_of_amounts(taxes, candidates[0], gross, net, tolerance)

    def _nominal_parts(self, taxes):
        taxes = taxes.filtered(lambda tax: tax.amount_type != "fixed")
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

    @staticmethod
    def _parts_of_amounts(taxes, parts, gross, net, tolerance):
        """Return parts that net and gross of a document make, where its rates are neither those kept nor those of today, or
        where an amount for each piece is part of the gross."""
        fixed = taxes.filtered(lambda tax: tax.amount_type == "fixed")
        if fixed:
            if any(tax.include_base_amount for tax in fixed):
                return parts  # taxes on top of it: their part of the gross is that of their rate
            return [[tax, rate, str(exact(rate) * exact(net) / 100 / exact(gross))] for tax, rate, __ in parts]
        if len(parts) == 1:
            ((tax, __, __),) = parts
            rate = round((gross - net) / net * 100, 2) if net else 0.0
            if abs(gross - net * (1 + rate / 100)) <= tolerance:
                return [[tax, rate, str(exact(rate) / (100 + exact(rate)))]]
        whole = sum(Fraction(part) for __, __, part in parts)
        if not whole:
            return parts
        factor = (exact(gross) - exact(net)) / exact(gross) / whole
        return [[tax, rate, str(Fraction(part) * factor)] for tax, rate, part in parts]
