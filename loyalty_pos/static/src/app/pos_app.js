import { useExternalListener } from "@odoo/owl";
import { Chrome } from "@point_of_sale/app/pos_app";
import { patch } from "@web/core/utils/patch";

const CARD_SCREENS = ["ProductScreen", "PaymentScreen", "TicketScreen"];

patch(Chrome.prototype, {
    setup() {
        super.setup(...arguments);
        // Not useHotkey: it refuses function keys.
        useExternalListener(window, "keydown", this.onLoyaltyKeydown.bind(this));
    },
    /** F11 opens the card dialog (S9), instead of the browser's full screen. */
    async onLoyaltyKeydown(ev) {
        if (ev.key !== "F11" || !this.pos.loyaltyPrograms.length) {
            return;
        }
        ev.preventDefault();
        const dialogs = this.env.services.overlay.overlays;
        if (CARD_SCREENS.includes(this.pos.router.state.current) && !Object.keys(dialogs).length) {
            await this.pos.openLoyaltyCardPopup();
        }
    },
});
