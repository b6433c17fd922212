// Odoo's patch goes first: it does not call what it replaces.
import "@pos_loyalty/app/models/pos_order";
import { PosOrder } from "@point_of_sale/app/models/pos_order";
import { _t } from "@web/core/l10n/translation";
import { patch } from "@web/core/utils/patch";

/** What is redeemed on an order: how much may be, and the payments by points. */
patch(PosOrder.prototype, {
    get loyaltyPayments() {
        return this.payment_ids.filter((payment) => payment.isLoyalty);
    },
    /** Money that points cover on this order, by payments. */
    get loyaltyTendered() {
        return this.currency.round(
            this.loyaltyPayments.reduce((total, payment) => total + payment.getAmount(), 0)
        );
    },
    /**
     * What is redeemed on this order, by payments or by lines that reduce the price.
     *
     * @typedef {{uuid: string, card: object, points: number, amount: number, payment?: object, lines?: object[]}} Redemption
     * @returns {Redemption[]}
     */
    get redemptions() {
        const payments = this.loyaltyPayments
            .filter((payment) => payment.getAmount() > 0)
            .map((payment) => ({
                uuid: payment.uuid,
                card: payment.loyalty_card_id,
                points: payment.redeemedPoints,
                amount: payment.getAmount(),
                payment,
            }));
        return [...payments, ...this.reductions];
    },
    /**
     * What points of a program may pay still; of a redemption that is being changed, what it may pay in all.
     *
     * The total of the order, with its rounding, less what is paid and not given back as change: a note in cash takes
     * nothing away from what is redeemed. Never more than the products that the points may cover, nor than the
     * total less other redemptions, whatever money goes in or out.
     *
     * @param {number} [cash] money that is paid and can be handed back
     */
    getLoyaltyDue(
        redemption,
        reducing = Boolean(redemption?.lines),
        program = redemption?.card?.program_id,
        cash = 0
    ) {
        const own = redemption?.amount || 0;
        const others = this.redemptions.filter((other) => other.uuid !== redemption?.uuid);
        const amountOf = (redemptions) => redemptions.reduce((sum, { amount }) => sum + amount, 0);
        const total = this.totalDue + (redemption?.lines ? own : 0);
        // Odoo counts a payment at a terminal once it is done; by then nothing else must have paid.
        const underway = this.payment_ids
            .filter((payment) => !payment.isDone())
            .reduce((sum, payment) => sum + payment.getAmount(), 0);
        let due = Math.min(
            total - amountOf(others.filter((other) => other.payment)),
            own + cash + Math.max(0, this.remainingDue - underway)
        );
        const lines = reducing
            ? this.reducibleLines
            : this.lines.filter((line) => !line.isRedemption);
        const payable = lines.filter((line) => line.mayBePaidWith(program));
        if (reducing || payable.length < lines.length) {
            const used = reducing ? others.filter((other) => other.lines) : others;
            const value = payable.reduce((sum, line) => sum + line.documentTotal, 0);
            due = Math.min(due, value - amountOf(used));
        }
        return Math.max(0, this.currency.round(due));
    },
    /**
     * What points of a program may still pay where money was counted already: also what is paid in cash and not handed
     * back as change, as cash can be given back.
     */
    getRedeemableDue(redemption, reducing, program) {
        const due = this.getLoyaltyDue(redemption, reducing, program);
        const cash = this.cashPayments.reduce((sum, payment) => sum + payment.getAmount(), 0);
        const kept = this.currency.round(cash - Math.abs(this.change));
        return kept > 0 ? this.getLoyaltyDue(redemption, reducing, program, kept) : due;
    },
    /** Cash that was counted, the latest first. */
    get cashPayments() {
        return this.payment_ids
            .filter(
                ({ payment_method_id: method, amount, is_change }) =>
                    method.is_cash_count && amount > 0 && !is_change
            )
            .reverse();
    },
    /** Cash that points cover instead is no longer asked for: what was more than due before stays, as change. */
    fitCashToPoints(changeBefore) {
        const { currency } = this;
        for (const payment of this.cashPayments) {
            if (!currency.isZero(changeBefore) || currency.isZero(this.change)) {
                return;
            }
            payment.setAmount(0);
            const amount = this.getDefaultAmountDueToPayIn(payment.payment_method_id);
            if (currency.isPositive(amount)) {
                payment.setAmount(amount);
            } else {
                this.removePaymentline(payment);
            }
        }
    },
    /** Points that were put on an open order are not the beginning of its payment: more goods can follow. */
    getScreenData() {
        const screen = super.getScreenData(...arguments);
        const payments = this.payment_ids;
        return !this.finalized &&
            !this.isRefund &&
            screen.name === "PaymentScreen" &&
            payments.length &&
            payments.every((payment) => payment.isLoyalty)
            ? { name: "ProductScreen" }
            : screen;
    },
    /** Points that reward lines of this order spend on a card. */
    getRewardPoints(card) {
        return this._get_reward_lines()
            .filter((line) => line.coupon_id?.id === card.id)
            .reduce((total, line) => total + (line.points_cost || 0), 0);
    },
    /** What can be redeemed on a card: what it has available, what is reserved here already, less rewards. */
    getRedeemablePoints(card, redemption) {
        const own = redemption?.card?.id === card.id ? redemption.points : 0;
        const reserved = this.uiState.loyaltyReserved?.[card.id] || 0;
        return card.spendablePoints + own + reserved - this.getRewardPoints(card);
    },
    /** Ids of the sales orders that this order settles; without Odoo's app for that there are none. */
    get settledOrderIds() {
        const orders = this.lines.map((line) => line.sale_order_origin_id?.id);
        return [...new Set(orders.filter((id) => Number.isInteger(id)))];
    },
    /** Payments by points are added with the points reserved for them; nothing else makes one. */
    addPaymentline(method) {
        if (method.type === "loyalty") {
            return {
                status: false,
                data: _t('Choose the number of points to redeem first: use "Redeem points".'),
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
    /** What another device has reserved is given back by the one that removes it. */
    removePaymentline(payment) {
        if (payment.isLoyalty && !this.finalized && payment.getAmount() > 0) {
            this.uiState.loyaltyHolds[payment.uuid] ??= {
                points: payment.redeemedPoints,
                amount: payment.getAmount(),
            };
        }
        return super.removePaymentline(...arguments);
    },
    removeRedemption({ payment, lines = [] }) {
        if (payment) {
            this.removePaymentline(payment);
        }
        for (const line of lines) {
            line.delete();
        }
    },
    /**
     * Remove the redemptions of cards; the store releases the points when their records go.
     *
     * @param {string} [cause] why, in words: the store says so, and the order keeps it
     */
    removeRedemptions(isConcerned = () => true, cause = "") {
        for (const redemption of this.redemptions) {
            if (isConcerned(redemption.card)) {
                if (cause) {
                    const note = this.noteFewerPoints(redemption, 0, cause);
                    this.uiState.loyaltyCuts[redemption.uuid] = note.toString();
                }
                this.removeRedemption(redemption);
            }
        }
    },
    /** One redemption is one: its lines go together. */
    removeOrderline(line) {
        const redemption = this.reductions.find((other) => other.lines.includes(line));
        if (!redemption) {
            return super.removeOrderline(...arguments);
        }
        this.removeRedemption(redemption);
        this.selectOrderline(this.getLastOrderline());
        return true;
    },
});
