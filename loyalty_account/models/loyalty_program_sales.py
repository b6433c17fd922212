"""What the customers of a program bought, line by line, from the documents of every channel."""

from odoo import models
from odoo.tools import SQL

from odoo.addons.loyalty_ledger.ledger import arrays
from odoo.addons.loyalty_ledger.tools.sql_files import read_sql

SALES_OF_INVOICES = read_sql(__file__, "sales_of_invoices")

REVENUE_OF_INVOICES = read_sql(__file__, "revenue_of_invoices")


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    def _sales_sources(self, date_from, date_to, pricelists):
        """Return SQL queries of sales that happened between two days, by accounting date.

        Columns: ``partner_id``, ``commercial_partner_id``, ``product_id`` (may be NULL), ``amount`` without tax in the
        company's currency, ``model``, ``document``, ``line_id``, ``day``, and ``of_day``, the day of the sale that a return
        belongs to. Documents whose pricelist is left out are not in it, nor are points and deposits.

        :param pricelists: as :meth:`_sales_pricelists` says, now or at an earlier time

        Override to add documents of other channels.
        """
        self.ensure_one()
        excluded = self._moves_with_excluded_pricelist(date_from, date_to, pricelists) if any(pricelists) else ()
        return [
            SQL(
                SALES_OF_INVOICES,
                companies=arrays.numbers(self._sales_company_ids()),
                date_from=date_from,
                date_to=date_to,
                excluded=arrays.numbers(list(excluded)),
                deposits=self.env["account.move.line"]._sql_deposits(),
                day_of_sale=self._sql_day_of_sale(),
            )
        ]

    def _revenue_sources(self, date):
        """Return SQL queries of what the books say up to a day of the sales in the CTE ``documents`` (``model``, ``id``,
        ``sale``), for controls that do not believe what an earning noted.

        Columns: ``sale``, ``product_id`` (may be NULL), ``amount`` without tax in the company's currency, negative where
        goods came back or points paid, and ``is_deposit``. Override to add documents of other channels.
        """
        self.ensure_one()
        deposits = self.env["account.move.line"]._sql_deposits()
        return [SQL(REVENUE_OF_INVOICES, deposits=deposits, date=date)]

    def _sale_links(self):
        """Return pairs of nodes ``(model, id)`` that are one sale: a document that earned, and its invoice. Override to add."""
        return []

    def _closing_differences(self, date):
        """Return ``(model, id, booked, sold, revenue, deferred)`` of entries that book the sales of many documents at once,
        and not what these say: revenue in the entry, by the lines of the documents, and what was deferred from how much of it.

        Override to add entries of a channel.
        """
        return []

    def _sql_day_of_sale(self):
        """Return SQL of the day of the sale that the invoice ``i`` is about. Override where it may come later."""
        return SQL("i.date")

    def _sales_pricelists(self):
        """Return ``(ids of pricelists that are left out, ids of those that alone count)`` as they are set now."""
        program = self._for_everybody()
        return tuple(sorted(program.excluded_pricelist_ids.ids)), tuple(sorted(program.pricelist_ids.ids))

    def _sales_company_ids(self):
        """Return the ids of the companies whose documents count: the program's and its branches."""
        return self.env["res.company"].sudo().search([("id", "child_of", self.company_id.ids)]).ids

    def _moves_with_excluded_pricelist(self, date_from, date_to, pricelists):
        excluded, only = pricelists
        moves = self.env["account.move"].sudo()  # counted only
        moves = moves.search(
            [
                ("company_id", "in", self._sales_company_ids()),
                ("move_type", "in", ("out_invoice", "out_receipt", "out_refund")),
                ("state", "=", "posted"),
                ("date", ">=", date_from),
                ("date", "<=", date_to),
            ]
        )
        return [
            move.id
            for move, pricelist in moves._loyalty_pricelists().items()
            if pricelist and (pricelist.id in excluded or only and pricelist.id not in only)
        ]

    def _paying_product_ids(self):
        """Return ids of products that stand for payments and tips, not for sales: gift cards and wallets that pay.

        Override to add those of a channel.
        """
        rewards = self.env["loyalty.reward"].sudo().with_context(active_test=False)  # the same for everybody
        rewards = rewards.search([("program_id.program_type", "in", ("gift_card", "ewallet"))])
        return rewards.discount_line_product_id.ids

    def _taxes_of_sales(self, model, line_ids):
        """Return ``{taxes: gross}`` of these rows of :meth:`_sales_sources`, in the company's currency.

        Override for lines of the documents of a channel.
        """
        sets = {}
        if model == "account.move":
            for line in self.env["account.move.line"].sudo().browse(line_ids):
                rate = line.balance / line.amount_currency if line.amount_currency else 1.0
                sign = -1 if line.move_id.move_type == "out_refund" else 1
                sets[line.tax_ids] = sets.get(line.tax_ids, 0.0) + sign * line.price_total * rate
        return sets
