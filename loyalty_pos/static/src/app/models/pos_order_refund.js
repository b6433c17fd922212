// Odoo's patch goes first: it does not call what it replaces.
import "@pos_loyalty/app/models/pos_order";
import { PosOrder } from "@point_of_sale/app/models/pos_order";
import { _t } from "@web/core/l10n/translation";
import { patch } from "@web/core/utils/patch";
import { sayPoints } from "@loyalty_pos/app/utils/format";
import { earnedAfterReturn, isWhole, shareOf } from "@loyalty_pos/app/utils/points";

/** Returned goods: which points go back to the card, and what of the earned ones goes. */
patch(PosOrder.prototype, {
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
    /**
     * Redemptions by lines that come back: each pro rata to the goods whose price it reduced, those with its taxes. The
     * tax of a part is that of the goods that come back, as on credit notes.
     */
    getReductionsToReturn() {
        const origin = this.returnedOrder;
        if (!origin?.reductions.length) {
            return [];
        }
        const { rounding } = this.currency;
        return origin.reductions.map((reduction) => {
            const goods = origin.getReducibleLines(reduction.card?.program_id);
            const shares = reduction.lines.map((line) => {
                const ofTaxes = goods.filter((other) => other.taxKey === line.taxKey);
                return this.getReturnedShare(ofTaxes.length ? ofTaxes : goods);
            });
            const partsOf = (rangeOf) =>
                reduction.lines.map((line, index) => {
                    const [from, share] = rangeOf(shares[index]);
                    const { whole } = shares[index];
                    return line.getReturnedPart((total) =>
                        shareOf(total, from, share, whole, rounding)
                    );
                });
            const moneyOf = (parts) =>
                this.currency.round(parts.reduce((sum, { gross }) => sum + gross, 0));
            const lines = partsOf(({ before, part }) => [before, part]);
            const amount = moneyOf(lines);
            // Points follow the money, as on the server: shares of the goods would be rounded another way.
            const given = moneyOf(partsOf(({ before }) => [0, before]));
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
    /** What is left to be handed back in money once points are back on their cards. */
    get moneyToReturn() {
        const asPoints = this.getPointsToReturn().reduce((total, item) => total + item.amount, 0);
        const money = Math.max(0, this.currency.round(-this.totalDue - asPoints));
        const cap = this.moneyBackCap;
        return cap?.refused && this.isMoreThanRounding(money - cap.cash) ? cap.cash : money;
    },
    /** Points of several cards are never one sum: `[{card, points, amount}]`. */
    groupByCard(items) {
        const groups = new Map();
        for (const { card, points, amount } of items.filter((item) => item.points > 0)) {
            const group = groups.get(card?.id) || { card, points: 0, amount: 0 };
            group.points += points;
            group.amount = this.currency.round(group.amount + amount);
            groups.set(card?.id, group);
        }
        return [...groups.values()];
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
        const own = items.filter((item) => item.card?.id === card?.id);
        const back = own.reduce((total, item) => total + item.points, 0);
        const effects = {
            card,
            back,
            returned: this.groupByCard(items),
            money: this.moneyToReturn,
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
        const missing = card ? Math.max(0, taken - card.spendablePoints - back) : 0;
        return { ...effects, taken, missing };
    },
});
