import { OrderDisplay } from "@point_of_sale/app/components/order_display/order_display";
import { patch } from "@web/core/utils/patch";

patch(OrderDisplay.prototype, {
    /** A redemption is one line for each tax, and one for anybody who reads it. */
    get comboSortedLines() {
        return super.comboSortedLines.filter((line) => line.isShown);
    },
});
