import { useBarcodeReader } from "@point_of_sale/app/hooks/barcode_reader_hook";
import { TicketScreen } from "@point_of_sale/app/screens/ticket_screen/ticket_screen";
import { useService } from "@web/core/utils/hooks";
import { patch } from "@web/core/utils/patch";

patch(TicketScreen.prototype, {
    setup() {
        super.setup(...arguments);
        this.barcodeReader = useService("barcode_reader");
        useBarcodeReader({ coupon: this._onLoyaltyScan, product: this._onLoyaltyScan });
    },
    /** The order whose card a scan sets: the selected one while it is open, else the one being served. */
    get loyaltyOrder() {
        const selected = this.getSelectedOrder();
        return selected && !selected.finalized ? selected : this.pos.getOrder();
    },
    /** A refund belongs to the card of the sale. */
    postRefund(destinationOrder) {
        super.postRefund(...arguments);
        const card = destinationOrder.returnedOrder?.loyalty_card_id;
        if (card && !destinationOrder.loyalty_card_id) {
            destinationOrder.loyalty_card_id = card;
        }
    },
    async _onLoyaltyScan(code) {
        if (!(await this.pos.scanLoyaltyCard(code.code, this.loyaltyOrder))) {
            this.barcodeReader.showNotFoundNotification(code);
        }
    },
});
