// Odoo's patch goes first: it does not call what it replaces.
import "@pos_loyalty/app/models/pos_order";
import { PosOrder } from "@point_of_sale/app/models/pos_order";
import { _t } from "@web/core/l10n/translation";
import { patch } from "@web/core/utils/patch";
import { roundPoints } from "@loyalty_pos/app/utils/points";

/** An order and its card: which one it is, and what customers are told about it. */
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
    /** The customer's card of a program: the chosen one, else the one that Odoo's till counts points for. */
    getLoyaltyCard(program = this.loyalty_card_id?.program_id) {
        if (this.loyalty_card_id && this.loyalty_card_id.program_id?.id === program?.id) {
            return this.loyalty_card_id;
        }
        const change = Object.values(this.uiState.couponPointChanges).find(
            (change) => change.program_id === program?.id
        );
        const card = change && this.models["loyalty.card"].get(change.coupon_id);
        // A temporary card goes once the server has made one. Odoo's till then makes an empty record with its number.
        return card?.program_id ? card : undefined;
    },
    /**
     * Use a card on the order: what was counted, claimed and reserved on another one goes, and the cashier is told.
     *
     * @param {string} [cause] why, in words
     */
    setLoyaltyCard(card, cause = "") {
        this.assertEditable();
        const old = this.loyalty_card_id;
        if ((old?.id || false) === (card?.id || false)) {
            return;
        }
        const program = (card || old).program_id;
        this.removeRedemptions(
            (other) => other?.program_id?.id === program.id,
            cause || this.whyCardChanged(old, card)
        );
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
        if (old?.id === this.getPartner()?.id) {
            return;
        }
        const cause = this.whyCustomerChanged(old, this.getPartner());
        if (this.loyalty_card_id) {
            this.setLoyaltyCard(false, cause);
        }
        // Cards of other programs are no more the new customer's than this one.
        this.removeRedemptions(() => !this.finalized, cause);
    },
    /**
     * Level, progress and next expiry of a card, in words: with what an order does to it once the order is paid, as they
     * are while it is not.
     */
    getCardAfter(card, { earned, redeemed }) {
        const isSale = this.finalized && !this.returnedOrder;
        const change = this.finalized ? { earned, redeemed, purchases: Number(isSale) } : {};
        // A sale that earns renews the whole balance where it expires as one.
        const isRenewed = earned > 0 && card.program_id?.expiry_policy === "rolling";
        return {
            level: card.level_name || "",
            progress: card.sayLevelProgress(change),
            expires: this.finalized && isRenewed ? "" : card.sayNextExpiry(redeemed),
        };
    },
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
        const settled = this.finalized && this.loyalty_settled && program?.issue_on === "paid";
        const redemptions = this.redemptions.filter((other) => other.card?.id === card.id);
        const pointsOf = (chosen) => chosen.reduce((total, { points }) => total + points, 0);
        const redeemed = pointsOf(redemptions);
        const others = this.redemptions.filter((other) => other.card && other.card.id !== card.id);
        // What was redeemed without connection is reserved nowhere.
        const unreserved = pointsOf(
            redemptions.filter(({ uuid }) => this.uiState.loyaltyHolds[uuid]?.offline)
        );
        const reservedElsewhere = Math.max(
            0,
            (card.reserved_points || 0) - (redeemed - unreserved)
        );
        const effects = this.getRefundEffects();
        const won = (counted?.points.won || 0) - (effects?.taken || 0);
        const rewards = counted?.points.spent || 0;
        const spent = rewards + redeemed - (effects?.back || 0);
        // With Odoo's own timing the server says what the card has once it has given the points.
        const confirmed = this.finalized && this.uiState.loyaltyBalances?.[card.id];
        const change =
            typeof confirmed === "number"
                ? confirmed
                : card.spendablePoints - unreserved + won - rewards + (effects?.back || 0);
        const earned = settled ? this.loyalty_points_earned : won;
        // The server's figure counts what all cards spent.
        const isAlone = settled && !others.length;
        const after = this.getCardAfter(card, { earned, redeemed: spent });
        return {
            code: card.code,
            ...after,
            program,
            name: program?.portal_point_name || _t("Points"),
            earned,
            redeemed: isAlone ? this.loyalty_points_redeemed : spent,
            others: others.map(({ card, points }) => ({ card, points })),
            // What is redeemed is reserved, and left out of what the card can spend, since it was chosen.
            balance: settled ? this.loyalty_balance_after : roundPoints(change + reservedElsewhere),
            // Points that are given with Odoo's own timing arrive by a later call.
            estimated: !settled && (program?.issue_on === "paid" || !this.isSynced),
        };
    },
});
