"""What a document's earning freezes for the deferral: revenue, points, value of a point and expected redemption."""

from decimal import Decimal
from fractions import Fraction

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.loyalty_ledger.ledger.rounding import UNIT, exact, to_units
from odoo.addons.loyalty_ledger.tools.today import loyalty_today

from ..tools.deferral import allocate

#: Changes of these change what is deferred.
WATCHED = frozenset(("revenue_amount", "earnable_points", "points"))


class LoyaltyEarning(models.Model):
    _inherit = "loyalty.earning"

    revenue_amount = fields.Monetary(
        "Revenue",
        readonly=True,
        help="Revenue of the document without VAT, in the currency of the program, less credit notes and less what points "
        "paid. Gift cards and wallet top-ups are left out; deposits count where they earn.",
    )
    revenue_date = fields.Date("Revenue Changed On", readonly=True)
    is_revenue_returned = fields.Boolean(readonly=True)
    redemption_rate = fields.Float(
        "Expected Redemption (%)",
        digits=(16, 4),
        readonly=True,
        aggregator=None,
        help="Of the day of the document. It says what falls to the points, and never changes.",
    )
    unit_value = fields.Float(
        "Value per Point",
        digits=(16, 6),
        readonly=True,
        aggregator=None,
        help="What a point was worth in the books on the day of the document.",
    )
    allocated_amount = fields.Monetary(
        "Deferred for Points",
        compute="_compute_allocated_amount",
        help="Revenue x p / (revenue + p), where p, the stand-alone price of the points, is points x value per point x "
        "expected redemption.",
    )
    revenue_ids = fields.One2many("loyalty.earning.revenue", "earning_id", "Changes of Revenue", readonly=True)

    @api.depends("revenue_amount", "earnable_points", "terms")
    def _compute_allocated_amount(self):
        for earning in self:
            earning.allocated_amount = earning.currency_id.round(float(earning._allocated()))

    def _allocated(self):
        """Return which part of the revenue falls to the points, as a fraction; 0 where nothing is deferred."""
        self.ensure_one()
        frozen = (self.terms or {}).get("deferral")
        if not frozen:
            return Fraction(0)
        numerator, denominator, rate = map(Decimal, frozen)
        points = Fraction(to_units(self.earnable_points), UNIT)
        return allocate(exact(self.revenue_amount), points, (numerator, denominator), rate)

    def action_view_cohort(self):
        """Open the cohort that the document belongs to, with the rights of the user."""
        self.check_access("read")
        self.ensure_one()
        cohort = self.env["loyalty.cohort"].search(
            [
                ("program_id", "=", self.program_id.id),
                ("date_from", "=", self.date.replace(day=1)),
                ("kind", "=", "sale"),
            ]
        )
        if not cohort:
            raise UserError(self.env._("The month of this document is not closed yet; the close makes its cohort."))
        return cohort._get_records_action()

    # --- freezing ------------------------------------------------------------------------------------------------

    @api.model
    def _prepare_terms(self, claims):
        values = super()._prepare_terms(claims)
        for claim, vals in zip(claims, values):
            if claim.card.program_id._defers():
                self._freeze_deferral(vals, claim.card.program_id, claim.date)
        return values

    @api.model
    def _freeze_deferral(self, vals, program, date):
        """Add value and expected redemption of a point on the day of the document to its terms."""
        # The first value holds for earlier days too, as the first estimate does.
        first = next((day for day, __, __ in program.sudo()._list_point_values()), date)
        numerator, denominator = program._unit_value_at(max(date, first))
        rate = program._redemption_rate_at(date)
        vals["terms"] = {**vals["terms"], "deferral": [str(numerator), str(denominator), str(rate)]}
        vals |= {"redemption_rate": float(rate), "unit_value": float(numerator / denominator)}

    def _note(self, claim, result, change):
        values = super()._note(claim, result, change)
        if (self.terms or {}).get("deferral"):
            revenue = self._revenue_of(claim)
            values |= {
                "revenue_amount": revenue,
                "revenue_date": self._revenue_date_of(claim, change),
                "is_revenue_returned": bool(claim.returned) and revenue < self.revenue_amount,
            }
        return values

    def _revenue_of(self, claim):
        """Return the revenue of a document, without VAT, in the currency of the program."""
        if not claim.active:
            return 0.0
        money = self._products_of_money()
        rounded, rate = self.currency_id.round, self.currency_rate

        def amount(lines):
            return sum(
                rounded(line.untaxed * rate)
                for line in lines
                if not (line.product_id in money or (line.deposit and not self._earns_deposit(line)))
            )

        sold, back = amount(claim.lines), amount(claim.returned)
        paid = claim.redeemed() * rate if claim.redeemed else 0.0
        return max(0.0, rounded(sold - back - paid))

    def _earns_deposit(self, line):
        """Return whether a deposit earns, and the final invoice only what is left (:func:`earning.basket.earn`).

        Its points then have their part of the revenue, which Odoo books with the deposit and takes off the final invoice.
        Where the goods earn all of it, on the final invoice, that has all of the revenue.
        """
        rules = (self.terms["rules"][number] for number in self.terms["products"].get(str(line.product_id), ()))
        return any(rule["mode"] == "money" and not rule["minimum_amount"] for rule in rules)

    @api.model
    def _products_of_money(self):
        """Return ids of products that are money: gift cards and top-ups, sold or paying."""
        return {
            *self.env["loyalty.rule"]._gift_card_product_ids(),
            *self.env["loyalty.program"]._paying_product_ids(),
        }

    def _revenue_date_of(self, claim, change):
        """Return the day of a change: of the document, of its payment or of its return; today where it is undone."""
        today = loyalty_today(self.env, self.company_id)
        if not claim.active:
            return today
        days = [claim.date]
        if claim.settlement and claim.settlement.settled and claim.earned_on:
            days.append(claim.earned_on)
        if change < 0:
            days.append(self._taken_back_on(claim) or today)
        elif claim.returned_on:
            days.append(claim.returned_on)
        if begin := self.program_id.deferral_from:
            # What was sold before is part of the transition entry, dated on the last day of the old policy.
            days.append(begin if claim.date >= begin else begin - relativedelta(days=1))
        return min(max(days), max(today, claim.date))

    # --- keeping -------------------------------------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        earnings = super().create(vals_list)
        earnings._keep_revenue()
        return earnings

    def write(self, vals):
        result = super().write(vals)
        if vals.keys() & WATCHED:
            self._keep_revenue()
        return result

    def unlink(self):
        """What is deferred for a document that is deleted is undone first."""
        deferred = self.filtered(lambda earning: (earning.terms or {}).get("deferral"))
        if deferred:
            today = loyalty_today(self.env, deferred.company_id[:1])
            deferred.write({"revenue_amount": 0.0, "earnable_points": 0.0, "revenue_date": today})
        kept = deferred.filtered("revenue_ids")
        return super(LoyaltyEarning, self - kept).unlink()

    def _keep_revenue(self):
        """Note what changed since the last time, in rows that say when."""
        deferred = self.filtered(lambda earning: (earning.terms or {}).get("deferral"))
        if deferred:
            self.env["loyalty.earning.revenue"]._note(deferred)
