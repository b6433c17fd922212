import { useBarcodeReader } from "@point_of_sale/app/hooks/barcode_reader_hook";
import { TicketScreen } from "@point_of_sale/app/screens/ticket_screen/ticket_screen";
import { _t } from "@web/core/l10n/translation";
import { useService } from "@web/core/utils/hooks";
import { patch } from "@web/core/utils/patch";

patch(TicketScreen.prototype, {
    setup() {
        super.setup(...arguments);
        this.barcodeReader = useService("barcode_reader");
        this.notification = useService("notification");
        useBarcodeReader({ coupon: this._onCouponScan, loyaltyCard: this._onLoyaltyScan });
    },
    /**
     * The order whose card a scan sets: the selected one while it is open, or was paid without a customer; else the one
     * being served.
     */
    get loyaltyOrder() {
        const selected = this.getSelectedOrder();
        return selected && (!selected.finalized || this.pos.canNameCard(selected))
            ? selected
            : this.pos.getOrder();
    },
    get canNameCard() {
        return this.pos.canNameCard(this.getSelectedOrder());
    },
    async onNameCard() {
        await this.pos.openLoyaltyCardPopup(this.getSelectedOrder());
    },
    /** What points took off the price comes back with the goods, by itself. */
    _onUpdateSelectedOrderline() {
        const order = this.getSelectedOrder();
        const line = order?.lines.find((line) => line.id === this.getSelectedOrderlineId());
        if (!line?.isRedemption) {
            return super._onUpdateSelectedOrderline(...arguments);
        }
        this.notification.add(
            _t(
                "Choose the goods that are returned; points that were redeemed for them are returned automatically."
            ),
            { type: "info" }
        );
        return this.numberBuffer.reset();
    },
    /** What of a paid order can still come back with one touch: goods, and what lowered their price; tips stay. */
    get returnableLines() {
        const order = this.isOrderSynced && this.getSelectedOrder();
        const isOurs =
            order &&
            (order.loyalty_card_id ||
                order.redemptions.length ||
                order.lines.some((line) => line.is_reward_line));
        return isOurs
            ? order.lines.filter(
                  (line) =>
                      !line.isRedemption &&
                      !line.isTipLine() &&
                      line.qty - line.refundedQty > 0 &&
                      !order.uiState.lineToRefund[line.uuid]?.destinationOrder
              )
            : [];
    },
    async onReturnAll() {
        for (const line of this.returnableLines) {
            this.getToRefundDetail(line).qty = line.qty - line.refundedQty;
        }
        await this.onDoRefund();
    },
    /** A refund belongs to the card of the sale. */
    postRefund(destinationOrder) {
        super.postRefund(...arguments);
        const card = destinationOrder.returnedOrder?.loyalty_card_id;
        if (card && !destinationOrder.loyalty_card_id) {
            destinationOrder.loyalty_card_id = card;
        }
        destinationOrder.fitReductionsToReturn();
    },
    _onLoyaltyScan(code) {
        return this.pos.scanLoyaltyCard(code.code, this.loyaltyOrder);
    },
    _onCouponScan(code) {
        // What is no card is nothing here: rewards are claimed on the product screen.
        return this.barcodeReader.showNotFoundNotification(code);
    },
});
