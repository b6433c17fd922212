"""What points may cover of a document: its total, by the taxes of its lines, less what they may never pay."""

from collections import defaultdict

from odoo import models
from odoo.tools import float_round

from odoo.addons.loyalty_ledger.tools.today import loyalty_today


class AccountMove(models.Model):
    _inherit = "account.move"

    def _loyalty_payable_lines(self, programs):
        """Return the invoice lines that points of ``programs`` may pay: nothing that product or program keep out (bP6).
        Override to keep out others."""
        self.ensure_one()
        return self.line_ids.filtered(
            lambda line: (
                line.display_type == "product"
                and not line.is_loyalty_reduction
                and programs._may_pay_for(line.product_id, line.price_total)
            )
        )

    def _loyalty_payable_sets(self, programs, frozen=None, parts=None):
        """Return ``{taxes: gross}`` of what points of ``programs`` may pay of this document, in its currency.

        Together it is the document's total as it was before points lowered it: cents of taxes that are rounded on the
        whole document are in it, and the cash rounding: as a set without taxes (nobody relieves VAT of it), or in that of
        the biggest tax, where Odoo puts it there. Lines that points may not pay are left out; deductions are negative.

        :param programs: None for all lines
        :param frozen: products that points could cover and those that they could not, when they paid
        (``_frozen_products``);
            today's rules decide about others
        :param parts: which lines count, and which part of them, as ``_loyalty_returned`` says; None for all
        """
        sets, (rounded, difference) = self._loyalty_sets_and_rounding(programs, frozen, parts)
        if difference and parts is None:
            sets[rounded] = sets.get(rounded, 0.0) + difference
        return {taxes: self.currency_id.round(gross) for taxes, gross in sets.items()}

    def _loyalty_sets_and_rounding(self, programs, frozen=None, parts=None):
        """Return ``({taxes: gross}, (taxes, difference))``: what points may cover, and which of it is rounded in
        cash."""
        self.ensure_one()
        lines = self.line_ids if programs is None else self._loyalty_payable_lines(programs)
        if frozen:
            payable, excluded = frozen
            lines = self.line_ids.filtered(
                lambda line: line.product_id.id in payable or (line in lines and line.product_id.id not in excluded)
            )
        # Rounding that Odoo hid in the biggest tax is no tax of the lines.
        in_tax = bool(self.line_ids.filtered(lambda line: line.display_type == "rounding" and line.tax_line_id))
        base_lines, __ = self._get_rounded_base_and_tax_lines(round_from_tax_lines=not in_tax)
        sets, taxed, total, reduced = defaultdict(float), defaultdict(float), 0.0, False
        for base_line in base_lines:
            line, details = base_line["record"], base_line["tax_details"]
            if line.display_type == "rounding":
                continue
            if line.is_loyalty_reduction:
                reduced = True
                continue
            # Odoo's total_included does not know how taxes were rounded on the whole document.
            tax = sum(tax_data["tax_amount_currency"] for tax_data in details["taxes_data"])
            gross = details["total_excluded_currency"] + details["delta_total_excluded_currency"] + tax
            total += gross
            if line in lines:
                gross *= 1.0 if parts is None else parts.get(line, 0.0)
                sets[base_line["tax_ids"]._origin] += gross
                taxed[base_line["tax_ids"]._origin] += tax
        return sets, self._loyalty_rounding(total, reduced, taxed)

    def _loyalty_rounding(self, total, reduced, taxed):
        """Return ``(taxes, difference)`` of the cash rounding of this document without its lines of points.

        :param total: of all its lines, taxes included
        :param reduced: whether it has lines of points: what Odoo rounded then is another total
        :param taxed: ``{taxes: amount of tax}`` of the lines that points may cover
        """
        rounding, taxes = self.invoice_cash_rounding_id, self.env["account.tax"]
        if not rounding or not taxed:
            return taxes, 0.0
        if rounding.strategy == "biggest_tax":
            taxes = max(taxed, key=lambda taxes: abs(taxed[taxes]))
            if not taxed[taxes]:
                return taxes, 0.0  # without a tax Odoo does not round
        if not reduced:
            return taxes, self.currency_id.round(self.amount_total - total)
        return taxes, rounding.compute_difference(self.currency_id, self.currency_id.round(total))

    def _loyalty_sets_left(self, programs):
        """Return :meth:`_loyalty_payable_sets` less what posted credit notes of this document took back."""
        sets = defaultdict(float, self._loyalty_payable_sets(programs))
        for note, part, parts in self._loyalty_own_notes():
            for taxes, gross in note._loyalty_payable_sets(programs, parts=parts).items():
                sets[taxes] -= gross * part * note._rate_to(self)
        return dict(sets)

    def _loyalty_own_notes(self):
        """Return ``[(credit note, part of it that was not reversed, its parts)]`` of posted ones that return this document."""
        if self.state != "posted" or not isinstance(self.id, int) or not self._loyalty_returning():
            return []
        __, notes, __ = self._loyalty_sale()
        returned = self.browse().union(*notes)._loyalty_returned()
        return [(note, part, returned[note][self]) for note, part in notes.items() if self in returned[note]]

    def _loyalty_tax_sets(self, program):
        """Return ``{taxes: gross}`` of what points of ``program`` may still pay, in the document's currency, none
        negative: how a redemption is shared over the rates."""
        left = self._loyalty_sets_left(program)
        return {taxes: max(0.0, self.currency_id.round(gross)) for taxes, gross in left.items()}

    def _loyalty_payable_amount(self, program):
        """Return how much points of ``program`` can still pay, in company currency (C21): never more than is due.

        At the rate of the document that will be booked: the draft's own where points lower its price, else today's.
        """
        amount = self._loyalty_payable_here(program)
        if not amount or self.currency_id == self.company_currency_id:
            return amount
        unit = self.company_currency_id.rounding
        if program.vat_mode == "price_reduction":
            rate = self.invoice_currency_rate if self.state == "draft" else self._loyalty_rate_today()
            # Rounded up it could be more than is due.
            return float_round(amount / rate, precision_rounding=unit, rounding_method="DOWN")
        today = loyalty_today(self.env, self.company_id)
        return self.currency_id._convert(amount, self.company_currency_id, self.company_id, today)

    def _loyalty_payable_here(self, program):
        """Return how much points of ``program`` can still pay, in the currency of this document."""
        self.ensure_one()
        if self.move_type not in ("out_invoice", "out_receipt") or self.state not in ("draft", "posted"):
            return 0.0
        payable = sum(self._loyalty_sets_left(program).values())
        due = self.amount_residual
        if self.state == "draft" and self.loyalty_redeem_amount:
            # The draft's own lines of points would be replaced, and what is rounded in cash with them.
            due += sum(self._loyalty_payable_sets(None).values()) - self.amount_total
        payable -= self.loyalty_amount_redeemed - self._loyalty_amount_given_back()
        payable -= sum(self._loyalty_outstanding().values())
        return self.currency_id.round(max(0.0, min(due, payable)))

    def _loyalty_own_payments(self):
        """Return the confirmed payments with points that were made for these documents, whatever they pay by now."""
        payments = self.env["account.payment"].sudo()  # all of them count, whatever the user sees
        return payments.search(
            [
                ("loyalty_move_id", "in", self.ids),
                ("payment_type", "=", "inbound"),
                ("state", "in", ("in_process", "paid")),
            ]
        )

    def _loyalty_outstanding(self):
        """Return ``{payment: amount}`` of payments with points for this document that somebody took off it, with what
        they still hold, in its currency.

        They relieved its VAT and took their points: they wait among its outstanding credits, and nothing pays it twice.
        """
        payments = self._loyalty_own_payments() if isinstance(self.id, int) else self.env["account.payment"]
        # One that is being confirmed has not taken its points yet: it asks for itself.
        net = self.env["loyalty.ledger.entry"]._net_points(payments._name, payments.ids) if payments else {}
        found = {}
        for payment in payments.filtered(lambda payment: net[payment.id] < 0):
            left = -sum(payment.move_id._loyalty_receivable().mapped("amount_residual"))
            left = payment.currency_id._convert(left, self.currency_id, self.company_id, payment.date)
            if self.currency_id.compare_amounts(left, 0) > 0:
                found[payment] = left
        return found

    def _say_payable(self, program, amount):
        """Return why points of ``program`` cannot cover ``amount`` (company currency) of this document, and what to do,
        or False if they can."""
        due, currency = self._loyalty_payable_amount(program), self.company_currency_id
        if currency.compare_amounts(amount, due) <= 0:
            return False
        return (
            self.env._(
                "Points can cover %(due)s of %(invoice)s, not %(amount)s.",
                due=currency.format(due),
                invoice=self.display_name,
                amount=currency.format(amount),
            )
            + " "
            + (self._say_outstanding() or self.env._("Apply fewer points."))
        )

    def _say_outstanding(self):
        """Return which payments and credit notes with points wait beside this document and what to do with them, or
        False."""
        waiting = self._loyalty_outstanding()
        for note in self._loyalty_reductions().filtered(lambda note: note.state == "posted" and note.amount_residual):
            waiting[note] = note.amount_residual * note._rate_to(self)
        return bool(waiting) and self.env._(
            "%(amount)s of it was paid with points already and is outstanding: %(payments)s. Reconcile that with the "
            "document (Add, under Outstanding credits), or cancel it, which returns the points.",
            amount=self.currency_id.format(sum(waiting.values())),
            payments=", ".join(document.display_name for document in waiting),
        )

    def _loyalty_rate_today(self):
        """Return the rate that a document of today has: units of this document's currency for one of the company's."""
        return self.env["res.currency"]._get_conversion_rate(
            self.company_currency_id, self.currency_id, self.company_id, loyalty_today(self.env, self.company_id)
        )

    def _loyalty_amount_given_back(self):
        """Return what credit notes of this invoice gave back of what points paid, in its currency."""
        return sum(
            note.loyalty_amount_redeemed * note._loyalty_share(parts) * part * note._rate_to(self)
            for note, part, parts in self._loyalty_own_notes()
        )
