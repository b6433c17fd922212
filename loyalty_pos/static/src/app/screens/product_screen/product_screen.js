// Odoo's patch goes first: it does not know cards with plain numbers.
import "@pos_loyalty/app/screens/product_screen/product_screen";
import { LoyaltyCardChip } from "@loyalty_pos/app/components/loyalty_card_chip/loyalty_card_chip";
import { useBarcodeReader } from "@point_of_sale/app/hooks/barcode_reader_hook";
import { ProductScreen } from "@point_of_sale/app/screens/product_screen/product_screen";
import { patch } from "@web/core/utils/patch";

patch(ProductScreen, {
    components: { ...ProductScreen.components, LoyaltyCardChip },
});

patch(ProductScreen.prototype, {
    setup() {
        super.setup(...arguments);
        useBarcodeReader({ loyaltyCard: (code) => this.pos.scanLoyaltyCard(code.code) });
    },
    /** A card whose number looks like a product's is no reason for the sound of an error. */
    async _barcodeProductAction(code) {
        if (
            this.pos.loyaltyPrograms.length &&
            !(await this._getProductByBarcode(code)) &&
            (await this.pos.scanLoyaltyCard(code.code))
        ) {
            return;
        }
        await super._barcodeProductAction(...arguments);
    },
});
