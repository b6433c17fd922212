import { describe, expect, test } from "@odoo/hoot";
import { setupPosEnv } from "@point_of_sale/../tests/unit/utils";
import { definePosModels } from "@point_of_sale/../tests/unit/data/generate_model_definitions";
import { addProductLineToOrder } from "@pos_loyalty/../tests/unit/utils";
import { cases } from "../utils/product_cases";

definePosModels();

/** A till whose product 1 is goods: Odoo's mock till has it as its tip. */
const setupTill = async () => {
    const store = await setupPosEnv();
    store.config.tip_product_id = undefined;
    return store;
};

describe("pos.order.line - products that earn nothing", () => {
    test("C33: Don't Earn Points is left out for loyalty programs only", async () => {
        const store = await setupTill();
        const order = store.addNewOrder();
        const loyalty = store.models["loyalty.program"].get(7);
        const coupons = store.models["loyalty.program"].get(1);
        coupons.program_type = "promotion";
        const line = await addProductLineToOrder(store, order, { qty: 3 });

        expect(line.ignoreLoyaltyPoints({ program: loyalty })).not.toBe(true);
        expect(order.pointsForPrograms([loyalty])[7]).toEqual([{ points: 3 }]);

        line.product_id.product_tmpl_id.loyalty_no_earn = true;

        expect(line.ignoreLoyaltyPoints({ program: loyalty })).toBe(true);
        expect(line.ignoreLoyaltyPoints({ program: coupons })).not.toBe(true);
        expect(order.pointsForPrograms([loyalty])[7]).toEqual([]);
    });

    test("C33: what earns nothing does not reach the minimum purchase", async () => {
        const store = await setupTill();
        const order = store.addNewOrder();
        const loyalty = store.models["loyalty.program"].get(7);
        const first = await addProductLineToOrder(store, order, { qty: 2, price_unit: 10 });
        const second = await addProductLineToOrder(store, order, {
            templateId: 5,
            productId: 5,
            qty: 2,
            price_unit: 10,
        });
        loyalty.rule_ids[0].minimum_amount = first.prices.total_included + 1;

        expect(order.pointsForPrograms([loyalty])[7]).toEqual([{ points: 4 }]);

        second.product_id.product_tmpl_id.loyalty_no_earn = true;

        expect(order.pointsForPrograms([loyalty])[7]).toEqual([]);
    });

    test("N29, C33: tips earn nothing and are not paid with points", async () => {
        const store = await setupTill();
        const order = store.addNewOrder();
        const loyalty = store.models["loyalty.program"].get(7);
        const line = await addProductLineToOrder(store, order, { qty: 3 });
        expect(line.mayBePaidWith(loyalty)).toBe(true);

        store.config.tip_product_id = line.product_id;

        expect(line.mayBePaidWith(loyalty)).toBe(false);
        expect(line.earnsLoyaltyPoints(loyalty)).toBe(false);
        expect(order.pointsForPrograms([loyalty])[7]).toEqual([]);
        loyalty.gift_cards_earn = true;
        loyalty.redeem_stored_value = true;
        expect(line.mayBePaidWith(loyalty)).toBe(false);
        expect(line.earnsLoyaltyPoints(loyalty)).toBe(false);
    });

    test("N29, bP5: gift cards and wallet top-ups are paid with points only where the program says so", async () => {
        const store = await setupTill();
        const order = store.addNewOrder();
        const loyalty = store.models["loyalty.program"].get(7);
        const prepaid = store.models["loyalty.program"].get(3);
        const line = await addProductLineToOrder(store, order);
        for (const type of ["gift_card", "ewallet"]) {
            prepaid.program_type = type;
            prepaid.trigger_product_ids = [line.product_id];
            loyalty.redeem_stored_value = false;
            expect(line.mayBePaidWith(loyalty)).toBe(false);
            expect(order.getLoyaltyDue(null, false, loyalty)).toBe(0);
            expect(order.getLoyaltyDue(null, true, loyalty)).toBe(0);

            loyalty.redeem_stored_value = true;
            expect(line.mayBePaidWith(loyalty)).toBe(true);
            expect(order.getLoyaltyDue(null, false, loyalty)).toBe(order.totalDue);
            expect(order.getLoyaltyDue(null, true, loyalty)).toBe(order.totalDue);
        }
    });

    test("C32: selling a gift card earns nothing on loyalty cards", async () => {
        const store = await setupTill();
        const order = store.addNewOrder();
        const loyalty = store.models["loyalty.program"].get(7);
        const line = await addProductLineToOrder(store, order);
        store.models["loyalty.program"].get(3).trigger_product_ids = [line.product_id];

        expect(line.earnsLoyaltyPoints(loyalty)).toBe(false);
        expect(line.ignoreLoyaltyPoints({ program: loyalty })).toBe(true);
    });

    test("bH9: a setting decides whether selling a gift card earns, as the server has it", async () => {
        const store = await setupTill();
        const order = store.addNewOrder();
        const loyalty = store.models["loyalty.program"].get(7);
        const prepaid = store.models["loyalty.program"].get(3);
        const line = await addProductLineToOrder(store, order, { qty: 2 });
        for (const [index, { noEarn, sells, giftCardsEarn, earns }] of cases.entries()) {
            line.product_id.product_tmpl_id.loyalty_no_earn = noEarn;
            prepaid.program_type = sells || "gift_card";
            prepaid.trigger_product_ids = sells ? [line.product_id] : [];
            loyalty.gift_cards_earn = giftCardsEarn;
            for (const issueOn of ["order", "paid"]) {
                loyalty.issue_on = issueOn;
                const message = `case ${index}, points given when ${issueOn}`;
                expect(line.earnsLoyaltyPoints(loyalty)).toBe(earns, { message });
                expect(Boolean(line.ignoreLoyaltyPoints({ program: loyalty }))).toBe(!earns, {
                    message,
                });
            }
            loyalty.issue_on = "order";
            expect(order.pointsForPrograms([loyalty])[7]).toEqual(earns ? [{ points: 2 }] : [], {
                message: `case ${index}`,
            });
        }
    });

    test("bH9: each program counts gift cards by its own setting", async () => {
        const store = await setupTill();
        const order = store.addNewOrder();
        const [first, second] = [1, 7].map((id) => store.models["loyalty.program"].get(id));
        const line = await addProductLineToOrder(store, order, { qty: 2 });
        store.models["loyalty.program"].get(3).trigger_product_ids = [line.product_id];
        first.rule_ids[0].reward_point_mode = "unit";
        expect(order.pointsForPrograms([first, second])).toEqual({ 1: [], 7: [] });

        second.gift_cards_earn = true;

        expect(order.pointsForPrograms([first, second])).toEqual({ 1: [], 7: [{ points: 2 }] });
    });
});
