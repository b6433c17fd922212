// Odoo's patch goes first: it does not call what it replaces.
import "@pos_loyalty/app/models/pos_order";
import { PosOrder } from "@point_of_sale/app/models/pos_order";
import { _t } from "@web/core/l10n/translation";
import { groupBy } from "@web/core/utils/arrays";
import { patch } from "@web/core/utils/patch";
import { capitalize } from "@web/core/utils/strings";
import { earn } from "@loyalty_pos/app/utils/earning";
import { roundPoints } from "@loyalty_pos/app/utils/points";

/** The loyalty program that points are being counted for: Odoo does not name it where it leaves lines out. */
let countedProgram = null;

/** What an order earns, as the server reckons it, and what Odoo's till counts. */
patch(PosOrder.prototype, {
    /** Return what the order earns in a program that the server gives points for, as the server reckons it. */
    getEarnedPoints(program) {
        const card = this.getLoyaltyCard(program);
        if (!this.takesPart(program, card)) {
            return 0;
        }
        const rules = program.rule_ids.filter((rule) => rule.mode === "auto");
        return earn(
            rules.map((rule) => ({
                mode: rule.reward_point_mode,
                rate: rule.reward_point_amount,
                minimumQuantity: rule.minimum_qty,
                minimumAmount: rule.minimum_amount,
                minimumTax: rule.minimum_amount_tax_mode,
            })),
            this.lines
                .filter((line) => line.isSold)
                .map((line) => ({
                    quantity: line.earningQuantity,
                    untaxed: this.currency.round(line.getEarningTotal("total_excluded")),
                    total: this.currency.round(line.getEarningTotal("total_included")),
                    rules: rules.flatMap((rule, position) =>
                        line.isCountedBy(rule) ? [position] : []
                    ),
                })),
            {
                settlement: this.getEarningSettlement(),
                multiplier: card?.getMultiplier() ?? program._first_multiplier ?? 1,
                basis: program.earning_basis,
                rounding: program.earning_rounding,
            }
        );
    },
    takesPart(program, card) {
        const pricelist = this.pricelist_id;
        const isListed = (list) => list.some((other) => other.id === pricelist.id);
        return Boolean(
            program.accumulates &&
                (card || this.getPartner()) &&
                !card?.getProblem() &&
                this.getPartner()?.loyalty_tracked !== false &&
                !(
                    pricelist &&
                    (isListed(program.excluded_pricelist_ids) ||
                        (program.pricelist_ids.length && !isListed(program.pricelist_ids)))
                )
        );
    },
    /**
     * How the order is paid, or can be paid still: money earns, points and other ways that earn nothing do not (C6).
     * Returned goods pay for an exchange like the money that had paid for them. Money pays tips first, as points never do.
     */
    getEarningSettlement() {
        let qualifying = 0;
        let other = 0;
        for (const payment of this.payment_ids.filter((payment) => !payment.is_change)) {
            if (payment.payment_method_id.earns_loyalty) {
                qualifying += payment.getAmount();
            } else {
                other += payment.getAmount();
            }
        }
        let due = 0;
        let exchanged = 0;
        let tips = 0;
        for (const line of this.lines.filter((line) => !line.combo_parent_id)) {
            const total = line.getEarningTotal("total_included");
            if (line.refunded_orderline_id) {
                exchanged -= total;
            } else if (line.isSold) {
                due += total;
            } else if (line.isTipLine()) {
                tips += total;
            } else {
                other -= total;
            }
        }
        // Odoo counts change as a negative amount.
        qualifying -= Math.abs(this.change);
        const settled = this.isPaid() && this.payment_ids.length > 0;
        if (settled && tips) {
            const byMoney = Math.min(tips, Math.max(0, qualifying));
            qualifying -= byMoney;
            other -= tips - byMoney;
        }
        if (exchanged > 0) {
            const earlier = this.returnedOrder.getEarningSettlement();
            const share = earlier.qualifying / (earlier.qualifying + earlier.other || 1);
            qualifying += exchanged * share;
            other += exchanged * (1 - share);
        }
        const { currency } = this;
        return {
            due: currency.round(due),
            qualifying: currency.round(qualifying),
            other: currency.round(other),
            settled,
        };
    },
    /** The line that Odoo's till shows while selling, and what it spends: exact, and without a customer too. */
    getLoyaltyPoints() {
        const stats = super.getLoyaltyPoints();
        const card = this.loyalty_card_id;
        if (card?.program_id && !stats.some((stat) => stat.program.id === card.program_id.id)) {
            const name = card.program_id.portal_point_name;
            stats.push({
                couponId: String(card.id),
                program: card.program_id,
                points: {
                    won: 0,
                    spent: 0,
                    balance: card.spendablePoints,
                    name: name || _t("Points"),
                },
            });
        }
        return this.nameLoyaltyPoints(stats).map((stat) => {
            if (stat.program.issue_on !== "paid") {
                return stat;
            }
            const won = this.getEarnedPoints(stat.program);
            const { balance, spent } = stat.points;
            return {
                ...stat,
                points: { ...stat.points, won, total: roundPoints(balance + won - spent) },
            };
        });
    },
    /** Points of several programs that go by the same name are told apart by the names of the programs. */
    nameLoyaltyPoints(stats) {
        const nameOf = ({ program, points }) =>
            capitalize(program.portal_point_name || points.name) || _t("Points");
        const byName = groupBy(stats, (stat) => nameOf(stat).toLowerCase());
        return stats.map((stat) => {
            const name = nameOf(stat);
            const isUnique = byName[name.toLowerCase()].length === 1;
            return {
                ...stat,
                points: { ...stat.points, name: isUnique ? name : stat.program.name },
            };
        });
    },
    /** Points of this order are given when it is paid: it cannot spend them itself. */
    _getRealCouponPoints(couponId) {
        const points = super._getRealCouponPoints(...arguments);
        const change = Object.values(this.uiState.couponPointChanges).find(
            (change) => change.coupon_id === couponId
        );
        const program = this.models["loyalty.program"].get(change?.program_id);
        return program?.issue_on === "paid" && program.applies_on !== "future"
            ? points - change.points
            : points;
    },
    _getPointsCorrection(program) {
        return program.issue_on === "paid" ? 0 : super._getPointsCorrection(...arguments);
    },
    isLineValidForLoyaltyPoints(line) {
        return (
            super.isLineValidForLoyaltyPoints(...arguments) &&
            (!countedProgram || line.earnsLoyaltyPoints(countedProgram))
        );
    },
    /** Count loyalty programs apart: what earns nothing does not help to reach their minimum purchase either. */
    pointsForPrograms(programs) {
        const paid = programs.filter((program) => program.issue_on === "paid");
        const claimed = programs.filter((program) => program.issue_on !== "paid");
        const loyalty = claimed.filter((program) => program.program_type === "loyalty");
        const others = claimed.filter((program) => program.program_type !== "loyalty");
        const result = super.pointsForPrograms(others);
        for (const program of paid) {
            const points = this.getEarnedPoints(program);
            result[program.id] = points ? [{ points }] : [];
        }
        try {
            for (const program of loyalty) {
                countedProgram = program;
                Object.assign(result, super.pointsForPrograms([program]));
            }
        } finally {
            countedProgram = null;
        }
        return result;
    },
});
