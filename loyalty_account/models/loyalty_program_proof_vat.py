"""The proof of VAT: what redemptions relieve, rate by rate, against the split of what is still redeemed (S24, N4).

What is booked is read from tax items, or from the taxes of lines where points lower a price; what is expected is
calculated from the lines of the documents alone.
"""

from collections import defaultdict

from odoo import models
from odoo.tools import SQL

from odoo.addons.loyalty_ledger.tools.sql_files import read_sql
from odoo.addons.loyalty_ledger.tools.words import say_percentage

from ..books.relief import differences, relief_of, rough_relief, still_redeemed

PROOF_RELIEF_OF_REDUCTIONS = read_sql(__file__, "proof_relief_of_reductions")

PROOF_RELIEF_OF_PAYMENTS = read_sql(__file__, "proof_relief_of_payments")

PROOF_MOVED_RELIEF = read_sql(__file__, "proof_moved_relief")

#: Taxes whose part of an amount is the same whatever the amount.
PERCENT = "percent"


class Sale:
    """One sale that points paid: what was redeemed, what came back, and the VAT that was booked for it."""

    def __init__(self):
        self.moves = set()  # ids of its invoices
        self.redeemed = self.back = 0.0
        self.returns, self.redemptions = set(), 0
        self.booked = defaultdict(float)
        self.is_foreign = False

    def join(self, other):
        """Add another sale, whose goods came back with those of this one."""
        self.moves |= other.moves
        self.returns |= other.returns
        self.redeemed += other.redeemed
        self.back += other.back
        self.redemptions += other.redemptions
        self.is_foreign |= other.is_foreign
        for rate, vat in other.booked.items():
            self.booked[rate] += vat

    def tolerance(self, unit):
        if self.back and abs(self.redeemed - self.back) < unit / 2:
            return unit / 2  # everything is back, so nothing may be left
        roundings = 1.01 + len(self.returns) + max(0, self.redemptions - 1) + (3 if self.is_foreign else 0)
        return unit * roundings


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    def _check_relief(self, date):
        """Name invoices whose points relieve another VAT than what they still pay of them."""
        sales = defaultdict(Sale)
        self._read_relief_of_payments(sales, date)
        self._read_relief_of_reductions(sales, date)
        sales = {
            move_id: sale
            for move_id, sale in sales.items()
            if move_id and any(abs(amount) > 0.000001 for amount in sale.booked.values())
        }
        if not sales:
            return []
        sets = self._tax_sets_of_moves({*sales, *(note for sale in sales.values() for note in sale.returns)}, date)
        found = []
        for move_id, sale in sorted(sales.items()):
            sale.moves.add(move_id)
            if move_id not in sets or any(sets.get(note, {}) is None for note in (move_id, *sale.returns)):
                continue  # a draft, or taxes that are no percentage
            wrong = self._relief_problem(sale, sets)
            if wrong and (joined := self._joined_sale(move_id, sales)):
                known = self._tax_sets_of_moves({*joined.moves, *joined.returns}, date)
                wrong = None not in known.values() and self._relief_problem(joined, known)
            if wrong:
                found.append(self._say_relief("account.move", move_id, wrong))
        return found

    def _joined_sale(self, move_id, sales):
        """Return the sale of an invoice together with those whose goods came back by the same credit notes, or None."""
        notes = self.env["account.move"].browse(sorted(sales[move_id].returns))
        notes = notes.filtered(lambda note: note.move_type == "out_refund" and not note.reversed_entry_id)
        others = {move.id for note in notes for move in note._reduced_sale()[0]} & sales.keys() - {move_id}
        if not others:
            return None
        joined = Sale()
        for other_id in (move_id, *sorted(others)):
            sales[other_id].moves.add(other_id)
            joined.join(sales[other_id])
        return joined

    def _check_moved_relief(self, date):
        """Name redemptions that were matched with a document whose VAT they did not relieve."""
        found = []
        rows = self.env.execute_query(SQL(PROOF_MOVED_RELIEF, program=self.id, date=date))
        for model, record_id, paid_id, document_id, amount in rows:
            source, document = self.env[model].browse(record_id), self.env["account.move"].browse(document_id)
            if source._still_pays(document):
                continue
            found.append(
                {
                    "model": model,
                    "res_id": record_id,
                    "problem": self.env._(
                        "%(redemption)s redeemed points on %(paid)s and relieved the VAT of its lines, but it is matched "
                        "with %(document)s, which has other taxes.",
                        redemption=source.display_name,
                        paid=self.env["account.move"].browse(paid_id).display_name,
                        document=document.display_name,
                    ),
                    "size": float(amount),
                }
            )
        return found

    def _is_all_back(self, sale):
        return abs(sale.redeemed - sale.back) < self.currency_id.rounding / 2

    def _sold_and_returned(self, sets, sale):
        """Return sets of taxes with their gross: sold by the documents of a sale, and taken back by its returns."""
        sold, returned = defaultdict(float), defaultdict(float)
        for totals, ids in ((sold, sale.moves), (returned, sale.returns)):
            for move_id in sorted(ids):
                for taxes, gross in (sets.get(move_id) or {}).items():
                    totals[taxes] += gross
        names = list(sold)
        return names, [sold[name] for name in names], [returned[name] for name in names]

    def _relief_problem(self, sale, sets):
        """Return ``{rate: (expected, booked)}`` of a sale whose VAT differs, with all lines and with those only that points
        may cover by the rules of today.

        :param sets: as :meth:`_tax_sets_of_moves` says
        """
        unit = self.currency_id.rounding
        tolerance = sale.tolerance(unit)
        names, sold, returned = self._sold_and_returned(sets, sale)
        rough = rough_relief(sale.redeemed, sale.back, names, sold, returned)
        if not differences(rough, sale.booked, max(tolerance, unit * 1.01)) and not (
            self._is_all_back(sale) and differences({}, sale.booked, tolerance)
        ):
            return {}
        # To the cent.
        amounts = still_redeemed(sale.redeemed, sale.back, sold, returned, unit)
        wrong = differences(relief_of(names, amounts, unit), sale.booked, tolerance)
        if not wrong:
            return {}
        moves = self.env["account.move"].browse(sorted(sale.moves | sale.returns))
        sets = {
            move.id: {self._tax_parts(taxes): gross for taxes, gross in move._loyalty_tax_sets(self).items()}
            for move in moves
        }
        if any(None in of_move for of_move in sets.values()):
            return {}
        names, sold, returned = self._sold_and_returned(sets, sale)
        amounts = still_redeemed(sale.redeemed, sale.back, sold, returned, unit)
        payable = differences(relief_of(names, amounts, unit), sale.booked, tolerance)
        return payable and wrong

    def _say_relief(self, model, res_id, wrong):
        _, record = self.env._, self.env[model].browse(res_id)
        parts = [
            _(
                "%(rate)s%%: %(booked)s instead of %(expected)s",
                rate=say_percentage(self.env, rate),
                booked=self.currency_id.format(booked),
                expected=self.currency_id.format(expected),
            )
            for rate, (expected, booked) in wrong.items()
        ]
        return {
            "model": model,
            "res_id": res_id,
            "problem": _(
                "%(name)s: the VAT relieved by points does not match the lines that they still cover (%(parts)s).",
                name=record.display_name,
                parts="; ".join(parts),
            ),
            "size": sum(abs(expected - booked) for expected, booked in wrong.values()),
        }

    # --- what is booked ------------------------------------------------------------------------------------------

    def _read_relief_of_payments(self, sales, date):
        """Input VAT of payments with points, what gave them back and what reversed them."""
        rows = self.env.execute_query(
            SQL(
                PROOF_RELIEF_OF_PAYMENTS,
                program=self.id,
                date=date,
            )
        )
        seen = set()
        for move_id, payment_id, kind, note_id, amount, rate, vat in rows:
            sale = sales[move_id]
            if payment_id not in seen:
                seen.add(payment_id)
                if kind == "inbound":
                    sale.redeemed += amount
                    sale.redemptions += 1
                else:
                    sale.back -= amount
                    if note_id:
                        sale.returns.add(note_id)
            if vat:
                sale.booked[rate] += vat

    def _read_relief_of_reductions(self, sales, date):
        """Output VAT that lines of points take off, in the currency of the company; entries say it by their items."""
        rows = self.env.execute_query(
            SQL(
                PROOF_RELIEF_OF_REDUCTIONS,
                program=self.id,
                date=date,
            )
        )
        taxes = self.env["account.tax"].browse(
            {tax for row in rows for tax in (row[-1] or ())} | {row[6] for row in rows if row[6]}
        )
        rates = {tax.id: tax.amount for tax in taxes}
        counted = set()
        for sale_id, move_id, kind, return_id, rate, currency_id, tax_id, is_line, *amounts, tax_ids in rows:
            balance, total, subtotal, account_type = amounts
            sale = sales[sale_id]
            sale.is_foreign |= currency_id != self.currency_id.id
            if return_id:
                sale.returns.add(return_id)
            elif move_id not in counted:
                sale.redemptions += 1
            counted.add(move_id)
            if kind == "entry":
                if account_type == "asset_receivable":
                    sale.back += balance
                elif tax_id:
                    sale.booked[rates[tax_id]] += balance
                continue
            if not is_line:
                continue
            sign = (1 if kind == "out_refund" else -1) / rate
            if return_id:
                sale.back -= sign * total
            else:
                sale.redeemed += sign * total
            parts = [rates[tax] for tax in (tax_ids or ()) if rates[tax]]
            for of_tax in parts:
                sale.booked[of_tax] += sign * (total - subtotal) * of_tax / sum(parts)

    # --- what was sold -------------------------------------------------------------------------------------------

    def _tax_sets_of_moves(self, ids, date):
        """Return ``{document: {set of taxes: gross}}`` of posted documents in company currency; None for taxes of other
        kinds, or whose rate is another one by now."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT move_id, tax_ids, sum(gross), sum(net), count(*) FROM (
                       SELECT l.move_id, l.price_total / COALESCE(NULLIF(m.invoice_currency_rate, 0), 1) AS gross,
                              l.price_subtotal / COALESCE(NULLIF(m.invoice_currency_rate, 0), 1) AS net,
                              (SELECT array_agg(x.account_tax_id ORDER BY x.account_tax_id)
                                 FROM account_move_line_account_tax_rel x WHERE x.account_move_line_id = l.id) AS tax_ids
                         FROM account_move m JOIN account_move_line l ON l.move_id = m.id
                        WHERE m.id = ANY(%s) AND m.state = 'posted' AND m.date <= %s AND l.display_type = 'product'
                          AND l.is_loyalty_reduction IS NOT TRUE) x
                 GROUP BY move_id, tax_ids
                """,
                list(ids),
                date,
            )
        )
        return self._sets_by_document(rows)

    def _sets_by_document(self, rows):
        """Return ``{document: {set of taxes: gross}}`` for rows of (document, ids of taxes, gross, net, number of lines)."""
        parts, unit = {}, self.currency_id.rounding
        result = {}
        for document, tax_ids, gross, net, count in rows:
            key = tuple(tax_ids or ())
            if key not in parts:
                parts[key] = self._tax_parts(self.env["account.tax"].browse(key))
            sets = result.setdefault(document, {})
            if parts[key] is None:
                result[document] = None
                continue
            tax = float(gross) * sum(part for __, part in parts[key])
            if abs(float(gross) - float(net) - tax) > unit * (1 + count):
                result[document] = None  # a tax had another rate when this was booked
            elif sets is not None:
                sets[parts[key]] = sets.get(parts[key], 0.0) + float(gross)
        return result

    def _tax_parts(self, taxes):
        """Return the set of taxes as the proof knows it, or None where they are no simple percentages."""
        leaves = taxes.flatten_taxes_hierarchy().filtered("amount")
        if any(tax.amount_type != PERCENT or tax.include_base_amount for tax in leaves):
            return None
        whole = 100 + sum(leaves.mapped("amount"))
        return tuple(sorted((tax.amount, tax.amount / whole) for tax in leaves))
