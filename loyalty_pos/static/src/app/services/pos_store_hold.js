// Odoo's patch goes first: it does not call what it replaces.
import "@pos_loyalty/app/services/pos_store";
import { PosStore } from "@point_of_sale/app/services/pos_store";
import { logPosMessage } from "@point_of_sale/app/utils/pretty_console_log";
import { _t } from "@web/core/l10n/translation";
import { ConnectionLostError } from "@web/core/network/rpc";
import { patch } from "@web/core/utils/patch";
import { READING_MS, formatPoints, isolated, sayPoints } from "@loyalty_pos/app/utils/format";
import { wholePoints } from "@loyalty_pos/app/utils/points";

/** The server's HOLD_MINUTES, less what validating an order can take. */
const HOLD_MS = 25 * 60_000;

/** Points that the server has reserved for redemptions, and what the till may do without connection. */
patch(PosStore.prototype, {
    /** Points that the sales orders settled here reserved can pay this order, and no other. */
    async loadReservedPoints(order, card) {
        const orders = order.settledOrderIds;
        order.uiState.loyaltyReserved = {};
        if (!orders.length) {
            return;
        }
        try {
            const { points } = await this.data.call("loyalty.card", "pos_reserved_by_orders", [
                this.config.id,
                card.id,
                orders,
            ]);
            order.uiState.loyaltyReserved[card.id] = points;
        } catch (error) {
            if (!(error instanceof ConnectionLostError)) {
                throw error;
            }
        }
    },
    async holdLoyaltyPoints(order, card, points, uuid) {
        try {
            const result = await this.data.call("loyalty.card", "pos_hold", [
                this.config.id,
                card.id,
                points,
                uuid,
                order.uuid,
                order.settledOrderIds,
                // The server need not have the order yet.
                order.lines
                    .filter((line) => !line.isRedemption)
                    .map((line) => [line.product_id.id, line.prices.total_included]),
            ]);
            await this.loadLoyaltyCards([result.card]);
            await this.loadReservedPoints(order, card);
            return { points: result.points, amount: result.amount };
        } catch (error) {
            if (!(error instanceof ConnectionLostError)) {
                throw error;
            }
            // What is reserved on the server for more points is enough for fewer.
            const held = order.uiState.loyaltyHolds[uuid];
            return held && !held.offline && points <= held.points
                ? { ...this.worthOf(card, points), time: held.time }
                : this.holdOffline(card, points, uuid);
        }
    },
    /** Without connection: not at all, or up to the till's limit per card, as its settings say. */
    holdOffline(card, points, uuid) {
        if (points > this.getOfflineAllowance(card, uuid)) {
            throw new Error(this.sayOfflineAllowance(card, uuid));
        }
        return { ...this.worthOf(card, points), offline: true };
    },
    /** What of a card can be redeemed here while there is no connection, in words. */
    sayOfflineAllowance(card, uuid) {
        if (this.config.loyalty_offline_policy !== "cap") {
            return _t(
                "There is no connection to the server, so the balance of the card cannot be checked. Points cannot be redeemed now; they are earned as usual."
            );
        }
        return _t(
            "Without connection at most %(points)s of one card can be redeemed at this register; %(left)s are left for card %(code)s.",
            {
                points: sayPoints(this.config.loyalty_offline_cap, card.program_id),
                left: formatPoints(this.getOfflineAllowance(card, uuid)),
                code: isolated(card.code),
            }
        );
    },
    /** The most points of a card that this till may redeem in one redemption: without end while it is connected. */
    getOfflineLimit(order, card, redemption) {
        if (!this.data.network.offline) {
            return Infinity;
        }
        // What is reserved on the server for more points is enough for fewer.
        const hold = redemption && order.uiState.loyaltyHolds[redemption.uuid];
        const held = hold && !hold.offline ? hold.points : 0;
        return Math.max(held, this.getOfflineAllowance(card, redemption?.uuid));
    },
    /** Points of a card that may still be redeemed until the connection is back. */
    getOfflineAllowance(card, uuid) {
        if (this.config.loyalty_offline_policy !== "cap") {
            return 0;
        }
        const used = this.models["pos.order"]
            .filter((order) => !order.isSynced)
            .flatMap((order) => order.redemptions)
            .filter((redemption) => redemption.card?.id === card.id && redemption.uuid !== uuid)
            .filter((redemption) => this.isOfflineHold(redemption.uuid))
            .reduce((total, redemption) => total + redemption.points, 0);
        return Math.max(0, wholePoints(this.config.loyalty_offline_cap) - used);
    },
    isOfflineHold(uuid) {
        return Boolean(this.loyaltyHeld[uuid]?.uiState.loyaltyHolds[uuid]?.offline);
    },
    /** Give back what lines had reserved that are gone. */
    releaseReductions() {
        if (this.keepsLoyaltyHolds) {
            return;
        }
        for (const [uuid, order] of Object.entries(this.loyaltyHeld)) {
            const isLeft =
                order.payment_ids.some((payment) => payment.uuid === uuid) ||
                order.lines.some((line) => line.loyalty_redeem_uuid === uuid);
            if (!isLeft) {
                this.releaseLoyaltyHold(uuid);
                this.updateRewards();
            }
        }
    },
    /** Make the lines of a redemption anew, without giving its points back in between. */
    withoutReleasing(action) {
        this.keepsLoyaltyHolds = true;
        try {
            action();
        } finally {
            this.keepsLoyaltyHolds = false;
        }
    },
    /** Say why a redemption went that the cashier did not take off. */
    tellCut(order, uuid) {
        const note = order?.uiState.loyaltyCuts?.[uuid];
        if (note) {
            delete order.uiState.loyaltyCuts[uuid];
            this.notification.add(note, { type: "warning", autocloseDelay: READING_MS });
        }
    },
    /** Give reserved points back, in the background: the hold times out by itself when the server is not reached. */
    releaseLoyaltyHold(uuid) {
        const order =
            this.loyaltyHeld[uuid] ||
            this.models["pos.order"].find((other) => uuid in (other.uiState.loyaltyHolds || {}));
        delete this.loyaltyHeld[uuid];
        this.tellCut(order, uuid);
        if (!order || ["paid", "done"].includes(order.state)) {
            return;
        }
        const offline = order.uiState.loyaltyHolds[uuid]?.offline;
        delete order.uiState.loyaltyHolds[uuid];
        if (offline) {
            return;
        }
        this.giveBackHold(uuid);
    },
    /** Tell the server that these points are no longer needed. */
    giveBackHold(uuid) {
        this.loyaltyMutex.exec(async () => {
            try {
                const result = await this.data.call("loyalty.card", "pos_release_hold", [
                    this.config.id,
                    uuid,
                ]);
                if (result.card) {
                    await this.loadLoyaltyCards([result.card]);
                }
            } catch (error) {
                logPosMessage("Store", "releaseLoyaltyHold", "Points are released later", false, [
                    error,
                ]);
            }
        });
    },
    /**
     * Points are reserved for half an hour: a tab that was open longer, or that another device opened, reserves them
     * again before it is paid.
     */
    isHoldOld(order, uuid) {
        const hold = order.uiState.loyaltyHolds[uuid];
        return (
            !hold?.offline && !this.data.network.offline && !(Date.now() - hold?.time <= HOLD_MS)
        );
    },
});
