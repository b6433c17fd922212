"""The control of what documents brought into a deferral, by the books alone.

Cohorts are sums of what each earning noted, so comparing the two would prove nothing. Here the revenue of each sale is
calculated again from journal items and lines of registers, its part for the points by the formula, and value and expected
redemption from the dated values of the program. Each document that differs is named, with the money that is at stake.
"""

from datetime import date as Date
from decimal import Decimal
from fractions import Fraction

from odoo import models
from odoo.tools import SQL, format_date

from odoo.addons.loyalty_account.books import valuation
from odoo.addons.loyalty_account.books.families import families
from odoo.addons.loyalty_account.models.loyalty_program_proof import NAMED
from odoo.addons.loyalty_ledger.ledger import arrays
from odoo.addons.loyalty_ledger.ledger.rounding import UNIT, to_decimal, to_units
from odoo.addons.loyalty_ledger.tools.sql_files import read_sql

from ..tools.deferral import allocate, round_amount

PROOF_REVENUE = read_sql(__file__, "proof_revenue")

PROOF_ALLOCATION = read_sql(__file__, "proof_allocation")

PROOF_ESTIMATES = read_sql(__file__, "proof_estimates")


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    def _deferral_checks(self):
        """Return methods that take the date and return what is wrong: dicts of arguments of :meth:`Part.add`, with a
        ``size`` in money. Override to add checks."""
        return [
            self._check_revenue,
            self._check_closings,
            self._check_allocation,
            self._check_frozen_values,
            self._check_not_deferred,
        ]

    def _add_deferral_checks(self, part, date):
        """Add what the checks find to a part of the proof; what is beyond :data:`NAMED` rows of a kind is one row."""
        for check in self._deferral_checks():
            found = check(date)
            for item in found[:NAMED]:
                part.add(**item)
            if len(found) > NAMED:
                rest = sum(to_decimal(item["size"]) for item in found[NAMED:])
                part.add(self._name, self.id, self.env._("%s more of this kind.", len(found) - NAMED), size=rest)

    # --- revenue -------------------------------------------------------------------------------------------------

    def _check_revenue(self, date):
        """Name sales whose revenue by the books is not the revenue that is deferred from.

        What was entered late, or is dated on another day, is part of the next close: only what differs on the day and still
        differs now is a fault.
        """
        rows = self._revenue_differences(date)
        if rows:
            now = {row["id"] for row in self._revenue_differences(Date.max, [row["sale"] for row in rows])}
            rows = [row for row in rows if row["id"] in now]
        found = []
        for earning, row in zip(self._earnings_of(rows), rows):
            size = self._size_of_revenue(earning, row)
            if size:
                found.append(self._name_earning(earning, self._say_revenue(row) if len(found) < NAMED else "", size))
        return found

    def _earnings_of(self, rows):
        """Return the earnings of rows, read together."""
        return self.env["loyalty.earning"].browse([row["id"] for row in rows])

    def _say_revenue(self, row):
        return self.env._(
            "%(name)s: revenue is %(books)s by the books, but revenue was deferred from %(noted)s.",
            name=self.env["loyalty.earning"].browse(row["id"]).document_name,
            books=self.currency_id.format(float(row["books"])),
            noted=self.currency_id.format(float(row["revenue"])),
        )

    def _revenue_differences(self, date, only=None):
        """Return rows of sales whose revenue differs on a day.

        :param only: keys of the sales to look at, as an earlier call returned them; they are those of the returns of today
        """
        models_, ids, sales = [], [], []
        links = [*self._return_links(Date.max), *self._sale_links()]
        for sale, group in enumerate(sorted(map(sorted, families(links))), 1):
            for model, res_id in group:
                models_.append(model)
                ids.append(res_id)
                sales.append(sale)
        return self.env.execute_query_dict(
            SQL(
                PROOF_REVENUE,
                models=arrays.numbers(models_),
                ids=arrays.numbers(ids),
                sales=arrays.numbers(sales),
                program=self.id,
                date=date,
                only=arrays.numbers(only) if only is not None else None,
                sources=SQL(" UNION ALL ").join(
                    SQL("SELECT * FROM (%s) x", source) for source in self._revenue_sources(date)
                ),
                money=arrays.numbers(sorted(self.env["loyalty.earning"]._products_of_money())),
                rounding=self._proof_rounding(),
            )
        )

    def _size_of_revenue(self, earning, row):
        """Return how much more or less is deferred than the revenue by the books would make; 0 below half a unit."""
        allocated, books, noted = Decimal(row["allocated"]), to_decimal(row["books"]), to_decimal(row["revenue"])
        if row["count"] > 1 and noted:  # several documents of one sale: in the same proportion
            difference = allocated * (books - noted) / noted
        else:
            numerator, denominator, rate = map(Decimal, earning.terms["deferral"])
            points = to_units(row["points"] or earning.earnable_points)
            expected = allocate(books, Fraction(points, UNIT), (numerator, denominator), rate)
            difference = Decimal(expected.numerator) / Decimal(expected.denominator) - allocated
        return abs(round_amount(difference, self._proof_rounding()))

    def _check_closings(self, date):
        """Name entries that book another revenue than the documents that they sum up: what is deferred is of the latter."""
        found = []
        for model, res_id, booked, sold, revenue, deferred in self._closing_differences(date):
            size = (
                (to_decimal(booked) - to_decimal(sold)) * to_decimal(deferred) / to_decimal(revenue) if revenue else 0
            )
            text = self.env._(
                "The closing entry of %(name)s books revenue of %(booked)s, but the lines of its orders add up to %(sold)s.",
                name=self.env[model].browse(res_id).display_name,
                booked=self.currency_id.format(float(booked)),
                sold=self.currency_id.format(float(sold)),
            )
            found.append(self._name_document(model, res_id, text, abs(to_decimal(size))))
        return found

    # --- allocation ----------------------------------------------------------------------------------------------

    def _check_allocation(self, date):
        """Name documents whose part for the points is not what formula, points and revenue make."""
        found = []
        rows = self.env.execute_query_dict(SQL(PROOF_ALLOCATION, program=self.id, date=date))
        for earning, row in zip(self._earnings_of(rows), rows):
            if row["is_other"]:
                size = to_decimal(row["own_revenue"]) - to_decimal(row["revenue"])
            else:
                size = row["allocated"] if row["is_other_rate"] else row["amount"] - row["allocated"]
            text = self._say_allocation(earning, row) if len(found) < NAMED else ""
            found.append(self._name_earning(earning, text, abs(to_decimal(size))))
        return found

    def _say_allocation(self, earning, row):
        name, money = earning.document_name, self.currency_id.format
        if row["is_other"]:
            return self.env._(
                "%(name)s: its revenue of %(own)s and its points are not what its changes make together (%(noted)s).",
                name=name,
                own=money(float(row["own_revenue"])),
                noted=money(float(row["revenue"])),
            )
        if row["is_other_rate"]:
            return self.env._("%s: its expected redemption is another one than it was allocated with.", name)
        return self.env._(
            "%(name)s: %(allocated)s of its revenue were deferred for its points, by the formula it is %(amount)s.",
            name=name,
            allocated=money(float(row["allocated"])),
            amount=money(float(row["amount"])),
        )

    def _check_frozen_values(self, date):
        """Name documents that were allocated with a value or an expected redemption that did not hold on their day.

        A value that was entered after a document does not change it; so only values that are older than it say what it
        should have.
        """
        found, first = [], next((day for day, __, __ in self._list_point_values()), date)
        # The first estimate holds for the days before it, too.
        first_estimate = min(self.point_value_ids.filtered("redemption_rate").mapped("date"), default=date)
        former = self.env["loyalty.point.value.log"].search([("program_id", "=", self.id)])
        changes = [(row.date, row.write_date) for row in (*self.point_value_ids, *former)]
        for day, frozen, created, ids, amounts in self.env.execute_query(
            SQL(PROOF_ESTIMATES, program=self.id, date=date)
        ):
            numerator, denominator, rate = map(Decimal, frozen)
            is_known = rate == self._redemption_rate_at(day) and numerator / denominator in self._units_at(
                max(day, first)
            )
            until = max(day, first, first_estimate)
            if is_known or any(changed > created for since, changed in changes if since <= until):
                continue
            for earning_id, amount in zip(ids, amounts):
                earning = self.env["loyalty.earning"].browse(earning_id)
                text = self.env._(
                    "%(name)s was allocated with %(rate)s%% and %(value)s a point, which did not hold on %(date)s.",
                    name=earning.document_name,
                    rate=f"{float(rate):g}",
                    value=f"{float(numerator / denominator):g}",
                    date=format_date(self.env, day),
                )
                found.append(self._name_earning(earning, text, abs(amount)))
        return found

    def _units_at(self, date):
        """Return what a point can be worth in the books on a day, with VAT and without: the mode of then is not dated."""
        point_value, vat_rate = (Decimal(f"{value:.6f}").normalize() for value in self._point_value_at(date))
        units = (valuation.unit_value(point_value, vat_rate, relief) for relief in (True, False))
        return {numerator / denominator for numerator, denominator in units}

    def _check_not_deferred(self, date):
        """Name documents of the time of the deferral that earn points and were left out of it.

        When it ended, all that was deferred was released, and what is entered late since then has the policy of now.
        """
        if not self.deferral_from or not self._defers():
            return []
        rows = self.env.execute_query(
            SQL(
                """
                SELECT id, earnable_points FROM loyalty_earning
                 WHERE program_id = %s AND date >= %s AND date <= %s AND earnable_points > 0
                   AND NOT COALESCE(terms ? 'deferral', FALSE) ORDER BY id
                """,
                self.id,
                self.deferral_from,
                date,
            )
        )
        found = []
        for earning_id, points in rows:
            earning = self.env["loyalty.earning"].browse(earning_id)
            numerator, denominator = self._unit_value_at(earning.date)
            size = to_decimal(points) * numerator / denominator * self._redemption_rate_at(earning.date) / 100
            text = self.env._(
                "%s earns points, but nothing of its revenue is deferred for them.", earning.document_name
            )
            found.append(self._name_earning(earning, text, size))
        return found

    def _name_earning(self, earning, text, size):
        """Return arguments of :meth:`Part.add` that name the document of an earning."""
        return self._name_document(earning.res_model, earning.res_id, text, size)

    def _name_document(self, model, res_id, text, size):
        size = max(round_amount(to_decimal(size), self._proof_rounding()), self._proof_rounding())
        return {"model": model, "res_id": res_id, "problem": text, "size": size}
