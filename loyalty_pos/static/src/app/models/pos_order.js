// Odoo's patch goes first: it does not call what it replaces.
import "@pos_loyalty/app/models/pos_order";
import { accountTaxHelpers } from "@account/helpers/account_tax";
import { PosOrder } from "@point_of_sale/app/models/pos_order";
import { _t } from "@web/core/l10n/translation";
import { groupBy } from "@web/core/utils/arrays";
import { patch } from "@web/core/utils/patch";
import { capitalize } from "@web/core/utils/strings";
import { earn } from "@loyalty_pos/app/utils/earning";
import { sayPoints } from "@loyalty_pos/app/utils/format";
import { earnedAfterReturn, isWhole, roundPoints, shareOf } from "@loyalty_pos/app/utils/points";

/** The loyalty program that points are being counted for: Odoo does not name it where it leaves lines out. */
let countedProgram = null;

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

    // --- redemption of points --------------------------------------------------------------------------------------

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
    /** Redemptions by lines: one line for each tax, together one redemption. */
    get reductions() {
        const byUuid = groupBy(
            this.lines.filter((line) => line.isRedemption && line.qty > 0),
            (line) => line.loyalty_redeem_uuid
        );
        return Object.entries(byUuid).map(([uuid, lines]) => {
            const total = lines.reduce((sum, line) => sum - line.prices.total_included, 0);
            const hold = this.uiState.loyaltyHolds[uuid];
            return {
                uuid,
                card: lines[0].loyalty_card_id,
                points: hold
                    ? hold.points
                    : lines.reduce((sum, line) => sum + (line.loyalty_points || 0), 0),
                amount: this.currency.round(total),
                lines,
            };
        });
    },
    /** Lines whose price points may reduce: not what pays itself. */
    get reducibleLines() {
        return this.lines.filter((line) => !line.isRedemption && !line.isGiftCardOrEWalletReward());
    },
    /** Lines whose price points of a program may reduce. */
    getReducibleLines(program) {
        return this.reducibleLines.filter((line) => line.mayBePaidWith(program));
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
    /**
     * Reduce the price by what points cover: one line for each tax, so that each rate's tax is less by its part. Lines
     * that the redemption has already are made anew.
     */
    setReduction({ uuid, product, card, points, amount, offline = false }) {
        this.assertEditable();
        const old = this.lines.filter((line) => line.loyalty_redeem_uuid === uuid);
        const selected = this.getSelectedOrderline();
        this.uiState.loyaltyHolds[uuid] = { points, amount, offline };
        this.uiState.loyaltyHolds[uuid].basis = this.getReductionBasis(card?.program_id);
        const baseLines = this.getReducibleLines(card?.program_id).map((line) =>
            accountTaxHelpers.prepare_base_line_for_taxes_computation(
                line,
                line.prepareBaseLineForTaxesComputationExtraValues()
            )
        );
        accountTaxHelpers.add_tax_details_in_base_lines(baseLines, this.company);
        accountTaxHelpers.round_base_lines_tax_details(baseLines, this.company);
        const reductions = accountTaxHelpers.prepare_global_discount_lines(
            baseLines,
            this.company,
            "fixed",
            amount,
            {
                computation_key: `loyalty_${uuid}`,
                grouping_function: () => ({
                    grouping_key: { product_id: product },
                    raw_grouping_key: { product_id: product.id },
                }),
            }
        );
        reductions.forEach((baseLine, index) => {
            this.models["pos.order.line"].create({
                order_id: this,
                product_id: product,
                full_product_name: _t("%s redeemed", sayPoints(points, card.program_id)),
                qty: baseLine.quantity,
                price_unit: baseLine.price_unit,
                price_type: "manual",
                tax_ids: [["link", ...baseLine.tax_ids]],
                extra_tax_data: accountTaxHelpers.export_base_line_extra_tax_data(baseLine),
                loyalty_redeem_uuid: uuid,
                loyalty_card_id: card,
                loyalty_points: index ? 0 : points,
            });
        });
        old.forEach((line) => line.delete());
        this.selectOrderline(old.includes(selected) ? undefined : selected);
    },
    /** What the tax of a reduction depends on. */
    getReductionBasis(program) {
        return JSON.stringify(
            this.getReducibleLines(program).map((line) => [
                line.prices.total_included,
                line.tax_ids.map((tax) => tax.id),
            ])
        );
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

    // --- returned goods ---------------------------------------------------------------------------------------

    /** The order whose goods this order takes back. */
    get returnedOrder() {
        return this.lines.find((line) => line.refunded_orderline_id)?.refunded_orderline_id
            .order_id;
    },
    /** How much of the returned order comes back: money `before` and now (`part`), of its `whole`. */
    getReturnedShare(lines = this.returnedOrder.lines) {
        let before = 0;
        let part = 0;
        let whole = 0;
        for (const sold of lines.filter((line) => line.qty)) {
            whole += sold.prices.total_included;
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
            // Multiplied first, as on the server: floats are the same then.
            part += (sold.prices.total_included * own) / sold.qty;
            before += (sold.prices.total_included * earlier) / sold.qty;
        }
        return { before, part, whole };
    },
    /** The lines that payments with points of a program paid: what they may not pay, such as tips, was paid in money. */
    getGoodsPaidWith(program) {
        const lines = this.lines.filter((line) => !line.isRedemption);
        const payable = lines.filter((line) => line.mayBePaidWith(program));
        const value = payable.reduce((sum, line) => sum + line.documentTotal, 0);
        const paid = this.redemptions
            .filter(({ payment, card }) => payment && card?.program_id?.id === program?.id)
            .reduce((sum, { amount }) => sum + amount, 0);
        return this.currency.isPositive(paid - value) ? lines : payable;
    },
    /** Redemptions by lines that come back: pro rata to the goods whose price they reduced. */
    getReductionsToReturn() {
        const origin = this.returnedOrder;
        if (!origin?.reductions.length) {
            return [];
        }
        return origin.reductions.map((reduction) => {
            const goods = origin.getReducibleLines(reduction.card?.program_id);
            const { before, part, whole } = this.getReturnedShare(goods);
            const { rounding } = this.currency;
            const partsOf = (from, share) =>
                reduction.lines.map((line) =>
                    line.getReturnedPart((total) => shareOf(total, from, share, whole, rounding))
                );
            const moneyOf = (parts) =>
                this.currency.round(parts.reduce((sum, { gross }) => sum + gross, 0));
            const lines = partsOf(before, part);
            const amount = moneyOf(lines);
            // Points follow the money, as on the server: shares of the goods would be rounded another way.
            const given = moneyOf(partsOf(0, before));
            const { points, amount: total } = reduction;
            const step = isWhole(points) ? 1 : 0.0001;
            return {
                card: reduction.card,
                points: shareOf(points, given, amount, total, step),
                amount,
                lines,
            };
        });
    },
    /** The price was less by what points paid: what comes back is less by its part. */
    fitReductionsToReturn() {
        for (const { card, points, lines } of this.getReductionsToReturn()) {
            const full_product_name = _t("%s given back", sayPoints(points, card?.program_id));
            for (const { line, gross, ...values } of lines) {
                const own = this.lines.find((other) => other.refunded_orderline_id?.id === line.id);
                if (own) {
                    own.update({ ...values, full_product_name });
                    this.triggerRecomputeAllPrices();
                } else if (gross) {
                    this.models["pos.order.line"].create({
                        ...values,
                        order_id: this,
                        product_id: line.product_id,
                        full_product_name,
                        qty: -line.qty,
                        price_type: "manual",
                        tax_ids: line.tax_ids.map((tax) => ["link", tax]),
                        refunded_orderline_id: line,
                    });
                }
            }
        }
    },
    /** What comes back of the sold order: {id of its line: quantity}. */
    get returnedQuantities() {
        const quantities = {};
        for (const line of this.lines) {
            const sold = line.refunded_orderline_id;
            if (sold?.isSynced && !sold.isRedemption) {
                quantities[sold.id] = (quantities[sold.id] || 0) - line.qty;
            }
        }
        return quantities;
    },
    /** What the server said about this refund, as long as it is about the same goods. */
    get refundPreview() {
        const { loyaltyRefund } = this.uiState;
        return loyaltyRefund?.key === JSON.stringify(this.returnedQuantities)
            ? loyaltyRefund.preview
            : null;
    },
    setRefundPreview(quantities, preview) {
        this.uiState.loyaltyRefund = { key: JSON.stringify(quantities), preview };
    },
    /** What comes back as points: pro rata to the goods, at most what this order gives back at all. */
    getPointsToReturn() {
        if (!this.returnedOrder || this.totalDue >= 0) {
            return [];
        }
        let left = -this.totalDue;
        const result = [];
        const items = this.refundPreview?.payments || this.estimatePointsToReturn();
        const methods = this.config.payment_method_ids.map((method) => method.id);
        for (const item of items.filter((item) => methods.includes(item.method_id))) {
            const amount = Math.min(left, item.amount);
            const points =
                amount === item.amount
                    ? item.points
                    : shareOf(
                          item.points,
                          0,
                          amount,
                          item.amount,
                          isWhole(item.points) ? 1 : 0.0001
                      );
            if (amount > 0) {
                left = this.currency.round(left - amount);
                result.push({ ...item, amount, points });
            }
        }
        return result;
    },
    /** The server's rule on what the till knows, for a till without connection. */
    estimatePointsToReturn() {
        const { rounding } = this.currency;
        const origin = this.returnedOrder;
        return origin.redemptions
            .filter((redemption) => redemption.payment)
            .map(({ payment, card, points, amount: total }) => {
                const goods = origin.getGoodsPaidWith(card?.program_id);
                const { before, part, whole } = this.getReturnedShare(goods);
                const amount = shareOf(total, before, part, whole, rounding);
                const given = shareOf(total, 0, before, whole, rounding);
                return {
                    method_id: payment.payment_method_id.id,
                    card_id: card?.id,
                    card_code: payment.loyalty_card_code,
                    amount,
                    points: shareOf(points, given, amount, total, isWhole(points) ? 1 : 0.0001),
                };
            });
    },
    /** Make the payments that give points back; returns whether something changed. */
    fitPointsToReturn() {
        this.fitReductionsToReturn();
        const due = this.getPointsToReturn();
        const key = (methodId, cardId, amount) => [methodId, cardId, amount].join();
        const wanted = new Map(
            due.map((item) => [key(item.method_id, item.card_id, item.amount), item])
        );
        let changed = false;
        for (const payment of this.loyaltyPayments) {
            const own = key(
                payment.payment_method_id.id,
                payment.loyalty_card_id?.id,
                -payment.getAmount()
            );
            if (!wanted.delete(own)) {
                this.removePaymentline(payment);
                changed = true;
            }
        }
        for (const item of wanted.values()) {
            this.models["pos.payment"].create({
                pos_order_id: this,
                payment_method_id: this.models["pos.payment.method"].get(item.method_id),
                amount: -item.amount,
                loyalty_card_id: this.models["loyalty.card"].get(item.card_id),
                loyalty_card_code: item.card_code,
                loyalty_points: -item.points,
            });
            changed = true;
        }
        return changed;
    },
    /** Money that comes back beyond what was paid in money; coins are rounded: 8.00 in cash are right for 7.98. */
    get moneyReturnedTooMuch() {
        const money = this.payment_ids
            .filter((payment) => !payment.isLoyalty && !payment.is_change)
            .reduce((total, payment) => total - payment.getAmount(), 0);
        const rounding = this.config.hasCashRounding ? this.appliedRounding : 0;
        return this.currency.round(money + this.totalDue + rounding - this.loyaltyTendered);
    },
    /** What the refund does to the customer's points, for the cashier to see before validating. */
    getRefundEffects() {
        const origin = this.returnedOrder;
        if (!origin) {
            return null;
        }
        const items = [
            ...this.getPointsToReturn().map((item) => ({
                ...item,
                card: this.models["loyalty.card"].get(item.card_id),
            })),
            ...this.getReductionsToReturn(),
        ];
        const card = origin.loyalty_card_id || items[0]?.card;
        const back = items.reduce((total, item) => total + item.points, 0);
        const effects = {
            card,
            back,
            money: items.reduce((total, item) => total + item.amount, 0),
            policy: card?.program_id?.negative_policy,
        };
        const preview = this.refundPreview;
        if (preview) {
            return {
                ...effects,
                taken: preview.taken_back,
                lost: preview.lost || 0,
                kept: (preview.kept || []).map(({ program_id, points }) => ({
                    program: this.models["loyalty.program"].get(program_id),
                    points,
                })),
                program: this.models["loyalty.program"].get(preview.program_id),
                missing: preview.missing,
                policy: preview.policy || effects.policy,
            };
        }
        const { before, part, whole } = this.getReturnedShare();
        const earned = origin.loyalty_points_earned || 0;
        const taken = Math.max(
            0,
            earnedAfterReturn(earned, before, whole) -
                earnedAfterReturn(earned, before + part, whole)
        );
        const own = items.every((item) => item.card?.id === card?.id) ? back : 0;
        const missing = card ? Math.max(0, taken - card.spendablePoints - own) : 0;
        return { ...effects, taken, missing };
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
        const settled = this.finalized && this.loyalty_settled && program?.issue_on === "paid";
        const redemptions = this.redemptions.filter((other) => other.card?.id === card.id);
        const pointsOf = (chosen) => chosen.reduce((total, { points }) => total + points, 0);
        const redeemed = pointsOf(redemptions);
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
        return {
            code: card.code,
            level: card.level_name || "",
            program,
            name: program?.portal_point_name || _t("Points"),
            earned: settled ? this.loyalty_points_earned : won,
            redeemed: settled ? this.loyalty_points_redeemed : spent,
            // What is redeemed is reserved, and left out of what the card can spend, since it was chosen.
            balance: settled ? this.loyalty_balance_after : roundPoints(change + reservedElsewhere),
            // Points that are given with Odoo's own timing arrive by a later call.
            estimated: !settled && (program?.issue_on === "paid" || !this.isSynced),
        };
    },

    // --- points to be earned ------------------------------------------------------------------------------------

    /** Return what the order earns in a program that the server gives points for, as the server reckons it. */
    getEarnedPoints(program) {
        const card = this.getLoyaltyCard(program);
        if (!this.takesPart(program, card)) {
            return 0;
        }
        const rules = program.rule_ids.filter((rule) => rule.mode === "auto");
        return earn(
            rules.map((rule) => ({
                mode: rule.reward_point_mode,
                rate: rule.reward_point_amount,
                minimumQuantity: rule.minimum_qty,
                minimumAmount: rule.minimum_amount,
                minimumTax: rule.minimum_amount_tax_mode,
            })),
            this.lines
                .filter((line) => line.isSold)
                .map((line) => ({
                    quantity: line.earningQuantity,
                    untaxed: this.currency.round(line.getEarningTotal("total_excluded")),
                    total: this.currency.round(line.getEarningTotal("total_included")),
                    rules: rules.flatMap((rule, position) =>
                        line.isCountedBy(rule) ? [position] : []
                    ),
                })),
            {
                settlement: this.getEarningSettlement(),
                multiplier: card?.getMultiplier() ?? program._first_multiplier ?? 1,
                basis: program.earning_basis,
                rounding: program.earning_rounding,
            }
        );
    },
    takesPart(program, card) {
        const pricelist = this.pricelist_id;
        const isListed = (list) => list.some((other) => other.id === pricelist.id);
        return Boolean(
            program.accumulates &&
                (card || this.getPartner()) &&
                !card?.getProblem() &&
                this.getPartner()?.loyalty_tracked !== false &&
                !(
                    pricelist &&
                    (isListed(program.excluded_pricelist_ids) ||
                        (program.pricelist_ids.length && !isListed(program.pricelist_ids)))
                )
        );
    },
    /**
     * How the order is paid, or can be paid still: money earns, points and other ways that earn nothing do not (C6).
     * Returned goods pay for an exchange like the money that had paid for them. Money pays tips first, as points never do.
     */
    getEarningSettlement() {
        let qualifying = 0;
        let other = 0;
        for (const payment of this.payment_ids.filter((payment) => !payment.is_change)) {
            if (payment.payment_method_id.earns_loyalty) {
                qualifying += payment.getAmount();
            } else {
                other += payment.getAmount();
            }
        }
        let due = 0;
        let exchanged = 0;
        let tips = 0;
        for (const line of this.lines.filter((line) => !line.combo_parent_id)) {
            const total = line.getEarningTotal("total_included");
            if (line.refunded_orderline_id) {
                exchanged -= total;
            } else if (line.isSold) {
                due += total;
            } else if (line.isTipLine()) {
                tips += total;
            } else {
                other -= total;
            }
        }
        // Odoo counts change as a negative amount.
        qualifying -= Math.abs(this.change);
        const settled = this.isPaid() && this.payment_ids.length > 0;
        if (settled && tips) {
            const byMoney = Math.min(tips, Math.max(0, qualifying));
            qualifying -= byMoney;
            other -= tips - byMoney;
        }
        if (exchanged > 0) {
            const earlier = this.returnedOrder.getEarningSettlement();
            const share = earlier.qualifying / (earlier.qualifying + earlier.other || 1);
            qualifying += exchanged * share;
            other += exchanged * (1 - share);
        }
        const { currency } = this;
        return {
            due: currency.round(due),
            qualifying: currency.round(qualifying),
            other: currency.round(other),
            settled,
        };
    },
    /** The line that Odoo's till shows while selling, and what it spends: exact, and without a customer too. */
    getLoyaltyPoints() {
        const stats = super.getLoyaltyPoints();
        const card = this.loyalty_card_id;
        if (card?.program_id && !stats.some((stat) => stat.program.id === card.program_id.id)) {
            const name = card.program_id.portal_point_name;
            stats.push({
                couponId: String(card.id),
                program: card.program_id,
                points: {
                    won: 0,
                    spent: 0,
                    balance: card.spendablePoints,
                    name: name || _t("Points"),
                },
            });
        }
        return this.nameLoyaltyPoints(stats).map((stat) => {
            if (stat.program.issue_on !== "paid") {
                return stat;
            }
            const won = this.getEarnedPoints(stat.program);
            const { balance, spent } = stat.points;
            return {
                ...stat,
                points: { ...stat.points, won, total: roundPoints(balance + won - spent) },
            };
        });
    },
    /** Points of several programs that go by the same name are told apart by the names of the programs. */
    nameLoyaltyPoints(stats) {
        const nameOf = ({ program, points }) =>
            capitalize(program.portal_point_name || points.name) || _t("Points");
        const byName = groupBy(stats, (stat) => nameOf(stat).toLowerCase());
        return stats.map((stat) => {
            const name = nameOf(stat);
            const isUnique = byName[name.toLowerCase()].length === 1;
            return {
                ...stat,
                points: { ...stat.points, name: isUnique ? name : stat.program.name },
            };
        });
    },
    /** Points of this order are given when it is paid: it cannot spend them itself. */
    _getRealCouponPoints(couponId) {
        const points = super._getRealCouponPoints(...arguments);
        const change = Object.values(this.uiState.couponPointChanges).find(
            (change) => change.coupon_id === couponId
        );
        const program = this.models["loyalty.program"].get(change?.program_id);
        return program?.issue_on === "paid" && program.applies_on !== "future"
            ? points - change.points
            : points;
    },
    _getPointsCorrection(program) {
        return program.issue_on === "paid" ? 0 : super._getPointsCorrection(...arguments);
    },

    // --- what Odoo's programs count -----------------------------------------------------------------------------

    isLineValidForLoyaltyPoints(line) {
        return (
            super.isLineValidForLoyaltyPoints(...arguments) &&
            (!countedProgram || line.earnsLoyaltyPoints(countedProgram))
        );
    },
    /** Count loyalty programs apart: what earns nothing does not help to reach their minimum purchase either. */
    pointsForPrograms(programs) {
        const paid = programs.filter((program) => program.issue_on === "paid");
        const claimed = programs.filter((program) => program.issue_on !== "paid");
        const loyalty = claimed.filter((program) => program.program_type === "loyalty");
        const others = claimed.filter((program) => program.program_type !== "loyalty");
        const result = super.pointsForPrograms(others);
        for (const program of paid) {
            const points = this.getEarnedPoints(program);
            result[program.id] = points ? [{ points }] : [];
        }
        try {
            for (const program of loyalty) {
                countedProgram = program;
                Object.assign(result, super.pointsForPrograms([program]));
            }
        } finally {
            countedProgram = null;
        }
        return result;
    },
});
