"""What a customer's invoice says to the earning engine: what was sold, what was credited, and how it was paid."""

import math
from collections import defaultdict
from functools import partial

from odoo import models
from odoo.tools import SQL

from odoo.addons.loyalty_ledger.earning.basket import Settlement
from odoo.addons.loyalty_ledger.earning.claim import Claim, ClaimLine
from odoo.addons.loyalty_ledger.tools.sql_files import read_sql
from odoo.addons.loyalty_ledger.tools.today import loyalty_today

COUNTERPARTS = read_sql(__file__, "counterparts")


class AccountMove(models.Model):
    _inherit = "account.move"

    def _loyalty_claims(self, preview=False, frozen=None, cards=None):
        """Return the :class:`Claim` of each document, in a fixed number of queries.

        :param preview: drafts; as if paid in full by qualifying payments
        :param frozen: documents whose part in the program was decided before
        :param cards: ``{document: card}`` where another card than the document's own is asked about
        """
        cards = cards or {move: move.loyalty_card_id for move in self}
        all_programs = self.env["loyalty.program"].union(*(card.program_id for card in cards.values()))
        open_ones = self - frozen if frozen else self
        families = {} if preview else self._loyalty_families()
        relatives = self.union(*(move for family in families.values() for move in family))
        relatives = relatives.filtered(lambda move: move.move_type != "out_refund")
        settlements = {} if preview else (self | relatives)._loyalty_settlements()
        uses_pricelists = bool(open_ones) and all_programs._uses_pricelists()
        pricelists = open_ones._loyalty_pricelists() if uses_pricelists else {}
        programs = {move: cards[move].program_id for move in open_ones}
        elsewhere = open_ones._loyalty_earned_elsewhere(programs) if open_ones else self.browse()
        todays = {company: loyalty_today(self.env, company) for company in all_programs.company_id}
        todays[self.env["res.company"]] = loyalty_today(self.env, self.env["res.company"])
        claims = []
        for move in self:
            program = cards[move].program_id
            today = todays[program.company_id]
            date = move.invoice_date or today
            settlement, paid_on = settlements.get(move.id, (Settlement(due=1), None))
            family = families.get(move, {})
            credited, restored = move._loyalty_credited(family, settlements)
            rate = move._loyalty_rate(program)
            returned = [
                line
                for note in credited
                for line in note._loyalty_lines(note._rate_to(move), parts=note._join_parts(family[note].values()))
            ]
            returned += [line for invoice in restored for line in invoice._loyalty_lines(-invoice._rate_to(move))]
            if restored and settlement.settled:
                settlement = move._loyalty_restored_settlement(family, credited, restored, settlements)
                dates = [date for __, date in (settlements[part.id] for part in move | restored) if date]
                paid_on = max(dates + restored.mapped("invoice_date"))
            claims.append(
                Claim(
                    ("account.move", move.id),
                    cards[move],
                    date,
                    lines=move._loyalty_lines(preview=preview),
                    returned=returned,
                    settlement=settlement,
                    rate=rate,
                    active=preview or move.state == "posted",
                    earned_on=min(max(paid_on or date, date), today),
                    returned_on=min(max(note.invoice_date or note.date for note in credited), today)
                    if credited
                    else None,
                    customer=move.partner_id,
                    pricelist=pricelists.get(move),
                    elsewhere=move in elsewhere,
                    redeemed=partial(move._loyalty_redeemed_revenue, credited, family),
                )
            )
        return claims

    # --- what was sold -------------------------------------------------------------------------------------------

    def _loyalty_lines(self, factor=1.0, preview=False, parts=None):
        """Return what the document sells (a credit note: takes back) as :class:`ClaimLine`, amounts times ``factor``.

        A negative factor turns quantities too. ``parts`` says which lines count, see :meth:`_loyalty_returned`; by default
        all of them.

        Amounts without tax are those of the journal items, so that they add up to the document's, whatever the
        rounding of its taxes.
        """
        self.ensure_one()
        sign = -1 if self.is_inbound() else 1
        lines = []
        for line in self.invoice_line_ids:
            if line.display_type != "product" or line.is_loyalty_reduction:
                continue  # points that lower the price pay for the lines, as any payment with points does
            part = 1.0 if parts is None else parts.get(line, 0.0)
            if not part:
                continue
            untaxed = line.price_subtotal if preview else sign * line.amount_currency
            total = untaxed + line.price_total - line.price_subtotal
            lines.append(
                ClaimLine(
                    line.product_id.id or 0,
                    math.copysign(part, factor) * line.quantity,
                    untaxed * factor * part,
                    total * factor * part,
                    line._is_loyalty_deposit(),
                    {tuple(line.tax_ids.ids): total * factor * part},
                )
            )
        if parts is None:
            self._spread_tax_rounding(lines, factor)
        return lines

    def _spread_tax_rounding(self, lines, factor):
        """Give the largest line the cents by which taxes rounded on the whole document differ from its lines'."""
        if not lines or self.invoice_cash_rounding_id:
            return
        difference = self.amount_tax * factor - sum(line.total - line.untaxed for line in lines)
        if abs(difference) <= self.currency_id.rounding * (len(lines) + 1):
            largest = max(lines, key=lambda line: abs(line.total))
            largest.total += difference
        elif self._is_taxed_otherwise():
            self._tax_by_items(lines)

    def _is_taxed_otherwise(self):
        """Return whether the taxes of the document are others than those of its lines together: Odoo taxes a draft that is
        confirmed again at the rates of that day, while the totals of its lines stay."""
        lines = self.invoice_line_ids.filtered(lambda line: line.display_type == "product")
        difference = self.amount_tax - sum(line.price_total - line.price_subtotal for line in lines)
        return abs(difference) > self.currency_id.rounding * (len(lines) + 1)

    def _tax_by_items(self, lines):
        """Give lines the taxes that the journal items of the document have."""
        amounts, bases = defaultdict(float), defaultdict(float)
        for item in self.line_ids:
            if item.tax_line_id:
                amounts[item.tax_line_id.id] += item.amount_currency
            elif item.display_type == "product":
                for tax_id in item.tax_ids.flatten_taxes_hierarchy().ids:
                    bases[tax_id] += item.amount_currency
        for line in lines:
            taxes = self.env["account.tax"].browse(next(iter(line.sets), ())).flatten_taxes_hierarchy()
            rate = sum(amounts[tax_id] / bases[tax_id] for tax_id in taxes.ids if bases[tax_id])
            line.total = line.untaxed * (1 + rate)
            line.sets = dict.fromkeys(line.sets, line.total)

    def _loyalty_redeemed_revenue(self, credited, family):
        """Return how much of the document's revenue points paid, as the redemption account was charged for it, less what
        credit notes gave back: that is not the share of all goods where points could not pay for some of them.

        :param credited: the credit notes that count
        :param family: see :meth:`_loyalty_families`
        """
        self.ensure_one()
        amount = self._loyalty_paid_by_points()
        for note in self._loyalty_reductions().filtered(lambda note: note.state == "posted"):
            amount += note.amount_untaxed
        for note in credited:
            share = note._loyalty_share(note._join_parts(family[note].values()))
            amount -= share * note._loyalty_paid_by_points() * note._rate_to(self)
        entries = self.search([("loyalty_redeem_note_id", "in", credited.ids), ("state", "=", "posted")])
        items = entries.line_ids.filtered(lambda item: item.account_type != "asset_receivable" and not item.tax_line_id)
        return amount + sum(items.mapped("balance")) * (self.invoice_currency_rate or 1.0)

    def _loyalty_paid_by_points(self):
        """Return what payments with points, and points in its own lines, paid of the document; of a credit note: returned."""
        amount = sum(matched["amount"] for matched in self._loyalty_payments().values())
        return amount - sum(self.invoice_line_ids.filtered("is_loyalty_reduction").mapped("price_subtotal"))

    def _loyalty_rate(self, program):
        """Return the value of one unit of the document's currency in the program's, at the document's own rate."""
        self.ensure_one()
        currency, company = program.currency_id, self.company_id
        if self.currency_id == currency:
            return 1.0
        rate = 1 / self.invoice_currency_rate if self.invoice_currency_rate else 1.0
        if company.currency_id != currency:
            date = self.invoice_date or loyalty_today(self.env, company)
            rate *= company.currency_id._get_conversion_rate(company.currency_id, currency, company, date)
        return rate

    def _rate_to(self, invoice):
        """Return the value of one unit of a credit note's currency in its invoice's currency."""
        self.ensure_one()
        if self.currency_id == invoice.currency_id or not self.invoice_currency_rate:
            return 1.0
        return invoice.invoice_currency_rate / self.invoice_currency_rate

    def _loyalty_pricelists(self):
        """Return ``{document: pricelist}``. Override where a document knows its own; else the customer's."""
        pricelists = {}
        for company, moves in self.grouped("company_id").items():
            for move in moves.with_company(company):
                pricelists[self.browse(move.id)] = move.partner_id.property_product_pricelist
        return pricelists

    def _loyalty_earned_elsewhere(self, programs):
        """Return the documents whose points were given on another document. Override to name them.

        :param programs: ``{document: program}`` that is asked about
        """
        return self.browse()

    # --- how it was paid -----------------------------------------------------------------------------------------

    def _loyalty_settlements(self):
        """Return ``{document id: (Settlement, day of the latest payment or None)}``, in a fixed number of queries.

        A document is settled by its posted counterparts; Odoo's own residual and payment state also count drafts.
        Points that lowered its price are a payment like points that paid it: the same basket earns the same.
        What credit notes of the document itself set off, and the early-payment discount that was taken, need no
        payment (C6: the rest is shared by what was paid how).
        """
        rows = self._loyalty_counterparts()
        counterparts = self.browse({row["move_id"] for row in rows})
        qualifying_moves = counterparts._loyalty_qualifies()
        set_off = self._loyalty_set_off(rows)
        paid = defaultdict(lambda: {"qualifying": 0.0, "other": 0.0, "set_off": 0.0, "written": 0.0, "draft": 0.0})
        dates = {}
        for row in rows:
            totals, amount = paid[row["invoice_id"]], row["amount"]
            if row["state"] != "posted":
                totals["draft"] += amount
                continue
            if (row["invoice_id"], row["move_id"]) in set_off:
                totals["set_off"] += amount
                continue
            dates[row["invoice_id"]] = max(row["date"], dates.get(row["invoice_id"], row["date"]))
            cash = amount * row["cash"]
            totals["qualifying" if row["move_id"] in qualifying_moves else "other"] += cash
            totals["written"] += amount - cash
        for row in self._loyalty_payments_without_entry():
            totals = paid[row["invoice_id"]]
            totals["qualifying" if row["earns"] else "other"] += row["amount"]
            totals["draft"] -= row["amount"]  # the residual does not know them
            dates[row["invoice_id"]] = max(row["date"], dates.get(row["invoice_id"], row["date"]))
        with_discount = [move_id for move_id, totals in paid.items() if totals["written"]]
        discounts = self.browse(with_discount)._loyalty_discounts_offered()
        settlements = {}
        for move in self:
            totals, currency = paid[move.id], move.currency_id
            discount = min(max(0.0, totals["written"]), discounts.get(move.id, 0.0))
            reduced = -sum(move.invoice_line_ids.filtered("is_loyalty_reduction").mapped("price_total"))
            settlements[move.id] = (
                Settlement(
                    due=currency.round(move.amount_total + reduced - totals["set_off"] - discount),
                    qualifying=currency.round(totals["qualifying"]),
                    other=currency.round(totals["other"] + reduced + totals["written"] - discount),
                    settled=move.state == "posted"
                    and currency.compare_amounts(move.amount_residual + totals["draft"], 0.0) <= 0,
                ),
                dates.get(move.id),
            )
        return settlements

    def _loyalty_set_off(self, rows):
        """Return ``{(document id, credit note id)}`` of counterparts that are credit notes of the document itself, or that
        it reverses: they set it off and do not pay it."""
        notes = self.browse(sorted({row["move_id"] for row in rows if row["returns"]}))
        pairs = set()
        for move, parents in (notes._loyalty_returned() if notes else {}).items():
            pairs |= {(parent.id, move.id) for parent in parents}
        for move in self if notes else ():
            if move.reversed_entry_id in notes:
                pairs.add((move.id, move.reversed_entry_id.id))
        return pairs

    def _loyalty_counterparts(self):
        """Return what is reconciled with the documents: a dict for each document and journal entry.

        As ``_get_all_reconciled_invoice_partials`` (account/models/account_move.py), for many documents at once and
        without exchange differences. ``cash`` is the part of a payment that moved money; the rest was written off.
        """
        if not self.ids:
            return []
        return self.env.execute_query_dict(SQL(COUNTERPARTS, self.ids))

    def _loyalty_qualifies(self):
        """Return the ids of those journal entries that pay in a way that earns points (C6).

        A payment says it by its payment method, a bank statement and anything else by its journal; credit notes and
        invoices never do. Override to know other ways of payment.
        """
        qualifying = set()
        for move in self:
            if move.move_type != "entry":
                continue
            method = move.origin_payment_id.payment_method_line_id
            if (method or move.journal_id).earns_loyalty:
                qualifying.add(move.id)
        return qualifying

    def _loyalty_payments_without_entry(self):
        """Return payments that have no journal entry, as far as the documents still need them.

        Journals without outstanding account make none; the bank statement brings the entry later. What a payment of
        several documents pays of each follows from what is open on them.
        """
        payments = self.matched_payment_ids.filtered(
            lambda payment: (
                not payment.move_id and payment.state in ("in_process", "paid") and payment.payment_type == "inbound"
            )
        )
        rows = []
        open_on = {}
        for payment in payments:
            left = payment.amount
            for move in payment.invoice_ids.sorted("id"):
                residual = open_on.setdefault(move, move.amount_residual)
                amount = payment.currency_id._convert(left, move.currency_id, move.company_id, payment.date)
                amount = min(amount, residual)
                if amount <= 0:
                    continue
                open_on[move] -= amount
                left -= move.currency_id._convert(amount, payment.currency_id, move.company_id, payment.date)
                if move in self:
                    earns = (payment.payment_method_line_id or payment.journal_id).earns_loyalty
                    rows.append({"invoice_id": move.id, "amount": amount, "earns": earns, "date": payment.date})
        return rows

    def _loyalty_discounts_offered(self):
        """Return ``{document id: early-payment discount of its terms}``, in the document's currency."""
        groups = self.env["account.move.line"]._read_group(
            [("move_id", "in", self.ids), ("display_type", "=", "payment_term"), ("discount_date", "!=", False)],
            ["move_id"],
            ["amount_currency:sum", "discount_amount_currency:sum"],
        )
        return {move.id: amount - discounted for move, amount, discounted in groups}


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    def _is_loyalty_deposit(self):
        """Return whether the line is a down payment or takes one off. Override where documents know it."""
        self.ensure_one()
        return False

    def _sql_deposits(self):
        """Return SQL of the same for journal items ``l``, for queries over many. Override with the method above."""
        return SQL("FALSE")
