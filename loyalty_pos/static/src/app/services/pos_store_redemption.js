// Odoo's patch goes first: it does not call what it replaces.
import "@pos_loyalty/app/services/pos_store";
import { PosStore } from "@point_of_sale/app/services/pos_store";
import { uuidv4 } from "@point_of_sale/utils";
import { AlertDialog } from "@web/core/confirmation_dialog/confirmation_dialog";
import { _t } from "@web/core/l10n/translation";
import { patch } from "@web/core/utils/patch";
import { RedeemPointsPopup } from "@loyalty_pos/app/components/popups/redeem_points_popup/redeem_points_popup";
import { errorMessage, isolated, pointsName, sayPoints } from "@loyalty_pos/app/utils/format";
import { pointsToMoney, pointsWithin, wholePoints } from "@loyalty_pos/app/utils/points";
import { REDEEM } from "@loyalty_pos/app/utils/usability";

/** Redeeming points: what can be redeemed on an order, why not, and the redemption itself. */
patch(PosStore.prototype, {
    getLoyaltyMethod(program) {
        return this.config.payment_method_ids.find(
            (method) => method.type === "loyalty" && method.loyalty_program_id?.id === program.id
        );
    },
    /** The product of lines that reduce the price by points. */
    get redemptionProduct() {
        return this.models["product.product"].get(this.config._loyalty_redemption_product_id);
    },
    /** Whether points of the program reduce the price, instead of paying. */
    isReducing(program) {
        return program.vat_mode === "price_reduction" && program.accounting_policy !== "none";
    },
    /** Whether points of the program can be redeemed at this till. */
    isRedeemable(program) {
        return Boolean(
            this.getLoyaltyMethod(program) || (this.isReducing(program) && this.redemptionProduct)
        );
    },
    get redeemablePrograms() {
        return this.loyaltyPrograms.filter((program) => this.isRedeemable(program));
    },
    /**
     * Whether a reward is what *Redeem points* offers already: money off the order for each point, and not more.
     */
    isSameAsRedeeming(reward) {
        const { program_id: program } = reward;
        return (
            program.program_type === "loyalty" &&
            this.isRedeemable(program) &&
            reward.reward_type === "discount" &&
            reward.discount_mode === "per_point" &&
            reward.discount_applicability === "order" &&
            reward.discount <= program.point_value
        );
    },
    /**
     * What of a card can be redeemed on the order now, at most.
     *
     * @returns {{points: number, amount: number}} whole points and the money that they are worth
     */
    getRedeemOffer(order, card, redemption) {
        const { program_id: program } = card;
        const { rounding } = this.currency;
        const due = order.getRedeemableDue(redemption, this.isReducing(program), program);
        const available = Math.min(
            order.getRedeemablePoints(card, redemption),
            this.getOfflineLimit(order, card, redemption)
        );
        const points = pointsWithin(due, program.point_value, rounding, Math.max(0, available));
        return this.worthOf(card, points);
    },
    /** The order's card, when its points can be redeemed on the order by one touch, with what that is. */
    getQuickRedemption(order) {
        const card = order?.loyalty_card_id;
        if (
            !card?.canRedeem() ||
            order.finalized ||
            order.isRefund ||
            !this.isRedeemable(card.program_id) ||
            order.redemptions.some((redemption) => redemption.card?.id === card.id)
        ) {
            return null;
        }
        const offer = this.getRedeemOffer(order, card);
        return offer.amount > 0 ? { card, ...offer } : null;
    },
    /** Redeem as much as the order's card can pay: one touch; the redemption can be changed and removed afterwards. */
    async redeemMaximum(order = this.getOrder()) {
        if (this.isRedeemingMaximum) {
            return;
        }
        this.isRedeemingMaximum = true;
        const { loyalty_card_id: card } = order;
        try {
            await this.loadReservedPoints(order, card);
            const problem = this.whyNotRedeem(order, card);
            const offer = this.getQuickRedemption(order);
            if (problem || !offer) {
                if (problem) {
                    this.alertNoRedeeming(problem);
                }
                return;
            }
            const uuid = this.getRedemptionUuid(order, card);
            await this.redeemPoints(order, card, offer.points, uuid);
        } catch (error) {
            this.alertNoRedeeming(errorMessage(error));
            await this.refreshLoyaltyCard(card);
        } finally {
            this.isRedeemingMaximum = false;
        }
    },
    alertNoRedeeming(body) {
        this.dialog.add(AlertDialog, { title: _t("Points cannot be redeemed"), body });
    },
    /**
     * The cards whose points can be redeemed on an order: its own, what it redeems already, and the others of its
     * customer that have points. Asks nothing of the server that choosing the customer did not ask before.
     */
    async getRedeemableCards(order) {
        const partner = order.getPartner();
        const own = [
            order.loyalty_card_id,
            ...order.redemptions.map(({ card }) => card),
            ...(partner ? await this.getPartnerCards(partner.id) : []).filter(
                (card) => wholePoints(order.getRedeemablePoints(card)) > 0
            ),
        ];
        return [...new Set(own)].filter(
            (card) => card?.isLoyalty && card.canRedeem() && this.isRedeemable(card.program_id)
        );
    },
    /**
     * Open the popup in which points are redeemed, for a payment method, a card or a redemption that is there already.
     * Without a card it asks for one first.
     */
    async openRedeemPopup({ order = this.getOrder(), method, card, redemption } = {}) {
        this.numberBuffer.reset();
        if (order.isRefund) {
            this.alertNoRedeeming(
                _t(
                    "Goods are returned: points that were redeemed for them go back to the card automatically."
                )
            );
            return;
        }
        const program =
            (redemption?.card || card)?.program_id ||
            method?.loyalty_program_id ||
            this.redeemablePrograms.find(
                (program) => order.getLoyaltyCard(program)?.isRegistered
            ) ||
            this.redeemablePrograms[0];
        if (!program) {
            return;
        }
        card = redemption?.card || card || order.getLoyaltyCard(program);
        if (!card?.isRegistered) {
            await this.openLoyaltyCardPopup(order);
            card = order.getLoyaltyCard(program);
            if (!card?.isRegistered) {
                return;
            }
        }
        redemption ??= order.redemptions.find((other) => other.card?.id === card.id);
        await this.loadReservedPoints(order, card);
        const problem = this.whyNotRedeem(order, card, redemption);
        if (problem) {
            this.alertNoRedeeming(problem);
            return;
        }
        const cards = await this.getRedeemableCards(order);
        this.dialog.add(RedeemPointsPopup, { order, card, redemption, cards });
    },
    /** Return why points of the card cannot pay on this order, or an empty string. */
    whyNotRedeem(order, card, redemption) {
        const problem = card.getProblem(REDEEM);
        if (problem) {
            return problem;
        }
        const { program_id: program } = card;
        if (!redemption && order.getRedeemableDue(null, this.isReducing(program), program) <= 0) {
            if (order.totalDue <= 0) {
                return _t("There is nothing to pay yet. Add products first.");
            }
            return order.lines.some((line) => !line.isRedemption && line.mayBePaidWith(program))
                ? _t("The order is paid in full already. Lower or remove another payment first.")
                : _t("Points of %s cannot be redeemed for any of these products.", program.name);
        }
        if (!redemption && !wholePoints(order.getRedeemablePoints(card))) {
            return card.owedPoints
                ? _t("Card %(code)s owes %(points)s. New points settle that first.", {
                      code: isolated(card.code),
                      points: sayPoints(card.owedPoints, program),
                  })
                : _t("Card %(code)s has no %(points)s available.", {
                      code: isolated(card.code),
                      points: pointsName(program),
                  });
        }
        if (!redemption && !this.getOfflineLimit(order, card)) {
            return this.sayOfflineAllowance(card);
        }
        return "";
    },
    /** One reservation of a card for an order, however often and by whichever button the cashier has to try. */
    getRedemptionUuid(order, card) {
        const tries = (order.uiState.loyaltyTries ??= {});
        return (tries[card.id] ??= uuidv4());
    },
    /**
     * Reserve points on the server and make or change the redemption by them. Raises what the server answers.
     * Called again with the same uuid, as after a lost connection, it reserves the points once.
     */
    async redeemPoints(order, card, points, uuid, redemption) {
        const before = { card: order.loyalty_card_id, partner: order.getPartner() };
        const held = await this.loyaltyMutex.exec(
            () => !order.finalized && this.holdLoyaltyPoints(order, card, points, uuid)
        );
        const problem = this.whyTooLate(order, card, redemption, before);
        if (problem) {
            if (!this.isStillRedeemed(order, uuid)) {
                this.giveBackHold(uuid);
            }
            throw new Error(problem);
        }
        const changeBefore = order.change;
        delete order.uiState.loyaltyTries?.[card.id];
        this.loyaltyHeld[uuid] = order;
        if (this.isReducing(card.program_id)) {
            this.withoutReleasing(() =>
                order.setReduction({ uuid, product: this.redemptionProduct, card, ...held })
            );
            // What points take off the price earns nothing in other programs either.
            this.updateRewards();
        } else if (redemption) {
            order.changeLoyaltyPayment(redemption.payment, held);
        } else {
            const method = this.getLoyaltyMethod(card.program_id);
            order.addLoyaltyPayment({ uuid, method, card, ...held });
        }
        order.uiState.loyaltyHolds[uuid].time = held.time ?? Date.now();
        order.uiState.loyaltyHolds[uuid].basket = order.loyaltyBasket;
        order.fitCashToPoints(changeBefore);
    },
    /**
     * Whether a redemption on the order needs what is reserved under its uuid: the server may get a paid order later, and
     * takes the points then.
     */
    isStillRedeemed(order, uuid) {
        return (
            order.state !== "cancel" &&
            this.models["pos.order"].some((other) => other.uuid === order.uuid) &&
            order.redemptions.some((redemption) => redemption.uuid === uuid)
        );
    },
    /** Say what happened to an order while its points were being reserved, so that they are no longer for it. */
    whyTooLate(order, card, redemption, before) {
        if (!this.models["pos.order"].some((other) => other.uuid === order.uuid)) {
            return _t("The order was removed before the points were reserved: none are redeemed.");
        }
        const left = redemption && order.redemptions.find(({ uuid }) => uuid === redemption.uuid);
        if (order.finalized) {
            return left
                ? _t(
                      "Order %(order)s was paid before its points were changed: %(points)s stay redeemed on it, as they were.",
                      {
                          order: order.getName(),
                          points: sayPoints(left.points, card.program_id),
                      }
                  )
                : _t(
                      "Order %s was paid before the points were reserved: none are redeemed.",
                      order.getName()
                  );
        }
        const isChanged =
            before.card?.id !== order.loyalty_card_id?.id ||
            before.partner?.id !== order.getPartner()?.id;
        // A redemption goes with its customer or card.
        return (redemption && !left) ||
            (isChanged && order.getLoyaltyCard(card.program_id)?.id !== card.id)
            ? _t(
                  "The order was changed before the points of card %s were reserved: none are redeemed.",
                  isolated(card.code)
              )
            : "";
    },
    /** What points of a card are worth, for a till without connection. */
    worthOf(card, points) {
        const { point_value: value } = card.program_id;
        return { points, amount: pointsToMoney(points, value, this.currency.rounding) };
    },
});
