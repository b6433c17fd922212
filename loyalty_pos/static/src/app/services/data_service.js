import { PosData } from "@point_of_sale/app/services/data_service";
import { patch } from "@web/core/utils/patch";

patch(PosData.prototype, {
    /** Before an order is paid Odoo asks whether its cards can spend so much: not where they spend nothing. */
    async call(model, method, args) {
        if (method === "validate_coupon_programs" && this.isOnlyEarned(...args)) {
            return { successful: true, payload: {} };
        }
        return super.call(...arguments);
    },
    /** Return whether all cards of an order win, in programs whose points the server gives when it is paid. */
    isOnlyEarned(ids, pointChanges, newCodes) {
        return (
            !newCodes.length &&
            Object.entries(pointChanges).every(([cardId, points]) => {
                const card = this.models["loyalty.card"].get(Number(cardId));
                return points >= 0 && card?.program_id?.issue_on === "paid";
            })
        );
    },
});
