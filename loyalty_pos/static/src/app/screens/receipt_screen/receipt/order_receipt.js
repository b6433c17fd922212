import { OrderReceipt } from "@point_of_sale/app/screens/receipt_screen/receipt/order_receipt";
import { formatPoints } from "@loyalty_pos/app/utils/format";
import { _t } from "@web/core/l10n/translation";
import { capitalize } from "@web/core/utils/strings";
import { patch } from "@web/core/utils/patch";

patch(OrderReceipt.prototype, {
    get loyaltySummary() {
        return this.order.getLoyaltySummary();
    },
    get loyaltyRows() {
        const { level, redeemed, earned, balance, estimated, ...summary } = this.loyaltySummary;
        const name = capitalize(summary.name);
        const rows = [];
        if (level) {
            rows.push({ id: "level", label: _t("Level"), value: level });
        }
        if (redeemed) {
            rows.push({
                id: "redeemed",
                label: redeemed > 0 ? _t("%s redeemed", name) : _t("%s given back", name),
                value: formatPoints(Math.abs(redeemed)),
            });
        }
        if (earned) {
            rows.push({
                id: "earned",
                label: earned > 0 ? _t("%s earned", name) : _t("%s taken back", name),
                value: formatPoints(Math.abs(earned)),
                estimated,
            });
        }
        rows.push({
            id: "balance",
            label: _t("New balance"),
            value: formatPoints(balance),
            estimated,
        });
        return rows;
    },
});
