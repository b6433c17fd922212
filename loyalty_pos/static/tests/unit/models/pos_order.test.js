import { describe, expect, test } from "@odoo/hoot";
import { MockServer } from "@web/../tests/web_test_helpers";
import { getFilledOrder } from "@point_of_sale/../tests/unit/utils";
import { definePosModels } from "@point_of_sale/../tests/unit/data/generate_model_definitions";
import { makeCard, setupLoyaltyTill } from "../utils";

definePosModels();

describe("pos.order - cards and redemptions", () => {
    test("bH6: another customer takes the card and its redemptions off the order", async () => {
        const { store, method } = await setupLoyaltyTill();
        const card = await makeCard(store, MockServer.env);
        const order = await getFilledOrder(store);
        order.setPartner(store.models["res.partner"].get(3));
        order.setLoyaltyCard(card);
        order.addLoyaltyPayment({ uuid: "p-1", method, card, points: 250, amount: 2.5 });

        expect(order.getLoyaltyCard().id).toBe(card.id);
        expect(order.redemptions).toHaveLength(1);

        order.setPartner(store.models["res.partner"].get(4));

        expect(order.loyalty_card_id).toBe(undefined);
        expect(order.payment_ids).toHaveLength(0);
    });

    test("S10, S11: a payment by points comes with its points, and nothing but the popup changes it", async () => {
        const { store, method } = await setupLoyaltyTill();
        const card = await makeCard(store, MockServer.env);
        const order = await getFilledOrder(store);
        const due = order.totalDue;

        expect(order.addPaymentline(method).status).toBe(false);
        expect(order.payment_ids).toHaveLength(0);

        const payment = order.addLoyaltyPayment({
            uuid: "p-1",
            method,
            card,
            points: 250,
            amount: 2.5,
        });
        expect(order.remainingDue).toBe(order.currency.round(due - 2.5));

        payment.setAmount(100);
        expect(payment.getAmount()).toBe(2.5);
        expect(payment.redeemedPoints).toBe(250);
        expect(order.getLoyaltyDue()).toBe(order.currency.round(due - 2.5));
        expect(order.getLoyaltyDue(payment)).toBe(due);

        const [serialized] = order.serializeForORM().payment_ids;
        expect(serialized[2]).toInclude("loyalty_card_id");
        expect(serialized[2].loyalty_card_code).toBe("0430001");
        expect(serialized[2].uuid).toBe("p-1");
    });

    test("bH10: what rewards spend cannot be redeemed as well", async () => {
        const { store } = await setupLoyaltyTill();
        const card = await makeCard(store, MockServer.env);
        const order = await getFilledOrder(store);
        order.lines[0].update({ is_reward_line: true, coupon_id: card, points_cost: 300 });

        expect(order.getRedeemablePoints(card)).toBe(700);
    });
});
