import { describe, expect, test } from "@odoo/hoot";
import { click, edit, press, queryOne, queryText } from "@odoo/hoot-dom";
import { animationFrame } from "@odoo/hoot-mock";
import { MockServer, mountWithCleanup } from "@web/../tests/web_test_helpers";
import { getFilledOrder } from "@point_of_sale/../tests/unit/utils";
import { definePosModels } from "@point_of_sale/../tests/unit/data/generate_model_definitions";
import { RedeemPointsPopup } from "@loyalty_pos/app/components/popups/redeem_points_popup/redeem_points_popup";
import { holds } from "../data/loyalty_card.data";
import { makeCard, setupLoyaltyTill } from "../utils";

definePosModels();

const setupPopup = async (points = 1000) => {
    const { store } = await setupLoyaltyTill();
    const card = await makeCard(store, MockServer.env, { points });
    const order = await getFilledOrder(store);
    order.setLoyaltyCard(card);
    const popup = await mountWithCleanup(RedeemPointsPopup, {
        props: { order, card, close: () => expect.step("close") },
    });
    return { store, card, order, popup };
};

describe("RedeemPointsPopup", () => {
    test("C19, C20: points and money edit each other", async () => {
        await setupPopup();
        await click(".redeem-points-input");
        await edit("250");
        await animationFrame();
        expect(".redeem-money-input").toHaveValue("2.50");

        await click(".redeem-money-input");
        await edit("4.30");
        await animationFrame();
        expect(".redeem-points-input").toHaveValue("430");
    });

    test("C18: the four balances, and the maximum to begin with", async () => {
        const { popup } = await setupPopup(100);
        expect(queryText(".redeem-accumulated .balance-value")).toBe("100");
        expect(queryText(".redeem-available .balance-value")).toBe("100");
        expect(popup.maximum).toBe(100);
        expect(".redeem-points-input").toHaveValue("100");
        expect(".redeem-money-input").toHaveValue("1.00");
    });

    test("C21, S10: no fractions, no more than is available", async () => {
        await setupPopup(100);
        await click(".redeem-points-input");
        await edit("10.5");
        await animationFrame();
        expect(".loyalty-error").toHaveText(/whole Points/);
        expect(queryOne(".redeem-confirm").disabled).toBe(true);

        await edit("101");
        await animationFrame();
        expect(".loyalty-error").toHaveText(/100 Points available/);
        expect(queryOne(".redeem-confirm").disabled).toBe(true);
    });

    test("N29, S10: too many points name the maximum of the order, not only what the card has", async () => {
        const { popup, order } = await setupPopup(100_000);
        const most = popup.maximum;
        expect(most).toBeLessThan(100_000);
        await click(".redeem-points-input");
        await edit("999999");
        await animationFrame();
        const money = order.totalDue.toFixed(2);
        const points = most.toLocaleString("en-US");
        expect(".loyalty-error").toHaveText(
            new RegExp(
                `100,000 Points available, and .*${money} can be covered: at most ${points} Points`
            )
        );
    });

    test("N29, S10: several cards of a customer pay one order, each its own points", async () => {
        const { store } = await setupLoyaltyTill();
        const cards = [];
        for (const code of ["0430001", "0430002", "0430003"]) {
            const points = code === "0430003" ? 0 : 300;
            cards.push(await makeCard(store, MockServer.env, { code, points }));
        }
        const order = await getFilledOrder(store);
        store.getPartnerCards = async () => cards;
        order.setPartner(store.models["res.partner"].get(3));
        order.setLoyaltyCard(cards[0]);
        const opened = [];
        store.dialog.add = (component, { card, cards, redemption }) =>
            opened.push([card.code, cards.map(({ code }) => code), redemption?.points]);
        await store.redeemMaximum(order);
        await store.openRedeemPopup({ order, card: cards[1] });
        const both = ["0430001", "0430002"];
        expect(opened).toEqual([["0430002", both, undefined]]);

        const popup = await mountWithCleanup(RedeemPointsPopup, {
            props: {
                order,
                card: cards[1],
                cards: cards.slice(0, 2),
                close: () => expect.step("close"),
            },
        });
        expect(".redeem-other-card").toHaveCount(1);
        expect(".redeem-other-card").toHaveText(/0430001\s*0 Points/);
        await popup.confirm();
        expect(order.redemptions.map(({ card, points }) => [card.code, points])).toEqual([
            ["0430001", 300],
            ["0430002", 300],
        ]);
        expect(order.loyalty_card_id.code).toBe("0430001");
        await click(".redeem-other-card");
        await animationFrame();
        expect(opened.at(-1)).toEqual(["0430001", both, 300]);
        expect.verifySteps(["close", "close"]);
    });

    test("N29, N8: without connection the popup offers what the limit leaves, and says why not more", async () => {
        const { store, order, card, popup } = await setupPopup(1000);
        store.config.loyalty_offline_policy = "cap";
        store.config.loyalty_offline_cap = 150;
        store.data.network.offline = true;
        await animationFrame();
        expect(popup.maximum).toBe(150);
        await click(".redeem-maximum");
        await animationFrame();
        expect(".redeem-points-input").toHaveValue("150");
        expect(".redeem-offline").toHaveText(/at most 150 Points of one card/);
        expect(store.getQuickRedemption(order).points).toBe(150);

        await click(".redeem-points-input");
        await edit("151");
        await animationFrame();
        expect(".loyalty-error").toHaveText(/150 are left for card 0430001/);
        expect(queryOne(".redeem-confirm").disabled).toBe(true);

        store.config.loyalty_offline_policy = "deny";
        expect(store.getQuickRedemption(order)).toBe(null);
        expect(store.whyNotRedeem(order, card)).toMatch(/no connection to the server/);
    });

    test("S11: Enter redeems; the amount due drops", async () => {
        const { order } = await setupPopup();
        const due = order.remainingDue;
        await click(".redeem-points-input");
        await edit("250");
        await press("Enter");
        await animationFrame();
        await expect.waitForSteps(["close"]);
        expect(order.remainingDue).toBe(order.currency.round(due - 2.5));
    });

    test("N29, S11: Redeem pressed twice redeems once", async () => {
        const { order, card, popup } = await setupPopup();
        await Promise.all([popup.confirm(), popup.confirm()]);
        expect(order.redemptions.map(({ points }) => points)).toEqual([popup.points]);
        expect(order.payment_ids).toHaveLength(1);
        expect(Object.values(holds).map((hold) => hold.card)).toEqual([card.id]);
        expect.verifySteps(["close"]);
    });

    test("The keypad replaces what is there, then adds to it", async () => {
        await setupPopup();
        await click(".numpad-button[value='2']");
        await click(".numpad-button[value='5']");
        await animationFrame();
        expect(".redeem-points-input").toHaveValue("25");
        expect(".redeem-money-input").toHaveValue("0.25");
    });
});
