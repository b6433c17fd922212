import { onWillStart } from "@odoo/owl";
import { LoyaltyCardChip } from "@loyalty_pos/app/components/loyalty_card_chip/loyalty_card_chip";
import { LoyaltyRefundNotice } from "@loyalty_pos/app/components/loyalty_refund_notice/loyalty_refund_notice";
import { useBarcodeReader } from "@point_of_sale/app/hooks/barcode_reader_hook";
import { PaymentScreen } from "@point_of_sale/app/screens/payment_screen/payment_screen";
import { useAsyncLockedMethod } from "@point_of_sale/app/hooks/hooks";
import { patch } from "@web/core/utils/patch";
import { useService } from "@web/core/utils/hooks";

patch(PaymentScreen, {
    components: { ...PaymentScreen.components, LoyaltyCardChip, LoyaltyRefundNotice },
});

patch(PaymentScreen.prototype, {
    setup() {
        super.setup(...arguments);
        this.barcodeReader = useService("barcode_reader");
        this.openRedeemPopup = useAsyncLockedMethod(this.openRedeemPopup);
        onWillStart(() => this.pos.previewRefund(this.currentOrder));
        // Odoo's payment screen listens to no barcode at all.
        useBarcodeReader({ coupon: this._onCouponScan, loyaltyCard: this._onLoyaltyScan });
    },
    onMounted() {
        this.isMounting = true;
        if (this.currentOrder.isRefund) {
            this.currentOrder.fitPointsToReturn();
        }
        super.onMounted(...arguments);
        this.isMounting = false;
        const money = this.currentOrder.suggestMoneyBack();
        if (money) {
            this.numberBuffer.set(money.getAmount().toString());
        }
    },
    _onLoyaltyScan(code) {
        return this.pos.scanLoyaltyCard(code.code, this.currentOrder);
    },
    _onCouponScan(code) {
        // What is no card is nothing here: rewards are claimed on the product screen.
        return this.barcodeReader.showNotFoundNotification(code);
    },
    async openRedeemPopup(options) {
        this.numberBuffer.reset();
        await this.pos.openRedeemPopup({ order: this.currentOrder, ...options });
    },
    changeRedemption({ uuid }) {
        return this.openRedeemPopup({
            redemption: this.currentOrder.redemptions.find((other) => other.uuid === uuid),
        });
    },
    /** Paying with points begins with how many; a till with no other method does not begin by itself. */
    async addNewPaymentLine(paymentMethod) {
        if (paymentMethod.type !== "loyalty") {
            this.currentOrder.dropSuggestedMoney();
            return super.addNewPaymentLine(...arguments);
        }
        if (!this.isMounting) {
            await this.openRedeemPopup({ method: paymentMethod });
        }
        return false;
    },
    /** The numpad removes a payment by points; any other change goes through the popup. */
    updateSelectedPaymentline(amount = false) {
        const payment = this.selectedPaymentLine;
        if (!payment?.isLoyalty) {
            return super.updateSelectedPaymentline(...arguments);
        }
        if (amount === null || (amount === false && this.numberBuffer.get() === null)) {
            this.deletePaymentLine(payment.uuid);
        } else {
            this.changeRedemption(payment);
        }
    },
    /** Points that go back for returned goods are no choice of the cashier's. */
    deletePaymentLine(uuid) {
        const payment = this.paymentLines.find((line) => line.uuid === uuid);
        if (payment.isLoyalty && payment.getAmount() < 0) {
            this.changeRedemption(payment);
            return;
        }
        super.deletePaymentLine(...arguments);
    },
    paymentMethodImage() {
        return this.paymentMethod.type === "loyalty" && !this.paymentMethod.image
            ? "/loyalty_pos/static/src/img/points.svg"
            : super.paymentMethodImage(...arguments);
    },
});
