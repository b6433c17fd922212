"""Points that lowered a price and go back: lines of credit notes that take them back, and entries that undo them (N4)."""

from odoo import models
from odoo.fields import Command

from odoo.addons.loyalty_ledger.ledger.rounding import part_of
from odoo.addons.loyalty_ledger.tools.today import loyalty_today

from ..books.vat_split import parts_back, wanted_back
from .account_move_redemption_reduction_shares import NOTHING, SetAmounts, TaxAmounts

#: What was booked of taxes that no line of points has.
EMPTY = SetAmounts()


class AccountMove(models.Model):
    _inherit = "account.move"

    def _complete_credit_note(self, earlier=None):
        """Take lines of points of the invoice back, pro rata to its goods, where this credit note does not do it yet.

        At least as much as keeps all credit notes from paying out more than was asked for in money.

        :param earlier: drafts that are posted together with this one and are complete
        """
        self.ensure_one()
        if self._is_reduction():
            return
        invoices, links = self._reduced_sale(earlier)
        lines = invoices.invoice_line_ids.filtered("is_loyalty_reduction")
        if not lines:
            return
        currency, unit, notes = self.currency_id, self.currency_id.rounding, self.union(*links)
        taken, back, own = (moves._reduction_totals() for moves in (invoices, notes - self, self))
        by_taxes = lines.grouped("tax_ids")
        shares, before, kept = (
            [-amounts.get(taxes, EMPTY).gross for taxes in by_taxes] for amounts in (taken, back, own)
        )
        sold, returned = self._reducible_goods(invoices, links, list(by_taxes))
        wanted = wanted_back(shares, before, sold, returned, unit)
        goods = self.amount_total + sum(kept)
        left = sum(shares) - sum(before)
        whole, gone, most = sum(sold), sum(returned), sum(wanted)
        if min(returned) < 0 < whole:  # what is charged at one rate lowers what goods at other rates give back
            most = min(most, max(0.0, part_of(sum(shares), min(max(gone, 0), whole), whole, unit) - sum(before)))
        # Otherwise more would be paid out than was asked for in money.
        at_least = sum(note.amount_total * note._loyalty_share(links[note]) for note in notes - self)
        at_least += goods * self._loyalty_share(links.get(self)) - sum(invoices.mapped("amount_total"))
        part = currency.round(min(max(most, at_least), left, goods))
        parts = parts_back(max(0.0, part), shares, before, wanted, unit)
        if not any(currency.compare_amounts(mine, due) for mine, due in zip(kept, parts)):
            return
        same_rate = len(set((invoices | notes).mapped("invoice_currency_rate"))) == 1
        commands = [Command.delete(line.id) for line in self.invoice_line_ids.filtered("is_loyalty_reduction")]
        for (taxes, of_taxes), part, earlier in zip(by_taxes.items(), parts, before):
            if not currency.is_zero(part):
                amounts = self._reduction_taxes_left(taken[taxes], back.get(taxes, EMPTY), earlier + part, same_rate)
                vals = self._prepare_reduction_line(taxes, -part, of_taxes[0].account_id, of_taxes[0].name, amounts)
                commands.append(Command.create(vals))
        self.write({"invoice_line_ids": commands})

    def _reducible_goods(self, invoices, links, sets):
        """Return what the invoices sold that points may cover, and what their credit notes take back of it, by the
        taxes
        ``sets``.

        :param links: as :meth:`_reduced_sale` says
        """
        # Users may lack access to the program (another company); the document was checked.
        programs = invoices.loyalty_redeem_card_id.sudo().program_id
        sold, returned = [0.0] * len(sets), [0.0] * len(sets)
        sale = invoices, dict.fromkeys(links, 1), links
        counted = self._loyalty_sold_and_returned(invoices[:1], sale, programs, self._frozen_products_of(invoices))
        for taxes, (of_sale, of_notes) in counted.items():
            if (key := self._reducible(taxes)) in sets:
                sold[sets.index(key)] += max(0.0, of_sale)
                returned[sets.index(key)] += of_notes
        return sold, returned

    def _reduction_taxes_left(self, taken, back, target, same_rate):
        """Return the SetAmounts that a line of points takes back.

        Cumulative rounding: after the last credit note all of them together are what the invoice's lines took off.

        :param taken: what the lines of the invoice took off, as :meth:`_reduction_totals` says
        :param back: what earlier credit notes took back
        :param target: gross that is back after this one
        :param same_rate: whether all of them have the rate of this one, so that this holds in the company's currency too
        """
        gross, rate = abs(taken.gross), self.invoice_currency_rate or 1.0
        company = self.company_currency_id

        def left(total, before, of=self.currency_id):
            return of.round(part_of(total, abs(target), gross, of.rounding) - before)

        result, taxed = SetAmounts(), 0.0
        result.gross = left(taken.gross, back.gross)
        for tax, total in taken.taxes.items():
            before = back.taxes.get(tax, NOTHING)
            amount, base = left(total.amount, before.amount), left(total.base, before.base)
            taxed += amount
            result.taxes[tax] = TaxAmounts(amount, base, company.round(amount / rate), company.round(base / rate))
            if same_rate:
                result.taxes[tax] = TaxAmounts(
                    amount,
                    base,
                    left(total.company_amount, before.company_amount, company),
                    left(total.company_base, before.company_base, company),
                )
        result.company_net = (
            left(taken.company_net, back.company_net, company)
            if same_rate
            else company.round((result.gross - taxed) / rate)
        )
        return result

    def _reduced_sale(self, earlier=None):
        """Return the invoices with lines of points that this credit note returns, and ``{credit note: its parts that
        return them}`` of all credit notes that do, this one included.

        Where a credit note returns several invoices, they and all of their credit notes are one sale.

        :param earlier: drafts that count like posted credit notes, as far as they return these invoices
        """
        self.ensure_one()
        drafts = earlier._loyalty_returned() if earlier else {}
        invoices, links, returned = self.browse(), {}, self._loyalty_returned()
        while True:
            parents = self.browse().union(*(parent for note in returned for parent in returned[note])) - self
            found = parents.filtered(
                lambda move: (
                    move.currency_id == self.currency_id and any(move.invoice_line_ids.mapped("is_loyalty_reduction"))
                )
            )
            if found <= invoices:
                break
            invoices |= found
            together = self.browse().union(
                *(note for note, parents in drafts.items() if any(parent in invoices for parent in parents))
            )
            notes = (self | together | invoices._loyalty_returning()).filtered(
                lambda move: move.move_type == "out_refund" and not move._is_reduction()
            )
            returned = notes._loyalty_returned()
        for note, parents in returned.items():
            own = [parts for parent, parts in parents.items() if parent in invoices]
            if own:
                links[note] = self._join_parts(own)
        return invoices.sorted("id"), links

    def _return_reduced_points(self, later=()):
        """Give points back for the lines of points that this credit note takes back of its invoice. See
        :meth:`_return_loyalty_points` for ``later``."""
        invoices = self._reduced_sale()[0].filtered("loyalty_redeem_points")
        if not invoices:
            return
        notes = (invoices.loyalty_redeem_return_ids | self).filtered(
            lambda note: note.move_type == "out_refund" and note.state == "posted" and note not in later
        )
        taken = sum(invoices.mapped("loyalty_redeem_amount"))
        amounts = {note: -sum(note.line_ids.filtered("is_loyalty_reduction").mapped("price_total")) for note in notes}
        back = min(sum(amounts.values()), taken)
        earlier = sum((notes - self).mapped("loyalty_redeem_points"))
        points = part_of(sum(invoices.mapped("loyalty_redeem_points")), max(back, 0), taken, 1.0) - earlier
        if points > 0 or self.loyalty_redeem_points:  # posted again, it may take less of them back
            self._set_redemption(invoices.loyalty_redeem_card_id[:1], max(points, 0), -amounts[self], invoices[:1])
            self._settle_points()

    def _undo_returns(self):
        """Undo what gave points back for these credit notes."""
        entries = self.search([("loyalty_redeem_note_id", "in", self.ids), ("state", "=", "posted")])
        for entry in entries.filtered(lambda entry: not entry._loyalty_reversals()):
            if not entry._loyalty_must_stay():
                entry.button_draft()
                entry.button_cancel()
            else:
                today = loyalty_today(self.env, entry.company_id)
                entry._reverse_moves([{"date": max(entry.date, today)}], cancel=True)

    def _undo_reductions(self):
        """Undo what redeemed points, or gave them back, for these documents only: they are drafts or cancelled."""
        self._undo_returns()
        invoices = self.filtered(lambda move: move.move_type == "out_invoice" and move.state != "posted")
        reductions = invoices._loyalty_reductions().filtered(lambda note: note.state == "posted")
        if reductions:
            reductions.button_draft()
            reductions.button_cancel()

    def _give_back_part(self, credit_note, amount, terms):
        """Undo ``amount`` of this credit note of points by an entry, and match it with ``credit_note``."""
        self.ensure_one()
        returns = self.loyalty_redeem_return_ids.filtered(lambda move: move._redemption_in_force()[0])
        gross = self._loyalty_money()
        before = sum(returns.mapped("loyalty_redeem_amount"))
        points = part_of(self.loyalty_redeem_points, before + amount, gross, 1.0) - sum(
            returns.mapped("loyalty_redeem_points")
        )
        receivable = self._loyalty_receivable().account_id[:1]
        label = self.env._("Loyalty points returned: %s", credit_note.name)
        booked = self._loyalty_booked()
        # Users may lack access to the program (another company); the credit note was checked.
        journal = self.loyalty_redeem_card_id.sudo().program_id._books_journal()
        entry = (
            self.with_company(self.company_id)
            .with_context(skip_invoice_sync=True)
            .create(
                {
                    "move_type": "entry",
                    "company_id": self.company_id.id,
                    "journal_id": journal.id,
                    # A credit note may be dated before points paid; these never come back before they were taken.
                    "date": max(credit_note.date, self.date),
                    "partner_id": self.partner_id.id,
                    "ref": label,
                    "line_ids": [
                        *(Command.create(vals) for vals in booked.lines_back(booked.parts(amount, terms), label)),
                        Command.create(
                            {
                                "name": label,
                                "account_id": receivable.id,
                                "partner_id": self.commercial_partner_id.id,
                                "currency_id": credit_note.currency_id.id,
                                "amount_currency": terms.foreign,
                                "balance": amount,
                            }
                        ),
                    ],
                }
            )
        )
        entry._set_redemption(self.loyalty_redeem_card_id, points, amount, self)
        entry.sudo().loyalty_redeem_note_id = credit_note  # the field is the server's
        entry._freeze_loyalty_items()
        entry._post()
        return entry

    def _match_returns(self):
        """Match entries that give points back with their credit note, then with the credit note of points they undo."""
        for entry in self.filtered("loyalty_redeem_note_id"):
            for other in (entry.loyalty_redeem_note_id, entry.loyalty_redeem_origin_id):
                open_lines = (entry | other).line_ids.filtered(
                    lambda line: (
                        line.account_id.account_type == "asset_receivable"
                        and line.parent_state == "posted"
                        and not line.reconciled
                    )
                )
                if len(open_lines.move_id) > 1 and len(open_lines.account_id) == 1:
                    open_lines.reconcile()
