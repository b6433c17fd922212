import { describe, expect, test } from "@odoo/hoot";
import { setupPosEnv } from "@point_of_sale/../tests/unit/utils";
import { definePosModels } from "@point_of_sale/../tests/unit/data/generate_model_definitions";
import { addProductLineToOrder } from "@pos_loyalty/../tests/unit/utils";

definePosModels();

describe("pos.order.line - products that earn nothing", () => {
    test("C33: Don't Earn Points is left out for loyalty programs only", async () => {
        const store = await setupPosEnv();
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
        const store = await setupPosEnv();
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

    test("C32: selling a gift card earns nothing on loyalty cards", async () => {
        const store = await setupPosEnv();
        const order = store.addNewOrder();
        const loyalty = store.models["loyalty.program"].get(7);
        const line = await addProductLineToOrder(store, order);
        store.models["loyalty.program"].get(3).trigger_product_ids = [line.product_id];

        expect(line.earnsLoyaltyPoints()).toBe(false);
        expect(line.ignoreLoyaltyPoints({ program: loyalty })).toBe(true);
    });
});
