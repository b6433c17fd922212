import { useBarcodeReader } from "@point_of_sale/app/hooks/barcode_reader_hook";
import { ReceiptScreen } from "@point_of_sale/app/screens/receipt_screen/receipt_screen";
import { patch } from "@web/core/utils/patch";
import { useService } from "@web/core/utils/hooks";

patch(ReceiptScreen.prototype, {
    setup() {
        super.setup(...arguments);
        this.barcodeReader = useService("barcode_reader");
        // Odoo's receipt screen listens to no barcode at all.
        useBarcodeReader({ coupon: this._onCouponScan, loyaltyCard: this._onLoyaltyScan });
    },
    get canNameCard() {
        return this.pos.canNameCard(this.currentOrder);
    },
    async onNameCard() {
        await this.pos.openLoyaltyCardPopup(this.currentOrder);
    },
    _onLoyaltyScan(code) {
        return this.pos.scanLoyaltyCard(code.code, this.currentOrder);
    },
    _onCouponScan(code) {
        // What is no card is nothing here: rewards are claimed on the product screen.
        return this.barcodeReader.showNotFoundNotification(code);
    },
});
