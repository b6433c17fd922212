// Odoo's patch goes first: ours runs before it.
import "@pos_loyalty/app/utils/order_payment_validation";
import OrderPaymentValidation from "@point_of_sale/app/utils/order_payment_validation";
import { AlertDialog } from "@web/core/confirmation_dialog/confirmation_dialog";
import { _t } from "@web/core/l10n/translation";
import { patch } from "@web/core/utils/patch";

patch(OrderPaymentValidation.prototype, {
    /** Points pay what is due and no more: no money goes back for them. */
    async isOrderValid() {
        if (!(await this.pos.checkRedemptions(this.order))) {
            return false;
        }
        const { currency } = this.pos;
        const excess = this.order.isRefund ? this.order.moneyReturnedTooMuch : 0;
        if (this.order.getPointsToReturn().length && currency.isPositive(excess)) {
            this.pos.dialog.add(AlertDialog, {
                title: _t("Too much money comes back"),
                body: _t(
                    "Part of these goods was paid with points, which go back to the card. Give back %s less in money.",
                    this.pos.env.utils.formatCurrency(excess)
                ),
            });
            return false;
        }
        return super.isOrderValid(...arguments);
    },
});
