"""How points that lower a price are shared over sets of taxes, and what of each set they leave to the last of them."""

from typing import NamedTuple

from odoo import models

from odoo.addons.loyalty_ledger.ledger.rounding import split


class TaxAmounts(NamedTuple):
    """What was booked of a tax: its amount and base, in the currency of the document and of the company."""

    amount: float = 0.0
    base: float = 0.0
    company_amount: float = 0.0
    company_base: float = 0.0


#: Amount and base of a tax that nothing was booked of.
NOTHING = TaxAmounts()


class SetAmounts:
    """What was booked of a set of taxes: ``gross``, ``company_net`` and ``taxes``, a dict tax -> TaxAmounts."""

    def __init__(self):
        self.gross = self.company_net = 0.0
        self.taxes = {}

    def add(self, base_line, gross=None, sign=1):
        """Count a base line whose taxes were calculated and rounded, by default with all that it is worth."""
        details = base_line["tax_details"]
        whole = details["total_excluded_currency"] + details["delta_total_excluded_currency"]
        self.company_net += sign * (details["total_excluded"] + details["delta_total_excluded"])
        for tax_data in details["taxes_data"]:
            whole += tax_data["tax_amount_currency"]
            if not tax_data["is_reverse_charge"]:
                names = ("tax_amount_currency", "base_amount_currency", "tax_amount", "base_amount")
                before = self.taxes.get(tax_data["tax"], NOTHING)
                self.taxes[tax_data["tax"]] = TaxAmounts(
                    *(amount + sign * tax_data[name] for amount, name in zip(before, names))
                )
        self.gross += sign * (whole if gross is None else gross)

    def add_fixed(self, line):
        """Count a line of points whose net and taxes were fixed when it was made, whatever its taxes are by now; return
        whether they were."""
        fixed = line.extra_tax_data or {}
        if not fixed.get("manual_tax_amounts") or fixed.get("manual_total_excluded") is None:
            return False
        rate = (line.move_id.invoice_currency_rate or 1.0) / (fixed.get("rate") or 1.0)
        self.gross += line.price_total
        self.company_net += fixed["manual_total_excluded"] / rate
        for tax_id, amounts in fixed["manual_tax_amounts"].items():
            tax = line.env["account.tax"].browse(int(tax_id))
            before = self.taxes.get(tax, NOTHING)
            self.taxes[tax] = TaxAmounts(
                before.amount + amounts["tax_amount_currency"],
                before.base + amounts["base_amount_currency"],
                before.company_amount + amounts["tax_amount"] / rate,
                before.company_base + amounts["base_amount"] / rate,
            )
        return True

    def join(self, other, sign):
        """Count what other base lines of the same taxes booked."""
        self.gross += sign * other.gross
        self.company_net += sign * other.company_net
        for tax, amounts in other.taxes.items():
            before = self.taxes.get(tax, NOTHING)
            self.taxes[tax] = TaxAmounts(*(amount + sign * more for amount, more in zip(before, amounts)))

    def times(self, factor):
        """Return these amounts, each of them times ``factor``."""
        result = SetAmounts()
        result.join(self, factor)
        return result


class AccountMove(models.Model):
    _inherit = "account.move"

    def _reduction_totals(self):
        """Return what the lines of points of these documents take off, by their taxes.

        :return: ``{taxes: SetAmounts}`` in the currency of the documents, as booked
        """
        totals = {}
        for move in self:
            for base_line in move._get_rounded_base_and_tax_lines()[0]:
                line = base_line["record"]
                if line.is_loyalty_reduction:
                    of_set = totals.setdefault(line.tax_ids._origin, SetAmounts())
                    if not of_set.add_fixed(line):
                        of_set.add(base_line, line.price_total)
        return totals

    def _reduction_shares(self, total, program, left):
        """Return ``{taxes: gross}``: how points that cover ``total`` of this document share it over its sets of taxes.

        Pro rata to what points may cover of each. Points that cover all that is left take just that of each set.

        :param left: what :meth:`_reduction_sets_left` says
        """
        sets, currency = self._loyalty_tax_sets(program), self.currency_id
        rest = {taxes: left[taxes].gross for taxes in sets if taxes in left}
        if (
            len(rest) == len(sets)
            and not currency.compare_amounts(sum(rest.values()), total)
            and all(currency.compare_amounts(gross, 0) >= 0 for gross in rest.values())
        ):
            return rest
        return dict(zip(sets, split(total, list(sets.values()), currency.rounding)))

    def _reduction_sets_left(self, program, but=None):
        """Return ``{taxes: SetAmounts}``: what was booked of the goods that points may cover, less what credit notes
        took back of it and what points reduced already.

        Only of sets of which that is known to the cent: not where a tax is a fixed amount, which points do not lower, and
        of no set where a credit note returns more than this document or parts of its lines.

        :param but: a document whose lines of points do not count
        """
        self.ensure_one()
        notes = self._loyalty_own_notes()
        if any(part != 1 or any(of_line != 1 for of_line in (parts or {}).values()) for __, part, parts in notes):
            return {}
        reductions = (self._loyalty_reductions().filtered(lambda note: note.state == "posted") | self) - (
            but or self.browse()
        )
        if reductions.loyalty_redeem_return_ids.filtered(lambda entry: entry.move_type == "entry"):
            return {}
        sets = self._goods_totals(program)
        for note, __, __ in notes:
            for taxes, amounts in note._goods_totals(program).items():
                sets.setdefault(taxes, SetAmounts()).join(amounts, -1)
        by_reducible = {}
        for taxes in sets:
            by_reducible.setdefault(self._reducible(taxes), []).append(taxes)
        # Lines of points lower an invoice, credit notes of points are positive, and what takes them back is not.
        for move in reductions | self.browse().union(*(note for note, __, __ in notes)):
            sign = 1 if move == self else -1
            for taxes, amounts in move._reduction_totals().items():
                if of := by_reducible.get(taxes):
                    sets[of[0]].join(amounts, sign)
        known = [of[0] for reducible, of in by_reducible.items() if of == [reducible]]
        return {taxes: sets[taxes] for taxes in known}

    def _goods_totals(self, program):
        """Return ``{taxes: SetAmounts}`` of the lines that points of ``program`` may cover, as booked."""
        lines, totals = self._loyalty_payable_lines(program), {}
        in_tax = bool(self.line_ids.filtered(lambda line: line.display_type == "rounding" and line.tax_line_id))
        for base_line in self._get_rounded_base_and_tax_lines(round_from_tax_lines=not in_tax)[0]:
            if base_line["record"] in lines:
                totals.setdefault(base_line["tax_ids"]._origin, SetAmounts()).add(base_line)
        return totals
