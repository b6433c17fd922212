import { describe, expect, test } from "@odoo/hoot";
import { MockServer, onRpc } from "@web/../tests/web_test_helpers";
import { ConnectionLostError } from "@web/core/network/rpc";
import { Deferred } from "@odoo/hoot-mock";
import { definePosModels } from "@point_of_sale/../tests/unit/data/generate_model_definitions";
import { holds } from "../data/loyalty_card.data";
import { listen, makeCard, makeDue, setupDue } from "../utils";

definePosModels();

/** 7,000 points on two chairs of 35.00 each. */
const setupRedemption = async () => {
    const till = await setupDue({ price: 35, qty: 2 });
    await till.store.redeemPoints(till.order, till.card, 7000, "p-1");
    return till;
};

describe("PosStore - what the cashier is asked before a redemption changes", () => {
    test("N29, S11: fewer points are redeemed only once the cashier agreed to how many, and why", async () => {
        const { store, order } = await setupRedemption();
        order.removeOrderline(order.lines[1]);
        const question =
            /^Redeem fewer points\?: 7,000 Points \(.*70.00\) are redeemed, but only .*35.00 of this order can be paid with points: the order went from .*70.00 to .*35.00 \(products were removed\). Redeem 3,500 Points instead\? Otherwise nothing changes/;

        let said = listen(store);
        expect(await store.checkRedemptions(order)).toBe(false);
        expect(said).toHaveLength(1);
        expect(said[0]).toMatch(question);
        expect(holds["p-1"].points).toBe(7000);
        expect(order.redemptions[0].amount).toBe(70);
        expect(order.loyalty_note || "").toBe("");

        said = listen(store, true);
        expect(await store.checkRedemptions(order)).toBe(false);
        expect(said[0]).toMatch(question);
        expect(said[1]).toMatch(/3,500 Points of card 0430001 are redeemed instead of 7,000/);
        expect(holds["p-1"].points).toBe(3500);
        expect(order.redemptions[0].amount).toBe(35);
        expect(await store.checkRedemptions(order)).toBe(true);
        expect(said).toHaveLength(2);
    });

    test("N29, S11: a redemption goes only once the cashier agreed, where nothing can be paid with points", async () => {
        const { store, order } = await setupRedemption();
        order.lines[0].product_id.product_tmpl_id.loyalty_no_redeem = true;
        const question = /^Remove the points\?: 7,000 Points \(.*70.00\) are redeemed, but nothing/;

        let said = listen(store);
        expect(await store.checkRedemptions(order)).toBe(false);
        expect(said).toHaveLength(1);
        expect(said[0]).toMatch(question);
        expect(order.redemptions[0].points).toBe(7000);
        expect(holds["p-1"].points).toBe(7000);

        said = listen(store, true);
        expect(await store.checkRedemptions(order)).toBe(false);
        expect(said[0]).toMatch(question);
        expect(order.redemptions).toHaveLength(0);
        expect(order.loyalty_note).toInclude("are no longer redeemed");
        await store.loyaltyMutex.getUnlockedDef();
        expect(holds).toEqual({});
    });

    test("N29, S10: two touches at once redeem once", async () => {
        const { store, order, card } = await setupDue({ price: 35 });
        await Promise.all([store.redeemMaximum(order), store.redeemMaximum(order)]);
        expect(order.payment_ids.map((payment) => payment.getAmount())).toEqual([35]);
        expect(Object.values(holds)).toEqual([{ card: card.id, points: 3500 }]);
    });
});

describe("PosStore - what happens while points are being reserved", () => {
    const happenings = {
        "was paid": ({ order, cash, pay }) => {
            pay(cash);
            order.state = "paid";
        },
        "was removed": async ({ store, order }) => {
            await store.deleteOrders([order]);
            store.addNewOrder();
        },
        "was changed": ({ store, order }) => order.setPartner(store.models["res.partner"].get(4)),
    };

    test("N29, N6: an order that is paid, removed or somebody else's by then gets no points; they are free again", async () => {
        const till = await setupDue({ price: 1 });
        for (const [words, happen] of Object.entries(happenings)) {
            const [asked, answer] = [new Deferred(), new Deferred()];
            onRpc("loyalty.card", "pos_hold", async ({ parent }) => {
                const result = parent();
                asked.resolve();
                await answer;
                return result;
            });
            const made = await makeDue(till, { price: 70 });
            const { store, order, card } = made;
            order.setPartner(card.partner_id);
            order.setLoyaltyCard(card);
            const said = listen(store);
            const redeeming = store.redeemMaximum(order);
            await asked;
            await happen(made);
            const payments = order.payment_ids.map((payment) => payment.getAmount());
            answer.resolve();
            await redeeming;
            await store.loyaltyMutex.getUnlockedDef();

            expect(said).toHaveLength(1);
            expect(said[0]).toMatch(
                new RegExp(`^Points cannot be redeemed: .* ${words} before .* none are redeemed`)
            );
            expect(order.payment_ids.map((payment) => payment.getAmount())).toEqual(payments);
            expect(holds).toEqual({});
            expect(card.spendablePoints).toBe(100_000);
        }
    });

    test("N29, N6: a redemption that was being changed when its order was paid stays, and so do its points", async () => {
        const { store, order, card } = await setupRedemption();
        const [asked, answer] = [new Deferred(), new Deferred()];
        onRpc("loyalty.card", "pos_hold", async ({ parent }) => {
            expect.step("pos_hold");
            const result = parent();
            asked.resolve();
            await answer;
            return result;
        });
        onRpc("loyalty.card", "pos_release_hold", () => expect.step("pos_release_hold"));
        const stays = /was paid before its points were changed: 7,000 Points stay redeemed on it/;
        const [redemption] = order.redemptions;
        const changing = store.redeemPoints(order, card, 3000, "p-1", redemption);
        await asked;
        order.state = "paid";
        answer.resolve();
        await expect(changing).rejects.toThrow(stays);
        await store.loyaltyMutex.getUnlockedDef();
        expect.verifySteps(["pos_hold"]);
        expect(order.redemptions).toHaveLength(1);
        expect(order.redemptions[0].points).toBe(7000);
        expect(order.redemptions[0].amount).toBe(70);
        expect(holds["p-1"].card).toBe(card.id);

        // Once it is paid, nothing is reserved anew.
        const late = store.redeemPoints(order, card, 2000, "p-1", redemption);
        await expect(late).rejects.toThrow(stays);
        await store.loyaltyMutex.getUnlockedDef();
        expect.verifySteps([]);
    });

    test("N29, N8: after a lost answer the points are reserved once, by whichever button they are redeemed then", async () => {
        const { store, order, card } = await setupDue({ price: 70 });
        store.config.loyalty_offline_policy = "deny";
        const said = listen(store);
        const { data } = store;
        const { call } = data;
        let isLost = true;
        data.call = async (model, method, ...args) => {
            const answer = await call.call(data, model, method, ...args);
            if (isLost && method === "pos_hold") {
                throw new ConnectionLostError("/web/dataset/call_kw");
            }
            return answer;
        };
        await store.redeemMaximum(order);
        expect(said[0]).toMatch(/no connection/);
        expect(Object.values(holds)).toEqual([{ card: card.id, points: 7000 }]);
        isLost = false;
        await store.redeemPoints(order, card, 500, store.getRedemptionUuid(order, card));
        expect(Object.values(holds)).toEqual([{ card: card.id, points: 500 }]);
        const other = await makeCard(store, MockServer.env, { code: "2" });
        expect(store.getRedemptionUuid(order, other)).not.toBe(order.redemptions[0].uuid);
        expect(store.getRedemptionUuid(order, card)).not.toBe(order.redemptions[0].uuid);
    });
});
