import { PaymentScreenPaymentLines } from "@point_of_sale/app/screens/payment_screen/payment_lines/payment_lines";
import { _t } from "@web/core/l10n/translation";
import { patch } from "@web/core/utils/patch";
import { isolated, sayPoints } from "@loyalty_pos/app/utils/format";

patch(PaymentScreenPaymentLines.prototype, {
    getPointsLabel({ redeemedPoints, loyalty_card_code: code, payment_method_id: method }) {
        const points = sayPoints(Math.abs(redeemedPoints), method.loyalty_program_id);
        return redeemedPoints < 0
            ? _t("%(points)s back to card %(code)s", { points, code: isolated(code) })
            : _t("%(points)s, card %(code)s", { points, code: isolated(code) });
    },
    /** On small screens Odoo asks for a new amount; points are changed in their own popup. */
    async selectLine(paymentline) {
        if (!paymentline.isLoyalty) {
            return super.selectLine(...arguments);
        }
        this.props.selectLine(paymentline.uuid);
        const order = paymentline.pos_order_id;
        const redemption = order.redemptions.find((other) => other.uuid === paymentline.uuid);
        if (redemption) {
            await this.pos.openRedeemPopup({ order, redemption });
        }
    },
});
