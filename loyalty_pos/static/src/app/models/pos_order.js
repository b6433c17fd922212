// Odoo's patch goes first: it does not call what it replaces.
import "@pos_loyalty/app/models/pos_order";
import { PosOrder } from "@point_of_sale/app/models/pos_order";
import { _t } from "@web/core/l10n/translation";
import { patch } from "@web/core/utils/patch";

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
        return this.loyaltyPayments.map((payment) => ({
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
