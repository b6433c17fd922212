"""The loyalty inquiry: sales against target and credits, by customer and period, as the one method of figures says."""

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

INVOICES = "account.move"
#: How many periods the inquiry shows, the current one included.
PERIODS = 12


class LoyaltyInquiry(models.TransientModel):
    """A customer in a period. Rows are made when the inquiry is opened, from ``loyalty.program._period_figures``."""

    _name = "loyalty.inquiry"
    _description = "Loyalty Inquiry"
    _order = "date_from desc, sales desc, id"
    _rec_name = "partner_id"

    program_id = fields.Many2one("loyalty.program", "Program", readonly=True)
    company_id = fields.Many2one(related="program_id.company_id")
    partner_id = fields.Many2one("res.partner", "Customer", readonly=True)
    card_id = fields.Many2one("loyalty.card", "Card", readonly=True)
    currency_id = fields.Many2one("res.currency", "Currency", readonly=True)
    date_from = fields.Date("From", readonly=True)
    date_to = fields.Date("To", readonly=True)
    period = fields.Char("Period", readonly=True)
    sales = fields.Monetary("Sales", readonly=True, help="Counted sales less credit notes, without tax.")
    target = fields.Monetary("Target", readonly=True, help="The next tier, or the last one when all are reached.")
    percentage = fields.Float("Reached (%)", readonly=True, aggregator=None)
    accrued = fields.Monetary("Credits", readonly=True, help="What these sales are credited.")
    posted = fields.Monetary("Posted", readonly=True, help="What of it reached the card.")
    taken = fields.Float("Taken", digits=(16, 4), readonly=True, aggregator=None, help="Of all periods, by now.")
    left = fields.Float("Left", digits=(16, 4), readonly=True, aggregator=None, help="Available on the card now.")
    next_step = fields.Char("To the Next Tier", readonly=True)
    invoice_count = fields.Integer("Invoices", compute="_compute_documents")
    order_count = fields.Integer("Orders", compute="_compute_documents")

    @api.model
    def action_inquire(self, partner_id=None):
        """Open the inquiry, of one customer or of all that have sales, for the last twelve periods.

        :raises odoo.exceptions.UserError: when no program credits sales of a period
        """
        self.env["loyalty.period"].check_access("read")
        programs = self.env["loyalty.program"].search(
            [("award_mode", "=", "period"), ("company_id", "in", self.env.companies.ids)]
        )
        if not programs:
            raise UserError(
                self.env._(
                    "No program credits sales of a period. Create one from the template Account Rebate, or set Award "
                    "Points on a loyalty program to sales of a period."
                )
            )
        partner = self.env["res.partner"].browse(partner_id or ()).exists()
        partner.check_access("read")
        rows = self.create([row for program in programs for row in self._prepare_rows(program, partner)])
        action = self.env["ir.actions.act_window"]._for_xml_id("loyalty_rebate.loyalty_inquiry_action")
        name = f"{action['name']}: {partner.display_name}" if partner else action["name"]
        # The rows of one program are told from those of another, also where a customer has both.
        context = {"several_programs": True} if len(rows.program_id) > 1 else {}
        if not partner:
            context["search_default_current"] = 1
        return {**action, "name": name, "domain": [("id", "in", rows.ids)], "context": context}

    def _prepare_rows(self, program, partner):
        """Return values of the rows of a program; customers without sales in a period have no row."""
        day, result = program._period_today(), []
        for __ in range(PERIODS):
            figures = program._period_figures(partner or None, day)
            for figure in figures:
                if figure["sales"] or figure["accrued"] or figure["posted"] or (partner and not result):
                    values = {name: figure[name] for name in figure if name in self._fields}
                    result.append(
                        {
                            **values,
                            "period": program._name_period(figure["date_from"]),
                            "next_step": program._say_next_tier(figure),
                        }
                    )
            day = program._period_bounds(day)[0] - relativedelta(days=1)
        return result

    def _compute_documents(self):
        for row in self:
            documents = row.program_id._period_documents(row.partner_id, row.date_from)
            row.invoice_count = len(documents.pop(INVOICES, ()))
            row.order_count = sum(len(ids) for ids in documents.values())

    def action_view_documents(self):
        """Open the documents behind the sales, with the reader's own rights: invoices, or orders, or a choice of both."""
        self.check_access("read")
        self.ensure_one()
        documents = self.program_id._period_documents(self.partner_id, self.date_from)
        if len(documents) < 2:
            return self._open_documents(*next(iter(documents.items()), (INVOICES, [])))
        action = self._get_records_action(name=self.display_name, target="new")
        return {**action, "context": {"form_view_ref": "loyalty_rebate.loyalty_inquiry_view_form"}}

    def action_view_invoices(self):
        """Open the invoices and credit notes behind the sales."""
        return self._open_documents_of(lambda model: model == INVOICES)

    def action_view_orders(self):
        """Open the orders behind the sales that have no invoice."""
        return self._open_documents_of(lambda model: model != INVOICES)

    def _open_documents_of(self, wanted):
        self.check_access("read")
        self.ensure_one()
        documents = self.program_id._period_documents(self.partner_id, self.date_from)
        found = [(model, ids) for model, ids in documents.items() if wanted(model)]
        return self._open_documents(*(found[0] if found else (INVOICES, [])))

    def _open_documents(self, model, ids):
        self.env[model].check_access("read")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Sales of %s", self.partner_id.display_name),
            "res_model": model,
            "view_mode": "list,kanban,form",
            "domain": [("id", "in", ids)],
        }
