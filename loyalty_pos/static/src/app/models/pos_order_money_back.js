// Odoo's patch goes first: it does not call what it replaces.
import "@pos_loyalty/app/models/pos_order";
import { PosOrder } from "@point_of_sale/app/models/pos_order";
import { patch } from "@web/core/utils/patch";

/** What of a return may be paid out: never more money than was paid (N4). The server has the same rules. */
patch(PosOrder.prototype, {
    /** Money that the order pays out. */
    get moneyPaidOut() {
        return this.payment_ids
            .filter((payment) => !payment.isLoyalty && !payment.is_change)
            .reduce((total, payment) => total - payment.getAmount(), 0);
    },
    /**
     * The most money that may be paid out for the goods that come back, and whether the till refuses more: as the
     * server says, else as the till knows. None where money alone had paid for them.
     *
     * @returns {{cash: number, refused: boolean}|null}
     */
    get moneyBackCap() {
        const origin = this.returnedOrder;
        const preview = this.refundPreview;
        if (!origin || preview) {
            return preview?.capped ? { cash: preview.cash, refused: preview.refused } : null;
        }
        const rewards = origin.lines.some((line) => line.is_reward_line);
        if (!rewards && !origin.redemptions.length) {
            return null;
        }
        const returns = new Set(
            origin.lines
                .flatMap((line) => line.refund_orderline_ids)
                .map((line) => line.order_id)
                .filter((order) => order && order.id !== this.id && order.finalized)
        );
        const back = [...returns].reduce((sum, order) => sum + Math.max(0, order.moneyPaidOut), 0);
        return {
            cash: Math.max(0, this.currency.round(-origin.moneyPaidOut - back)),
            refused: origin.redemptions.length > 0,
        };
    },
    /** By how much more money goes out than was paid in: cents that rounding makes do not count. */
    get moneyBackBeyondPaid() {
        const cap = this.moneyBackCap;
        if (!cap) {
            return 0;
        }
        const rounding = this.config.hasCashRounding ? this.appliedRounding : 0;
        const excess = this.currency.round(this.moneyPaidOut + rounding - cap.cash);
        return this.isMoreThanRounding(excess) ? excess : 0;
    },
    /** Whether an amount is more than what the taxes of each line and coins are rounded by. */
    isMoreThanRounding(amount) {
        const { config, currency } = this;
        const coins = config.cash_rounding ? config.rounding_method.rounding : 0;
        return currency.isPositive(amount - currency.rounding * this.lines.length - coins);
    },
    /**
     * How the money of a return goes back, where that is plain: in the one way in which it was paid besides points, with no
     * terminal, and as much as is left to be given back.
     */
    get moneyBackMethod() {
        const origin = this.returnedOrder;
        if (!this.isRefund || !origin?.redemptions.length) {
            return undefined;
        }
        const paid = origin.payment_ids.filter(
            (payment) => !payment.isLoyalty && !payment.is_change && payment.getAmount() > 0
        );
        const [method, ...others] = new Set(paid.map((payment) => payment.payment_method_id));
        const isPlain =
            method &&
            !others.length &&
            ["cash", "bank"].includes(method.type) &&
            (method.payment_method_type || "none") === "none" &&
            !method.use_payment_terminal &&
            this.config.payment_method_ids.some(({ id }) => id === method.id);
        const cap = this.moneyBackCap;
        const left = this.currency.round(-this.remainingDue);
        const isWithin = !cap || !this.isMoreThanRounding(left - cap.cash);
        return isPlain && isWithin && this.currency.isPositive(left) ? method : undefined;
    },
    /**
     * Put the money that goes back on a return, for the cashier to confirm; another method replaces it.
     * Returns the payment, if there is one.
     */
    suggestMoneyBack() {
        this.dropSuggestedMoney();
        const method =
            this.payment_ids.every((payment) => payment.isLoyalty) && this.moneyBackMethod;
        const { status, data: payment } = method ? this.addPaymentline(method) : {};
        if (!status) {
            return undefined;
        }
        this.uiState.loyaltyMoneyBack = { uuid: payment.uuid, amount: payment.getAmount() };
        return payment;
    },
    /** Take off what was suggested, unless the cashier changed it. */
    dropSuggestedMoney() {
        const { uuid, amount } = this.uiState.loyaltyMoneyBack || {};
        delete this.uiState.loyaltyMoneyBack;
        const payment = uuid && this.payment_ids.find((other) => other.uuid === uuid);
        if (payment && payment.getAmount() === amount && !this.finalized) {
            this.removePaymentline(payment);
        }
    },
    /** Lines of the sale that lowered its price, such as rewards and gift cards, and do not come back with the goods. */
    get reductionsLeftOut() {
        return (this.returnedOrder?.lines || []).filter(
            (sold) =>
                sold.prices.total_included < 0 &&
                !sold.isRedemption &&
                !this.lines.some((line) => line.refunded_orderline_id?.id === sold.id)
        );
    },
    /** Goods that come back without the order that sold them, although a program refuses that: [line, program]. */
    get returnsWithoutReceipt() {
        const programs = this.models["loyalty.program"].filter(
            (program) =>
                program.unlinked_return_policy === "refuse" &&
                program.program_type === "loyalty" &&
                program.accounting_policy !== "none"
        );
        return this.lines.flatMap((line) => {
            const isReturn =
                line.qty < 0 &&
                line.price_unit > 0 &&
                !line.refunded_orderline_id &&
                !line.is_reward_line &&
                !line.isRedemption;
            const program = isReturn && programs.find((other) => line.mayHaveBeenPaidWith(other));
            return program ? [[line, program]] : [];
        });
    },
});
