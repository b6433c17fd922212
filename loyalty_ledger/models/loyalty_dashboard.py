"""The first screen of Loyalty: what a program is worth, moves and needs, each figure with the lines behind it."""

from odoo import api, models
from odoo.exceptions import AccessError
from odoo.tools import SQL
from odoo.tools.misc import format_date, format_datetime, formatLang

from ..tools import periods
from ..tools.sql_files import read_sql
from ..tools.today import loyalty_today
from ..tools.words import in_order, say_named_points

FLOWS = read_sql(__file__, "dashboard_flows")
#: Months of the charts.
MONTHS = 12
#: Who sees the dashboard.
READERS = ("loyalty_ledger.group_loyalty_user", "loyalty_ledger.group_loyalty_auditor")


def as_id(value):
    """Return what a client sent as an id; 0 where it is none."""
    return value if type(value) is int and 0 < value < 2**31 else 0


class Scope:
    """What somebody looks at: programs, a period, a shop; with the unit in which figures are given.

    Points of different programs are never added: several programs are given in money, one in its points.
    """

    def __init__(self, env, options, programs):
        self.env = env
        self.company = env.company
        self.currency = env.company.currency_id
        self.today = loyalty_today(env, env.company)
        self.all_programs = programs
        self.company_id = as_id(options.get("company_id"))
        self.shop_id = as_id(options.get("shop_id"))
        period = options.get("period")
        self.period = period if period in periods.PERIODS else periods.PERIODS[0]
        self.date_from, self.date_to = periods.period_of(self.period, self.today)
        self.before_from, self.before_to = periods.year_before(self.date_from, self.date_to)
        self.year_ago = periods.period_of("last_12_months", self.today)[0]
        self.months = periods.months_until(self.today, MONTHS)
        chosen = programs.filtered(lambda program: program.id == as_id(options.get("program_id")))
        self.program = chosen
        self.programs = chosen or programs
        self._values = {}

    def point_value(self, program, date):
        """Return what a point is worth on a day in the company's currency, or None where nothing says it."""
        key = program.id, date
        if key not in self._values:
            value = program._value_of_points(1.0, date)
            currency = program.currency_id
            if value is not None and currency and currency != self.currency:
                value *= currency._get_conversion_rate(currency, self.currency, self.company, date)
            self._values[key] = value
        return self._values[key]

    @property
    def valued(self):
        """The programs whose points are worth money."""
        return self.programs.filtered(lambda program: self.point_value(program, self.today) is not None)

    @property
    def joinable(self):
        """The programs whose cards make members: the chosen one, else those in which customers collect points."""
        return self.program or self.programs.filtered(lambda program: program.program_type == "loyalty")

    def money(self, points_by_program, date):
        """Return what points of several programs are worth together on a day."""
        return self.currency.round(
            sum(points * (self.point_value(program, date) or 0.0) for program, points in points_by_program.items())
        )

    def amount(self, points_by_program, date):
        """Return points of the one program, else the money that points of several are worth."""
        if self.program:
            return round(points_by_program.get(self.program, 0.0), 4) + 0.0
        return self.money(points_by_program, date)

    def say(self, amount):
        """Return what :meth:`amount` returned in words."""
        return self.say_points(self.program, amount) if self.program else self.say_money(amount)

    def say_points(self, program, points):
        """Return a number of points with their name; gift cards and eWallets hold money."""
        if program.program_type in ("gift_card", "ewallet"):
            return in_order(self.env, formatLang(self.env, points, currency_obj=program.currency_id or self.currency))
        return say_named_points(self.env, points, program.portal_point_name)

    def say_money(self, amount):
        """Return an amount in the company's currency."""
        return in_order(self.env, formatLang(self.env, amount, currency_obj=self.currency))

    def say_count(self, number):
        """Return a number of members or cards as the reader writes it."""
        return formatLang(self.env, number, digits=0)

    def say_period(self, first, last):
        """Return a period in words."""
        if first.day == 1 and last == periods.month_end(first):
            return format_date(self.env, first, date_format="LLLL yyyy")
        return f"{format_date(self.env, first)} – {format_date(self.env, last)}"


class LoyaltyDashboard(models.AbstractModel):
    _name = "loyalty.dashboard"
    _description = "Loyalty Dashboard"

    @api.model
    def load_figures(self, options=None):
        """Return everything that the dashboard shows.

        :param options: dict with ``period`` (one of :data:`tools.periods.PERIODS`), ``company_id``, ``program_id`` and
            ``shop_id``
        :raises odoo.exceptions.AccessError: for users who may not read cards and transactions
        """
        scope = self._scope(options)
        flows = self._flows(scope)
        cards, since = self.env["loyalty.dashboard.cards"]._figures_of(scope.programs)
        return {
            "options": self._options(scope),
            "period": scope.say_period(scope.date_from, scope.date_to),
            "before": scope.say_period(scope.before_from, scope.before_to),
            "since": format_datetime(self.env, since) if since else False,
            "may_create": self.env["loyalty.program"].has_access("create"),
            "tasks": self._tasks(scope),
            "steps": self._steps(scope, flows),
            "hero": self._hero(scope, flows),
            "figures": self._figures(scope, flows, cards),
            "charts": self._charts(scope, flows, cards),
            "programs": self._programs(scope, flows, cards),
            "unvalued": (scope.programs - scope.valued).mapped("name") if not scope.program else [],
        }

    @api.model
    def _scope(self, options):
        if not self.env.su and not any(self.env.user.has_group(group) for group in READERS):
            raise AccessError(self.env._("Only loyalty users and auditors can open the dashboard."))
        self.env["loyalty.ledger.entry"].check_access("read")
        programs = self.env["loyalty.program"].with_context(active_test=False)
        # What customers hold of an archived program is owed to them as before.
        # What another program sends may be anything; only a mapping has choices.
        options = options if isinstance(options, dict) else {}
        domain = [("is_ledgered", "=", True)]
        if company_id := as_id(options.get("company_id")):
            domain.append(("company_id", "in", [company_id, False]))
        programs = programs.search(domain)
        moved = self._moved_programs(programs.filtered(lambda one: not one.active))
        programs = programs.filtered(lambda one: one.active or one in moved)  # in the order of the search
        return Scope(self.env, options, programs.sorted(lambda program: (not program.active, program.sequence)))

    def _moved_programs(self, programs):
        """Return those of some programs that ever had a transaction, as the sums by day say it."""
        if not programs:
            return programs
        rows = self.env.execute_query(
            SQL(
                "SELECT DISTINCT program_id FROM (%s) r WHERE program_id = ANY(%s)",
                self.env["loyalty.daily"]._day_rows(),
                programs.ids,
            )
        )
        return programs.browse([program_id for (program_id,) in rows])

    def _options(self, scope):
        """Return what can be chosen, and what is. Override to add choices."""
        names = {
            "month": self.env._("This month"),
            "last_month": self.env._("Last month"),
            "quarter": self.env._("This quarter"),
            "year": self.env._("This year"),
            "last_12_months": self.env._("Last 12 months"),
        }
        return {
            "period": scope.period,
            "company_id": scope.company_id,
            "program_id": scope.program.id or 0,
            "shop_id": scope.shop_id,
            "periods": [[name, names[name]] for name in periods.PERIODS],
            "companies": [[company.id, company.name] for company in self.env.companies],
            "programs": [[program.id, program.name] for program in scope.all_programs],
            "shops": [],
        }

    def _shop_condition(self, scope):
        """Return SQL of the rows ``r`` of the chosen shop. Override where there are shops."""
        return SQL("TRUE")

    def _flows(self, scope):
        """Return ``{program: {movement: {"months", "all", "period", "before", "year"}}}`` in points.

        ``months`` holds what moved in the shop by month, ``all`` what moved in all shops by month (None: before).
        """
        self.env["loyalty.daily"].flush_model()
        rows = self.env.execute_query(
            SQL(
                FLOWS,
                first=scope.months[0],
                shop=self._shop_condition(scope),
                date_from=scope.date_from,
                date_to=scope.date_to,
                before_from=scope.before_from,
                before_to=scope.before_to,
                year_ago=scope.year_ago,
                rows=self.env["loyalty.daily"]._day_rows(),
                programs=scope.programs.ids,
            )
        )
        flows = {program: {} for program in scope.programs}
        for program_id, movement, month, total, of_shop, now, before, year in rows:
            program = self.env["loyalty.program"].browse(program_id).with_prefetch(scope.programs.ids)
            found = flows[program].setdefault(
                movement, {"months": {}, "all": {}, "period": 0.0, "before": 0.0, "year": 0.0}
            )
            found["all"][month] = float(total or 0)
            found["months"][month] = float(of_shop or 0)
            for name, value in (("period", now), ("before", before), ("year", year)):
                found[name] += float(value or 0)
        return flows

    @api.model
    def _outstanding(self, scope, flows):
        """Return ``{program: [points at the end of each month of the charts]}``."""
        result = {}
        for program, movements in flows.items():
            balance = sum(found["all"].get(None, 0.0) for found in movements.values())
            result[program] = []
            for month in scope.months:
                balance += sum(found["all"].get(month, 0.0) for found in movements.values())
                result[program].append(round(balance, 4) + 0.0)
        return result
