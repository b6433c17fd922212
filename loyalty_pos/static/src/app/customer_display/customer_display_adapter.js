import { CustomerDisplayPosAdapter } from "@point_of_sale/app/customer_display/customer_display_adapter";
import { formatPoints } from "@loyalty_pos/app/utils/format";
import { patch } from "@web/core/utils/patch";

patch(CustomerDisplayPosAdapter.prototype, {
    /** The customer sees the card and the points of the order, formatted: the display loads no models. */
    formatOrderData(order) {
        super.formatOrderData(...arguments);
        const summary = order.getLoyaltySummary();
        this.data.loyalty = summary && {
            code: summary.code,
            level: summary.level,
            name: summary.name,
            earned: summary.earned && formatPoints(summary.earned),
            redeemed: summary.redeemed && formatPoints(summary.redeemed),
            balance: formatPoints(summary.balance),
            estimated: summary.estimated,
        };
    },
});
