// Odoo's patch goes first: it does not call what it replaces.
import "@pos_loyalty/app/services/pos_store";
import { PosStore } from "@point_of_sale/app/services/pos_store";
import { ask } from "@point_of_sale/app/utils/make_awaitable_dialog";
import { _t } from "@web/core/l10n/translation";
import { ConnectionLostError } from "@web/core/network/rpc";
import { patch } from "@web/core/utils/patch";
import { errorMessage, formatPoints, isolated, sayPoints } from "@loyalty_pos/app/utils/format";

/** Orders that are paid already and get the card of their customer. */
patch(PosStore.prototype, {
    /** Whether a paid order can still be given the card of its customer: nobody was named when it was paid. */
    canNameCard(order) {
        return Boolean(
            order?.finalized &&
                order.state === "paid" &&
                order.session_id?.id === this.session.id &&
                this.loyaltyPrograms.length &&
                !order.loyalty_card_id &&
                !order.loyalty_points_earned &&
                !order.returnedOrder
        );
    },
    /**
     * Give a paid order the card of its customer, who was not known when it was paid, once the cashier agreed: it
     * earns then, and this is final. Returns why not, or an empty string.
     */
    async nameCardAfterPayment(card, order) {
        const name = order.getName();
        if (!this.canNameCard(order)) {
            return order.loyalty_card_id
                ? _t(
                      "Order %s is paid and has its card and its points already; they cannot move to another card.",
                      name
                  )
                : _t(
                      "Order %s is paid and can no longer be given a card. A manager can give its points with Adjust Points.",
                      name
                  );
        }
        if (this.isCashiersCard(card)) {
            return _t(
                "This is your own card. Ask a colleague to give the points of order %s.",
                name
            );
        }
        if (!order.isSynced) {
            return _t(
                "Order %s has not reached the server yet. Try again when the connection is back.",
                name
            );
        }
        const values = {
            order: name,
            code: isolated(card.code),
            customer: card.partner_id?.name || "",
        };
        const agreed = await ask(this.dialog, {
            title: _t("Give the points of a paid order?"),
            body: _t(
                "Order %(order)s is paid. It gets card %(code)s of %(customer)s and earns its points. This cannot be changed afterwards.",
                values
            ),
            confirmLabel: _t("Give Points"),
            cancelLabel: _t("Back"),
        });
        if (!agreed) {
            return "";
        }
        try {
            const { points, balance } = await this.data.call("pos.order", "pos_name_card", [
                [order.id],
                this.config.id,
                card.id,
            ]);
            await this.data.loadServerOrders([["id", "=", order.id]]);
            delete this.loyaltyCardsRead[card.partner_id?.id];
            this.notifyLoyalty(
                _t("Order %(order)s: card %(code)s earned %(points)s; it has %(balance)s now.", {
                    ...values,
                    points: sayPoints(points, card.program_id),
                    balance: formatPoints(balance),
                }),
                { type: "success" }
            );
        } catch (error) {
            return error instanceof ConnectionLostError
                ? _t("There is no connection to the server. Try again when it is back.")
                : errorMessage(error);
        }
        return "";
    },
});
