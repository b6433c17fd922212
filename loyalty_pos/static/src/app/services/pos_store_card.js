// Odoo's patch goes first: it does not call what it replaces.
import { loyaltyIdsGenerator } from "@pos_loyalty/app/services/pos_store";
import { PosStore } from "@point_of_sale/app/services/pos_store";
import { logPosMessage } from "@point_of_sale/app/utils/pretty_console_log";
import { makeAwaitable } from "@point_of_sale/app/utils/make_awaitable_dialog";
import { _t } from "@web/core/l10n/translation";
import { ConnectionLostError } from "@web/core/network/rpc";
import { patch } from "@web/core/utils/patch";
import { sortBy as sortByOne } from "@web/core/utils/arrays";
import { LoyaltyCardPopup } from "@loyalty_pos/app/components/popups/loyalty_card_popup/loyalty_card_popup";
import { READING_MS, isolated, sayPoints } from "@loyalty_pos/app/utils/format";
import { wholePoints } from "@loyalty_pos/app/utils/points";

/** How long the cards of a customer are taken for current; reserving points asks the server anyway. */
const CARDS_CURRENT_MS = 60_000;

/** Sort by several criteria, the first one first: false before true. The order stays where all are equal. */
const sortBy = (items, criteria) =>
    [...criteria]
        .reverse()
        .reduce((sorted, criterion) => sortByOne(sorted, (item) => Number(criterion(item))), items);

/** Cards: finding them on the server, and using one on an order. */
patch(PosStore.prototype, {
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
                // Odoo's till answers `true` where the connection goes while the answer is being loaded.
                if (Array.isArray(cards)) {
                    this.loyaltyCardsRead[partnerId] = {
                        time: Date.now(),
                        ids: cards.map((card) => card.id),
                    };
                }
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
            !order.finalized &&
            // Taken off the order while the cards were asked for.
            order.getPartner()
        ) {
            const cards = await this.getPartnerCards(order.getPartner().id);
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
            code: isolated(card.code),
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
                    code: isolated(card.code),
                    customer: partner.name,
                });
            }
            order.setPartner(card.partner_id);
        }
        order.setLoyaltyCard(card);
        await this.updateRewards();
        return "";
    },
    /** A scan on any screen. Returns whether the code was a card, or is known to be something else. */
    async scanLoyaltyCard(code, order = this.getOrder()) {
        const { taken, error } = await this.useLoyaltyCode(code, order, { telling: true });
        if (taken && error) {
            this.sound.play("error");
            this.notifyLoyalty(error, { type: "danger", autocloseDelay: READING_MS });
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
});
