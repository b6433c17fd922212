import { BarcodeReader } from "@point_of_sale/app/services/barcode_reader_service";
import { ConnectionLostError } from "@web/core/network/rpc";
import { patch } from "@web/core/utils/patch";

patch(BarcodeReader.prototype, {
    /**
     * Card numbers need no barcode rule: what is nothing else may be a card, whatever type its digits look like.
     * Screens say by the callback `loyaltyCard` that they take cards; it returns whether the code was one.
     */
    async showNotFoundNotification(code) {
        try {
            for (const callbacks of this.exclusiveCbMap ? [this.exclusiveCbMap] : this.cbMaps) {
                if (await callbacks.loyaltyCard?.(code)) {
                    return;
                }
            }
        } catch (error) {
            if (!(error instanceof ConnectionLostError)) {
                throw error;
            }
        }
        super.showNotFoundNotification(...arguments);
    },
});
