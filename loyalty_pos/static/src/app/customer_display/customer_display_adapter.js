import { CustomerDisplayPosAdapter } from "@point_of_sale/app/customer_display/customer_display_adapter";
import { formatPoints } from "@loyalty_pos/app/utils/format";
import { _t } from "@web/core/l10n/translation";
import { patch } from "@web/core/utils/patch";

patch(CustomerDisplayPosAdapter.prototype, {
    /** The customer sees the card and the points of the order, formatted: the display loads no models. */
    formatOrderData(order) {
        super.formatOrderData(...arguments);
        // A redemption is one line for each tax, and one for anybody who reads it.
        this.data.lines = this.data.lines.filter((line, index) => order.lines[index].isShown);
        const summary = order.getLoyaltySummary();
        const named = (points) => `${formatPoints(points)} ${summary.name}`;
        this.data.loyalty = summary && {
            code: summary.code,
            level: summary.level,
            progress: summary.progress,
            expiresMessage: summary.expires && _t("Expires next: %s", summary.expires),
            earned: summary.earned > 0 && formatPoints(summary.earned),
            redeemedMessage: summary.redeemed > 0 && _t("%s redeemed", named(summary.redeemed)),
            balance: named(summary.balance),
            earnedMessage: summary.earned > 0 && _t("%s earned", named(summary.earned)),
            balanceMessage: summary.estimated
                ? _t("New balance: %s (estimated)", named(summary.balance))
                : _t("New balance: %s", named(summary.balance)),
        };
    },
});
