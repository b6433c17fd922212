"""Sales against target on the customer's form."""

from odoo import api, fields, models

#: Who may see what a customer buys.
READERS = (
    "loyalty_ledger.group_loyalty_user,loyalty_ledger.group_loyalty_auditor,account.group_account_readonly,"
    "account.group_account_invoice"
)


class ResPartner(models.Model):
    _inherit = "res.partner"

    loyalty_period_program_id = fields.Many2one(
        "loyalty.program",
        "Rebate Program",
        compute="_compute_loyalty_period_figures",
        compute_sudo=True,
        groups=READERS,
    )
    loyalty_period_currency_id = fields.Many2one(
        "res.currency",
        "Currency of the Rebate",
        compute="_compute_loyalty_period_figures",
        compute_sudo=True,
        groups=READERS,
    )
    loyalty_period_name = fields.Char(
        "Period", compute="_compute_loyalty_period_figures", compute_sudo=True, groups=READERS
    )
    loyalty_period_sales = fields.Monetary(
        "Sales of the Period",
        compute="_compute_loyalty_period_figures",
        compute_sudo=True,
        groups=READERS,
        currency_field="loyalty_period_currency_id",
    )
    loyalty_period_target = fields.Monetary(
        "Target",
        compute="_compute_loyalty_period_figures",
        compute_sudo=True,
        groups=READERS,
        currency_field="loyalty_period_currency_id",
    )
    loyalty_period_percentage = fields.Float(
        "Target Reached (%)", compute="_compute_loyalty_period_figures", compute_sudo=True, groups=READERS
    )
    loyalty_period_accrued = fields.Monetary(
        "Credits of the Period",
        compute="_compute_loyalty_period_figures",
        compute_sudo=True,
        groups=READERS,
        currency_field="loyalty_period_currency_id",
    )
    loyalty_period_next = fields.Char(
        "To the Next Tier", compute="_compute_loyalty_period_figures", compute_sudo=True, groups=READERS
    )

    loyalty_period_bars = fields.Html(
        "Sales Against Target",
        compute="_compute_loyalty_period_figures",
        compute_sudo=True,
        groups=READERS,
        sanitize=False,
    )

    @api.depends_context("company", "allowed_company_ids")
    def _compute_loyalty_period_figures(self):
        """The first program of the company that credits sales of a period; of one customer, the others too."""
        all_programs = self.env["loyalty.program"].search(
            [("award_mode", "=", "period"), ("company_id", "=", self.env.company.id)], order="sequence, id"
        )
        programs = all_programs[:1]
        saved = self.filtered("id")
        found = {figure["partner_id"]: figure for figure in programs._period_figures(saved._origin)} if saved else {}
        for partner in self:
            figure = found.get(partner._origin.commercial_partner_id.id)
            partner.loyalty_period_program_id = figure and programs
            partner.loyalty_period_currency_id = figure and programs.currency_id
            partner.loyalty_period_name = figure and programs._name_period(figure["date_from"])
            partner.loyalty_period_sales = figure["sales"] if figure else 0.0
            partner.loyalty_period_target = figure["target"] if figure else 0.0
            partner.loyalty_period_percentage = figure["percentage"] if figure else 0.0
            partner.loyalty_period_accrued = figure["accrued"] if figure else 0.0
            partner.loyalty_period_next = figure and programs._say_next_tier(figure)
            partner.loyalty_period_bars = False
        if all_programs and len(saved) == 1:  # the form; lists show the first program
            rows = [programs._show_figure(figure) for figure in found.values()]
            rows += (all_programs - programs)._show_figures(saved._origin)
            bars = self.env["ir.qweb"]._render("loyalty_rebate.sales_against_target", {"rows": rows})
            saved.loyalty_period_bars = bars

    def action_loyalty_inquiry(self):
        """Open sales against target and credits of this customer."""
        self.ensure_one()
        return self.env["loyalty.inquiry"].action_inquire(self.commercial_partner_id.id)
