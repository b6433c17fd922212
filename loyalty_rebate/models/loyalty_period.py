"""Periods of a program that credits sales by month, quarter or year: what was counted, and what it brought."""

from odoo import api, fields, models
from odoo.tools import format_date


class LoyaltyPeriod(models.Model):
    """One period of a program that was rolled over: its customers' sales and credits, and the terms that held.

    Only the roll-over writes it. What comes later, such as a credit note, changes the figures of its lines and is part of
    the next roll-over (target minus posted).
    """

    _name = "loyalty.period"
    _description = "Credited Period"
    _inherit = ["loyalty.readonly.mixin"]
    _order = "date_to desc, id desc"
    _allow_sudo_commands = False

    program_id = fields.Many2one("loyalty.program", "Program", required=True, ondelete="restrict")
    company_id = fields.Many2one("res.company", "Company", required=True, ondelete="restrict")
    currency_id = fields.Many2one(related="program_id.currency_id")
    date_from = fields.Date("From", required=True)
    date_to = fields.Date("To", required=True)
    line_ids = fields.One2many("loyalty.period.line", "period_id", "Customers")
    line_count = fields.Integer("Number of Customers", compute="_compute_totals")
    sales = fields.Monetary("Sales", compute="_compute_totals", help="Counted sales, without tax.")
    credit_amount = fields.Monetary("Credits", compute="_compute_totals")
    posted_amount = fields.Monetary("Posted", compute="_compute_totals")

    marks = fields.Json(
        "What Counts",
        help="Products, customers, dates and pricelists as they were at the roll-over.",
        prefetch=False,  # as long as the list of products that were sold
    )
    is_lapsed = fields.Boolean("Unused Credits Have Lapsed")

    _unique_period = models.UniqueIndex("(program_id, date_from)", "This period was rolled over already.")

    def _refusal(self):
        return self.env._("Figures of a period are made by its roll-over and cannot be changed by hand.")

    @api.depends("date_from", "date_to")
    def _compute_display_name(self):
        for period in self:
            period.display_name = period.program_id._name_period(period.date_from) if period.date_from else ""

    def _compute_totals(self):
        groups = self.env["loyalty.period.line"]._read_group(
            [("period_id", "in", self.ids)],
            ["period_id"],
            ["__count", "sales:sum", "credit_amount:sum", "posted_amount:sum"],
        )
        totals = {period: values for period, *values in groups}
        for period in self:
            period.line_count, period.sales, period.credit_amount, period.posted_amount = totals.get(
                period, (0, 0.0, 0.0, 0.0)
            )


class LoyaltyPeriodLine(models.Model):
    """What one customer bought in a period, and what it is credited."""

    _name = "loyalty.period.line"
    _description = "Sales of a Customer in a Period"
    _inherit = ["loyalty.readonly.mixin"]
    _order = "date_to desc, sales desc, id"
    _rec_name = "partner_id"
    _allow_sudo_commands = False

    period_id = fields.Many2one("loyalty.period", "Period", required=True, ondelete="cascade", index=True)
    program_id = fields.Many2one("loyalty.program", "Program", required=True, ondelete="restrict")
    company_id = fields.Many2one("res.company", "Company", required=True, ondelete="restrict")
    currency_id = fields.Many2one(related="program_id.currency_id")
    date_from = fields.Date("From", required=True)
    date_to = fields.Date("To", required=True)
    partner_id = fields.Many2one("res.partner", "Customer", ondelete="restrict", index=True)
    card_id = fields.Many2one("loyalty.card", "Card", ondelete="restrict", index="btree_not_null")
    sales = fields.Monetary("Sales", help="Counted sales of the period, less credit notes, without tax.")
    credit_amount = fields.Monetary("Credits", help="What these sales are credited on the terms of the period.")
    posted_amount = fields.Monetary("Posted", help="What of it reached the card so far.")
    is_skipped = fields.Boolean("On Hold", help="The customer was on hold, and the program skips such customers.")
    terms = fields.Json("Terms of the Period")
    base = fields.Json("Sales by Percentage")
    gross = fields.Float("All Sales", digits=(16, 4))
    entry_id = fields.Many2one("loyalty.ledger.entry", "Transaction", ondelete="restrict")

    _of_partner = models.Index("(program_id, partner_id, date_from)")

    def _refusal(self):
        return self.env._("Figures of a period are made by its roll-over and cannot be changed by hand.")

    @api.depends("partner_id", "date_from")
    def _compute_display_name(self):
        for line in self:
            day = format_date(self.env, line.date_to) if line.date_to else ""
            line.display_name = f"{line.partner_id.display_name or ''}, {day}"


class LoyaltyPeriodTerms(models.Model):
    """Tiers and percentages that hold until the end of a period, because they were changed after it had begun (bM4)."""

    _name = "loyalty.period.terms"
    _description = "Terms That Hold Until a Period Ends"
    _inherit = ["loyalty.readonly.mixin"]
    _order = "date_to, id"
    _allow_sudo_commands = False

    program_id = fields.Many2one("loyalty.program", "Program", required=True, ondelete="cascade", index=True)
    target_id = fields.Many2one("loyalty.target", "Target", ondelete="cascade", index="btree_not_null")
    company_id = fields.Many2one(related="program_id.company_id")
    date_to = fields.Date("Until", required=True)
    terms = fields.Json("Terms", required=True)

    _unique_terms = models.UniqueIndex("(program_id, COALESCE(target_id, 0), date_to)", "These terms are kept already.")
