import { useExternalListener } from "@odoo/owl";
import { Chrome } from "@point_of_sale/app/pos_app";
import { patch } from "@web/core/utils/patch";

/** The keys of the till, and on which screens each of them works. Odoo's till has no function keys. */
const CARD_KEY = "F11";
const REDEEM_KEY = "F9";
const SCREENS = {
    [CARD_KEY]: ["ProductScreen", "PaymentScreen", "TicketScreen", "ReceiptScreen"],
    [REDEEM_KEY]: ["ProductScreen", "PaymentScreen"],
};

patch(Chrome.prototype, {
    setup() {
        super.setup(...arguments);
        // Not useHotkey: it refuses function keys.
        useExternalListener(window, "keydown", this.onLoyaltyKeydown.bind(this));
    },
    /** F11 opens the card dialog (S9), instead of the browser's full screen; F9 redeems points. */
    async onLoyaltyKeydown(ev) {
        const { pos } = this;
        const offered = ev.key === CARD_KEY ? pos.loyaltyPrograms : pos.redeemablePrograms;
        if (!(ev.key in SCREENS) || ev.ctrlKey || ev.altKey || ev.metaKey || !offered.length) {
            return;
        }
        ev.preventDefault();
        const dialogs = this.env.services.overlay.overlays;
        if (
            ev.repeat ||
            this.isOpeningLoyalty ||
            !pos.getOrder() ||
            !SCREENS[ev.key].includes(pos.router.state.current) ||
            Object.keys(dialogs).length
        ) {
            return;
        }
        // Cards are asked for before a dialog is there that stops the next key.
        this.isOpeningLoyalty = true;
        try {
            await (ev.key === CARD_KEY ? pos.openLoyaltyCardPopup() : pos.openRedeemPopup());
        } finally {
            this.isOpeningLoyalty = false;
        }
    },
});
