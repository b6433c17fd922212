// Odoo's patch goes first: it does not call what it replaces.
import "@pos_loyalty/app/services/pos_store";
import { PosStore } from "@point_of_sale/app/services/pos_store";
import { logPosMessage } from "@point_of_sale/app/utils/pretty_console_log";
import { ask } from "@point_of_sale/app/utils/make_awaitable_dialog";
import { uuidv4 } from "@point_of_sale/utils";
import { AlertDialog } from "@web/core/confirmation_dialog/confirmation_dialog";
import { _t } from "@web/core/l10n/translation";
import { patch } from "@web/core/utils/patch";
import { READING_MS, errorMessage, isolated, sayPoints } from "@loyalty_pos/app/utils/format";
import { pointsWithin } from "@loyalty_pos/app/utils/points";

/**
 * Redemptions that follow their order: it shrinks, is merged with another one, or has waited for long.
 */
patch(PosStore.prototype, {
    /**
     * Points never cover more than what is due: a redemption larger than an order that has shrunk since shrinks too.
     *
     * @param {boolean} options.asking ask the cashier before less is redeemed
     * @returns {Promise<boolean>} whether something changed, or has to: the payments are to be looked at again
     */
    async fitRedemptions(order, { asking = false } = {}) {
        if (order.isRefund) {
            return this.fitPointsToReturn(order);
        }
        if (order.finalized) {
            return false;
        }
        const notes = [];
        for (const redemption of [...order.redemptions].reverse()) {
            const due = order.getLoyaltyDue(redemption);
            const { card, uuid, points, amount } = redemption;
            if (order.currency.isPositive(amount - due)) {
                const fewer = pointsWithin(
                    due,
                    card?.program_id?.point_value,
                    order.currency.rounding,
                    points
                );
                const cause = order.whyFewerPoints(redemption, due);
                if (asking && !(await this.askForFewerPoints(redemption, due, fewer, cause))) {
                    return true;
                }
                if (fewer > 0) {
                    await this.redeemPoints(order, card, fewer, uuid, redemption);
                } else {
                    order.removeRedemption(redemption);
                }
                notes.push(order.noteFewerPoints(redemption, fewer, cause));
            } else if (card && this.isHoldOld(order, uuid)) {
                await this.redeemPoints(order, card, points, uuid, redemption);
                const renewed = order.redemptions.find((other) => other.uuid === uuid);
                if (!order.currency.isZero((renewed?.amount || 0) - amount)) {
                    notes.push(order.noteLoyalty(this.sayNewValue(redemption, renewed)));
                }
            } else if (redemption.lines) {
                this.fitReduction(order, redemption);
            }
        }
        if (notes.length) {
            this.notification.add(
                [...notes, _t("Please check the payments.")].map(String).join(" "),
                { type: "warning", autocloseDelay: READING_MS }
            );
        }
        return notes.length > 0;
    },
    sayNewValue({ card, points, amount }, renewed) {
        const { formatCurrency } = this.env.utils;
        return _t(
            "%(points)s of card %(code)s are worth %(now)s instead of %(before)s: the value of a point has changed.",
            {
                points: sayPoints(points, card.program_id),
                code: isolated(card.code),
                now: formatCurrency(renewed?.amount || 0),
                before: formatCurrency(amount),
            }
        );
    },
    /** Ask whether fewer points are redeemed, since the order cannot take them all. */
    askForFewerPoints({ card, points, amount }, due, fewer, cause) {
        const { formatCurrency } = this.env.utils;
        const name = sayPoints(points, card?.program_id);
        const values = {
            points: name,
            amount: formatCurrency(amount),
            due: formatCurrency(due),
            fewer: sayPoints(fewer, card?.program_id),
            cause: String(cause),
        };
        return ask(this.dialog, {
            title: fewer > 0 ? _t("Redeem fewer points?") : _t("Remove the points?"),
            body:
                fewer > 0
                    ? _t(
                          "%(points)s (%(amount)s) are redeemed, but only %(due)s of this order can be paid with points: %(cause)s. Redeem %(fewer)s instead? Otherwise nothing changes, and you can change the order.",
                          values
                      )
                    : _t(
                          "%(points)s (%(amount)s) are redeemed, but nothing of this order can be paid with points: %(cause)s. Remove them? Otherwise nothing changes, and you can change the order.",
                          values
                      ),
            confirmLabel: fewer > 0 ? _t("Redeem %s", values.fewer) : _t("Remove"),
            cancelLabel: _t("Back"),
        });
    },
    /**
     * Check before an order is paid that its points can be redeemed: asks the cashier before anything changes.
     *
     * @returns {Promise<boolean>} whether the order can be paid as it stands
     */
    async checkRedemptions(order) {
        try {
            return !(await this.fitRedemptions(order, { asking: true }));
        } catch (error) {
            this.dialog.add(AlertDialog, {
                title: _t("Points cannot be redeemed"),
                body: errorMessage(error),
            });
            return false;
        }
    },
    /** Goods with other taxes make other lines of the same redemption. */
    fitReduction(order, { uuid, card, points, amount }) {
        const hold = order.uiState.loyaltyHolds[uuid];
        if (hold && hold.basis !== order.getReductionBasis(card?.program_id)) {
            this.withoutReleasing(() =>
                order.setReduction({
                    ...hold,
                    uuid,
                    product: this.redemptionProduct,
                    card,
                    points,
                    amount: hold.amount ?? amount,
                })
            );
            const { time, basket } = hold;
            Object.assign(order.uiState.loyaltyHolds[uuid], { time, basket });
        }
    },
    /**
     * Tabs that become one, where there are tables: the customer, the card and the points that were put on the tab
     * that goes move along. Two customers' points stay apart: the tab that stays keeps its own.
     */
    async mergeOrders(source, destination) {
        const { loyalty_card_id: card, redemptions } = source;
        const partner = source.getPartner();
        source.removeRedemptions();
        const result = await super.mergeOrders(...arguments);
        if (!destination.getPartner() && partner) {
            destination.setPartner(partner);
        }
        if (!destination.loyalty_card_id && card && destination.getPartner()?.id === partner?.id) {
            destination.setLoyaltyCard(card);
        }
        for (const redemption of redemptions) {
            await this.moveRedemption(redemption, destination);
        }
        return result;
    },
    /** Reserve what was redeemed on another order for this one, together with what the card redeems here already. */
    async moveRedemption({ card, points }, order) {
        if (order.loyalty_card_id?.id === card.id) {
            const own = order.redemptions.find((other) => other.card?.id === card.id);
            const wanted = points + (own?.points || 0);
            try {
                await this.redeemPoints(order, card, wanted, own?.uuid || uuidv4(), own);
                return;
            } catch (error) {
                logPosMessage("Store", "moveRedemption", "Points stay on the card", false, [error]);
            }
        }
        this.notification.add(
            _t("%(points)s that were redeemed on the other order are back on card %(code)s.", {
                points: sayPoints(points, card.program_id),
                code: isolated(card.code),
            }),
            { type: "warning" }
        );
    },
});
