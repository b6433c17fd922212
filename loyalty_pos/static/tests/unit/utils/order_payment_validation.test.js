import { expect, test } from "@odoo/hoot";
import { MockServer, onRpc } from "@web/../tests/web_test_helpers";
import { getFilledOrder } from "@point_of_sale/../tests/unit/utils";
import { definePosModels } from "@point_of_sale/../tests/unit/data/generate_model_definitions";
import OrderPaymentValidation from "@point_of_sale/app/utils/order_payment_validation";
import { makeCard, setupLoyaltyTill } from "../utils";

definePosModels();

/** Sell an order that earns and redeems; return what the till asked the server for. */
const sell = async (issueOn) => {
    const { store, program } = await setupLoyaltyTill();
    Object.assign(program, { issue_on: issueOn, limit_usage: false });
    const card = await makeCard(store, MockServer.env);
    const order = await getFilledOrder(store);
    order.setLoyaltyCard(card);
    order.uiState.couponPointChanges = {
        [card.id]: { points: 10, program_id: program.id, coupon_id: card.id },
    };
    const calls = [];
    onRpc(({ model, method }) => {
        calls.push(`${model}.${method}`);
    });
    onRpc("pos.order", "sync_from_ui", ({ parent }) => {
        const data = parent();
        data["pos.order"][0].loyalty_settled = issueOn === "paid";
        return data;
    });
    for (const method of ["validate_coupon_programs", "confirm_coupon_programs"]) {
        onRpc("pos.order", method, () => {
            calls.push(`pos.order.${method}`);
            return { successful: true, payload: {} };
        });
    }
    await store.redeemPoints(order, card, 250, "p-1");
    order.addPaymentline(store.models["pos.payment.method"].get(1));
    const validation = new OrderPaymentValidation({ pos: store, orderUuid: order.uuid });
    validation.isOrderValid = async () => true;
    await validation.validateOrder();
    return calls;
};

test("N6: an order that earns and redeems asks the server for the reservation and is sent, nothing else", async () => {
    expect(await sell("paid")).toEqual(["loyalty.card.pos_hold", "pos.order.sync_from_ui"]);
});

test("N6: with Odoo's own timing the cards are asked first what they can spend", async () => {
    const calls = await sell("order");
    expect(calls.slice(0, 3)).toEqual([
        "loyalty.card.pos_hold",
        "pos.order.validate_coupon_programs",
        "pos.order.sync_from_ui",
    ]);
});
