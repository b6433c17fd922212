// Odoo's patch goes first: it does not call what it replaces.
import "@pos_loyalty/app/services/pos_store";
import { PosStore } from "@point_of_sale/app/services/pos_store";
import { AlertDialog } from "@web/core/confirmation_dialog/confirmation_dialog";
import { _t } from "@web/core/l10n/translation";
import { Mutex } from "@web/core/utils/concurrency";
import { patch } from "@web/core/utils/patch";
import { errorMessage } from "@loyalty_pos/app/utils/format";

/** What the till keeps about points, and where paying looks at them first. */
patch(PosStore.prototype, {
    async setup() {
        this.loyaltyMutex = new Mutex();
        this.loyaltyCardsRead = {};
        this.loyaltyHeld = {};
        await super.setup(...arguments);
    },
    async processServerData() {
        await super.processServerData(...arguments);
        for (const order of this.models["pos.order"].filter((order) => !order.finalized)) {
            for (const uuid of Object.keys(order.uiState.loyaltyHolds || {})) {
                this.loyaltyHeld[uuid] = order;
            }
        }
        // Whatever removes a payment (the cashier, a cancelled order, another customer) gives its points back.
        this.models["pos.payment"].addEventListener("delete", ({ key }) =>
            this.releaseLoyaltyHold(key)
        );
        this.models["pos.order.line"].addEventListener("delete", () => this.releaseReductions());
    },
    get loyaltyPrograms() {
        return this.models["loyalty.program"].filter(
            (program) => program.program_type === "loyalty"
        );
    },
    get nominativePrograms() {
        return this.models["loyalty.program"].filter((program) => program.is_nominative);
    },
    async pay() {
        const order = this.getOrder();
        if (this.refuseReturnsWithoutReceipt(order)) {
            return;
        }
        try {
            await this.fitRedemptions(order);
        } catch (error) {
            this.dialog.add(AlertDialog, {
                title: _t("Points cannot be redeemed"),
                body: errorMessage(error),
            });
        }
        return super.pay(...arguments);
    },
    /** Points that were spent stay spent: their payment cannot become one of another kind. */
    canEditPayment(order) {
        return super.canEditPayment(...arguments) && !order.loyaltyPayments.length;
    },
    /** A method that pays with points has no fixed amount, so there is no fast payment with it. */
    async validateOrderFast(method) {
        if (method.type === "loyalty") {
            await this.openRedeemPopup({ method });
            return;
        }
        if (this.refuseReturnsWithoutReceipt(this.getOrder())) {
            return;
        }
        // Before the payment is added: it pays what the points leave.
        if (await this.checkRedemptions(this.getOrder())) {
            await super.validateOrderFast(...arguments);
        }
    },
});
