// Odoo's patch goes first: it does not call what it replaces.
import { loyaltyIdsGenerator } from "@pos_loyalty/app/services/pos_store";
import { PosStore } from "@point_of_sale/app/services/pos_store";
import { logPosMessage } from "@point_of_sale/app/utils/pretty_console_log";
import { NumberPopup } from "@point_of_sale/app/components/popups/number_popup/number_popup";
import { SelectionPopup } from "@point_of_sale/app/components/popups/selection_popup/selection_popup";
import { TextInputPopup } from "@point_of_sale/app/components/popups/text_input_popup/text_input_popup";
import { ask, makeAwaitable } from "@point_of_sale/app/utils/make_awaitable_dialog";
import { uuidv4 } from "@point_of_sale/utils";
import { AlertDialog } from "@web/core/confirmation_dialog/confirmation_dialog";
import { _t } from "@web/core/l10n/translation";
import { ConnectionLostError } from "@web/core/network/rpc";
import { Mutex } from "@web/core/utils/concurrency";
import { patch } from "@web/core/utils/patch";
import { sortBy as sortByOne } from "@web/core/utils/arrays";
import { LoyaltyCardPopup } from "@loyalty_pos/app/components/popups/loyalty_card_popup/loyalty_card_popup";
import { RedeemPointsPopup } from "@loyalty_pos/app/components/popups/redeem_points_popup/redeem_points_popup";
import { errorMessage, formatPoints, pointsName, sayPoints } from "@loyalty_pos/app/utils/format";
import {
    isWhole,
    pointsToMoney,
    pointsWithin,
    roundPoints,
    wholePoints,
} from "@loyalty_pos/app/utils/points";
import { REDEEM } from "@loyalty_pos/app/utils/usability";

/** How long the cards of a customer are taken for current; reserving points asks the server anyway. */
const CARDS_CURRENT_MS = 60_000;
/** The server's HOLD_MINUTES, less what validating an order can take. */
const HOLD_MS = 25 * 60_000;

/** Sort by several criteria, the first one first: false before true. The order stays where all are equal. */
const sortBy = (items, criteria) =>
    [...criteria]
        .reverse()
        .reduce((sorted, criterion) => sortByOne(sorted, (item) => Number(criterion(item))), items);

patch(PosStore.prototype, {
    async setup() {
        this.loyaltyMutex = new Mutex();
        this.loyaltyCardsRead = {};
        this.loyaltyHeld = {};
        await super.setup(...arguments);
    },
    async processServerData() {
        await super.processServerData(...arguments);
        for (const order of this.models["pos.order"].filter((order) => !order.finalized)) {
            for (const uuid of Object.keys(order.uiState.loyaltyHolds || {})) {
                this.loyaltyHeld[uuid] = order;
            }
        }
        // Whatever removes a payment (the cashier, a cancelled order, another customer) gives its points back.
        this.models["pos.payment"].addEventListener("delete", ({ key }) =>
            this.releaseLoyaltyHold(key)
        );
        this.models["pos.order.line"].addEventListener("delete", () => this.releaseReductions());
    },

    // --- cards ------------------------------------------------------------------------------------------------

    get loyaltyPrograms() {
        return this.models["loyalty.program"].filter(
            (program) => program.program_type === "loyalty"
        );
    },
    /** Load cards as the server sent them, with their customers. */
    async loadLoyaltyCards(cards, partners = []) {
        const data = await this.data.missingRecursive({
            "res.partner": partners,
            "loyalty.card": cards,
        });
        this.models.connectNewData(data);
        return cards.map((card) => this.models["loyalty.card"].get(card.id));
    },
    /**
     * The cards with which a customer can earn and pay, the default one first.
     * One call for all programs, instead of one a program; not repeated within a minute.
     */
    async getPartnerCards(partnerId) {
        const read = this.loyaltyCardsRead[partnerId];
        if (!read || Date.now() - read.time > CARDS_CURRENT_MS) {
            try {
                const cards = await this.fetchCoupons(
                    [
                        ["partner_id", "parent_of", partnerId],
                        ["program_id", "in", this.nominativePrograms.map((program) => program.id)],
                    ],
                    40
                );
                this.loyaltyCardsRead[partnerId] = {
                    time: Date.now(),
                    ids: cards.map((card) => card.id),
                };
            } catch (error) {
                if (!(error instanceof ConnectionLostError)) {
                    throw error;
                }
            }
        }
        const ids = this.loyaltyCardsRead[partnerId]?.ids;
        return ids
            ? this.models["loyalty.card"].readMany(ids).filter(Boolean)
            : this.models["loyalty.card"].filter(
                  (card) => card.isRegistered && card.partner_id?.id === partnerId
              );
    },
    get nominativePrograms() {
        return this.models["loyalty.program"].filter((program) => program.is_nominative);
    },
    /** Which card counts points: the one chosen on the order, else the customer's default card. */
    async fetchLoyaltyCard(programId, partnerId) {
        const program = this.models["loyalty.program"].get(programId);
        const chosen = this.getOrder()?.loyalty_card_id;
        if (chosen?.program_id?.id === programId) {
            return chosen;
        }
        const cards = await this.getPartnerCards(partnerId);
        const usable = cards.find(
            (card) => card.program_id?.id === programId && !card.getProblem()
        );
        const temporary = this.models["loyalty.card"].find(
            (card) =>
                !card.isRegistered &&
                card.partner_id?.id === partnerId &&
                card.program_id?.id === programId
        );
        return (
            usable ||
            temporary ||
            this.models["loyalty.card"].create({
                id: loyaltyIdsGenerator(),
                code: null,
                program_id: program,
                partner_id: this.models["res.partner"].get(partnerId),
                points: 0,
                expiration_date: null,
            })
        );
    },
    /** Picking a customer picks the card (bH6). */
    async couponForProgram(program) {
        const order = this.getOrder();
        const coupon = await super.couponForProgram(...arguments);
        if (
            program.program_type === "loyalty" &&
            coupon.isRegistered &&
            !order.loyalty_card_id &&
            !order.finalized
        ) {
            const cards = await this.getPartnerCards(order.getPartner()?.id);
            const preferred = this.preselectedCard(cards, order) || coupon;
            order.loyalty_card_id = preferred;
            return preferred.program_id?.id === program.id ? preferred : coupon;
        }
        return coupon;
    },
    /**
     * Which of a customer's cards an order begins with, as documents of the back end do: in each program the customer's
     * own card before the family's, then the default card, then one with points. Of several programs the one whose
     * points can be redeemed here.
     */
    preselectedCard(cards, order, partner = order.getPartner()) {
        const partnerId = partner?.id;
        const has = (card) => wholePoints(order.getRedeemablePoints(card)) > 0;
        const usable = cards.filter((card) => card.isLoyalty && !card.getProblem());
        const own = sortBy(usable, [
            (card) => card.partner_id?.id !== partnerId,
            (card) => !card.is_default,
            (card) => !has(card),
        ]);
        const firsts = own.filter(
            (card) => own.find((other) => other.program_id.id === card.program_id.id) === card
        );
        const canRedeem = (card) => card.canRedeem() && this.isRedeemable(card.program_id);
        return sortBy(firsts, [
            (card) => !(canRedeem(card) && has(card)),
            (card) => !canRedeem(card),
        ])[0];
    },
    /** Ask the server for a card by its number; without connection the till has only those that it has seen. */
    async findLoyaltyCard(code) {
        let result;
        try {
            result = await this.data.call("loyalty.card", "pos_find_card", [this.config.id, code]);
        } catch (error) {
            const card =
                error instanceof ConnectionLostError &&
                this.models["loyalty.card"].find(
                    (card) => card.isRegistered && card.isLoyalty && card.code === code
                );
            if (!card) {
                throw error;
            }
            return { card, error: card.getProblem(), warning: "", taken: true };
        }
        const partners = result.partner ? [result.partner] : [];
        const cards = result.card ? await this.loadLoyaltyCards([result.card], partners) : [];
        const { error, warning, taken } = result;
        return { card: cards[0], error, warning, taken: Boolean(taken || cards[0]) };
    },
    /** Read a card's balances again, where the connection allows it. */
    async refreshLoyaltyCard(card) {
        try {
            await this.findLoyaltyCard(card.code);
        } catch (error) {
            logPosMessage("Store", "refreshLoyaltyCard", "Balances stay as they are", false, [
                error,
            ]);
        }
    },
    /**
     * Use the card with this number on the order, with its customer.
     *
     * @param {boolean} options.telling tell the cashier that it is used: a scan shows nothing else on some screens
     * @returns {Promise<{found: boolean, taken: boolean, error: string}>} found: it is a loyalty card; taken: no new
     *   card can have the number; error: why it is not used
     */
    async useLoyaltyCode(code, order = this.getOrder(), { telling = false } = {}) {
        const { card, error, warning, taken } = await this.findLoyaltyCard(code.trim());
        if (error || !card) {
            const found = Boolean(card);
            return { found, taken, error: error || _t("There is no card %s.", code) };
        }
        this.closeLoyaltyNotice?.();
        const problem = await this.useLoyaltyCard(card, order);
        if (warning && !problem) {
            this.notifyLoyalty(warning, { type: "warning" });
        } else if (telling && !problem && order.loyalty_card_id?.id === card.id) {
            this.notifyLoyalty(this.sayCardInUse(order), { type: "success" });
        }
        return { found: true, taken: true, error: problem };
    },
    /** What a scan did: whose card is used on which order, and what it has. */
    sayCardInUse(order) {
        const card = order.loyalty_card_id;
        const values = {
            code: card.code,
            customer: card.partner_id?.name || "",
            order: order.getName(),
            points: sayPoints(card.spendablePoints, card.program_id),
        };
        return card.partner_id
            ? _t("Order %(order)s: card %(code)s of %(customer)s, %(points)s available.", values)
            : _t("Order %(order)s: card %(code)s, %(points)s available.", values);
    },
    /** Use a card on the order: its customer becomes the order's. Returns why not, or an empty string. */
    async useLoyaltyCard(card, order = this.getOrder()) {
        if (order.finalized) {
            return this.nameCardAfterPayment(card, order);
        }
        const partner = order.getPartner();
        if (card.partner_id && card.partner_id.id !== partner?.id) {
            if (partner && order.getHasRefundLines()) {
                return _t("Card %(code)s is not %(customer)s's, whose goods are returned.", {
                    code: card.code,
                    customer: partner.name,
                });
            }
            order.setPartner(card.partner_id);
        }
        order.setLoyaltyCard(card);
        await this.updateRewards();
        return "";
    },
    /** Whether a paid order can still be given the card of its customer: nobody was named when it was paid. */
    canNameCard(order) {
        return Boolean(
            order?.finalized &&
                order.state === "paid" &&
                order.session_id?.id === this.session.id &&
                this.loyaltyPrograms.length &&
                !order.loyalty_card_id &&
                !order.loyalty_points_earned &&
                !order.returnedOrder
        );
    },
    /**
     * Give a paid order the card of its customer, who was not known when it was paid, once the cashier agreed: it
     * earns then, and this is final. Returns why not, or an empty string.
     */
    async nameCardAfterPayment(card, order) {
        const name = order.getName();
        if (!this.canNameCard(order)) {
            return order.loyalty_card_id
                ? _t(
                      "Order %s is paid and has its card and its points already; they cannot move to another card.",
                      name
                  )
                : _t(
                      "Order %s is paid and can no longer be given a card. A manager can give its points with Adjust Points.",
                      name
                  );
        }
        if (this.isCashiersCard(card)) {
            return _t(
                "This is your own card. Ask a colleague to give the points of order %s.",
                name
            );
        }
        if (!order.isSynced) {
            return _t(
                "Order %s has not reached the server yet. Try again when the connection is back.",
                name
            );
        }
        const values = { order: name, code: card.code, customer: card.partner_id?.name || "" };
        const agreed = await ask(this.dialog, {
            title: _t("Give the points of a paid order?"),
            body: _t(
                "Order %(order)s is paid. It gets card %(code)s of %(customer)s and earns its points. This cannot be changed afterwards.",
                values
            ),
            confirmLabel: _t("Give Points"),
            cancelLabel: _t("Back"),
        });
        if (!agreed) {
            return "";
        }
        try {
            const { points, balance } = await this.data.call("pos.order", "pos_name_card", [
                [order.id],
                this.config.id,
                card.id,
            ]);
            await this.data.loadServerOrders([["id", "=", order.id]]);
            delete this.loyaltyCardsRead[card.partner_id?.id];
            this.notifyLoyalty(
                _t("Order %(order)s: card %(code)s earned %(points)s; it has %(balance)s now.", {
                    ...values,
                    points: sayPoints(points, card.program_id),
                    balance: formatPoints(balance),
                }),
                { type: "success" }
            );
        } catch (error) {
            return error instanceof ConnectionLostError
                ? _t("There is no connection to the server. Try again when it is back.")
                : errorMessage(error);
        }
        return "";
    },
    /** A scan on any screen. Returns whether the code was a card, or is known to be something else. */
    async scanLoyaltyCard(code, order = this.getOrder()) {
        const { taken, error } = await this.useLoyaltyCode(code, order, { telling: true });
        if (taken && error) {
            this.sound.play("error");
            this.notifyLoyalty(error, { type: "danger", sticky: true });
        } else if (taken) {
            this.sound.play("beep");
        }
        return taken;
    },
    /** Tell the cashier about a card, instead of what was said about the one before. */
    notifyLoyalty(message, options) {
        this.closeLoyaltyNotice?.();
        this.closeLoyaltyNotice = this.notification.add(message, options);
    },
    /** A card's number sets that very card; Odoo's till sets the customer and takes the first card. */
    async activateCode(code) {
        const { found, error } = await this.useLoyaltyCode(code, undefined, { telling: true });
        return found ? error || true : super.activateCode(...arguments);
    },
    /**
     * Issue a card to the order's customer, with a pre-printed number or a generated one, and use it.
     * Returns why not, or an empty string.
     */
    async issueLoyaltyCard(order, code, partner = order.getPartner()) {
        const program = await this.chooseLoyaltyProgram();
        if (!program) {
            return _t("Choose the program of the card.");
        }
        const result = await this.data.call("loyalty.card", "pos_issue_card", [
            this.config.id,
            partner.id,
            code,
            program.id,
        ]);
        if (result.error) {
            return result.error;
        }
        const [card] = await this.loadLoyaltyCards([result.card]);
        delete this.loyaltyCardsRead[partner.id];
        return this.useLoyaltyCard(card, order);
    },
    async chooseLoyaltyProgram() {
        const programs = this.loyaltyPrograms;
        return programs.length === 1
            ? programs[0]
            : await makeAwaitable(this.dialog, SelectionPopup, {
                  title: _t("Program of the card"),
                  list: programs.map((program) => ({
                      id: program.id,
                      label: program.name,
                      item: program,
                  })),
              });
    },
    /**
     * Whether the person at the till may give bonus points (bH7). The server checks the user who is logged in; where
     * employees share that login, the employee has to be a manager as well.
     */
    get mayGiveBonus() {
        return this.getCashier()?._role === "manager" && this.user?.raw.role === "manager";
    },
    /** Give bonus points to a card: how many, then why. Raises what the server answers. */
    async giveBonusPoints(card) {
        const points = await makeAwaitable(this.dialog, NumberPopup, {
            title: _t("Bonus for card %(code)s: how many %(points)s?", {
                code: card.code,
                points: pointsName(card.program_id),
            }),
            isValid: (value) => Number(value) > 0 && isWhole(Number(value)),
        });
        const reason =
            points &&
            (await makeAwaitable(this.dialog, TextInputPopup, {
                title: _t("Why are %s given?", sayPoints(Number(points), card.program_id)),
                placeholder: _t("Apology for a delay, birthday, ..."),
            }));
        if (!points || !reason?.trim()) {
            return false;
        }
        const result = await this.data.call("loyalty.card", "pos_give_bonus", [
            this.config.id,
            card.id,
            Number(points),
            reason.trim(),
            uuidv4(),
        ]);
        await this.loadLoyaltyCards([result.card]);
        this.notification.add(
            _t("Bonus: card %(code)s got %(points)s.", {
                points: sayPoints(Number(points), card.program_id),
                code: card.code,
            }),
            { type: "success" }
        );
        return true;
    },
    /** Whether the card belongs to the person at the till. */
    isCashiersCard(card) {
        // An employee's own contact need not be loaded.
        const { partner_id, work_contact_id } = this.getCashier()?.raw || {};
        const owner = card?.partner_id?.id;
        return Boolean(owner) && [partner_id, work_contact_id].includes(owner);
    },
    /** The dialog in which a card is entered, chosen or removed; ends when it is closed. */
    async openLoyaltyCardPopup(order = this.getOrder()) {
        if (!order || (order.finalized && !this.canNameCard(order))) {
            return;
        }
        const partner = order.getPartner();
        const cards = partner ? await this.getPartnerCards(partner.id) : [];
        await makeAwaitable(this.dialog, LoyaltyCardPopup, {
            order,
            cards: cards.filter((card) => card.isLoyalty),
        });
    },

    // --- redemption -------------------------------------------------------------------------------------------

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
            // One reservation, however often the cashier has to try.
            order.uiState.loyaltyQuickUuid ??= uuidv4();
            await this.redeemPoints(order, card, offer.points, order.uiState.loyaltyQuickUuid);
            delete order.uiState.loyaltyQuickUuid;
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
     * Open the popup in which points are redeemed, for a payment method or a redemption that is there already.
     * Without a card it asks for one first.
     */
    async openRedeemPopup({ order = this.getOrder(), method, redemption } = {}) {
        this.numberBuffer.reset();
        if (order.isRefund) {
            this.alertNoRedeeming(
                _t(
                    "Goods are returned: points that were redeemed for them go back to the card by themselves."
                )
            );
            return;
        }
        const program =
            redemption?.card?.program_id ||
            method?.loyalty_program_id ||
            this.redeemablePrograms.find(
                (program) => order.getLoyaltyCard(program)?.isRegistered
            ) ||
            this.redeemablePrograms[0];
        if (!program) {
            return;
        }
        let card = redemption?.card || order.getLoyaltyCard(program);
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
        this.dialog.add(RedeemPointsPopup, { order, card, redemption });
    },
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
                      code: card.code,
                      points: sayPoints(card.owedPoints, program),
                  })
                : _t("Card %(code)s has no %(points)s available.", {
                      code: card.code,
                      points: pointsName(program),
                  });
        }
        if (!redemption && !this.getOfflineLimit(order, card)) {
            return this.sayOfflineAllowance(card);
        }
        return "";
    },
    /**
     * Reserve points on the server and make or change the redemption by them. Raises what the server answers.
     * Called again with the same uuid, as after a lost connection, it reserves the points once.
     */
    async redeemPoints(order, card, points, uuid, redemption) {
        const changeBefore = order.change;
        const held = await this.loyaltyMutex.exec(() =>
            this.holdLoyaltyPoints(order, card, points, uuid)
        );
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
    /** What points of a card are worth, for a till without connection. */
    worthOf(card, points) {
        const { point_value: value } = card.program_id;
        return { points, amount: pointsToMoney(points, value, this.currency.rounding) };
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
                "There is no connection to the server, which knows what the card has. Points cannot be redeemed now; earning goes on as usual."
            );
        }
        return _t(
            "Without connection at most %(points)s of one card can be redeemed at this register; %(left)s are left for card %(code)s.",
            {
                points: sayPoints(this.config.loyalty_offline_cap, card.program_id),
                left: formatPoints(this.getOfflineAllowance(card, uuid)),
                code: card.code,
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
            this.notification.add(note, { type: "warning", sticky: true });
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
                { type: "warning", sticky: true }
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
                code: card.code,
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
    /** Points that paid for returned goods go back as points; money never exceeds what was paid in money (N4). */
    async fitPointsToReturn(order) {
        await this.previewRefund(order);
        if (order.fitPointsToReturn()) {
            this.notification.add(
                _t(
                    "Points redeemed for the returned goods go back to the card. Please check the payments."
                ),
                { type: "info" }
            );
            return true;
        }
        return false;
    },
    /** Ask the server what a refund does to points; without connection the till reckons itself. */
    async previewRefund(order) {
        const origin = order.returnedOrder;
        if (!origin?.isSynced || order.finalized || order.refundPreview) {
            return;
        }
        const quantities = order.returnedQuantities;
        try {
            const preview = await this.data.call("pos.order", "pos_refund_preview", [
                [origin.id],
                quantities,
            ]);
            const missing = preview.payments
                .map((item) => item.card_id)
                .filter((id) => !this.models["loyalty.card"].get(id));
            if (missing.length) {
                await this.data.read("loyalty.card", missing);
            }
            order.setRefundPreview(quantities, preview);
        } catch (error) {
            if (!(error instanceof ConnectionLostError)) {
                throw error;
            }
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
                code: card.code,
            }),
            { type: "warning" }
        );
    },
    /** Goods without receipt, where a program refuses them: the server would, and nobody wants to hear it afterwards. */
    refuseReturnsWithoutReceipt(order) {
        const refused = order.returnsWithoutReceipt;
        if (refused.length) {
            const names = refused.map(([line]) => line.getFullProductName());
            this.dialog.add(AlertDialog, {
                title: _t("Return without receipt"),
                body: _t(
                    "%(products)s: program %(program)s takes goods back only with the original order, since they may have been paid with points. Open Orders, find the order and refund the goods there.",
                    { products: names.join(", "), program: refused[0][1].name }
                ),
            });
        }
        return refused.length > 0;
    },
    async pay() {
        const order = this.getOrder();
        if (this.refuseReturnsWithoutReceipt(order)) {
            return;
        }
        try {
            await this.fitRedemptions(order);
        } catch (error) {
            this.dialog.add(AlertDialog, {
                title: _t("Points cannot be redeemed"),
                body: errorMessage(error),
            });
        }
        return super.pay(...arguments);
    },

    // --- synchronisation --------------------------------------------------------------------------------------

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
        if (!this.isSettledByServer(order)) {
            const counted = { ...order.uiState.couponPointChanges };
            await super.postProcessLoyalty(...arguments);
            this.keepConfirmedBalance(order, counted);
            return;
        }
        const card = order.loyalty_card_id;
        if (card?.isRegistered) {
            // What was redeemed is reserved, and left out of what the card can spend, since it was chosen.
            const held = order.redemptions
                .filter((redemption) => redemption.card?.id === card.id)
                .reduce((total, redemption) => total + redemption.points, 0);
            const rewards = Math.max(0, order.loyalty_points_redeemed - held);
            card.points = roundPoints(card.points + order.loyalty_points_earned - rewards);
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

    /** Points that were spent stay spent: their payment cannot become one of another kind. */
    canEditPayment(order) {
        return super.canEditPayment(...arguments) && !order.loyaltyPayments.length;
    },
    /** A method that pays with points has no fixed amount, so there is no fast payment with it. */
    async validateOrderFast(method) {
        if (method.type === "loyalty") {
            await this.openRedeemPopup({ method });
            return;
        }
        if (this.refuseReturnsWithoutReceipt(this.getOrder())) {
            return;
        }
        // Before the payment is added: it pays what the points leave.
        if (await this.checkRedemptions(this.getOrder())) {
            await super.validateOrderFast(...arguments);
        }
    },
});
