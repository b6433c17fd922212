import { ControlButtons } from "@point_of_sale/app/screens/product_screen/control_buttons/control_buttons";
import { patch } from "@web/core/utils/patch";

patch(ControlButtons.prototype, {
    async clickRedeemPoints() {
        this.props.close?.();
        await this.pos.openRedeemPopup();
    },
    async clickLoyaltyCard() {
        this.props.close?.();
        await this.pos.openLoyaltyCardPopup();
    },
});
