// Odoo's patch goes first: ours looks at redemptions before it.
import "@pos_loyalty/app/screens/product_screen/order_summary/order_summary";
import { OrderSummary } from "@point_of_sale/app/screens/product_screen/order_summary/order_summary";
import { patch } from "@web/core/utils/patch";

patch(OrderSummary.prototype, {
    /** The numpad removes what points take off the price; any other change goes through the popup. */
    async updateSelectedOrderline({ key }) {
        const line = this.currentOrder.getSelectedOrderline();
        if (!line?.isRedemption) {
            return super.updateSelectedOrderline(...arguments);
        }
        this.numberBuffer.reset();
        if (line.refunded_orderline_id) {
            return;
        }
        const order = this.currentOrder;
        if (["Backspace", "Delete"].includes(key)) {
            order.removeOrderline(line);
        } else {
            const redemption = order.reductions.find((other) => other.lines.includes(line));
            await this.pos.openRedeemPopup({ order, redemption });
        }
    },
    /** Redemption lines have no options to configure. */
    async onOrderlineLongPress(ev, orderline) {
        return orderline.isRedemption ? false : super.onOrderlineLongPress(...arguments);
    },
});
