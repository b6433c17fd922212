"""What customers bought in a period and are credited for it: the one answer for roll-over, screens and reports."""

from datetime import date

from odoo import models
from odoo.tools import SQL

from odoo.addons.loyalty_ledger.ledger import arrays
from odoo.addons.loyalty_ledger.tools.sql_files import read_sql

from ..tools.credits import credit_of, next_tier

PERIOD_SALES = read_sql(__file__, "period_sales")


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    def _counted_products(self, percentages):
        """Return SQL of ``product_id, percentage`` that rules count, and the percentage of lines without a product.

        :param percentages: ``{rule id: own percentage}`` as frozen
        """
        queries, bare = [], None
        Product = self.env["product.product"].sudo().with_context(active_test=False)
        for rule in self.sudo().with_context(active_test=True)._earning_rules():
            percentage = percentages.get(str(rule.id), 0.0)
            found = rule._product_filter()
            queries.append(
                SQL(
                    "SELECT id AS product_id, %s::numeric AS percentage FROM (%s) x",
                    percentage,
                    Product._search(found.domain).subselect(),
                )
            )
            if found.every:
                bare = max(bare or 0.0, percentage)
        nothing = SQL("SELECT NULL::int AS product_id, 0::numeric AS percentage WHERE FALSE")
        return SQL(" UNION ALL ").join(queries or [nothing]), bare

    def _period_sales(self, day, partners=None, everything=False):
        """Return rows of the sales of the period of ``day`` and of earlier ones that changed since (target minus posted).

        :param everything: rows of the period that were rolled over already too
        """
        self.ensure_one()
        start, end = self._period_bounds(day)
        program = self.sudo()  # sums of documents whose readers were checked by the caller
        program.env.flush_all()
        first = program.env["loyalty.period"].search([("program_id", "=", self.id)], order="date_from", limit=1)
        terms, own = program._terms_of(start, end)
        rules, bare = program._counted_products(terms.get("rules") or {})
        since = min(first.date_from or start, start)
        self.env.cr.execute(
            SQL(
                PERIOD_SALES,
                sources=SQL(" UNION ALL ").join(program._sales_sources(since, end)),
                rules=rules,
                unit=self.period_length,
                begin=program.date_from or None,
                end=program.date_to or None,
                without_product=bare,
                paying=arrays.numbers(program._paying_product_ids()),
                partners=arrays.numbers(partners.commercial_partner_id.ids) if partners is not None else None,
                program=self.id,
                start=start,
                all=everything,
            )
        )
        rows = self.env.cr.dictfetchall()
        for row in rows:
            if row["start"] == start or not row["terms"]:
                row["terms"] = own.get(row["partner_id"]) or terms
            self._evaluate_sales(row, row["start"] == start)
        return rows

    def _evaluate_sales(self, row, is_current):
        """Add ``sales`` and ``credit`` to a row, on the terms of its period."""
        base = row["base"] or {}
        unit = self.currency_id.rounding
        row["sales"] = self.currency_id.round(sum(float(amount) for amount in base.values()))
        if is_current and row["on_hold"] and not row["line_id"]:
            row["is_skipped"] = self.on_hold == "skip"
        row["credit"] = 0.0 if row["is_skipped"] else float(credit_of(row["terms"]["tiers"], base, unit))

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
            rows = [row for row in program._period_sales(day, partners, True) if row["start"] == start]
            found = {row["partner_id"]: row for row in rows}
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
                        "posted": float(row["posted"]),
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
                SQL(" UNION ALL ").join(self.sudo()._sales_sources(start, date.max)),
                partner.commercial_partner_id.id,
                start,
                end,
            )
        )
        return dict(self.env.cr.fetchall())

    def _period_cards(self, partner_ids):
        """Return ``{customer id: card id}``: the company's own open card before those of its contacts; one query."""
        self.env["loyalty.card"].flush_model()
        self.env.cr.execute(
            SQL(
                """
                SELECT DISTINCT ON (p.commercial_partner_id) p.commercial_partner_id, c.id
                  FROM loyalty_card c JOIN res_partner p ON p.id = c.partner_id
                 WHERE c.program_id = %s AND c.active AND c.closed IS NOT TRUE AND c.points_to_id IS NULL
                   AND p.commercial_partner_id = ANY(%s::int[])
                 ORDER BY p.commercial_partner_id, c.partner_id <> p.commercial_partner_id, c.is_default DESC NULLS LAST, c.id
                """,
                self.id,
                arrays.numbers(partner_ids),
            )
        )
        return dict(self.env.cr.fetchall())
