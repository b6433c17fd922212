import { describe, expect, test } from "@odoo/hoot";
import { queryAllTexts } from "@odoo/hoot-dom";
import { mountWithCleanup } from "@web/../tests/web_test_helpers";
import { definePosModels } from "@point_of_sale/../tests/unit/data/generate_model_definitions";
import { ClosePosPopup } from "@point_of_sale/app/components/popups/closing_popup/closing_popup";
import { setupLoyaltyTill } from "../utils";

definePosModels();

describe("ClosePosPopup", () => {
    test("points that paid are shown, and nobody is asked to have counted them", async () => {
        const { method } = await setupLoyaltyTill();
        await mountWithCleanup(ClosePosPopup, {
            props: {
                orders_details: { quantity: 2, amount: 30 },
                opening_notes: "",
                default_cash_details: {
                    id: 1,
                    name: "Cash",
                    amount: 10,
                    opening: 0,
                    payment_amount: 10,
                    moves: [],
                },
                non_cash_payment_methods: [
                    { id: method.id, name: "Points", amount: 20, number: 1, type: "loyalty" },
                    { id: 3, name: "On Account", amount: 5, number: 1, type: "pay_later" },
                ],
                is_manager: true,
                amount_authorized_diff: null,
                close() {},
            },
        });
        const methods = queryAllTexts(".payment-methods-overview > div").map((text) =>
            text.replaceAll(/\s+/g, " ")
        );
        expect(methods.find((text) => text.startsWith("Points"))).toMatch(/^Points \D*20\.00$/);
        expect(methods.find((text) => text.startsWith("On Account"))).toMatch(/Counted/);
        expect(queryAllTexts(".loyalty-closing-note")).toEqual([
            "Redeemed points are not in the drawer: there is nothing to count.",
        ]);
    });
});
