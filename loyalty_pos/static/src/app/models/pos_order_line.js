// Odoo's patch goes first: it does not call what it replaces.
import "@pos_loyalty/app/models/pos_order_line";
import { PosOrderline } from "@point_of_sale/app/models/pos_order_line";
import { patch } from "@web/core/utils/patch";

patch(PosOrderline.prototype, {
    /**
     * Whether the line can earn on loyalty cards: not with "Don't Earn Points", nor when it sells a gift card or
     * tops an eWallet up. The server's counterpart is `_get_valid_product_domain` of `loyalty.rule`.
     */
    earnsLoyaltyPoints() {
        if (this.product_id.product_tmpl_id?.loyalty_no_earn) {
            return false;
        }
        const programs =
            this.models["loyalty.program"].getBy("trigger_product_ids", this.product_id.id) || [];
        return !programs.some((program) => ["gift_card", "ewallet"].includes(program.program_type));
    },
    ignoreLoyaltyPoints({ program }) {
        return (
            super.ignoreLoyaltyPoints(...arguments) ||
            (program.program_type === "loyalty" && !this.earnsLoyaltyPoints())
        );
    },
});
