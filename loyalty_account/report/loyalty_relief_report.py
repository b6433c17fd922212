"""Redeemed points by original sale and rate: the statement for customers and auditors (N17)."""

import re

from odoo import fields, models
from odoo.tools import SQL

from ..models.loyalty_relief import ORIGINS

#: What the statement adds up.
MEASURES = ("points", "amount", "net_amount", "vat_amount")


class LoyaltyReliefReport(models.Model):
    """What redemptions in the books took off the VAT of which sale; what was given back, or reversed, is negative."""

    _name = "loyalty.relief.report"
    _inherit = ["loyalty.document.mixin"]
    _description = "Redeemed Points by Original Sale"
    _auto = False
    _order = "date, id"
    _rec_name = "program_id"

    date = fields.Date("Redeemed On", readonly=True)
    res_model = fields.Char("Document Model", readonly=True)
    res_id = fields.Many2oneReference("Document", model_field="res_model", readonly=True)
    document_name = fields.Char("Redeemed With", compute="_compute_document_name")
    sale_model = fields.Char("Model of the Sale", readonly=True)
    sale_id = fields.Many2oneReference("Sale Document", model_field="sale_model", readonly=True)
    sale_name = fields.Char("Original Sale", compute="_compute_sale_name")
    sale_date = fields.Date("Sold On", readonly=True)
    origin = fields.Selection(
        ORIGINS,
        "Points From",
        readonly=True,
        help="Sale: the VAT of that sale is reduced.\n"
        "Sale whose rates were not kept: a document from before the program kept rates; nothing is taken off.\n"
        "No sale: bonus points, opening balances and other points that no sale brought; nothing is taken off.\n"
        "Points that were owed: spent before they were earned; nothing is taken off.",
    )
    rates = fields.Char("Rate", readonly=True, help="Rate of VAT of the original sale, as it was then.")
    program_id = fields.Many2one("loyalty.program", "Program", readonly=True)
    company_id = fields.Many2one("res.company", "Company", readonly=True)
    currency_id = fields.Many2one("res.currency", "Currency", readonly=True)
    card_id = fields.Many2one("loyalty.card", "Card", readonly=True)
    partner_id = fields.Many2one("res.partner", "Customer", readonly=True)
    move_id = fields.Many2one("account.move", "Journal Entry", readonly=True)
    earning_id = fields.Many2one("loyalty.earning", "Earning", readonly=True)
    points = fields.Float("Points", digits=(16, 4), readonly=True)
    amount = fields.Monetary("Redeemed", readonly=True, help="What the points covered, with VAT.")
    net_amount = fields.Monetary(
        "Net",
        readonly=True,
        help="Redeemed without VAT. The base of the original sale is reduced by it, where there is one.",
    )
    vat_amount = fields.Monetary("VAT", readonly=True, help="By how much the VAT of the original sale is reduced.")

    @property
    def _table_query(self):
        return SQL(
            """
            SELECT 2 * r.id + n.number AS id, COALESCE(n.date, r.date) AS date, n.move_id, r.origin, r.rates,
                   r.program_id, r.company_id, k.currency_id, r.card_id, c.partner_id, r.earning_id,
                   CASE WHEN p.loyalty_move_id IS NOT NULL THEN 'account.move' ELSE r.res_model END AS res_model,
                   COALESCE(p.loyalty_move_id, r.res_id) AS res_id,
                   g.res_model AS sale_model, g.res_id AS sale_id, g.date AS sale_date,
                   n.sign * r.points AS points, n.sign * r.amount AS amount, n.sign * r.vat_amount AS vat_amount,
                   n.sign * (r.amount - r.vat_amount) AS net_amount
              FROM loyalty_relief r
              JOIN res_company k ON k.id = r.company_id
              LEFT JOIN loyalty_card c ON c.id = r.card_id
              LEFT JOIN loyalty_earning g ON g.id = r.earning_id
              LEFT JOIN account_payment p ON r.res_model = 'account.payment' AND p.id = r.res_id
             CROSS JOIN LATERAL (
                   SELECT 0 AS number, 1 AS sign, NULL::int AS move_id, NULL::date AS date WHERE r.move_id IS NULL
                    UNION ALL
                   SELECT 0, 1, m.id, m.date FROM account_move m WHERE m.id = r.move_id AND m.state = 'posted'
                    UNION ALL
                   SELECT 1, -1, v.id, v.date FROM account_move v
                    WHERE v.reversed_entry_id = r.move_id AND v.state = 'posted' AND r.res_model <> 'pos.order') n
            """
        )

    def _compute_sale_name(self):
        self.sale_name = False
        for model, rows in self.filtered("sale_id").grouped("sale_model").items():
            if model not in self.env:
                continue
            # The name alone, as of the document: opening it needs the reader's own rights.
            names = self._names_of_documents(self.env[model].sudo().browse(rows.mapped("sale_id")).exists())
            for row in rows:
                row.sale_name = names.get(row.sale_id, False)

    def action_open_sale(self):
        """Open the sale that earned the points, with the reader's own access rights."""
        self.ensure_one()
        self.check_access("read")
        return self.earning_id.action_open_document()

    def _sections(self):
        """Return the statement: for each customer and program their rows. Points of two programs are never added."""
        self.check_access("read")
        rows = self.sorted(lambda row: (row.date, row.id))
        return list(rows.grouped(lambda row: (row.partner_id, row.program_id)).values())

    def _totals(self):
        """Return ``[(label, rate, points, redeemed, net, VAT)]``: a subtotal for each rate, the highest first, where there
        are several, and the total. What took nothing off a sale has a subtotal of its own, last."""
        _ = self.env._
        taken_off = self.filtered(lambda row: row.origin == "sale")
        groups = [
            (rate or _("No VAT"), rows)
            for rate, rows in sorted(taken_off.grouped("rates").items(), key=lambda item: _highest_first(item[0]))
        ]
        if nothing := self - taken_off:
            groups.append((_("Reduces no sale"), nothing))
        result = [(_("Subtotal"), rate, *rows._sums()) for rate, rows in groups]
        if len(result) == 1:
            return [(_("Total"), *result[0][1:])]
        return [*result, (_("Total"), "", *self._sums())] if result else []

    def _sums(self):
        points, *amounts = (sum(self.mapped(name)) for name in MEASURES)
        return points, *(self.currency_id.round(amount) for amount in amounts)


def _highest_first(rates):
    """Return a sort key of what a row's rates say, such as "19%"."""
    return [-float(number.replace(",", ".")) for number in re.findall(r"\d+(?:[.,]\d+)?", rates or "0")]
