"""Credits that go to the customer's account: Dr liability / Cr receivable, the points with them (M14).

Part T (redemption account and VAT against the receivable) is the entry made here, in the program's journal; part R (liability
against redemption account) follows the points, as for every redemption. Price reductions are credit notes.
"""

from odoo import models
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tools import SQL

from odoo.addons.loyalty_ledger.ledger import arrays
from odoo.addons.loyalty_ledger.ledger.rounding import split
from odoo.addons.loyalty_ledger.tools.sql_files import read_sql

SALES_THAT_EARNED = read_sql(__file__, "sales_that_earned")
#: Documents that are posted together.
CREDIT_BATCH = 1_000


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    def _credits_to_post(self, day, last_id=0, limit=None):
        """Return credits that go to the account of their customer now; points that came after ``day`` stay on the card.

        :param last_id: only cards behind it
        :param limit: how many cards are looked at, default all
        :return: ``({card id: points}, id of the last card that was looked at, None when there are no more)``
        """
        self.ensure_one()
        if self.settlement != "account" or self.award_mode != "period":
            return {}, None
        found = self._cards_with_points(day, last_id, limit)
        free = self._free_points(list(found), found)
        cards = self.env["loyalty.card"].browse([card_id for card_id, *__ in free])
        usable = {card.id for card in cards if card.partner_id and card._is_usable()}
        more = limit and len(found) == limit
        return {card_id: points for card_id, points, __ in free if card_id in usable}, max(found) if more else None

    def _post_account_credits(self, day):
        """Post what is on the cards at the end of a day to the accounts of their customers; return the documents.

        A second run finds nothing on the cards.
        """
        documents = self.env["account.move"].sudo()
        refused, last_id = {}, 0
        while last_id is not None:
            posted, reasons, last_id = self._post_account_credits_after(day, last_id)
            documents |= posted
            refused |= reasons
        if refused and not documents:
            raise UserError(self._say_refused_credits(refused))
        return documents

    def _say_refused_credits(self, refused):
        """Name customers whose credits could not be posted, three of them with the reason."""
        cards = self.env["loyalty.card"].sudo().browse(list(refused)[:3])  # the close checked the right to run
        named = [f"{card.partner_id.display_name}: {refused[card.id]}" for card in cards]
        return self.env._(
            "Customers whose credits are not posted and stay on their cards: %(count)s. %(reasons)s",
            count=len(refused),
            reasons=" ".join(named),
        )

    def _say_kept_credits(self, day):
        """Name customers whose cards keep credits of until a day, being closed for example, three of them; or False."""
        program = self.sudo()  # the close checked the right to run
        found = program._cards_with_points(day)
        postable, __ = program._credits_to_post(day)
        kept = [
            card_id
            for card_id, (points, __) in found.items()
            if card_id not in postable and program._points_to_money(points, day)
        ]
        if not kept:
            return False
        cards = self.env["loyalty.card"].sudo().browse(kept[:3])
        return self.env._(
            "Cards that keep their credits, because they are closed, past their dates, reserved by a document or without a "
            "customer: %(count)s, for example %(cards)s. The next close tries again.",
            count=len(kept),
            cards=", ".join(f"{card._shown_code()} ({card.partner_id.display_name or '–'})" for card in cards),
        )

    def _post_account_credits_after(self, day, last_id):
        """Post one batch of account credits, of the cards behind ``last_id``.

        :return: ``(documents, {card id: why it was refused}, id of the last card, None when there are no more)``
        """
        self.ensure_one()
        program = self.sudo().with_company(self.company_id)  # the close checked the right to run
        points, last_id = program._credits_to_post(day, last_id, CREDIT_BATCH)
        documents = []

        def post(card_ids):
            amounts = {card_id: program._points_to_money(points[card_id], day) for card_id in card_ids}
            cards = program.env["loyalty.card"].browse([card_id for card_id in card_ids if amounts[card_id]])
            made = program._make_account_credits([(card, points[card.id], amounts[card.id]) for card in cards], day)
            made._post(soft=False)
            documents.extend(made.ids)

        refused = dict(program._do_possible(list(points), post, {card_id: card_id for card_id in points}))
        return program.env["account.move"].browse(documents), refused, last_id

    def _make_account_credits(self, credited, day):
        """Return drafts that take credits off cards and add them to the accounts of their customers.

        :param credited: list of ``(card, points, amount)``
        """
        customers = {
            card: card.partner_id.commercial_partner_id.with_company(self.company_id) for card, *__ in credited
        }
        label = self.env._("Loyalty credits of %s", self._name_period(self._period_bounds(day)[0]))
        sets = self._sets_of_sales({customer.id for customer in customers.values()}, day)
        prepare = self._prepare_credit_note if self.vat_mode == "price_reduction" else self._prepare_credit_entry
        moves = self.env["account.move"]
        owner = moves.new({"company_id": self.company_id.id, "move_type": "entry"})
        vals_list = [
            {
                **prepare(owner, customers[card], amount, day, label, sets.get(customers[card].id, {})),
                "is_loyalty_credit": True,
                "loyalty_redeem_card_id": card.id,
                "loyalty_redeem_points": points,
                "loyalty_redeem_amount": amount,
            }
            for card, points, amount in credited
        ]
        if self.vat_mode == "price_reduction":
            return moves.create(vals_list)
        entries = moves.with_context(skip_invoice_sync=True).create(vals_list)
        entries._freeze_loyalty_items()
        return entries.with_context(skip_invoice_sync=False)

    def _prepare_credit_entry(self, owner, customer, amount, day, label, sets):
        lines = self._redemption_lines(amount, owner, customer, label, sets)
        receivable = {
            "name": label,
            "account_id": customer.property_account_receivable_id.id,
            "partner_id": customer.id,
            "currency_id": self.currency_id.id,
            "balance": -amount,
            "amount_currency": -amount,
            "date_maturity": day,
        }
        return {
            "move_type": "entry",
            "journal_id": self._books_journal().id,
            "company_id": self.company_id.id,
            "date": day,
            "ref": label,
            "partner_id": customer.id,
            "currency_id": self.currency_id.id,
            "line_ids": [Command.create({**line, "partner_id": customer.id}) for line in [*lines, receivable]],
        }

    def _prepare_credit_note(self, owner, customer, amount, day, label, sets):
        """The price of what was sold is lowered afterwards, at the rates of the sales that earned."""
        sets = sets or {self.env["account.tax"]: amount}
        shares = split(amount, list(sets.values()), self.currency_id.rounding)
        return {
            "move_type": "out_refund",
            "company_id": self.company_id.id,
            "partner_id": customer.id,
            "currency_id": self.currency_id.id,
            "invoice_date": day,
            "date": day,
            "ref": label,
            "invoice_line_ids": [
                Command.create(
                    owner._prepare_reduction_line(owner._reducible(taxes), share, self.cost_account_id, label)
                )
                for taxes, share in zip(sets, shares)
                if not self.currency_id.is_zero(share)
            ],
        }

    def _starts_of_credits(self, partner_ids, day):
        """Return ``{customer id: first day}`` of the latest period up to ``day`` that brought credits, else of its own."""
        self.env["loyalty.period.line"].flush_model()
        self.env.cr.execute(
            SQL(
                """
                SELECT partner_id, max(date_from) FROM loyalty_period_line
                 WHERE program_id = %s AND partner_id = ANY(%s::int[]) AND posted_amount > 0 AND date_to <= %s
                 GROUP BY partner_id
                """,
                self.id,
                arrays.numbers(partner_ids),
                day,
            )
        )
        start, __ = self._period_bounds(day)
        return {**dict.fromkeys(partner_ids, start), **dict(self.env.cr.fetchall())}

    def _sets_of_sales(self, partner_ids, day):
        """Return ``{customer id: {sales taxes: gross}}`` of what customers bought in the period that brought their credits,
        returns taken off; one query, and what reads the taxes of its lines."""
        if self.vat_mode == "tender" or not partner_ids:
            return {}
        starts = self._starts_of_credits(partner_ids, day)
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                SALES_THAT_EARNED,
                sales=self._sql_sales(min(starts.values()), day),
                counted=self._sql_counted_products(self._terms_of(*self._period_bounds(day))[0].get("rules") or {}),
                unit=self.period_length,
                program=self.id,
                partners=arrays.numbers(starts),
                starts=arrays.numbers(starts.values()),
            )
        )
        rows = self.env.cr.fetchall()
        for model in {model for __, model, __ in rows}:  # read all lines at once; below they are there already
            self._taxes_of_sales(model, [line for __, other, ids in rows if other == model for line in ids])
        found = {}
        for partner_id, model, line_ids in rows:
            sets = found.setdefault(partner_id, {})
            for taxes, gross in self._taxes_of_sales(model, line_ids).items():
                sets[taxes] = sets.get(taxes, 0.0) + gross
        return {
            partner_id: {taxes: gross for taxes, gross in sets.items() if gross > 0}
            for partner_id, sets in found.items()
        }

    def _check_credits_can_settle(self):
        """Refuse to roll credits over that could go nowhere."""
        if self.settlement == "account" and self.accounting_policy == "none":
            raise UserError(
                self._with_name(
                    self.env._(
                        "its credits go to the customer's account, which needs an accounting policy. Use Set Up Accounting on "
                        "the tab Accounting, or let credits stay on the card."
                    )
                )
            )
