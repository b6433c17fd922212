// Odoo's patch goes first: it does not call what it replaces.
import "@pos_loyalty/app/models/pos_order_line";
import { PosOrderline } from "@point_of_sale/app/models/pos_order_line";
import { formatPoints } from "@loyalty_pos/app/utils/format";
import { _t } from "@web/core/l10n/translation";
import { patch } from "@web/core/utils/patch";

patch(PosOrderline.prototype, {
    /** Whether the line is what points take off the price; only the popup changes it. */
    get isRedemption() {
        return Boolean(this.loyalty_redeem_uuid || this.refunded_orderline_id?.loyalty_redeem_uuid);
    },
    get orderDisplayProductName() {
        if (!this.isRedemption) {
            return super.orderDisplayProductName;
        }
        return { name: this.redemptionName || this.getFullProductName(), attributeString: "" };
    },
    /** What the line does to the points, in words. */
    get redemptionName() {
        const { order_id: order, refunded_orderline_id: origin } = this;
        if (origin) {
            const back = order
                .getReductionsToReturn()
                .find(({ lines }) => lines.some(({ line }) => line.id === origin.id));
            return back?.points
                ? _t("%(count)s points given back", { count: formatPoints(back.points) })
                : "";
        }
        const redeemed = order.reductions.find((other) => other.lines.includes(this));
        return redeemed?.points
            ? _t("%(count)s points redeemed", { count: formatPoints(redeemed.points) })
            : "";
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
    /** Whether the line sells something: what pays, what returns goods and parts of a combo do not. */
    get isSold() {
        return !(
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
     * Whether the line can earn in a loyalty program: not with "Don't Earn Points", nor when it sells a gift card or
     * tops an eWallet up, unless the program says so. The server's counterpart is `_get_valid_product_domain` of
     * `loyalty.rule`; `product_cases.js` holds the cases that both are tested with.
     */
    earnsLoyaltyPoints(program) {
        if (this.product_id.product_tmpl_id?.loyalty_no_earn) {
            return false;
        }
        if (program.gift_cards_earn) {
            return true;
        }
        const programs =
            this.models["loyalty.program"].getBy("trigger_product_ids", this.product_id.id) || [];
        return !programs.some(({ program_type }) =>
            ["gift_card", "ewallet"].includes(program_type)
        );
    },
    ignoreLoyaltyPoints({ program }) {
        return (
            super.ignoreLoyaltyPoints(...arguments) ||
            (program.program_type === "loyalty" && !this.earnsLoyaltyPoints(program))
        );
    },
});
