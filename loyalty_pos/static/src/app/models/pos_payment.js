import { PosPayment } from "@point_of_sale/app/models/pos_payment";
import { patch } from "@web/core/utils/patch";

patch(PosPayment.prototype, {
    /** Whether this is a payment with points. */
    get isLoyalty() {
        return this.payment_method_id?.type === "loyalty";
    },
    /** The points that the till had reserved for the payment; the server's word once it is settled. */
    get redeemedPoints() {
        const hold = this.pos_order_id?.uiState?.loyaltyHolds?.[this.uuid];
        return hold ? hold.points : this.loyalty_points || 0;
    },
    /** The amount follows the points that are reserved: the numpad, tips and roundings do not change it. */
    setAmount(value) {
        if (!this.isLoyalty) {
            super.setAmount(...arguments);
        }
    },
    setReservedAmount(amount) {
        this.pos_order_id.assertEditable();
        this.amount = amount;
    },
});
