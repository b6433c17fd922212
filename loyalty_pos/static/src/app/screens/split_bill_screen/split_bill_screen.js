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
                        "Redeemed points stay on this bill. Pay the other bill first, then redeem points for it there."
                    ),
                    { type: "info" }
                );
                return;
            }
            super.onClickLine(...arguments);
        },
        /** The part is the same customer's: it keeps customer and card. Odoo calls this before it sends both parts. */
        async handleDiscountLines(originalOrder, newOrder) {
            const partner = originalOrder.getPartner();
            if (partner && !newOrder.getPartner()) {
                // With its terms: choosing the customer anew would work its prices out again.
                newOrder.partner_id = partner;
                newOrder.pricelist_id = originalOrder.pricelist_id;
                newOrder.fiscal_position_id = originalOrder.fiscal_position_id;
                newOrder.setToInvoice(originalOrder.isToInvoice());
            }
            if (originalOrder.loyalty_card_id && !newOrder.loyalty_card_id) {
                newOrder.setLoyaltyCard(originalOrder.loyalty_card_id);
            }
            await super.handleDiscountLines(...arguments);
        },
        async createSplittedOrder() {
            await super.createSplittedOrder(...arguments);
            await this.pos.updateRewards();
        },
        get totOrderQty() {
            const redemptions = this.currentOrder.lines.filter((line) => line.isRedemption);
            return super.totOrderQty - redemptions.reduce((total, line) => total + line.qty, 0);
        },
    });
}
