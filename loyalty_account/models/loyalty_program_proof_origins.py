"""The proof of VAT at the rates of the sales that earned (N17): recalculated from the ledger and what the earnings keep, and
compared with the journal items and with the statement of original sales."""

from collections import defaultdict
from typing import NamedTuple

from odoo import models
from odoo.tools import SQL

from odoo.addons.loyalty_ledger.tools.sql_files import read_sql

PROOF_RELIEF_OF_SALES = read_sql(__file__, "proof_relief_of_sales")


class ReliefBooked(NamedTuple):
    """What a document books for points: the money that they cover, and its VAT by tax; negative for what comes back."""

    model: str
    id: int
    gross: float
    vat: dict


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    def _check_relief_of_sales(self, date):
        """Name redemptions whose VAT is not that of the sales whose points they used."""
        documents = self._relief_booked(date)
        if not documents:
            return []
        expected, unit = self._relief_of_sales(documents), self.currency_id.rounding
        kept = self._relief_kept()
        found = []
        for document in documents:
            key = document.model, document.id
            wanted, tolerance = expected.get(key) or ({}, self._tolerance_without_points(document, date))
            for other, limit in ((wanted, tolerance), (kept.get(key, {}), unit / 2)):
                wrong = {
                    tax_id: (other.get(tax_id, 0.0), document.vat.get(tax_id, 0.0))
                    for tax_id in sorted({*other, *document.vat})
                    if abs(other.get(tax_id, 0.0) - document.vat.get(tax_id, 0.0)) > limit
                }
                if wrong:
                    found.append(self._say_relief_of_sales(document, wrong))
                    break
        return found

    def _tolerance_without_points(self, document, date):
        """Return by how much the VAT of a document may differ that moved no points: what comes back may be worth less than
        half a point, and its money with the VAT comes back nevertheless."""
        unit = self.currency_id.rounding
        return 0.6 * unit if document.gross >= 0 else 1.6 * unit + self._points_to_money(1, date)

    def _relief_booked(self, date):
        """Return :class:`ReliefBooked` of the documents that redeem points with the VAT of original sales, or give them
        back, as their journal items say. Override for documents of other kinds."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT p.id, l.tax_line_id, -sum(l.balance) FILTER (WHERE a.account_type = 'asset_receivable'),
                       sum(l.balance)
                  FROM account_payment p
                  JOIN loyalty_card c ON c.id = p.loyalty_card_id AND c.program_id = %(program)s
                  JOIN account_move_line l ON l.move_id = p.move_id AND l.parent_state = 'posted' AND l.date <= %(date)s
                  JOIN account_account a ON a.id = l.account_id
                 WHERE EXISTS (SELECT 1 FROM loyalty_relief r WHERE r.move_id = p.move_id)
                    OR EXISTS (SELECT 1 FROM account_move_line t JOIN account_tax x ON x.id = t.tax_line_id
                                WHERE t.move_id = p.move_id AND x.type_tax_use = 'sale')
                 GROUP BY p.id, l.tax_line_id ORDER BY p.id
                """,
                program=self.id,
                date=date,
            )
        )
        gross, vat = {}, defaultdict(dict)
        for payment_id, tax_id, covered, balance in rows:
            if tax_id:
                vat[payment_id][tax_id] = float(balance)
            else:
                gross[payment_id] = float(covered or 0)
        return [ReliefBooked("account.payment", res_id, amount, vat[res_id]) for res_id, amount in gross.items()]

    def _relief_of_sales(self, documents):
        """Return ``{(model, id): ({tax id: VAT}, tolerance)}`` of documents, from the ledger and the earnings alone."""
        keys = [(document.model, document.id) for document in documents]
        gross = {(document.model, document.id): document.gross for document in documents}
        names = {"models": [model for model, __ in keys], "ids": [res_id for __, res_id in keys]}
        rows = self.env.execute_query(SQL(PROOF_RELIEF_OF_SALES, program=self.id, **names))
        points = {
            (model, res_id): abs(float(total))
            for model, res_id, total in self.env.execute_query(
                SQL(
                    """
                    SELECT res_model, res_id, sum(points) FROM loyalty_ledger_entry
                     WHERE program_id = %(program)s AND is_redemption
                       AND (res_model, res_id) IN (SELECT * FROM unnest(%(models)s::text[], %(ids)s::int[]))
                     GROUP BY 1, 2
                    """,
                    program=self.id,
                    **names,
                )
            )
        }
        expected, tolerances = defaultdict(lambda: defaultdict(float)), {}
        for model, res_id, *origin, tax_id, weight in rows:
            own, sale = (model, res_id), tuple(origin)
            # What comes back is worth what it was when it was redeemed.
            worth = gross.get(sale, 0.0) / points[sale] if points.get(sale) else 0.0
            expected[own][tax_id] += float(weight) * worth
            tolerances[own] = self.currency_id.rounding * 0.6
            if own != sale:
                tolerances[own] += self.currency_id.rounding + abs(worth)  # points come back as whole ones
        return {key: (dict(vat), tolerances[key]) for key, vat in expected.items()}

    def _relief_kept(self):
        """Return ``{(model, id): {tax id: VAT}}`` as the statement of original sales says it."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT r.res_model, r.res_id, v.key::int, sum(v.value::text::numeric)
                  FROM loyalty_relief r CROSS JOIN LATERAL jsonb_each(r.vat) v
                 WHERE r.program_id = %s GROUP BY 1, 2, 3
                """,
                self.id,
            )
        )
        kept = defaultdict(dict)
        for model, res_id, tax_id, vat in rows:
            kept[model, res_id][tax_id] = float(vat)
        return kept

    def _say_relief_of_sales(self, document, wrong):
        taxes = self.env["account.tax"].browse(list(wrong))
        record = self.env[document.model].browse(document.id)
        parts = [
            self.env._(
                "%(tax)s: %(booked)s instead of %(expected)s",
                tax=tax.name,
                booked=self.currency_id.format(wrong[tax.id][1]),
                expected=self.currency_id.format(wrong[tax.id][0]),
            )
            for tax in taxes
        ]
        return {
            "model": document.model,
            "res_id": document.id,
            "problem": self.env._(
                "%(name)s: the VAT that points take off is not that of the sales that earned them (%(parts)s).",
                name=record.display_name,
                parts="; ".join(parts),
            ),
            "size": sum(abs(expected - booked) for expected, booked in wrong.values()),
        }
