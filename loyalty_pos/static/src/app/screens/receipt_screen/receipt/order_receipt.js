import { OrderReceipt } from "@point_of_sale/app/screens/receipt_screen/receipt/order_receipt";
import { formatPoints } from "@loyalty_pos/app/utils/format";
import { patch } from "@web/core/utils/patch";

patch(OrderReceipt.prototype, {
    get loyaltySummary() {
        return this.order.getLoyaltySummary();
    },
    formatPoints(points) {
        return formatPoints(points);
    },
});
