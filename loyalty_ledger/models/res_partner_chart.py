"""What a customer collected by month, as the small chart on the customer's form."""

import json

from babel.dates import format_date as babel_date
from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.tools import SQL, get_lang

from ..ledger import arrays
from ..tools.today import loyalty_today
from ..tools.words import say_points

#: Months of the chart, this one included.
MONTHS = 12


class ResPartner(models.Model):
    _inherit = "res.partner"

    loyalty_chart = fields.Text(
        "By Month",
        compute="_compute_loyalty_chart",
        compute_sudo=True,
        groups="loyalty_ledger.group_loyalty_user,loyalty_ledger.group_loyalty_auditor",
        help="The last 12 months, this one included: points earned and redeemed in the program that the customer uses.",
    )

    @api.depends_context("lang", "allowed_company_ids")
    @api.depends("loyalty_card_ids")
    def _compute_loyalty_chart(self):
        """JSON of labels and charts, or False where nothing happened. Computed on a form, for one customer at a time."""
        for partner in self:
            card = partner._loyalty_chart_card()
            months = partner._loyalty_chart_months(card)
            charts = partner._loyalty_charts(card, months) if card else []
            charts = [chart for chart in charts if any(any(row["values"]) for row in chart["series"])]
            locale = get_lang(self.env).code
            labels = [babel_date(month, "MMM yy", locale=locale) for month in months]
            partner.loyalty_chart = bool(charts) and json.dumps({"labels": labels, "charts": charts})

    def _loyalty_chart_card(self):
        """Return the card that says which program the chart is about: points of different programs are never added."""
        domain = [("ledgered", "=", True), ("program_type", "=", "loyalty"), ("last_use_date", "!=", False)]
        domain.append(("company_id", "in", [False, *self.env.companies.ids]))
        cards = self.env["loyalty.card"]._cards_of(self._origin, domain)[self._origin]
        return cards.sorted(lambda card: (card.last_use_date, card.lifetime_points), reverse=True)[:1]

    def _loyalty_chart_months(self, card):
        first = loyalty_today(self.env, card.company_id or self.env.company).replace(day=1)
        return [first - relativedelta(months=MONTHS - 1 - index) for index in range(MONTHS)]

    def _loyalty_charts(self, card, months):
        """Return dicts of ``title`` and ``series`` (``key``, ``label``, ``values`` and ``texts`` by month), one for each unit.

        Override to add what the customer did with documents of other kinds; call super.

        :param card: the card whose program is shown; points of all cards of the customer's firm count
        :param months: first days of the months, oldest first
        """
        self.ensure_one()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT date_trunc('month', e.effective_date)::date, e.is_redemption, sum(e.points)
                  FROM loyalty_card c JOIN loyalty_ledger_entry e ON e.card_id = c.id
                 WHERE c.partner_id = ANY(%s::int[]) AND c.program_id = %s AND e.effective_date >= %s
                   AND (e.is_redemption OR e.kind IN ('earn', 'reversal'))
                 GROUP BY 1, 2
                """,
                arrays.numbers(self._loyalty_family_ids()),
                card.program_id.id,
                months[0],
            )
        )
        sums = {(month, bool(redeemed)): float(points) for month, redeemed, points in rows}
        series = []
        for key, label, sign in (("issued", self.env._("Earned"), 1), ("redeemed", self.env._("Redeemed"), -1)):
            values = [sign * sums.get((month, key == "redeemed"), 0.0) for month in months]
            texts = [say_points(self.env, value) for value in values]
            series.append({"key": key, "label": label, "values": values, "texts": texts})
        return [{"title": self.env._("Points of %s", card.program_id.name), "series": series}]

    def _loyalty_family_ids(self):
        """Return the ids of the customer and, of a firm, of its contacts."""
        partner = self._origin
        if partner != partner.commercial_partner_id:
            return partner.ids
        return self.with_context(active_test=False).search([("commercial_partner_id", "=", partner.id)]).ids
