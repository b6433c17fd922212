import { describe, expect, test } from "@odoo/hoot";
import { click, edit, press, queryAll, queryOne } from "@odoo/hoot-dom";
import { animationFrame } from "@odoo/hoot-mock";
import { MockServer, mountWithCleanup } from "@web/../tests/web_test_helpers";
import { getFilledOrder } from "@point_of_sale/../tests/unit/utils";
import { definePosModels } from "@point_of_sale/../tests/unit/data/generate_model_definitions";
import { LoyaltyCardPopup } from "@loyalty_pos/app/components/popups/loyalty_card_popup/loyalty_card_popup";
import { makeCard, setupLoyaltyTill } from "../utils";

definePosModels();

const setupPopup = async (count = 0, values = {}) => {
    const { store } = await setupLoyaltyTill();
    const order = await getFilledOrder(store);
    order.setPartner(store.models["res.partner"].get(3));
    const cards = [];
    for (let number = 1; number <= count; number++) {
        cards.push(await makeCard(store, MockServer.env, { code: `100${number}`, ...values }));
    }
    await mountWithCleanup(LoyaltyCardPopup, {
        props: { order, cards, close: () => expect.step("close") },
    });
    return { store, order, cards };
};
const enter = async (code) => {
    await click(".loyalty-card-code");
    await edit(code);
    await press("Enter");
    await animationFrame();
};

describe("LoyaltyCardPopup", () => {
    test("N29, S9, S17: the number of a gift card says what it is and is not offered as a new card", async () => {
        await setupPopup();
        await enter("044-gift");
        await animationFrame();
        expect(".loyalty-error").toHaveText("044-gift is a gift card.");
        expect(".loyalty-issue-code").toHaveCount(0);

        await enter("7777");
        await animationFrame();
        expect(".loyalty-error").toHaveText("No card 7777.");
        expect(".loyalty-issue-code").toHaveCount(1);
    });

    test("N29: what is wrong is above the cards, however many there are", async () => {
        await setupPopup(5);
        expect(queryAll(".loyalty-card-choice")).toHaveLength(5);
        await enter("9999");
        await animationFrame();
        const [error, card] = [queryOne(".loyalty-error"), queryOne(".loyalty-card-choice:first")];
        expect(error.compareDocumentPosition(card)).toBe(Node.DOCUMENT_POSITION_FOLLOWING);
    });

    test("N29: cards say what they have, in the program's own word, and what they owe", async () => {
        await setupPopup(1, { points: 0, debt_points: 40 });
        expect(".loyalty-card-choice .fw-bolder:last").toHaveText("0 Points");
        expect(".loyalty-card-owed").toHaveText("owes 40 Points");
    });

    test("N29, N8: without connection cards that the till has seen are found by their number", async () => {
        const { store, order, cards } = await setupPopup(1);
        store.data.network.offline = true;
        await enter("5555");
        await animationFrame();
        expect(".loyalty-error").toHaveText(/has not seen the card before/);
        await enter("1001");
        await expect.waitForSteps(["close"]);
        expect(order.loyalty_card_id.id).toBe(cards[0].id);
    });
});
