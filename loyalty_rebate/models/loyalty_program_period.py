"""What customers bought in a period and are credited for it: the one answer for roll-over, screens and reports."""

from datetime import date

from odoo import models
from odoo.tools import SQL
from odoo.tools.json import scriptsafe as json

from odoo.addons.loyalty_ledger.ledger import arrays
from odoo.addons.loyalty_ledger.tools.sql_files import read_sql

from ..tools.credits import credit_of, in_units, next_tier

PERIOD_SALES = read_sql(__file__, "period_sales")
PERIOD_MARKS = read_sql(__file__, "period_marks")


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    def _sql_counted_products(self, percentages):
        """Return SQL of ``product_id, percentage`` that rules count now; product 0 are lines without a product.

        :param percentages: ``{rule id: own percentage}`` as frozen
        """
        queries = []
        Product = self.env["product.product"].sudo().with_context(active_test=False)
        for rule in self.sudo().with_context(active_test=True)._earning_rules():
            percentage = percentages.get(str(rule.id), 0.0)
            found = rule._product_filter()
            products = Product._search(found.domain).subselect()
            queries.append(SQL("SELECT id AS product_id, %s::numeric AS percentage FROM (%s) x", percentage, products))
            if found.every:
                queries.append(SQL("SELECT 0, %s::numeric", percentage))
        nothing = SQL("SELECT NULL::int AS product_id, 0::numeric AS percentage WHERE FALSE")
        return SQL(
            "SELECT product_id, max(percentage) AS percentage FROM (%s) r WHERE product_id <> ALL(%s::int[]) GROUP BY product_id",
            SQL(" UNION ALL ").join(queries or [nothing]),
            arrays.numbers(self._paying_product_ids()),
        )

    def _sql_sales(self, date_from, date_to):
        """Return SQL of the sales between two days; pricelists that a period left out when it was rolled over stay so."""
        program = self.sudo()  # sums of documents whose readers were checked by the caller
        now = program._sales_pricelists()
        others = {}
        for start, marked in program._pricelists_of_periods(date_from):
            pricelists = tuple(tuple(ids) for ids in marked)
            if pricelists != now:
                others.setdefault(pricelists, []).append(start)
        if not others:
            return SQL(" UNION ALL ").join(program._sales_sources(date_from, date_to, now))
        starts = [start for found in others.values() for start in found]
        wanted = [(now, SQL("NOT"), starts), *((key, SQL(), found) for key, found in others.items())]
        return SQL(" UNION ALL ").join(
            SQL(
                "SELECT * FROM (%s) s WHERE %s date_trunc(%s, of_day)::date = ANY(%s::date[])",
                SQL(" UNION ALL ").join(program._sales_sources(date_from, date_to, pricelists)),
                negation,
                self.period_length,
                arrays.numbers(found),
            )
            for pricelists, negation, found in wanted
        )

    def _pricelists_of_periods(self, date_from):
        """Return ``[(first day, pricelists as they were at the roll-over)]`` of periods from a day on; of the marks only these."""
        self.env["loyalty.period"].flush_model()
        self.env.cr.execute(
            SQL(
                "SELECT date_from, marks -> 'pricelists' FROM loyalty_period "
                "WHERE program_id = %s AND date_from >= %s AND marks ? 'pricelists'",
                self.id,
                date_from,
            )
        )
        return self.env.cr.fetchall()

    def _freeze_marks(self, period):
        """Keep what counts in a period that is rolled over now: settings that change later do not change it (bM4)."""
        terms, __ = self._terms_of(period.date_from, period.date_to)
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                PERIOD_MARKS,
                sources=SQL(" UNION ALL ").join(
                    self._sales_sources(period.date_from, period.date_to, self._sales_pricelists())
                ),
                counted=self._sql_counted_products(terms.get("rules") or {}),
                begin=self.date_from or None,
                end=self.date_to or None,
                pricelists=json.dumps(self._sales_pricelists()),
                period=period.id,
            )
        )
        period.invalidate_recordset(["marks"], flush=False)

    def _period_sales(self, day, partners=None, everything=False):
        """Return rows of the sales of the period of ``day`` and of earlier ones that changed since (target minus posted).

        Rows are dicts with the customer, the first day of the period, its sales, what they are credited on the terms of
        the period, and what is posted of that.

        :param everything: rows of this period only, those that were rolled over already too
        """
        self.ensure_one()
        start, end = self._period_bounds(day)
        program = self.sudo()  # sums of documents whose readers were checked by the caller
        program.env.flush_all()
        terms, own = program._terms_of(start, end)
        since = start if everything else program._first_period_start(start)
        self.env.cr.execute(
            SQL(
                PERIOD_SALES,
                # Figures show what is known by now; a roll-over counts what was there when its period ended.
                sources=program._sql_sales(since, date.max if everything else end),
                counted=program._sql_counted_products(terms.get("rules") or {}),
                unit=self.period_length,
                begin=program.date_from or None,
                end=program.date_to or None,
                partners=arrays.numbers(partners.commercial_partner_id.ids) if partners is not None else None,
                program=self.id,
                start=start,
                all=everything,
            )
        )
        rows = self.env.cr.dictfetchall()
        unit, skips = self.currency_id.rounding, self.on_hold == "skip"
        for row in rows:
            is_current = row["start"] == start
            if is_current or not row["terms"]:
                row["terms"] = own.get(row["partner_id"]) or terms
            if is_current and row["on_hold"] and not row["line_id"]:
                row["is_skipped"] = skips
            base = json.loads(row["base"] or "{}")
            row["sales"] = in_units(sum(base.values()), unit)
            row["posted"] = float(row["posted"])
            row["credit"] = 0.0 if row["is_skipped"] else credit_of(row["terms"]["tiers"], base, unit)
        return rows

    def _first_period_start(self, start):
        """Return the first day of the first period that was rolled over, at the latest ``start``."""
        first = self.env["loyalty.period"].search([("program_id", "=", self.id)], order="date_from", limit=1)
        return min(first.date_from or start, start)

    # --- figures -------------------------------------------------------------------------------------------------

    def _period_figures(self, partners=None, period=None):
        """Return the figures of customers in a period: the one source of form, list, portal and close.

        :param partners: customers, default all
        :param period: any day of the period, default today
        :return: list of dicts, by customer: ``program_id``, ``partner_id``, ``date_from``, ``date_to``, ``sales``,
            ``target`` (next threshold, else the last one; 0.0 without tiers), ``percentage`` (of the target that is
            reached, 0 to 100), ``next_percentage`` (what the next tier credits; 0.0 if all are reached), ``missing`` (sales
            until then), ``accrued`` (credits of the period), ``posted`` (on the card), ``taken`` (redeemed by now, all
            periods), ``left`` (available by now), ``card_id``, ``currency_id``, ``is_rolled_over``
        """
        figures = []
        for program in self.filtered(lambda program: program.award_mode == "period"):
            day = period or program._period_today()
            start, end = program._period_bounds(day)
            found = {row["partner_id"]: row for row in program._period_sales(day, partners, True)}
            customers = partners.commercial_partner_id.ids if partners is not None else list(found)
            terms, own = program._terms_of(start, end)
            cards = program._period_cards(customers)
            values = {card.id: card for card in program.env["loyalty.card"].sudo().browse(cards.values())}
            for partner_id in customers:
                row = found.get(partner_id) or {"sales": 0.0, "credit": 0.0, "posted": 0.0, "line_id": None}
                tiers = (row.get("terms") or own.get(partner_id) or terms)["tiers"]
                following = next_tier(tiers, row["sales"])
                target = following[0] if following else tiers[-1][0] if tiers else 0.0
                card = values.get(cards.get(partner_id), program.env["loyalty.card"])
                figures.append(
                    {
                        "program_id": program.id,
                        "partner_id": partner_id,
                        "date_from": start,
                        "date_to": end,
                        "sales": row["sales"],
                        "target": target,
                        "percentage": min(100.0, max(0.0, 100 * row["sales"] / target)) if target else 100.0,
                        "next_percentage": following[1] if following else 0.0,
                        "missing": program.currency_id.round(following[0] - row["sales"]) if following else 0.0,
                        "accrued": row["credit"],
                        "posted": row["posted"],
                        "taken": card.redeemed_points,
                        "left": card.available_points,
                        "card_id": card.id,
                        "currency_id": program.currency_id.id,
                        "is_rolled_over": bool(row["line_id"]),
                    }
                )
        return figures

    def _period_documents(self, partner, day=None):
        """Return ``{model: ids}`` of the documents behind the sales of a customer in a period."""
        self.ensure_one()
        start, end = self._period_bounds(day or self._period_today())
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                "SELECT model, array_agg(DISTINCT document) FROM (%s) s WHERE s.commercial_partner_id = %s "
                "AND s.of_day BETWEEN %s AND %s GROUP BY model",
                self._sql_sales(start, date.max),
                partner.commercial_partner_id.id,
                start,
                end,
            )
        )
        return dict(self.env.cr.fetchall())

    def _period_cards(self, partner_ids):
        """Return ``{customer id: card id}``; one query.

        Cards that take credits come first, then the company's own before those of its contacts. A customer whose only card
        takes none, being closed for example, keeps that one.
        """
        self.env["loyalty.card"].flush_model()
        self.env.cr.execute(
            SQL(
                """
                SELECT DISTINCT ON (p.commercial_partner_id) p.commercial_partner_id, c.id
                  FROM loyalty_card c JOIN res_partner p ON p.id = c.partner_id
                 WHERE c.program_id = %s AND p.commercial_partner_id = ANY(%s::int[])
                 ORDER BY p.commercial_partner_id,
                          c.active IS NOT TRUE OR c.closed IS TRUE OR COALESCE(c.expiration_date < %s, FALSE)
                                OR COALESCE(c.start_date > %s, FALSE),
                          c.points_to_id IS NOT NULL, c.partner_id <> p.commercial_partner_id, c.is_default DESC NULLS LAST, c.id
                """,
                self.id,
                arrays.numbers(partner_ids),
                *[self._period_today()] * 2,
            )
        )
        return dict(self.env.cr.fetchall())
