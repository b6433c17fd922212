// Odoo's patch goes first: it does not call what it replaces.
import "@pos_loyalty/app/models/pos_order";
import { PosOrder } from "@point_of_sale/app/models/pos_order";
import { _t } from "@web/core/l10n/translation";
import { patch } from "@web/core/utils/patch";
import { earnedAfterReturn, isWhole, shareOf } from "@loyalty_pos/app/utils/points";

/** Which programs points are being counted for: the minimum purchase is checked without naming the program. */
let countsLoyalty = false;

patch(PosOrder.prototype, {
    initState() {
        super.initState();
        // What the till has reserved: {uuid of the payment or redemption: {points, amount, offline}}.
        this.uiState.loyaltyHolds = this.uiState.loyaltyHolds || {};
    },
    restoreState() {
        super.restoreState(...arguments);
        this.uiState.loyaltyHolds = this.uiState.loyaltyHolds || {};
    },

    // --- the card ---------------------------------------------------------------------------------------------

    /** The customer's card of a program: the chosen one, else the one that Odoo's till counts points for. */
    getLoyaltyCard(program = this.loyalty_card_id?.program_id) {
        if (this.loyalty_card_id && this.loyalty_card_id.program_id?.id === program?.id) {
            return this.loyalty_card_id;
        }
        const change = Object.values(this.uiState.couponPointChanges).find(
            (change) => change.program_id === program?.id
        );
        return change && this.models["loyalty.card"].get(change.coupon_id);
    },
    /** Use a card on the order: what was counted, claimed and reserved on another one goes. */
    setLoyaltyCard(card) {
        this.assertEditable();
        const old = this.loyalty_card_id;
        if ((old?.id || false) === (card?.id || false)) {
            return;
        }
        const program = (card || old).program_id;
        this.removeRedemptions((other) => other?.program_id?.id === program.id);
        this.loyalty_card_id = card || undefined;
        for (const [key, change] of Object.entries(this.uiState.couponPointChanges)) {
            if (change.program_id === program.id && change.coupon_id !== card?.id) {
                delete this.uiState.couponPointChanges[key];
            }
        }
    },
    setPartner(partner) {
        const old = this.getPartner();
        super.setPartner(...arguments);
        if (old?.id !== this.getPartner()?.id && this.loyalty_card_id) {
            this.setLoyaltyCard(false);
        }
    },

    // --- points that pay --------------------------------------------------------------------------------------

    get loyaltyPayments() {
        return this.payment_ids.filter((payment) => payment.isLoyalty);
    },
    /** Money that points pay on this order, by payments. */
    get loyaltyTendered() {
        return this.currency.round(
            this.loyaltyPayments.reduce((total, payment) => total + payment.getAmount(), 0)
        );
    },
    /** What is redeemed on this order. */
    get redemptions() {
        return this.loyaltyPayments
            .filter((payment) => payment.getAmount() > 0)
            .map((payment) => ({
                uuid: payment.uuid,
                payment,
                points: payment.redeemedPoints,
                amount: payment.getAmount(),
            }));
    },
    /** What points may pay still, apart from a payment that is being changed. */
    getLoyaltyDue(payment) {
        const others = this.payment_ids.filter(
            (other) => other.uuid !== payment?.uuid && !other.is_change
        );
        const paid = others.reduce((total, other) => total + other.getAmount(), 0);
        return Math.max(0, this.currency.round(this.totalDue - paid));
    },
    /** Points that reward lines of this order spend on a card. */
    getRewardPoints(card) {
        return this._get_reward_lines()
            .filter((line) => line.coupon_id?.id === card.id)
            .reduce((total, line) => total + (line.points_cost || 0), 0);
    },
    /** What can be redeemed on a card: what it has available, what this payment holds already, less rewards. */
    getRedeemablePoints(card, payment) {
        const own = payment?.loyalty_card_id?.id === card.id ? payment.redeemedPoints : 0;
        return card.spendablePoints + own - this.getRewardPoints(card);
    },
    /** Payments by points are added with the points reserved for them; nothing else makes one. */
    addPaymentline(method) {
        if (method.type === "loyalty") {
            return {
                status: false,
                data: _t('Choose how many points to redeem first: use "Redeem points".'),
            };
        }
        return super.addPaymentline(...arguments);
    },
    addLoyaltyPayment({ uuid, method, card, points, amount, offline = false }) {
        this.assertEditable();
        this.uiState.loyaltyHolds[uuid] = { points, amount, offline };
        const payment = this.models["pos.payment"].create({
            uuid,
            pos_order_id: this,
            payment_method_id: method,
            amount,
            loyalty_card_id: card,
            loyalty_card_code: card.code,
            loyalty_points: points,
        });
        this.selectPaymentline(payment);
        return payment;
    },
    changeLoyaltyPayment(payment, { points, amount, offline = false }) {
        this.uiState.loyaltyHolds[payment.uuid] = { points, amount, offline };
        payment.loyalty_points = points;
        payment.setReservedAmount(amount);
    },
    /** Remove the redemptions of cards; the store releases the points when their records go. */
    removeRedemptions(isConcerned = () => true) {
        for (const payment of this.loyaltyPayments) {
            if (isConcerned(payment.loyalty_card_id)) {
                this.removePaymentline(payment);
            }
        }
    },

    // --- returned goods ---------------------------------------------------------------------------------------

    /** The order whose goods this order takes back. */
    get returnedOrder() {
        return this.lines.find((line) => line.refunded_orderline_id)?.refunded_orderline_id
            .order_id;
    },
    /** How much of the returned order comes back: money `before` and now (`part`), of its `whole`. */
    getReturnedShare() {
        const origin = this.returnedOrder;
        let before = 0;
        let part = 0;
        for (const sold of origin.lines.filter((line) => line.qty)) {
            const unit = sold.prices.total_included / sold.qty;
            const own = this.lines
                .filter((line) => line.refunded_orderline_id?.id === sold.id)
                .reduce((qty, line) => qty - line.qty, 0);
            const others = sold.refund_orderline_ids.filter(
                (line) => line.order_id?.id !== this.id
            );
            const earlier = others.length
                ? others
                      .filter((line) => line.order_id.state !== "cancel")
                      .reduce((qty, line) => qty - line.qty, 0)
                : Math.max(0, (sold.refunded_qty || 0) - (this.isSynced ? own : 0));
            part += unit * own;
            before += unit * earlier;
        }
        return { before, part, whole: origin.priceIncl };
    },
    /** What comes back as points: pro rata to the goods, at most what this order gives back at all. */
    getPointsToReturn() {
        const origin = this.returnedOrder;
        const paid = origin?.loyaltyPayments.filter((payment) => payment.getAmount() > 0) || [];
        if (!paid.length || this.totalDue >= 0) {
            return [];
        }
        const { before, part, whole } = this.getReturnedShare();
        let left = -this.totalDue;
        const result = [];
        for (const payment of paid) {
            const total = payment.getAmount();
            const share = shareOf(total, before, part, whole, this.currency.rounding);
            const amount = Math.min(left, share);
            if (amount <= 0) {
                continue;
            }
            left = this.currency.round(left - amount);
            const step = isWhole(payment.redeemedPoints) ? 1 : 0.0001;
            const earlier = shareOf(total, 0, before, whole, this.currency.rounding);
            result.push({
                payment,
                amount,
                points: shareOf(payment.redeemedPoints, earlier, amount, total, step),
            });
        }
        return result;
    },
    /** Make the payments that give points back; returns whether something changed. */
    fitPointsToReturn() {
        const due = this.getPointsToReturn();
        const key = ({ payment, amount }) => `${payment.loyalty_card_id?.id}:${amount}`;
        const wanted = new Set(due.map(key));
        const made = new Set();
        let changed = false;
        for (const payment of this.loyaltyPayments) {
            const own = key({ payment, amount: -payment.getAmount() });
            if (wanted.has(own) && !made.has(own)) {
                made.add(own);
            } else {
                this.removePaymentline(payment);
                changed = true;
            }
        }
        for (const item of due.filter((item) => !made.has(key(item)))) {
            this.models["pos.payment"].create({
                pos_order_id: this,
                payment_method_id: item.payment.payment_method_id,
                amount: -item.amount,
                loyalty_card_id: item.payment.loyalty_card_id,
                loyalty_card_code: item.payment.loyalty_card_code,
                loyalty_points: -item.points,
            });
            changed = true;
        }
        return changed;
    },
    /** Money that comes back beyond what was paid in money. */
    get moneyReturnedTooMuch() {
        const money = this.payment_ids
            .filter((payment) => !payment.isLoyalty && !payment.is_change)
            .reduce((total, payment) => total - payment.getAmount(), 0);
        return this.currency.round(money + this.totalDue - this.loyaltyTendered);
    },
    /** What the refund does to the customer's points, for the cashier to see before validating. */
    getRefundEffects() {
        const origin = this.returnedOrder;
        if (!origin) {
            return null;
        }
        const returned = this.getPointsToReturn();
        const { before, part, whole } = this.getReturnedShare();
        const earned = origin.loyalty_points_earned || 0;
        const taken =
            earnedAfterReturn(earned, before, whole) -
            earnedAfterReturn(earned, before + part, whole);
        const card = origin.loyalty_card_id || returned[0]?.payment.loyalty_card_id;
        const back = returned.reduce((total, item) => total + item.points, 0);
        const same = returned.every((item) => item.payment.loyalty_card_id?.id === card?.id);
        const has = (card?.spendablePoints || 0) + (same ? back : 0);
        return {
            card,
            back,
            taken: Math.max(0, taken),
            money: returned.reduce((total, item) => total + item.amount, 0),
            missing: card ? Math.max(0, taken - has) : 0,
            policy: card?.program_id?.negative_policy,
        };
    },

    // --- what the customer is told ------------------------------------------------------------------------------

    /**
     * What the order does to the card, for receipt and customer display: the server's figures once it settled the
     * order, else what the till reckons (`estimated`).
     */
    getLoyaltySummary() {
        const card = this.loyalty_card_id || this.loyaltyPayments[0]?.loyalty_card_id;
        if (!card?.isRegistered) {
            return null;
        }
        const program = card.program_id;
        const counted = this.getLoyaltyPoints().find((stat) => stat.program?.id === program?.id);
        const settled = this.finalized && this.isSynced && !this.isDirty() && this.loyalty_settled;
        const tendered = this.loyaltyPayments
            .filter((payment) => payment.loyalty_card_id?.id === card.id)
            .reduce((total, payment) => total + payment.redeemedPoints, 0);
        const won = counted?.points.won || 0;
        const spent = (counted?.points.spent || 0) + tendered;
        return {
            code: card.code,
            level: card.level_name || "",
            program,
            name: program?.portal_visible ? program.portal_point_name : _t("Points"),
            earned: settled ? this.loyalty_points_earned || won : won,
            redeemed: settled ? Math.max(this.loyalty_points_redeemed || 0, spent) : spent,
            // What is redeemed is reserved, and left out of what the card can spend, since it was chosen.
            balance: settled ? this.loyalty_balance_after : card.spendablePoints + won,
            estimated: !settled,
        };
    },

    // --- what Odoo's programs count -----------------------------------------------------------------------------

    isLineValidForLoyaltyPoints(line) {
        return (
            super.isLineValidForLoyaltyPoints(...arguments) &&
            (!countsLoyalty || line.earnsLoyaltyPoints())
        );
    },
    /** Count loyalty programs apart: what earns nothing does not help to reach their minimum purchase either. */
    pointsForPrograms(programs) {
        const loyalty = programs.filter((program) => program.program_type === "loyalty");
        const others = programs.filter((program) => program.program_type !== "loyalty");
        const points = super.pointsForPrograms(others);
        countsLoyalty = true;
        try {
            return { ...points, ...super.pointsForPrograms(loyalty) };
        } finally {
            countsLoyalty = false;
        }
    },
});
