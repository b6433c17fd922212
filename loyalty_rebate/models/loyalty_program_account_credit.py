"""Credits that go to the customer's account: Dr liability / Cr receivable, the points with them (M14).

Part T (redemption account and VAT against the receivable) is the entry made here, in the program's journal; part R (liability
against redemption account) follows the points, as for every redemption. Price reductions are credit notes.
"""

from odoo import models
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tools import SQL

from odoo.addons.loyalty_ledger.ledger.rounding import split


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    def _cards_to_credit(self):
        """Return the cards whose credits go to the account of their customer now."""
        if self.settlement != "account" or self.award_mode != "period":
            return self.env["loyalty.card"]
        cards = self.env["loyalty.card"].search(
            [("program_id", "=", self.id), ("points", ">", 0), ("partner_id", "!=", False)], order="id"
        )
        return cards.filtered(lambda card: card.available_points > 0 and not card.closed)

    def _post_account_credits(self, day):
        """Post what is on the cards to the accounts of their customers; return the documents.

        A second run finds nothing on the cards.
        """
        self.ensure_one()
        program = self.sudo().with_company(self.company_id)  # the close checked the right to run
        documents = self.env["account.move"].sudo()
        for card in program._cards_to_credit():
            points = card.available_points
            amount = program._points_to_money(points, day)
            if amount:
                documents |= program._make_account_credit(card, points, amount, day)
        documents.filtered(lambda move: move.move_type == "entry")._freeze_loyalty_items()
        documents._post(soft=False)
        return documents

    def _make_account_credit(self, card, points, amount, day):
        customer = card.partner_id.commercial_partner_id.with_company(self.company_id)
        label = self.env._("Loyalty credits of %s", self._name_period(self._period_bounds(day)[0]))
        sets = self._sets_of_sales(customer, self._day_of_credits(customer, day))
        if self.vat_mode == "price_reduction":
            document = self._make_credit_note(customer, amount, day, label, sets)
        else:
            document = self._make_credit_entry(customer, amount, day, label, sets)
        document.write({"is_loyalty_credit": True})
        document._set_redemption(card, points, amount)
        return document

    def _day_of_credits(self, customer, day):
        """Return a day of the latest period up to ``day`` whose sales brought the customer credits, else ``day``."""
        lines = self.env["loyalty.period.line"].search(
            [
                ("program_id", "=", self.id),
                ("partner_id", "=", customer.id),
                ("posted_amount", ">", 0),
                ("date_to", "<=", day),
            ],
            limit=1,
        )
        return lines.date_to or day

    def _make_credit_entry(self, customer, amount, day, label, sets):
        moves = self.env["account.move"]
        owner = moves.new({"company_id": self.company_id.id, "move_type": "entry"})
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
        return moves.with_context(skip_invoice_sync=True).create(
            {
                "move_type": "entry",
                "journal_id": self._books_journal().id,
                "company_id": self.company_id.id,
                "date": day,
                "ref": label,
                "partner_id": customer.id,
                "currency_id": self.currency_id.id,
                "line_ids": [Command.create({**line, "partner_id": customer.id}) for line in [*lines, receivable]],
            }
        )

    def _make_credit_note(self, customer, amount, day, label, sets):
        """The price of what was sold is lowered afterwards, at the rates of the sales that earned."""
        note = self.env["account.move"].create(
            {
                "move_type": "out_refund",
                "company_id": self.company_id.id,
                "partner_id": customer.id,
                "currency_id": self.currency_id.id,
                "invoice_date": day,
                "date": day,
                "ref": label,
            }
        )
        sets = sets or {self.env["account.tax"]: amount}
        shares = split(amount, list(sets.values()), self.currency_id.rounding)
        note.write(
            {
                "invoice_line_ids": [
                    Command.create(
                        note._prepare_reduction_line(note._reducible(taxes), share, self.cost_account_id, label)
                    )
                    for taxes, share in zip(sets, shares)
                    if not self.currency_id.is_zero(share)
                ]
            }
        )
        return note

    def _sets_of_sales(self, customer, day):
        """Return ``{sales taxes: gross}`` of what the customer bought in the period of ``day``, returns taken off."""
        if self.vat_mode == "tender":
            return {}
        start, end = self._period_bounds(day)
        terms, __ = self._terms_of(start, end)
        rules, bare = self._counted_products(terms.get("rules") or {})
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                SELECT s.model, array_agg(s.line_id ORDER BY s.line_id) FROM (%s) s
                 WHERE s.commercial_partner_id = %s AND s.of_day BETWEEN %s AND %s
                   AND (s.product_id IN (SELECT product_id FROM (%s) r) OR s.product_id IS NULL AND %s)
                   AND (s.product_id IS NULL OR s.product_id <> ALL(%s)) GROUP BY s.model
                """,
                SQL(" UNION ALL ").join(self._sales_sources(start, end)),
                customer.id,
                start,
                end,
                rules,
                bare is not None,
                self._paying_product_ids(),
            )
        )
        sets = {}
        for model, line_ids in self.env.cr.fetchall():
            for taxes, gross in self._taxes_of_sales(model, line_ids).items():
                sets[taxes] = sets.get(taxes, 0.0) + gross
        return {taxes: gross for taxes, gross in sets.items() if gross > 0}

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
