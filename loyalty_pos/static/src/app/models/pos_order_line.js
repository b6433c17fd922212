// Odoo's patch goes first: it does not call what it replaces.
import "@pos_loyalty/app/models/pos_order_line";
import { PosOrderline } from "@point_of_sale/app/models/pos_order_line";
import { formatCurrency } from "@web/core/currency";
import { patch } from "@web/core/utils/patch";

const STORED_VALUE = ["gift_card", "ewallet"];

patch(PosOrderline.prototype, {
    /** Whether the line is what points take off the price; only the popup changes it. */
    get isRedemption() {
        return Boolean(this.loyalty_redeem_uuid || this.refunded_orderline_id?.loyalty_redeem_uuid);
    },
    /** The line's part of the order's total: taxes that are rounded for the whole order are more than its own. */
    get documentTotal() {
        const { total_excluded_currency, delta_total_excluded_currency, taxes_data } = this.prices;
        return taxes_data.reduce(
            (total, { tax_amount_currency }) => total + tax_amount_currency,
            total_excluded_currency + delta_total_excluded_currency
        );
    },
    /** Which taxes the line has, after its fiscal position. */
    get taxKey() {
        const ids = this.prices.taxes_data.map(({ tax }) => tax.id);
        return ids.sort((a, b) => a - b).join();
    },
    /**
     * What of a redemption line comes back with a part of the goods: values of the line that gives it back.
     *
     * Net and taxes are said, and not calculated from a unit price, which would round each of them once more. The data
     * have the signs of the server, which turns the quantities of refunds round.
     *
     * @param {(total: number) => number} shareOfTotal the part of an amount that comes back
     */
    getReturnedPart(shareOfTotal) {
        const { total_excluded_currency, delta_total_excluded_currency, taxes_data } = this.prices;
        const whole = this.documentTotal;
        const net = shareOfTotal(-(total_excluded_currency + delta_total_excluded_currency));
        const gross = shareOfTotal(-whole);
        const price_unit = whole ? (this.price_unit * gross) / -whole : 0;
        let left = gross - net;
        const taxes = taxes_data.map(({ tax, tax_amount_currency }, index) => {
            const isLast = index === taxes_data.length - 1;
            const share = this.currency.round(isLast ? left : shareOfTotal(-tax_amount_currency));
            left -= share;
            return [tax.id, { tax_amount_currency: -share, base_amount_currency: -net }];
        });
        const extra_tax_data = {
            // As when it was sold: its taxes are rounded apart from those of the goods.
            computation_key: `loyalty_${this.loyalty_redeem_uuid}`,
            currency_id: this.currency.id,
            price_unit,
            discount: 0,
            quantity: this.qty,
            rate: 1,
            manual_total_excluded_currency: -net,
            manual_tax_amounts: Object.fromEntries(taxes),
        };
        return { line: this, gross, price_unit, extra_tax_data };
    },
    /** The amounts of a line that gives a redemption back, with the signs of the till. */
    prepareBaseLineForTaxesComputationExtraValues() {
        const values = super.prepareBaseLineForTaxesComputationExtraValues(...arguments);
        const said = this.extra_tax_data;
        if (!this.refunded_orderline_id?.loyalty_redeem_uuid || !said || values.quantity >= 0) {
            return values;
        }
        const turned = (amounts) =>
            Object.fromEntries(Object.entries(amounts).map(([name, amount]) => [name, -amount]));
        return {
            ...values,
            manual_total_excluded_currency: -said.manual_total_excluded_currency,
            manual_tax_amounts: Object.fromEntries(
                Object.entries(said.manual_tax_amounts || {}).map(([id, amounts]) => [
                    id,
                    turned(amounts),
                ])
            ),
        };
    },
    /** Whether the line sells a gift card or tops an eWallet up. */
    get sellsStoredValue() {
        const programs =
            this.models["loyalty.program"].getBy("trigger_product_ids", this.product_id.id) || [];
        return (
            Boolean(this.getEWalletGiftCardProgramType()) ||
            programs.some(({ program_type }) => STORED_VALUE.includes(program_type))
        );
    },
    /**
     * Whether points of a program may pay the line: no tips, no gift cards and wallet top-ups unless the program says
     * so, and not what the product or the program keeps out (bP5). What takes money off always counts, as on invoices.
     */
    mayBePaidWith(program) {
        const product = this.product_id;
        if (product.product_tmpl_id?.loyalty_no_redeem || this.isTipLine()) {
            return false;
        }
        return this.prices.total_included < 0 || this.mayHaveBeenPaidWith(program);
    },
    /** Whether points of a program may pay for the product, whichever way it goes. */
    mayHaveBeenPaidWith(program) {
        const product = this.product_id;
        if (product.product_tmpl_id?.loyalty_no_redeem || this.isTipLine()) {
            return false;
        }
        if (!program?.redeem_stored_value && this.sellsStoredValue) {
            return false;
        }
        if (!program || program.redeem_filter === "all") {
            return true;
        }
        const listed =
            (program._redeem_product_ids || []).includes(product.id) ||
            (program._redeem_category_ids || []).includes(product.product_tmpl_id?.raw.categ_id);
        return listed === (program.redeem_filter === "only");
    },
    /**
     * The lines of one redemption, or of what comes back of one, one for each tax: shown as one line (the first), with
     * what they are together.
     */
    get redemptionLines() {
        const keyOf = (line) =>
            line.loyalty_redeem_uuid || line.refunded_orderline_id?.loyalty_redeem_uuid;
        return this.isRedemption && this.order_id
            ? this.order_id.lines.filter((line) => keyOf(line) === keyOf(this))
            : [this];
    },
    get isShown() {
        return this.redemptionLines[0].id === this.id;
    },
    get currencyDisplayPrice() {
        const lines = this.redemptionLines;
        if (lines.length === 1) {
            return super.currencyDisplayPrice;
        }
        const total = lines.reduce((sum, line) => sum + line.displayPrice, 0);
        return formatCurrency(this.currency.round(total), this.currency.id);
    },
    /** The name of such a line says how many points it is about, on the receipt too. */
    setFullProductName() {
        const product = this.config._loyalty_redemption_product_id;
        if (!product || this.product_id.id !== product || !this.full_product_name) {
            super.setFullProductName(...arguments);
        }
    },
    get orderDisplayProductName() {
        if (!this.isRedemption) {
            return super.orderDisplayProductName;
        }
        return { name: this.getFullProductName(), attributeString: "" };
    },
    canBeMergedWith(orderline) {
        return !this.isRedemption && !orderline.isRedemption && super.canBeMergedWith(...arguments);
    },
    setDiscount() {
        if (!this.isRedemption) {
            super.setDiscount(...arguments);
        }
    },
    setUnitPrice() {
        if (!this.isRedemption) {
            super.setUnitPrice(...arguments);
        }
    },
    setQuantity() {
        return this.isRedemption ? true : super.setQuantity(...arguments);
    },
    getDisplayClasses() {
        return {
            ...super.getDisplayClasses(),
            "fst-italic": this.is_reward_line || this.isRedemption,
        };
    },
    /** Whether the line sells something: tips, what pays, what returns goods and parts of a combo do not. */
    get isSold() {
        return !(
            this.isTipLine() ||
            this.refunded_orderline_id ||
            this.combo_parent_id ||
            this.isRedemption ||
            this.isGiftCardOrEWalletReward()
        );
    },
    /** Total of the line with the parts of a combo. */
    getEarningTotal(name) {
        const parts = this.combo_line_ids.length ? this.combo_line_ids : [this];
        return parts.reduce((total, part) => total + part.prices[name], 0);
    },
    /** A reward takes money off and is no further piece. */
    get earningQuantity() {
        return this.is_reward_line && this.getEarningTotal("total_included") <= 0 ? 0 : this.qty;
    },
    isCountedBy(rule) {
        return (
            (rule.any_product || rule.validProductIds.has(this.product_id.id)) &&
            this.earnsLoyaltyPoints(rule.program_id)
        );
    },
    /**
     * Whether the line can earn in a loyalty program: no tips, not with "Don't Earn Points", nor when it sells a gift
     * card or tops an eWallet up, unless the program says so. The server's counterpart is `_get_valid_product_domain`
     * of `loyalty.rule`; `product_cases.js` holds the cases that both are tested with.
     */
    earnsLoyaltyPoints(program) {
        if (this.product_id.product_tmpl_id?.loyalty_no_earn || this.isTipLine()) {
            return false;
        }
        if (program.gift_cards_earn) {
            return true;
        }
        const programs =
            this.models["loyalty.program"].getBy("trigger_product_ids", this.product_id.id) || [];
        return !programs.some(({ program_type }) => STORED_VALUE.includes(program_type));
    },
    ignoreLoyaltyPoints({ program }) {
        return (
            super.ignoreLoyaltyPoints(...arguments) ||
            (program.program_type === "loyalty" && !this.earnsLoyaltyPoints(program))
        );
    },
});
