import { OrderReceipt } from "@point_of_sale/app/screens/receipt_screen/receipt/order_receipt";
import { formatPoints, isolated, sayPoints } from "@loyalty_pos/app/utils/format";
import { _t } from "@web/core/l10n/translation";
import { capitalize } from "@web/core/utils/strings";
import { patch } from "@web/core/utils/patch";

patch(OrderReceipt.prototype, {
    get loyaltySummary() {
        return this.order.getLoyaltySummary();
    },
    get loyaltyRows() {
        const { level, progress, redeemed, earned, balance, estimated, expires, ...summary } =
            this.loyaltySummary;
        const name = capitalize(summary.name);
        const rows = [];
        if (level) {
            rows.push({ id: "level", label: _t("Level"), value: level });
        }
        if (progress) {
            rows.push({ id: "progress", label: _t("Next level"), value: progress });
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
        for (const { card, points } of summary.others || []) {
            rows.push({
                id: `redeemed-${card.id}`,
                label: _t("Redeemed from card %s", isolated(card.code)),
                value: sayPoints(points, card.program_id),
            });
        }
        rows.push({
            id: "balance",
            label: _t("New balance"),
            value: formatPoints(balance),
            estimated,
        });
        if (expires) {
            rows.push({ id: "expires", label: _t("Expires next"), value: expires });
        }
        return rows;
    },
});
