"""What a till claims for an order, held against the order itself."""

import logging
from contextlib import contextmanager

from odoo import api, fields, models
from odoo.tools import float_round

from odoo.addons.loyalty_ledger.ledger.rounding import PRECISION, to_points, to_units
from odoo.addons.loyalty_ledger.ledger.usability import EARN
from odoo.addons.loyalty_ledger.tools.today import loyalty_today

from ..tools import claims as rules

_logger = logging.getLogger(__name__)

STORED_VALUE = ("gift_card", "ewallet")
#: What a claim may say of a new card; the rest is calculated here.
CARD_FIELDS = ("code", "barcode", "expiration_date")
#: Key of the totals that :meth:`PosOrder._keep_totals` keeps in the cursor's cache.
TOTALS = "loyalty_pos.totals"


class PosOrder(models.Model):
    _inherit = "pos.order"

    # --- what the order says -------------------------------------------------------------------------------------

    def _loyalty_day(self):
        """The business day of the order, never after today."""
        today = loyalty_today(self.env, self.company_id)
        if not self.date_order:
            return today
        zone = self.company_id._loyalty_timezone() or "UTC"
        return min(today, fields.Datetime.context_timestamp(self.with_context(tz=zone), self.date_order).date())

    def _reward_lines(self):
        """Lines that may spend points. Returned reward lines carry the cost of the sale and spend nothing."""
        return self.sudo().lines.filtered(
            lambda line: (
                line.is_reward_line
                and line.reward_id
                and line.qty > 0
                and not line.refunded_orderline_id
                and (not line.coupon_id or line.coupon_id.program_id == line.reward_id.program_id)
            )
        )

    def _reward_costs(self, lines):
        """Return ``{line: points}`` that reward lines cost: what they say, and not less than nothing.

        Gift cards and eWallets pay money, so they cost what the line took off the price.
        """
        costs = {line: max(0.0, line.points_cost) for line in lines}
        paying = lines.filtered(
            lambda line: (
                line.reward_id.program_id.program_type in STORED_VALUE
                and line.reward_id.discount_mode == "per_point"
                and line.reward_id.discount
            )
        )
        totals = self._loyalty_totals() if paying else {}
        for line in paying:
            paid = float_round(-totals[line.id][0] / line.reward_id.discount, precision_digits=PRECISION)
            if paid > costs[line] + self.currency_id.rounding / line.reward_id.discount:
                costs[line] = paid
        return costs

    def _is_customers_card(self, card):
        return card._belongs_to(self.partner_id)

    @api.model
    def _is_part_of_combo(self, line):
        """Return whether a line is a part of a combo of its own order.

        Odoo copies the relation with the line that it returns: a copy names the combo of the sale and is no part of it.
        """
        return line.combo_parent_id.order_id == line.order_id if line.combo_parent_id else False

    def _is_tip(self, line):
        """Return whether a line is a tip: money for the staff, which neither earns nor is paid with points."""
        return bool(line.product_id) and line.product_id == self.config_id.tip_product_id

    @api.model
    def _with_parts(self, line):
        """Return a line with its parts, where it is a combo."""
        return line | line.combo_line_ids.filtered(self._is_part_of_combo)

    def _loyalty_totals(self):
        """Return ``{line id: (with tax, without tax)}`` by the tax engine: the totals that clients send are stored
        as they come. Together they are the order's total, also where its taxes are rounded once for all lines."""
        kept = self.env.cr.cache.get(TOTALS, {})
        totals = kept.get(self.id)
        if totals is None:
            totals = kept[self.id] = self._compute_loyalty_totals()
        return totals

    @contextmanager
    def _keep_totals(self):
        """Compute the totals of each order only once in this block, in which nobody may change what was sold."""
        cache = self.env.cr.cache
        cache[TOTALS] = {}
        try:
            yield
        finally:
            cache.pop(TOTALS, None)

    def _compute_loyalty_totals(self):
        order = self.sudo()
        base_lines = [order._loyalty_base_line(line) for line in order.lines]
        AccountTax = self.env["account.tax"].sudo()
        AccountTax._add_tax_details_in_base_lines(base_lines, order.company_id)
        AccountTax._round_base_lines_tax_details(base_lines, order.company_id)
        sign = -1 if order.amount_total < 0 else 1
        totals = {}
        for base_line in base_lines:
            details = base_line["tax_details"]
            excluded = details["total_excluded_currency"] + details["delta_total_excluded_currency"]
            taxes = sum(tax_data["tax_amount_currency"] for tax_data in details["taxes_data"])
            totals[base_line["record"].id] = (sign * (excluded + taxes), sign * excluded)
        return totals

    def _loyalty_base_line(self, line):
        """Return a line as Odoo prepares it for its taxes (point_of_sale/models/pos_order.py:1803).

        Without accounts and names, which take longer than all the rest. Override to add what decides taxes.
        """
        refund = self.amount_total < 0
        base_line = self.env["account.tax"]._prepare_base_line_for_taxes_computation(
            line,
            partner_id=self.partner_id.commercial_partner_id,
            currency_id=self.currency_id,
            rate=self.currency_rate,
            product_id=line.product_id,
            tax_ids=line.tax_ids_after_fiscal_position,
            price_unit=line.price_unit,
            quantity=-line.qty if refund else line.qty,
            discount=line.discount,
            is_refund=line.qty * line.price_unit < 0,
            sign=1 if refund else -1,
        )
        return base_line | line._said_taxes(base_line)

    def _is_covered(self, totals):
        """Return whether the payments cover the lines: lines added to a paid order earn nothing."""
        order = self.sudo()
        rounding = order.config_id.rounding_method.rounding if order.config_id.cash_rounding else 0
        total = sum(included for included, __ in totals.values())
        tolerance = rounding + order.currency_id.rounding * (len(totals) + 1)
        return total <= sum(order.payment_ids.mapped("amount")) + tolerance

    # --- what it can have earned ---------------------------------------------------------------------------------

    def _loyalty_earnable(self, program):
        """Return the points that this order gives in ``program`` by the program's rules: the most a till may claim.

        Rules with a promotion code count as entered, as the server does not learn which codes were. What the till
        takes off for free products of the program itself is not taken off here.
        """
        self.ensure_one()
        totals = self._loyalty_totals()
        if not self._is_covered(totals):
            return 0.0
        digits = self.env["decimal.precision"].precision_get("Product Price")
        lines = self.sudo().lines.filtered(lambda line: not self._is_part_of_combo(line) and not self._is_tip(line))
        products = lines.product_id
        points = 0.0
        for rule in program.sudo().rule_ids:
            valid = products.filtered_domain(rule._get_valid_product_domain())
            of_rule = [line for line in lines if line.product_id in valid]
            points += rules.rule_points(
                rules.Rule(
                    mode=rule.reward_point_mode,
                    amount=rule.reward_point_amount,
                    minimum_qty=rule.minimum_qty,
                    minimum_amount=rule.minimum_amount,
                    tax_included=rule.minimum_amount_tax_mode == "incl",
                    split=program.applies_on == "future" and rule.reward_point_split,
                ),
                [self._rule_line(line, totals) for line in of_rule if self._line_earns(line, program)],
                [self._rule_line(line, totals) for line in of_rule if self._line_counts(line, program)],
                digits,
            )
        return points

    def _line_earns(self, line, program):
        """Return whether a line gives points in the program. Override to leave lines out; call super."""
        if program.program_type in STORED_VALUE:
            return not line.is_reward_line and line.product_id in program.trigger_product_ids
        rewarded = line.reward_id.program_id if line.is_reward_line else program.browse()
        return not rewarded or (rewarded != program and rewarded.program_type not in STORED_VALUE)

    def _line_counts(self, line, program):
        """Return whether a line counts towards the minimum purchase of a rule."""
        reward = line.reward_id
        return reward.reward_type != "discount" or (
            reward.program_id.trigger != "auto" and reward.program_id != program
        )

    def _rule_line(self, line, totals):
        parts = self._with_parts(line)
        return rules.Line(
            qty=line.qty,
            included=sum(totals[part.id][0] for part in parts),
            excluded=sum(totals[part.id][1] for part in parts),
            reward=bool(line.is_reward_line),
        )

    # --- what of a claim stands ----------------------------------------------------------------------------------

    def _check_claims(self, claims):
        """Return the claims of a till's client that this order supports, in the shape of Odoo's ``coupon_data``.

        The client says which card won how much in total. What was spent is read from the order's reward lines; what
        was won is at most what the rules give; cards belong to the order's customer and programs to its till.
        """
        if self.state in ("draft", "cancel"):
            return {}
        self._add_unclaimed_rewards(claims)
        checked, report, left = {}, [], {}
        for key, vals in claims.items():
            card = self.env["loyalty.card"].sudo().browse(key if key > 0 else []).exists()
            program = self.env["loyalty.program"].sudo().browse(vals["program_id"]).exists()
            net = self._claimed_points(vals)
            problem = self._claim_problem(key, net, vals, card, program)
            if problem:
                if net is None or net:
                    report.append((card, program, net, problem))
                continue
            lines = self._lines_of_claim(vals, card, program)
            spent = sum(self._reward_costs(lines).values())
            card, claimable = self._card_of_claim(card, program, spent)
            if not claimable:
                continue
            if program not in left:
                left[program] = self._earnable_left(program, left)
            problem = self._earning_problem(card, program)
            takes_part = program.program_type != "loyalty" or self.partner_id._earns_loyalty()
            if not takes_part and not card and not spent:
                continue  # no card for customers who do not participate (C4)
            claim = rules.judge(net, spent, max(0.0, left[program]) if takes_part and not problem else 0.0)
            left[program] -= claim.earned
            if claim.cut and takes_part:
                problem = problem or self.env._("More than the program's rules award for the order")
                report.append((card, program, claim.cut, problem))
            if key < 0 and claim.cut and not claim.earned and not program.is_nominative:
                continue  # no empty gift cards and coupons for what the order does not give
            new_key = card.id or key
            self._merge_claim(
                checked,
                new_key,
                {
                    **self._card_values(vals, card, program, report),
                    "points": claim.earned - claim.spent,
                    "program_id": program.id,
                    "coupon_id": new_key,
                    "line_codes": self._codes_of_claim(vals, card, program),
                },
            )
        self._report_claims(report)
        return checked

    def _claimed_points(self, vals):
        """Net points of a claim, rounded as the ledger does, or None when that is no number."""
        try:
            return to_points(to_units(vals.get("points")))
        except (OverflowError, TypeError, ValueError):
            return None

    def _add_unclaimed_rewards(self, claims):
        """Rewards that the order gave are paid for, whether the client mentions them or not."""
        settled = self._settled_programs()
        for card, lines in self._reward_lines().grouped("coupon_id").items():
            if card.ledgered and card.id not in claims and card.program_id not in settled:
                claims[card.id] = {
                    "points": -sum(self._reward_costs(lines).values()),
                    "program_id": card.program_id.id,
                    "line_codes": lines.mapped("reward_identifier_code"),
                }

    def _claim_problem(self, key, net, vals, card, program):
        """Return why a claim cannot stand at all, or None."""
        if net is None:
            return self.env._("Not a number of points")
        if key > 0 and not card:
            return self.env._("The card does not exist")
        if not program or vals.get("misnamed"):
            return self.env._("The card belongs to another program")
        # A reward that was given is paid for, also when its program ended in the meantime.
        spends = card and self._lines_of_claim(vals, card, program)
        if not spends and not program._is_offered_to(self):
            return self.env._("The program is not offered at this Point of Sale")
        if not program.is_ledgered:
            return None
        if program.is_nominative and not self.partner_id:
            return self.env._("The order has no customer")
        return (card and card._unusable_for(self.partner_id)) or None

    def _earning_problem(self, card, program):
        """Return why the order earns nothing on the card, or None. Who paid for a top-up gets it on any card."""
        if not program._is_offered_to(self):
            return self.env._("The program is not offered at this Point of Sale")
        if card.ledgered and program.program_type not in STORED_VALUE:
            return card._unusable_reason(self._loyalty_day(), EARN) or None
        return None

    def _card_of_claim(self, card, program, spent):
        """Return the card that a claim is about, and whether it can be claimed for.

        A customer who has cards gets no new one; when none of them can be used, the order earns nothing.
        """
        if not program.is_ledgered or not program.is_nominative:
            return card, True
        day = self._loyalty_day()
        if card and (spent or card._is_usable(day, EARN)):
            return card, True
        best = self.env["loyalty.card"].sudo()._earning_card(self.partner_id, program, day)
        other = best.filtered(lambda card: card._is_usable(day, EARN))
        return (other or card), bool(other or card or not best)

    def _earnable_left(self, program, left):
        """Points that the order gives in the program, less what other programs took for the same top-up."""
        points = self._loyalty_earnable(program)
        if program.program_type in STORED_VALUE:
            for other in left:
                if other.program_type in STORED_VALUE and other.trigger_product_ids & program.trigger_product_ids:
                    points = min(points, left[other])
        return points

    def _lines_of_claim(self, vals, card, program):
        """Reward lines that the claim pays for: of its card, or named by it while no card is on them yet."""
        codes = set(vals.get("line_codes") or ())
        return self._reward_lines().filtered(
            lambda line: (
                line.reward_id.program_id == program
                and (line.coupon_id == card if line.coupon_id else line.reward_identifier_code in codes)
            )
        )

    def _codes_of_claim(self, vals, card, program):
        """Codes of the order's own rewards in the program that are not another card's."""
        codes = set(vals.get("line_codes") or ())
        lines = self.sudo().lines.filtered(
            lambda line: (
                line.reward_identifier_code in codes
                and line.reward_id.program_id == program
                and (not line.coupon_id or line.coupon_id == card)
            )
        )
        return sorted(set(lines.mapped("reward_identifier_code")))

    def _card_values(self, vals, card, program, report):
        """What the claim says of a new card. A number that another card has is dropped: the customer paid, so the
        new card gets a fresh one."""
        allowed = {"partner_id": self.partner_id.id} if self.partner_id else {}
        if card:
            return allowed
        allowed.update({name: vals[name] for name in CARD_FIELDS if vals.get(name)})
        Card = self.env["loyalty.card"].sudo().with_context(active_test=False)
        for name in ("code", "barcode"):
            taken = Card.search([("code", "=", allowed.get(name))], limit=1) if name in allowed else Card
            printed = name == "code" and program.program_type == "gift_card" and taken.active
            if not taken or (printed and taken.program_id == program):
                continue  # free, or a printed card that is sold or topped up
            report.append((taken, program, 0, self.env._("The card number is taken; a new card got another one")))
            del allowed[name]
        return allowed

    def _report_claims(self, report):
        """Put what was reduced in the exceptions list, once for each order and program."""
        Exception_ = self.env["loyalty.exception"].sudo()
        known = Exception_.search(
            [("res_model", "=", "pos.order"), ("res_id", "=", self.id), ("kind", "=", "claim")]
        ).program_id
        for card, program, points, note in report:
            _logger.info(
                "Claim of order %s cut: card %s, program %s, %s points: %s",
                self.uuid,
                card and card.id,
                program and program.id,
                points,
                note,
            )
        Exception_.create(
            [
                {
                    "kind": "claim",
                    "card_id": card.id if card else False,
                    "program_id": program.id if program else False,
                    "company_id": self.company_id.id,
                    "points": points or 0,
                    "res_model": "pos.order",
                    "res_id": self.id,
                    "note": note,
                }
                for card, program, points, note in report
                if not program or program not in known
            ]
        )
