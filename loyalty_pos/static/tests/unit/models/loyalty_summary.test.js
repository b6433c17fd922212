import { describe, expect, test } from "@odoo/hoot";
import { MockServer } from "@web/../tests/web_test_helpers";
import { definePosModels } from "@point_of_sale/../tests/unit/data/generate_model_definitions";
import { CustomerDisplayPosAdapter } from "@point_of_sale/app/customer_display/customer_display_adapter";
import { OrderReceipt } from "@point_of_sale/app/screens/receipt_screen/receipt/order_receipt";
import { makeCard, setupDue } from "../utils";

definePosModels();

/** An order of 70.00 on a card that is 63 stars short of Gold; 120 stars of it expire next. */
const setupSummary = async () => {
    const till = await setupDue({ price: 70 });
    Object.assign(till.program, {
        portal_point_name: "stars",
        level_basis: "lifetime",
        expiry_policy: "lot",
        issue_on: "paid",
        _levels: [
            { id: 1, name: "Silver", least: 0 },
            { id: 2, name: "Gold", least: 500 },
        ],
    });
    Object.assign(till.card, {
        level_name: "Silver",
        level_basis_value: 437,
        next_expiry_date: "2026-12-31",
        next_expiry_points: 120,
    });
    return till;
};
const rowsOf = (order) =>
    OrderReceipt.prototype
        .__lookupGetter__("loyaltyRows")
        .call({ loyaltySummary: order.getLoyaltySummary() })
        .map(({ id, label, value }) => [id, String(label), String(value)]);
/** The order is paid, and the server has settled it. */
const settle = (order, values) =>
    Object.assign(order, { state: "paid", loyalty_settled: true, ...values });

describe("pos.order - what customers are told", () => {
    test("N22, N29: the customer display says level, progress and what expires next", async () => {
        const { order } = await setupSummary();
        const display = new CustomerDisplayPosAdapter();
        display.formatOrderData(order);
        const { level, progress, expiresMessage } = display.data.loyalty;
        expect(level).toBe("Silver");
        expect(progress).toBe("63 stars to Gold");
        expect(expiresMessage.toString()).toBe("Expires next: 120 stars on 12/31/2026");
    });

    test("N22, N29: the receipt counts what the order earned, and spent first", async () => {
        const { order, redeem } = await setupSummary();
        redeem(100, 1);
        settle(order, {
            loyalty_points_earned: 60,
            loyalty_points_redeemed: 100,
            loyalty_balance_after: 99_960,
        });
        expect(rowsOf(order)).toEqual([
            ["level", "Level", "Silver"],
            ["progress", "Next level", "3 stars to Gold"],
            ["redeemed", "Stars redeemed", "100"],
            ["earned", "Stars earned", "60"],
            ["balance", "New balance", "99,960"],
            ["expires", "Expires next", "20 stars on 12/31/2026"],
        ]);
        // Where a sale renews the whole balance, the day of before is no longer true.
        order.loyalty_card_id.program_id.expiry_policy = "rolling";
        expect(order.getLoyaltySummary().expires).toBe("");
    });

    test("N29, S10: points of several cards are never one sum", async () => {
        const { store, order, method, redeem } = await setupSummary();
        const second = await makeCard(store, MockServer.env, { code: "0430002" });
        redeem(100, 1);
        const values = { uuid: "p-2", method, card: second, points: 200, amount: 2 };
        order.addLoyaltyPayment(values);
        settle(order, {
            loyalty_points_earned: 0,
            loyalty_points_redeemed: 300,
            loyalty_balance_after: 99_900,
        });
        expect(rowsOf(order).slice(2, 5)).toEqual([
            ["redeemed", "Stars redeemed", "100"],
            [`redeemed-${second.id}`, "Redeemed from card 0430002", "200 stars"],
            ["balance", "New balance", "99,900"],
        ]);
    });
});
