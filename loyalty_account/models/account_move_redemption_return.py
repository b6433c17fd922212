"""What credit notes give back of redemptions: how much, of which, and at which rates of VAT (N4)."""

from collections import defaultdict

from odoo import models
from odoo.fields import Command

from odoo.addons.loyalty_ledger.ledger.rounding import part_of

from ..books.booking import Booked
from ..books.return_terms import ReturnTerms
from ..books.vat_split import parts_back, wanted_back


class AccountMove(models.Model):
    _inherit = "account.move"

    def _loyalty_sources(self):
        """Return ``{payment or credit note that redeemed points for this sale: matched}``, of all invoices of the sale.

        ``matched`` as :meth:`_loyalty_payments` says it; a credit note is counted in company currency.
        """
        self.ensure_one()
        sources = defaultdict(lambda: {"paid": 0.0, "amount": 0.0})
        if self.move_type not in ("out_invoice", "out_receipt"):
            return dict(sources)
        invoices = self._loyalty_sale()[0]
        for payment, (waiting, amount) in invoices._loyalty_waiting().items():
            sources[payment]["paid"] += waiting
            sources[payment]["amount"] += amount * payment.loyalty_move_id._rate_to(self)
        for invoice in invoices:
            rate = invoice._rate_to(self)
            # All of them count, whatever the user sees of other companies' payments.
            for payment, matched in invoice.sudo()._loyalty_payments().items():
                if payment.payment_type == "inbound":
                    sources[payment]["paid"] += matched["paid"]
                    sources[payment]["amount"] += matched["amount"] * rate
            for note in invoice._loyalty_reductions().filtered(lambda note: note.state == "posted"):
                sources[note] = {
                    "paid": abs(note.amount_total_signed),
                    "amount": note.loyalty_redeem_amount * note._rate_to(self),
                }
        return dict(sources)

    def _loyalty_waiting(self):
        """Return ``{payment: (amount, amount in the currency of its invoice)}`` of payments with points that were made for
        these invoices and unmatched since: what waits as the customer's credit, or went back to the card from there.

        Who credits the invoice gives points back, never money for them.
        """
        waiting = {}
        for payment in self._loyalty_own_payments():
            line = payment.move_id.line_ids.filtered(
                lambda line: line.account_id == payment.destination_account_id  # noqa: B023 used at once
            )
            back = line.matched_debit_ids.filtered(
                lambda partial: partial.debit_move_id.move_id.origin_payment_id in payment.loyalty_return_ids  # noqa: B023
            )
            amount = payment.currency_id.round(sum(back.mapped("amount")) - sum(line.mapped("amount_residual")))
            if amount > 0:
                invoice = payment.loyalty_move_id
                foreign = payment.currency_id._convert(amount, invoice.currency_id, invoice.company_id, payment.date)
                waiting[payment] = (amount, foreign)
        return waiting

    def _return_loyalty_points(self, invoice, sources, later=()):
        """Give points back for a credit note of ``invoice``, pro rata to what it credits of the lines that points could
        pay.

        Cumulative rounding over all credit notes of the invoice; the last one takes the remainder. At least as much
        comes back in points as keeps the rest from exceeding what was paid in money.

        :param sources: as :meth:`_loyalty_sources` says
        :param later: credit notes that were posted together with this one and give back after it: they count then
        """
        self.ensure_one()
        if self.move_type != "out_refund" or self.state != "posted" or self._is_reduction():
            return
        self._return_reduced_points(later)
        if not sources:
            return
        for source, amount, terms in self._plan_loyalty_returns(invoice, sources, later):
            source._give_back_part(self, amount, terms)

    def _plan_loyalty_returns(self, invoice, sources, later=()):
        """Return ``[(redemption, amount, ReturnTerms)]``: what this posted credit note of ``invoice`` gives back of each.

        Amounts are in the currency of the redemption, the company's; what is due in money is counted in the invoice's.
        """
        invoices, notes, links = invoice._loyalty_sale()
        sale = (invoices, {note: part for note, part in notes.items() if note not in later}, links)
        # Users may lack access to the program (another company); the credit note was checked.
        programs = (
            self.env["loyalty.card"].sudo().union(*(s._redemption_terms()["card"].sudo() for s in sources)).program_id
        )
        sets = self._loyalty_sold_and_returned(invoice, sale, programs, self._frozen_products_of(sources))
        plans = [self._plan_loyalty_return(source, sources[source], sale[1], sets) for source in sources]
        self._raise_to_minimum(plans, invoice, sale)
        # Points that paid only after an earlier credit note: no more comes back than this one credits.
        room = self.amount_total * self._loyalty_share(sale[2].get(self)) * self._rate_to(invoice)
        result = []
        for plan in plans:
            currency, factor = self.company_currency_id, plan["factor"]
            amount = currency.round(min(plan["amount"], room / factor if factor else 0.0))
            if currency.compare_amounts(amount, 0) <= 0:
                continue
            after = plan["earlier"] + amount
            foreign = invoice.currency_id.round(after * factor) - invoice.currency_id.round(plan["earlier"] * factor)
            foreign = invoice.currency_id.round(min(foreign, room))
            room = invoice.currency_id.round(room - foreign)
            parts = parts_back(amount, plan["shares"], plan["back"], plan["wanted"], currency.rounding)
            result.append(
                (plan["source"], amount, ReturnTerms(parts, self.currency_id.round(foreign / self._rate_to(invoice))))
            )
        return result

    def _plan_loyalty_return(self, source, matched, notes, sets):
        """Return what comes back of one redemption by the goods, as a dict with ``amount``, ``earlier``, ``left``..."""
        currency = self.company_currency_id
        given = source._given_back_for(notes)
        # What credit notes gave back that were reversed since was paid again, or is owed again.
        again = sum(amount * (1 - notes[note]) for note, amount in given.items())
        earlier = sum(amount * notes[note] for note, amount in given.items())
        gross = matched["paid"] - again
        booked = source._loyalty_booked()
        sold, returned = booked.weights(sets)
        shares, back = booked.shares, booked.back
        wanted = wanted_back(shares, back, sold, returned, currency.rounding)
        if currency.is_zero(again) and not currency.compare_amounts(gross, source._loyalty_money()):
            amount = currency.round(sum(wanted))
            pro_rata = any(gone < 0 for __, gone in sets.values())
        else:
            amount, pro_rata = gross, True
        if pro_rata:
            # The redemption paid other sales too, or this one twice: its part, whatever the rates. Or credit notes charge
            # something at a rate of which nothing comes back: that lowers what the goods at other rates give back.
            whole, gone = sum(of for of, __ in sets.values()), sum(of for __, of in sets.values())
            target = part_of(gross, min(max(gone, 0), whole), whole, currency.rounding) if whole > 0 else gross
            amount = min(amount, currency.round(max(0.0, target - earlier)))
        left = currency.round(max(0.0, gross - earlier))
        return {
            "source": source,
            "earlier": earlier,
            "amount": min(amount, left),
            "left": left,
            "factor": matched["amount"] / matched["paid"] if matched["paid"] else 1.0,
            "paid": gross,
            "shares": shares,
            "back": back,
            "wanted": wanted,
        }

    def _raise_to_minimum(self, plans, invoice, sale):
        """Let more come back where otherwise more money would go out than came in."""
        invoices, notes, links = sale
        total = {
            move: move.amount_total * move._loyalty_share(links.get(move)) * move._rate_to(invoice)
            for move in invoices.union(*notes)
        }
        credited = sum(total[note] * part for note, part in notes.items())
        sold = sum(total[move] for move in invoices) - sum(total[note] * (1 - part) for note, part in notes.items())
        redeemed = sum(plan["paid"] * plan["factor"] for plan in plans)
        missing = credited - (sold - redeemed)
        missing -= sum((plan["earlier"] + plan["amount"]) * plan["factor"] for plan in plans)
        missing = invoice.currency_id.round(missing)
        for plan in plans:
            if missing <= 0 or not plan["factor"]:
                break
            currency = self.company_currency_id
            more = currency.round(min(plan["left"] - plan["amount"], missing / plan["factor"]))
            plan["amount"] = currency.round(plan["amount"] + more)
            missing = invoice.currency_id.round(missing - more * plan["factor"])

    def _frozen_products_of(self, sources):
        """Return what all these redemptions could pay, and what none of them could (ids of products), or None."""
        frozen = [source._redemption_terms()["move"]._frozen_products() for source in sources]
        if not all(frozen):
            return None
        payable = set().union(*(may for may, __ in frozen))
        return payable, set().union(*(never for __, never in frozen)) - payable

    def _loyalty_sold_and_returned(self, invoice, sale, programs, frozen=None):
        """Return ``{taxes: [gross sold, gross of it that is returned]}``, in the currency of ``invoice``.

        :param sale: invoices, credit notes and what these return, as :meth:`_loyalty_sale` says; what was not kept of a
            credit note was sold again by one of the invoices
        :param programs: those whose points paid
        :param frozen: products as they were when points paid, see :meth:`_frozen_products`
        """
        sets = self._loyalty_sum_sets(invoice, sale, programs, frozen)
        if sum(sold for sold, __ in sets.values()) <= 0:
            # What points may cover changed since they paid: all lines count.
            sets = self._loyalty_sum_sets(invoice, sale, None)
        return sets

    def _loyalty_sum_sets(self, invoice, sale, programs, frozen=None):
        invoices, notes, links = sale
        sets = defaultdict(lambda: [0.0, 0.0])
        for move in invoices:
            for taxes, gross in move._loyalty_payable_sets(programs, frozen).items():
                sets[taxes][0] += gross * move._rate_to(invoice)
        for note, part in notes.items():
            for taxes, gross in note._loyalty_payable_sets(programs, frozen, links.get(note)).items():
                sets[taxes][0] -= gross * (1 - part) * note._rate_to(invoice)
                sets[taxes][1] += gross * part * note._rate_to(invoice)
        return dict(sets)

    def _is_reduction(self):
        """Whether this is a credit note by which points lowered a price, not one that takes goods back."""
        return bool(self.loyalty_redeem_points and not self.loyalty_redeem_origin_id)

    # --- a credit note of points as what is given back -----------------------------------------------------------

    def _loyalty_money(self):
        """Return what this credit note of points is worth in company currency."""
        return abs(self.amount_total_signed)

    def _loyalty_booked(self):
        """Return what this credit note of points booked by sets of taxes, and what of it came back."""
        returns = self.loyalty_redeem_return_ids.filtered(lambda move: move._redemption_in_force()[0])
        return Booked(self, self._loyalty_receivable().account_id, returns)

    def _loyalty_reduction_returns(self):
        """Return the entries that undo posted price reductions for this credit note, as far as they stand."""
        if self.move_type != "out_refund" or not isinstance(self.id, int):
            return self.browse()
        entries = self.search([("loyalty_redeem_note_id", "=", self.id), ("state", "=", "posted")])
        return entries.filtered(lambda entry: entry._redemption_in_force()[0])

    def _given_back_for(self, notes):
        """Return ``{credit note: how much of this credit note of points it gave back}``."""
        returns = self.loyalty_redeem_return_ids.filtered(
            lambda move: move.loyalty_redeem_note_id in notes and move._redemption_in_force()[0]
        )
        return {
            note: sum(move.loyalty_redeem_amount for move in moves)
            for note, moves in returns.grouped("loyalty_redeem_note_id").items()
        }


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    def _mirrored_repartition(self):
        """Return the repartition line of the tax that takes this tax line back: of refunds for invoices, and so on."""
        repartition = self.tax_repartition_line_id
        tax = repartition.tax_id
        own, other = tax.invoice_repartition_line_ids, tax.refund_repartition_line_ids
        if repartition not in own:
            own, other = other, own
        return other[list(own).index(repartition)]

    def _prepare_reversed_part(self, balance, label):
        """Return values of a line that takes ``balance`` of this line back.

        Tax lines carry the refund repartition of their tax, base lines its refund tags.
        """
        self.ensure_one()
        vals = {
            "name": label,
            "account_id": self.account_id.id,
            "partner_id": self.partner_id.id,
            "currency_id": self.company_currency_id.id,
            "balance": -balance,
            "amount_currency": -balance,
            "tax_ids": [Command.set(self.tax_ids.ids)],
            "analytic_distribution": self.analytic_distribution,
        }
        if self.tax_repartition_line_id:
            mirrored = self._mirrored_repartition()
            vals |= {
                "tax_repartition_line_id": mirrored.id,
                "tax_tag_ids": [Command.set(mirrored.tag_ids.ids)],
                "group_tax_id": self.group_tax_id.id,
                "tax_base_amount": 0,
            }
        else:
            is_refund = not self.is_refund
            tags = self.tax_ids.flatten_taxes_hierarchy().get_tax_tags(is_refund, "base")
            vals["tax_tag_ids"] = [Command.set(tags.ids)]
        return vals
