import { after, describe, expect, test } from "@odoo/hoot";
import { click } from "@odoo/hoot-dom";
import { animationFrame } from "@odoo/hoot-mock";
import { MockServer, mountWithCleanup } from "@web/../tests/web_test_helpers";
import { getFilledOrder } from "@point_of_sale/../tests/unit/utils";
import { definePosModels } from "@point_of_sale/../tests/unit/data/generate_model_definitions";
import { LoyaltyCardChip } from "@loyalty_pos/app/components/loyalty_card_chip/loyalty_card_chip";
import { holds } from "../data/loyalty_card.data";
import { makeCard, setupLoyaltyTill } from "../utils";

definePosModels();

const setupChip = async (values) => {
    const { store } = await setupLoyaltyTill();
    const card = await makeCard(store, MockServer.env, values);
    const order = await getFilledOrder(store);
    order.setLoyaltyCard(card);
    await mountWithCleanup(LoyaltyCardChip, { props: { order } });
    return { store, card, order };
};

describe("LoyaltyCardChip", () => {
    test("N29: the parts of a number stay in their order where one writes from right to left", async () => {
        await setupChip({ code: "0449-e62d-4a35" });
        document.body.dir = "rtl";
        after(() => document.body.removeAttribute("dir"));
        expect(".loyalty-card-number").toHaveText("0449-e62d-4a35");
        expect(".loyalty-card-number").toHaveStyle({ direction: "ltr", "unicode-bidi": "isolate" });
    });

    test("N29, S10: one touch redeems what the order takes of the card; it can be changed afterwards", async () => {
        const { order } = await setupChip({ points: 250 });
        expect(".loyalty-quick-redeem").toHaveText(/Redeem .*2.50/);
        await click(".loyalty-quick-redeem");
        await click(".loyalty-quick-redeem");
        await expect.waitForSteps([]);
        await animationFrame();
        await animationFrame();
        expect(order.redemptions.map(({ points, amount }) => [points, amount])).toEqual([
            [250, 2.5],
        ]);
        expect(Object.values(holds).map(({ points }) => points)).toEqual([250]);
        expect(".loyalty-quick-redeem").toHaveCount(0);
        expect(".loyalty-redemption").toHaveText(/250 Points redeemed/);
    });

    test("N29, S10: one touch asks how many, with the maximum to begin with", async () => {
        const { store, card } = await setupChip({ points: 250 });
        store.dialog.add = (component, props) => expect.step([component.name, props.card.id]);
        await click(".loyalty-choose-points");
        await expect.waitForSteps([["RedeemPointsPopup", card.id]]);
    });

    test("N29: why points changed stays on the order, and no message has to be touched away", async () => {
        const { store, order } = await setupChip({ points: 250 });
        const options = [];
        store.notification.add = (message, option) => options.push(option);
        await store.redeemMaximum(order);
        order.setLoyaltyCard(false);
        await animationFrame();
        expect(".loyalty-note").toHaveText(
            /250 Points .* are no longer redeemed: card 0430001 was removed/
        );
        expect(options.map(({ sticky, autocloseDelay }) => [sticky, autocloseDelay])).toEqual([
            [undefined, 10_000],
        ]);
    });

    test("N29: a card in debt says what it owes and offers nothing", async () => {
        const { store, order, card } = await setupChip({ points: 0, debt_points: 40 });
        expect(".loyalty-card-owed").toHaveText("Owes 40 Points");
        expect(".loyalty-quick-redeem").toHaveCount(0);
        expect(store.whyNotRedeem(order, card)).toInclude(
            "owes 40 Points. New points settle that first."
        );
    });

    test("N29: what cannot be redeemed here is not offered", async () => {
        const { store, order, card } = await setupChip({ points: 250 });
        store.config.payment_method_ids = store.config.payment_method_ids.filter(
            (method) => method.type !== "loyalty"
        );
        expect(store.getQuickRedemption(order)).toBe(null);
        expect(store.isRedeemable(card.program_id)).toBe(false);
    });
});
