// Odoo's patch goes first: ours runs before it.
import "@pos_loyalty/app/utils/order_payment_validation";
import OrderPaymentValidation from "@point_of_sale/app/utils/order_payment_validation";
import { ask } from "@point_of_sale/app/utils/make_awaitable_dialog";
import { AlertDialog } from "@web/core/confirmation_dialog/confirmation_dialog";
import { _t } from "@web/core/l10n/translation";
import { patch } from "@web/core/utils/patch";

patch(OrderPaymentValidation.prototype, {
    /** Points cover what is due and no more: no money goes back for them. */
    async isOrderValid() {
        if (this.pos.refuseReturnsWithoutReceipt(this.order)) {
            return false;
        }
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
        if (!(await this.checkMoneyBack())) {
            return false;
        }
        return super.isOrderValid(...arguments);
    },
    /** No more money comes back than was paid: rewards and gift cards that lowered the price come back with the goods. */
    async checkMoneyBack() {
        const { order, pos } = this;
        if (!order.moneyBackBeyondPaid) {
            return true;
        }
        const { cash, refused } = order.moneyBackCap;
        const values = {
            order: order.returnedOrder.pos_reference || order.returnedOrder.getName(),
            cash: pos.env.utils.formatCurrency(cash),
            out: pos.env.utils.formatCurrency(order.moneyPaidOut),
            lines: order.reductionsLeftOut.map((line) => line.getFullProductName()).join(", "),
        };
        const title = _t("Too much money comes back");
        let said = values.lines
            ? _t(
                  "%(out)s would be paid out, but only %(cash)s of what order %(order)s sold were paid in money and can come back. Return its discounts and gift cards with the goods: select %(lines)s on the order, too.",
                  values
              )
            : _t(
                  "%(out)s would be paid out, but only %(cash)s of what order %(order)s sold were paid in money and can come back; points, gift cards or rewards paid the rest.",
                  values
              );
        if (order.returnedOrder.returnedOrder) {
            const way = _t(
                "It took other goods in exchange, and points that had paid for these stay used: exchange what it sold as well, or let a manager give the points back with Adjust on the card."
            );
            said = `${said} ${way}`;
        }
        if (refused) {
            pos.dialog.add(AlertDialog, { title, body: said });
            return false;
        }
        return ask(pos.dialog, {
            title,
            body: _t(
                "%s It can be paid out nevertheless; a manager will find it in the exceptions.",
                said
            ),
            confirmLabel: _t("Pay Out"),
            cancelLabel: _t("Back"),
        });
    },
});
