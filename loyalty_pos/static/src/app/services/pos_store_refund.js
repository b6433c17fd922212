// Odoo's patch goes first: it does not call what it replaces.
import "@pos_loyalty/app/services/pos_store";
import { PosStore } from "@point_of_sale/app/services/pos_store";
import { AlertDialog } from "@web/core/confirmation_dialog/confirmation_dialog";
import { _t } from "@web/core/l10n/translation";
import { ConnectionLostError } from "@web/core/network/rpc";
import { patch } from "@web/core/utils/patch";

/** Returned goods: what goes back to the card as points. */
patch(PosStore.prototype, {
    /** Points that paid for returned goods go back as points; money never exceeds what was paid in money (N4). */
    async fitPointsToReturn(order) {
        await this.previewRefund(order);
        if (order.fitPointsToReturn()) {
            this.notification.add(
                _t(
                    "Points redeemed for the returned goods go back to the card. Please check the payments."
                ),
                { type: "info" }
            );
            return true;
        }
        return false;
    },
    /** Ask the server what a refund does to points; without connection the till reckons itself. */
    async previewRefund(order) {
        const origin = order.returnedOrder;
        if (!origin?.isSynced || order.finalized || order.refundPreview) {
            return;
        }
        const quantities = order.returnedQuantities;
        try {
            const preview = await this.data.call("pos.order", "pos_refund_preview", [
                [origin.id],
                quantities,
            ]);
            const missing = preview.payments
                .map((item) => item.card_id)
                .filter((id) => !this.models["loyalty.card"].get(id));
            if (missing.length) {
                await this.data.read("loyalty.card", missing);
            }
            order.setRefundPreview(quantities, preview);
        } catch (error) {
            if (!(error instanceof ConnectionLostError)) {
                throw error;
            }
        }
    },
    /** Goods without receipt, where a program refuses them: the server would, and nobody wants to hear it afterwards. */
    refuseReturnsWithoutReceipt(order) {
        const refused = order.returnsWithoutReceipt;
        if (refused.length) {
            const names = refused.map(([line]) => line.getFullProductName());
            this.dialog.add(AlertDialog, {
                title: _t("Return without receipt"),
                body: _t(
                    "%(products)s: program %(program)s takes goods back only with the original order, since they may have been paid with points. Open Orders, find the order and refund the goods there.",
                    { products: names.join(", "), program: refused[0][1].name }
                ),
            });
        }
        return refused.length > 0;
    },
});
