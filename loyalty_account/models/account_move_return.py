"""What credit notes give back of redemptions: how much, of which, and at which rates of VAT (N4)."""

from collections import defaultdict

from odoo import models
from odoo.fields import Command

from ..books.return_terms import CONTEXT_KEY, ReturnTerms
from ..books.vat_split import gross_of_sets, lines_back, part_of, parts_back, split, wanted_back


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
        payments = self.env["account.payment"].sudo()  # all of them count, whatever the user sees
        payments = payments.search(
            [
                ("loyalty_move_id", "in", self.ids),
                ("payment_type", "=", "inbound"),
                ("state", "in", ("in_process", "paid")),
            ]
        )
        waiting = {}
        for payment in payments:
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
        # Rules of the programs hold, whoever posts the credit note.
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
            # What points may pay changed since they paid: all lines count.
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


class Booked:
    """The journal items of a redemption by sets of taxes: each base line is a set.

    :param move: the entry; its items on ``counterparts`` are left out
    :param returns: entries that gave some of it back
    """

    def __init__(self, move, counterparts, returns):
        self.move = move
        self.currency = move.company_currency_id
        lines = move.line_ids.filtered(lambda line: line.account_id not in counterparts)
        self.tax_lines = lines.filtered("tax_repartition_line_id")
        self.base_lines = lines - self.tax_lines
        self.sign = 1 if sum(lines.mapped("balance")) > 0 else -1
        self.nets = [self.sign * line.balance for line in self.base_lines]
        leaves = [line.tax_ids.flatten_taxes_hierarchy() for line in self.base_lines]
        self.taxes = [
            (self.sign * line.balance, [number for number, taxes in enumerate(leaves) if line.tax_line_id in taxes])
            for line in self.tax_lines
        ]
        self.nets_back, self.taxes_back = [0.0] * len(self.base_lines), [0.0] * len(self.tax_lines)
        for line in returns.line_ids.filtered(lambda line: line.account_id not in counterparts):
            self._count_back(line)
        unit = self.currency.rounding
        self.shares, __ = gross_of_sets(self.nets, self.taxes, unit)
        self.back, __ = gross_of_sets(
            self.nets_back, [(amount, sets) for amount, (__, sets) in zip(self.taxes_back, self.taxes)], unit
        )

    def _count_back(self, line):
        if line.tax_repartition_line_id:
            keys = [own._mirrored_repartition() for own in self.tax_lines]
            found = [number for number, key in enumerate(keys) if key == line.tax_repartition_line_id]
            amounts = self.taxes_back
        else:
            found = [number for number, own in enumerate(self.base_lines) if own.tax_ids == line.tax_ids]
            amounts = self.nets_back
        if found:
            amounts[found[0]] = self.currency.round(amounts[found[0]] - self.sign * line.balance)

    def weights(self, sets):
        """Return ``(gross sold, gross of it that is returned)`` of each base line.

        :param sets: ``{taxes of the sale: (sold, returned)}``
        """
        sold, returned = [0.0] * len(self.base_lines), [0.0] * len(self.base_lines)
        for taxes, (of_sale, of_returns) in sets.items():
            for number in self._positions(taxes):
                sold[number] += max(0.0, of_sale)
                returned[number] += of_returns
        return sold, returned

    def _positions(self, taxes):
        """Return the positions of the base lines that paid lines with these taxes of the sale."""
        if len(self.base_lines) == 1:
            return [0]
        frozen = {tuple(sale): booked for sale, booked, __ in self.move._frozen_sets()}
        wanted = frozen.get(tuple(sorted(taxes.ids)))
        if wanted is None:
            wanted = sorted(self.move._reducible(taxes).ids)
        found = [number for number, line in enumerate(self.base_lines) if sorted(line.tax_ids.ids) == wanted]
        # Entries from before the sets were remembered, and taxes that the sale did not have: the same rates.
        return found or [
            number for number, line in enumerate(self.base_lines) if self._rates(line.tax_ids) == self._rates(taxes)
        ]

    def fits(self, invoice, amount, program):
        """Return whether ``amount`` would be booked by the same sets if points paid ``invoice`` now."""
        frozen = self.move._frozen_sets()
        now = {tuple(sorted(taxes.ids)): gross for taxes, gross in invoice._loyalty_payable_sets(None).items()}
        if frozen and {tuple(sale): gross for sale, __, gross in frozen} == now:
            return True
        if self.taxed() or program.vat_mode != "tender":
            sets = invoice._loyalty_tax_sets(program)
            known = {tuple(sale) for sale, __, __ in frozen}
            if frozen and any(gross and tuple(sorted(taxes.ids)) not in known for taxes, gross in sets.items()):
                return False
            weights, __ = self.weights({taxes: (gross, 0.0) for taxes, gross in sets.items()})
            expected = split(amount, weights, self.currency.rounding)
            # A cent may have moved with the rounding of the whole.
            tolerance = 2 * self.currency.rounding
            return all(
                self.currency.compare_amounts(abs(share - booked), tolerance) <= 0
                for share, booked in zip(expected, self.shares)
            )
        return True

    def taxed(self):
        """Return whether anything of this redemption has to do with taxes."""
        return bool(self.tax_lines or self.base_lines.tax_ids)

    @staticmethod
    def _rates(taxes):
        return sorted(
            tax.amount for tax in taxes.flatten_taxes_hierarchy() if tax.amount_type == "percent" and tax.amount
        )

    def lines_back(self, parts, label):
        """Return values of the lines that take ``parts``, the gross of each base line, back."""
        nets, taxes = lines_back(self.nets, self.taxes, self.nets_back, self.taxes_back, parts, self.currency.rounding)
        lines = [*zip(self.base_lines, nets), *zip(self.tax_lines, taxes)]
        return [
            line._prepare_reversed_part(self.sign * amount, label)
            for line, amount in lines
            if not self.currency.is_zero(amount)
        ]

    def parts(self, amount, terms):
        """Return how ``amount`` comes back over the base lines: as ``terms`` say, else pro rata to what is left."""
        if terms and len(terms.parts) == len(self.base_lines):
            return terms.parts
        nothing = [0.0] * len(self.base_lines)
        return parts_back(amount, self.shares, self.back, nothing, self.currency.rounding)


class AccountPayment(models.Model):
    _inherit = "account.payment"

    def _loyalty_money(self):
        """Return what this payment with points is worth in company currency."""
        return self.amount

    def _loyalty_booked(self):
        """Return what this payment with points booked by sets of taxes, and what of it came back."""
        returns = self.loyalty_return_ids.filtered(lambda payment: payment._redemption_in_force()[0])
        return Booked(self.move_id, self.destination_account_id, returns.move_id)

    def _given_back_for(self, notes):
        """Return ``{credit note: how much of this payment it gave back}``; the payment may have paid other sales too."""
        returns = self.loyalty_return_ids.filtered(
            lambda payment: payment.loyalty_move_id in notes and payment._redemption_in_force()[0]
        )
        return {note: sum(payments.mapped("amount")) for note, payments in returns.grouped("loyalty_move_id").items()}

    def _give_back_part(self, credit_note, amount, terms):
        """Make the payment that gives ``amount`` of this one back, and match it.

        It settles the credit note, or this payment's own credit where cancelling the invoice set it free.
        """
        self.ensure_one()
        program = self.loyalty_card_id.sudo().program_id  # whoever posts the credit note need not see the program
        returns = self.loyalty_return_ids.filtered(lambda payment: payment._redemption_in_force()[0])
        points = self._points_given_back(amount, returns)
        payment = self.with_context(**{CONTEXT_KEY: terms}).create(
            {
                "payment_type": "outbound",
                "partner_type": "customer",
                "partner_id": self.partner_id.id,
                "company_id": self.company_id.id,
                "journal_id": self.journal_id.id,
                "payment_method_line_id": program._loyalty_method_line("outbound", self.journal_id).id,
                "currency_id": self.currency_id.id,
                "amount": amount,
                "date": credit_note.date,
                "memo": credit_note.payment_reference or credit_note.name,
                "destination_account_id": self.destination_account_id.id,
                "loyalty_card_id": self.loyalty_card_id.id,
                "loyalty_points": points,
                "loyalty_move_id": credit_note.id,
                "loyalty_origin_id": self.id,
                "write_off_line_vals": [],
            }
        )
        payment = payment.with_env(self.env)
        payment.action_post()
        open_lines = (payment | self).move_id.line_ids.filtered(
            lambda line: line.account_id == self.destination_account_id and not line.reconciled
        )
        if len(open_lines.move_id) > 1:
            open_lines.reconcile()
        payment._log_redemption(credit_note)
        return payment


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
