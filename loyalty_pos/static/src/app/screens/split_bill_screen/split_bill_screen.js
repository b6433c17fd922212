import { registry } from "@web/core/registry";
import { _t } from "@web/core/l10n/translation";
import { patch } from "@web/core/utils/patch";

// The screen of pos_restaurant, which this add-on does not need; as an application it is loaded before add-ons.
const { component: SplitBillScreen } = registry.category("pos_pages").get("SplitBillScreen", {});

if (SplitBillScreen) {
    patch(SplitBillScreen.prototype, {
        /** What points take off the price is one redemption: it stays with the card, on the order that is split. */
        onClickLine(line) {
            if (line.isRedemption) {
                this.pos.notification.add(
                    _t(
                        "Points stay on this order. Redeem points on the other one by its own card."
                    ),
                    { type: "info" }
                );
                return;
            }
            super.onClickLine(...arguments);
        },
        get totOrderQty() {
            const redemptions = this.currentOrder.lines.filter((line) => line.isRedemption);
            return super.totOrderQty - redemptions.reduce((total, line) => total + line.qty, 0);
        },
    });
}
