"""What the dashboard says of cards: members, levels, what expires next, best customers.

They need a look at every card and every open lot. While that is quick it is done whenever somebody looks; once it takes longer,
a job does it and the dashboard says as of when.
"""

import time

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.tools import SQL, groupby

from ..tools.sql_files import read_sql
from ..tools.today import loyalty_today
from .loyalty_card_purge import LOT_EXPIRY

MEMBERS = read_sql(__file__, "dashboard_members")
JOINED = read_sql(__file__, "dashboard_joined")
EXPIRING = read_sql(__file__, "dashboard_expiring")
BEST = read_sql(__file__, "dashboard_best")
#: What takes longer than this, in seconds, is read as the job left it.
QUICK = 0.3
#: How many of the best customers are kept by program.
BEST_COUNT = 10


class LoyaltyDashboardCards(models.Model):
    """Figures of a program's cards as the job found them."""

    _name = "loyalty.dashboard.cards"
    _inherit = ["loyalty.server.fields.mixin"]
    _description = "Figures of Cards for the Dashboard"
    _order = "program_id"

    program_id = fields.Many2one(
        "loyalty.program", "Program", required=True, readonly=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="program_id.company_id")
    date = fields.Datetime("Calculated On", required=True, readonly=True)
    seconds = fields.Float("Seconds", readonly=True, help="How long it took for all programs.")
    figures = fields.Json("Figures", readonly=True)

    @api.model
    def _server_fields(self):
        return {"program_id", "date", "seconds", "figures"}

    @api.model
    def _figures_of(self, programs):
        """Return ``({program id: figures}, since)``: what :meth:`_calculate` says, and as of when; None: as of now."""
        kept = self.sudo().search([("program_id", "in", programs.ids)])
        if max(kept.mapped("seconds"), default=0) <= QUICK:
            started = time.monotonic()
            figures = self._calculate(programs)
            if time.monotonic() - started > QUICK:  # the ledger has grown: the next visit need not wait
                self.env.ref("loyalty_ledger.cron_dashboard_cards").sudo()._trigger()
            return figures, None
        figures = {row.program_id.id: row.figures for row in kept}
        if missing := programs.filtered(lambda program: program.id not in figures):
            figures.update(self._calculate(missing))
        return figures, min(kept.mapped("date"))

    @api.model
    def _calculate(self, programs):
        """Return ``{program id: {"members", "active", "owed", "levels", "joined", "expiring", "best"}}`` as of today.

        Members are open cards; active ones earned or redeemed in the last twelve months. Points are those of the program.
        """
        figures = {
            program.id: {
                "members": 0,
                "active": 0,
                "owed": 0.0,
                "levels": [],
                "joined": {},
                "expiring": [0.0, 0.0],
                "best": [],
            }
            for program in programs
        }
        for model in ("loyalty.card", "loyalty.lot", "loyalty.level", "loyalty.program"):
            self.env[model].flush_model()
        for company, members in groupby(programs, lambda program: program.company_id):
            self._calculate_company(company, [program.id for program in members], figures)
        return figures

    def _calculate_company(self, company, ids, figures):
        today = loyalty_today(self.env, company)
        values = {
            "programs": ids,
            "today": today,
            "year_ago": today - relativedelta(years=1),
            "joined_from": today.replace(day=1) - relativedelta(months=25),
            "soon": today + relativedelta(days=30),
            "later": today + relativedelta(days=90),
            "timezone": (company and company._loyalty_timezone()) or "UTC",
            "expiry": LOT_EXPIRY,
            "best": BEST_COUNT,
        }
        for program_id, level_id, members, active, owed in self.env.execute_query(SQL(MEMBERS, **values)):
            found = figures[program_id]
            found["members"] += members
            found["active"] += active
            found["owed"] += float(owed or 0)
            if members:
                found["levels"].append([level_id or 0, members])
        for program_id, day, joined in self.env.execute_query(SQL(JOINED, **values)):
            figures[program_id]["joined"][fields.Date.to_string(day)] = joined
        for program_id, soon, later in self.env.execute_query(SQL(EXPIRING, **values)):
            figures[program_id]["expiring"] = [float(soon), float(later)]
        for program_id, partner_id, points in self.env.execute_query(SQL(BEST, **values)):
            figures[program_id]["best"].append([partner_id, float(points)])

    @api.model
    def _cron_calculate(self):
        """Calculate the figures of all programs and keep them."""
        programs = (
            self.env["loyalty.program"].with_context(active_test=False).search([("is_ledgered", "=", True)], order="id")
        )
        started = time.monotonic()
        figures = self._calculate(programs)
        seconds = time.monotonic() - started
        now = fields.Datetime.now()
        kept = {row.program_id.id: row for row in self.search([("program_id", "in", programs.ids)])}
        fresh = []
        for program_id, found in figures.items():
            vals = {"date": now, "seconds": seconds, "figures": found}
            if program_id in kept:
                kept[program_id].write(vals)
            else:
                fresh.append({"program_id": program_id, **vals})
        self.create(fresh)
