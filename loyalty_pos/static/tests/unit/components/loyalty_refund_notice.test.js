import { describe, expect, test } from "@odoo/hoot";
import { queryAllTexts } from "@odoo/hoot-dom";
import { mountWithCleanup } from "@web/../tests/web_test_helpers";
import { definePosModels } from "@point_of_sale/../tests/unit/data/generate_model_definitions";
import { LoyaltyRefundNotice } from "@loyalty_pos/app/components/loyalty_refund_notice/loyalty_refund_notice";
import { setupLoyaltyTill } from "../utils";

definePosModels();

const setupNotice = async (effects) => {
    const { store } = await setupLoyaltyTill();
    const order = {
        currency: store.currency,
        getRefundEffects: () => ({ money: 0, taken: 0, missing: 0, ...effects }),
    };
    await mountWithCleanup(LoyaltyRefundNotice, { props: { order } });
};
const club = { name: "Rewards Club", portal_point_name: "Stars" };
const cafe = { name: "Coffee Lovers", portal_point_name: "Beans" };

describe("LoyaltyRefundNotice", () => {
    test("N29, N4: points that stay are said in the words of their own program", async () => {
        await setupNotice({
            card: { program_id: club },
            program: cafe,
            taken: 7,
            kept: [{ program: club, points: 70 }],
        });
        expect(".loyalty-refund-taken").toHaveText(
            "7 Beans earned with these goods are taken back."
        );
        expect(".loyalty-refund-kept").toHaveText(
            /^70 Stars earned with these goods stay on the card: this program does not take points back/
        );
    });

    test("N29, N4: points of several programs are never one sum", async () => {
        await setupNotice({
            kept: [
                { program: club, points: 70 },
                { program: cafe, points: 3.5 },
            ],
        });
        expect(".loyalty-refund-kept").toHaveText(
            /^70 Stars of Rewards Club and 3.50 Beans of Coffee Lovers earned with these goods stay on the customer's cards/
        );
    });

    test("N29, N4: money and the points of each card are said before an amount is typed", async () => {
        const returned = [
            { card: { code: "0430001", program_id: club }, points: 500, amount: 5 },
            { card: { code: "0430002", program_id: cafe }, points: 20, amount: 2 },
        ];
        await setupNotice({ returned, money: 63 });
        expect(".loyalty-refund-money").toHaveText(/^Refund .*63.00 in money\.$/);
        const [first, second] = queryAllTexts(".loyalty-refund-back");
        expect(first).toMatch(/^500 Stars \(.*5.00\) go back to card 0430001\.$/);
        expect(second).toMatch(/^20 Beans \(.*2.00\) go back to card 0430002\.$/);
    });

    test("N29, N4: nothing is said where nothing happens", async () => {
        await setupNotice({});
        expect(".loyalty-refund-notice").toHaveCount(0);
    });
});
