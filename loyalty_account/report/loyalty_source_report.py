"""Liability and redemptions by the document behind them: by analytic account and, with the Point of Sale, by shop."""

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import SQL

from odoo.addons.loyalty_ledger.tools.sql_files import read_sql
from odoo.addons.loyalty_ledger.tools.today import loyalty_today

from ..books.lots import lots_on
from ..books.movements import movements

SOURCES = read_sql(__file__, "sources")


class LoyaltySourceReport(models.Model):
    """What open points carry by the document that earned them, or what was redeemed by the document that redeemed it.

    The context says which: ``loyalty_sources`` is a dict with ``what`` (liability, redeemed), ``date_from``,
    ``date_to`` and ``plan_id``. There is one analytic plan at a time: amounts of two plans must not be added.
    """

    _name = "loyalty.source.report"
    _inherit = ["loyalty.document.mixin", "loyalty.program.sums.mixin"]
    _description = "Loyalty by Source"
    _auto = False
    _order = "date desc, id desc"
    _rec_name = "program_id"

    program_id = fields.Many2one("loyalty.program", "Program", readonly=True)
    company_id = fields.Many2one("res.company", "Company", readonly=True)
    currency_id = fields.Many2one("res.currency", "Currency", readonly=True)
    lot_id = fields.Many2one("loyalty.lot", "Lot", readonly=True)
    entry_id = fields.Many2one("loyalty.ledger.entry", "Transaction", readonly=True)
    date = fields.Date("Date", readonly=True, help="When the points were earned or redeemed.")
    res_model = fields.Char("Document Model", readonly=True)
    res_id = fields.Many2oneReference("Document", model_field="res_model", readonly=True)
    document_name = fields.Char("Source Document", compute="_compute_document_name")
    analytic_account_id = fields.Many2one(
        "account.analytic.account", "Analytic Account", readonly=True, help="Empty: not assigned."
    )
    points = fields.Float("Points", digits=(16, 4), readonly=True)
    amount = fields.Monetary("Value", readonly=True)

    @property
    def _table_query(self):
        chosen = self._chosen()
        today = loyalty_today(self.env, self.env.company)
        until = fields.Date.to_date(chosen.get("date_to")) or today
        since = fields.Date.to_date(chosen.get("date_from")) or until.replace(day=1)
        parts = self._source_sql()
        return SQL(
            SOURCES,
            rows=self._redeemed_rows(since, until) if chosen.get("what") == "redeemed" else self._liability_rows(until),
            plan=chosen.get("plan_id") or 0,
            document_model=parts["model"],
            document_id=parts["id"],
            joins=SQL(" ").join(parts["joins"]),
            lines=SQL(" UNION ALL ").join(parts["lines"]),
            shown=SQL("").join(SQL(", %s", column) for column in parts["columns"]),
        )

    def _chosen(self):
        """Return what the wizard chose. After the page was loaded again, the address still names the wizard."""
        chosen = self.env.context.get("loyalty_sources")
        if not chosen and (wizard_id := self.env.context.get("active_id")):
            own = [("id", "=", wizard_id), ("create_uid", "=", self.env.uid)]
            chosen = self.env["loyalty.source.wizard"].search(own)._chosen()
        return chosen or {}

    def _source_sql(self):
        """Return SQL that finds the documents and their lines; override to add what an add-on sells with.

        :return: dict with ``model`` and ``id`` of the document behind transaction ``e``, ``joins`` for both, ``lines``
            (queries of model, document_id, line_id, weight, distribution), and ``columns`` of the rows ``s`` (model,
            document_id) that an add-on shows
        """
        return {
            "model": SQL(
                "CASE WHEN pay.loyalty_move_id IS NOT NULL OR note.reversed_entry_id IS NOT NULL "
                "THEN 'account.move' ELSE e.res_model END"
            ),
            "id": SQL("COALESCE(pay.loyalty_move_id, note.reversed_entry_id, e.res_id)"),
            "joins": [
                SQL("LEFT JOIN account_payment pay ON e.res_model = 'account.payment' AND pay.id = e.res_id"),
                SQL("LEFT JOIN account_move note ON e.res_model = 'account.move' AND note.id = e.res_id"),
            ],
            "lines": [
                SQL(
                    """SELECT 'account.move' AS model, move_id AS document_id, id AS line_id, balance AS weight,
                              analytic_distribution AS distribution
                         FROM account_move_line WHERE display_type = 'product'"""
                )
            ],
            "columns": [],
        }

    def _liability_rows(self, day):
        """Return SQL of the lots that were open on a day, with what they carried, of all programs with a liability."""
        programs = self.env["loyalty.program"].sudo().with_context(active_test=False)
        # Which programs there are is no secret; rows are filtered by the company rule of the report.
        programs = programs.search([("accounting_policy", "!=", "none")], order="id")
        queries = [
            SQL(
                """(WITH %(lots)s
                    SELECT %(program)s::int AS program_id, s.id AS lot_id,
                           COALESCE(o.entry_id, s.entry_id) AS entry_id, 0::bigint AS number, l.date AS day,
                           s.remaining AS points, s.amount
                      FROM state s JOIN loyalty_lot l ON l.id = s.id LEFT JOIN loyalty_lot o ON o.id = s.origin_lot_id)""",
                lots=lots_on(program, day, "date"),
                program=program.id,
            )
            for program in programs
            if program._values_lots()
        ]
        empty = SQL(
            """SELECT NULL::int AS program_id, NULL::int AS lot_id, NULL::int AS entry_id, NULL::bigint AS number,
                      NULL::date AS day, NULL::numeric AS points, NULL::numeric AS amount WHERE FALSE"""
        )
        return SQL(" UNION ALL ").join([empty, *queries])

    def _redeemed_rows(self, since, until):
        """Return SQL of the movements that the roll-forward calls redeemed."""
        return SQL(
            """SELECT n.program_id, NULL::int AS lot_id, n.entry_id, row_number() OVER () AS number, n.day,
                      -n.points AS points, -n.amount AS amount
                 FROM (SELECT program_id, entry_id, day, sum(points) AS points, sum(amount) AS amount
                         FROM (%(movements)s) f WHERE name = 'redeemed' AND day BETWEEN %(since)s AND %(until)s
                        GROUP BY 1, 2, 3 ORDER BY 1, 3, 2) n""",
            movements=movements(),
            since=since,
            until=until,
        )


class LoyaltySourceWizard(models.TransientModel):
    """Chooses what the report by source shows."""

    _name = "loyalty.source.wizard"
    _description = "Loyalty by Source: Choose"

    what = fields.Selection(
        [("liability", "Liability, by the documents that earned"), ("redeemed", "Redemptions, by the documents")],
        "Show",
        required=True,
        default="liability",
    )
    date_from = fields.Date("From", default=lambda self: loyalty_today(self.env, self.env.company).replace(day=1))
    date_to = fields.Date("As Of", required=True, default=lambda self: loyalty_today(self.env, self.env.company))
    plan_id = fields.Many2one(
        "account.analytic.plan",
        "Analytic Plan",
        domain=[("parent_id", "=", False)],
        default=lambda self: self._default_plan_id(),
        help="Amounts are shared by the accounts of this plan. Documents that have none of them are not assigned.",
    )

    def _default_plan_id(self):
        """Without analytic accounting there is no plan to choose, and nothing is assigned."""
        plans = self.env["account.analytic.plan"]
        return plans.search([("parent_id", "=", False)], limit=1) if plans.has_access("read") else plans

    @api.constrains("what", "date_from", "date_to")
    def _check_dates(self):
        chosen = self.filtered(lambda choice: choice.what == "redeemed" and choice.date_from)
        if any(choice.date_from > choice.date_to for choice in chosen):
            raise ValidationError(self.env._("The end date is before the start date."))

    def action_show(self):
        """Open the report for what was chosen."""
        self.check_access("read")
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("loyalty_account.loyalty_source_report_action")
        names = dict(self._fields["what"]._description_selection(self.env))
        name = " – ".join(filter(None, (names[self.what], self.plan_id.name)))
        return {
            **action,
            "name": name,
            "display_name": name,
            "context": {"loyalty_sources": self._chosen(), "active_id": self.id, "active_ids": self.ids},
        }

    def _chosen(self):
        """Return the choice as the report takes it; empty where there is no wizard."""
        return {
            name: value
            for choice in self
            for name, value in (
                ("what", choice.what),
                ("date_from", fields.Date.to_string(choice.date_from)),
                ("date_to", fields.Date.to_string(choice.date_to)),
                ("plan_id", choice.plan_id.id),
            )
        }
