// Odoo's patch goes first: it does not call what it replaces.
import "@pos_loyalty/app/services/pos_store";
import { PosStore } from "@point_of_sale/app/services/pos_store";
import { patch } from "@web/core/utils/patch";
import { roundPoints } from "@loyalty_pos/app/utils/points";

/** Orders on their way to the server, and what the till knows of a card afterwards. */
patch(PosStore.prototype, {
    /** An order whose connection was lost in mid-flight counts as sent for Odoo's till: send it again. */
    async syncAllOrders() {
        try {
            return await super.syncAllOrders(...arguments);
        } finally {
            const { orderToCreate, orderToUpdate } = this.getPendingOrder();
            for (const order of [...orderToCreate, ...orderToUpdate]) {
                if (
                    order.finalized &&
                    !order.isDirty() &&
                    !this.syncingOrders.has(order.id) &&
                    !this.syncingOrders.has(order.uuid)
                ) {
                    for (const record of [...order.lines, ...order.payment_ids, order]) {
                        record._markDirty();
                    }
                }
            }
        }
    },
    /** Orders with nothing but points that the server gave when they were paid need no second call. */
    async postProcessLoyalty(order) {
        this.forgetSpentHolds(order);
        if (!this.isSettledByServer(order)) {
            const counted = { ...order.uiState.couponPointChanges };
            await super.postProcessLoyalty(...arguments);
            this.keepConfirmedBalance(order, counted);
            return;
        }
        const card = order.loyalty_card_id;
        if (card?.isRegistered) {
            // What was redeemed is reserved, and left out of what the card can spend, since it was chosen.
            // The server's figure counts what all cards spent.
            const held = order.redemptions.reduce((total, { points }) => total + points, 0);
            const rewards = Math.max(0, order.loyalty_points_redeemed - held);
            card.points = roundPoints(card.points + order.loyalty_points_earned - rewards);
        }
    },
    /** What was reserved for a paid order is spent, and no longer reserved. */
    forgetSpentHolds(order) {
        for (const { uuid, card, points } of order.redemptions) {
            const hold = order.uiState.loyaltyHolds[uuid];
            if (card && hold && !hold.offline && !hold.spent) {
                hold.spent = true;
                card.reserved_points = roundPoints(Math.max(0, card.reserved_points - points));
            }
        }
    },
    /** What the server said the card has after the order: the receipt adds nothing to it. */
    keepConfirmedBalance(order, counted) {
        const card = order.loyalty_card_id;
        const isRewarded = order
            ._get_reward_lines()
            .some((line) => line.coupon_id?.id === card?.id);
        if (card?.isRegistered && (card.id in counted || isRewarded)) {
            order.uiState.loyaltyBalances = {
                ...order.uiState.loyaltyBalances,
                [card.id]: card.points,
            };
        }
    },
    isSettledByServer(order) {
        const changes = Object.values(order.uiState.couponPointChanges);
        const programs = changes.map((change) =>
            this.models["loyalty.program"].get(change.program_id)
        );
        const rewards = order._get_reward_lines().map((line) => line.reward_id.program_id);
        return (
            order.loyalty_settled &&
            !order.returnedOrder &&
            changes.every((change) => change.coupon_id > 0) &&
            [...programs, ...rewards].every(
                (program) => program?.issue_on === "paid" && !program.limit_usage
            )
        );
    },
    async postSyncAllOrders(orders) {
        await super.postSyncAllOrders(...arguments);
        for (const order of orders) {
            if (order.state !== "draft") {
                delete this.loyaltyCardsRead[order.getPartner()?.id];
            }
        }
    },
});
