import { describe, expect, test } from "@odoo/hoot";
import { Deferred } from "@odoo/hoot-mock";
import { MockServer, onRpc } from "@web/../tests/web_test_helpers";
import { getFilledOrder } from "@point_of_sale/../tests/unit/utils";
import { definePosModels } from "@point_of_sale/../tests/unit/data/generate_model_definitions";
import { Chrome } from "@point_of_sale/app/pos_app";
import { ConnectionLostError } from "@web/core/network/rpc";
import { holds } from "../data/loyalty_card.data";
import { makeCard, setupLoyaltyTill } from "../utils";

definePosModels();

/** Wait until the points that are given back in the background are. */
const released = (store) => store.loyaltyMutex.getUnlockedDef();

describe("PosStore - cards", () => {
    test("bH6, S9: a card's number sets the customer and that very card", async () => {
        const { store } = await setupLoyaltyTill();
        await makeCard(store, MockServer.env);
        const second = await makeCard(store, MockServer.env, { code: "1000001" });
        const order = store.addNewOrder();

        expect(await store.activateCode("1000001")).toBe(true);
        expect(order.loyalty_card_id.id).toBe(second.id);
        expect(order.getPartner().id).toBe(3);
    });

    test("N29, N8: where the connection goes while cards are loaded, those that are known stay", async () => {
        const { store } = await setupLoyaltyTill();
        const card = await makeCard(store, MockServer.env);
        onRpc("loyalty.card", "search_read", async ({ parent }) => {
            store.data.network.offline = true;
            return parent();
        });
        const cards = await store.getPartnerCards(3);
        expect(cards.map(({ id }) => id)).toInclude(card.id);
    });

    test("S9: unknown and closed cards say why and change nothing", async () => {
        const { store } = await setupLoyaltyTill();
        await makeCard(store, MockServer.env, { closed: true });
        const order = store.addNewOrder();

        expect(await store.useLoyaltyCode("12345")).toEqual({
            found: false,
            taken: false,
            error: "No card 12345.",
        });
        expect(await store.useLoyaltyCode("0430001")).toEqual({
            found: true,
            taken: true,
            error: "Card 0430001 is closed.",
        });
        expect(order.loyalty_card_id).toBe(undefined);
        expect(order.getPartner()).toBe(undefined);
    });

    test("bH6: picking the customer picks the card, by one call for all programs", async () => {
        const { store, program } = await setupLoyaltyTill();
        await makeCard(store, MockServer.env);
        const reads = [];
        onRpc("loyalty.card", "search_read", ({ parent }) => {
            reads.push("cards");
            return parent().filter((card) => card.partner_id === 3);
        });
        const order = store.addNewOrder();
        order.setPartner(store.models["res.partner"].get(3));
        const coupon = await store.couponForProgram(program);

        expect(coupon.code).toBe("0430001");
        expect(order.loyalty_card_id.id).toBe(coupon.id);

        await store.couponForProgram(store.nominativePrograms[0]);
        expect(reads).toHaveLength(1);
    });

    test("N29: a customer who is taken off while the cards are asked for leaves no card", async () => {
        const { store, program } = await setupLoyaltyTill();
        await makeCard(store, MockServer.env);
        const answer = new Deferred();
        onRpc("loyalty.card", "search_read", async ({ parent }) => {
            expect.step("cards");
            const cards = parent();
            await answer;
            return cards;
        });
        const order = store.addNewOrder();
        order.setPartner(store.models["res.partner"].get(3));
        const counting = store.couponForProgram(program);
        order.setPartner(false);
        answer.resolve();
        await counting;
        expect(order.loyalty_card_id).toBe(undefined);
        expect.verifySteps(["cards"]);
    });

    test("N29: an order begins with the card that can redeem here, then the default card, then one with points", async () => {
        const { store } = await setupLoyaltyTill();
        const [other] = store.models["loyalty.program"].filter(
            (program) => program.id !== 7 && program.program_type === "gift_card"
        );
        other.program_type = "loyalty";
        const make = (values) => makeCard(store, MockServer.env, values);
        const elsewhere = await make({ code: "1", program_id: other.id, is_default: true });
        const empty = await make({ code: "2", points: 0 });
        const full = await make({ code: "3", points: 50 });
        const family = await make({ code: "4", points: 900, partner_id: 4, is_default: true });
        const order = store.addNewOrder();
        order.setPartner(store.models["res.partner"].get(3));

        expect(store.preselectedCard([elsewhere, empty, full], order).code).toBe("3");
        expect(store.preselectedCard([family, empty], order).code).toBe("2");
        empty.is_default = true;
        expect(store.preselectedCard([full, empty], order).code).toBe("2");
        empty.closed = true;
        expect(store.preselectedCard([full, empty], order).code).toBe("3");
        expect(store.preselectedCard([elsewhere], order).code).toBe("1");
        expect(store.preselectedCard([], order)).toBe(undefined);
    });

    test("N29: a good scan shows on any screen, a bad one says why", async () => {
        const { store } = await setupLoyaltyTill();
        await makeCard(store, MockServer.env);
        const order = store.addNewOrder();
        store.sound.play = (sound) => expect.step(sound);
        store.notification.add = (message, { type }) => expect.step(`${type}: ${message}`);

        expect(await store.scanLoyaltyCard("0430001", order)).toBe(true);
        const said = store.sayCardInUse(order);
        expect(said).toMatch(/card 0430001 of .*, 1,000 Points available/);
        expect.verifySteps([`success: ${said}`, "beep"]);

        expect(await store.scanLoyaltyCard("044-gift", order)).toBe(true);
        expect.verifySteps(["error", "danger: 044-gift is a gift card."]);
        expect(await store.scanLoyaltyCard("12345", order)).toBe(false);
        expect.verifySteps([]);
    });

    test("N29: a paid order without customer is given a card once the cashier agreed; others say why not", async () => {
        const { store } = await setupLoyaltyTill();
        const card = await makeCard(store, MockServer.env, { partner_id: 4 });
        const order = await getFilledOrder(store);
        order.addPaymentline(store.models["pos.payment.method"].get(1));
        order.state = "paid";
        expect(store.canNameCard(order)).toBe(true);
        expect(await store.useLoyaltyCard(card, order)).toMatch(/has not reached the server yet/);

        await store.syncAllOrders();
        store.dialog.add = (dialog, { body, cancel }, { onClose } = {}) => {
            expect.step(String(body));
            cancel?.();
            onClose?.();
        };
        onRpc("pos.order", "pos_name_card", () => expect.step("named"));
        expect(await store.useLoyaltyCard(card, order)).toBe("");
        expect.verifySteps([
            `Order ${order.getName()} is paid. It gets card 0430001 of ${card.partner_id.name} and earns its points. This cannot be changed afterwards.`,
        ]);

        order.loyalty_card_id = card;
        expect(await store.useLoyaltyCard(card, order)).toMatch(/cannot move to another card/);
        expect.verifySteps([]);
    });

    test("The cashier's own card is known", async () => {
        const { store } = await setupLoyaltyTill();
        const own = await makeCard(store, MockServer.env, { partner_id: store.user.partner_id.id });
        const other = await makeCard(store, MockServer.env, { partner_id: 4, code: "2" });
        expect(store.isCashiersCard(own)).toBe(true);
        expect(store.isCashiersCard(other)).toBe(false);
    });
});

describe("PosStore - synchronisation", () => {
    test("bH10: points that the server gave with the payment need no second call", async () => {
        const { store, program } = await setupLoyaltyTill();
        const calls = [];
        onRpc("pos.order", "confirm_coupon_programs", () => {
            calls.push("confirm");
            return {};
        });
        const card = await makeCard(store, MockServer.env);
        const order = await getFilledOrder(store);
        order.setLoyaltyCard(card);
        order.uiState.couponPointChanges = {
            [card.id]: { points: 10, program_id: program.id, coupon_id: card.id },
        };
        await store.redeemPoints(order, card, 250, "p-1");
        order.state = "paid";

        program.issue_on = "order";
        await store.postProcessLoyalty(order);
        expect(calls).toEqual(["confirm"]);

        Object.assign(program, { issue_on: "paid", limit_usage: false });
        Object.assign(order, {
            loyalty_settled: true,
            loyalty_points_earned: 10,
            loyalty_points_redeemed: 250,
        });
        await store.postProcessLoyalty(order);
        expect(calls).toEqual(["confirm"]);
        expect(card.spendablePoints).toBe(760);
        // What was reserved is spent.
        expect(card.reserved_points).toBe(0);
    });

    test("N8: an order whose connection was lost in mid-flight is sent again", async () => {
        const { store } = await setupLoyaltyTill();
        let isLost = true;
        const sent = [];
        onRpc("pos.order", "sync_from_ui", ({ args, parent }) => {
            sent.push(args[0][0].uuid);
            if (isLost) {
                throw new ConnectionLostError("/web/dataset/call_kw");
            }
            return parent();
        });
        const order = await getFilledOrder(store);
        order.addPaymentline(store.models["pos.payment.method"].get(1));
        order.state = "paid";
        await store.syncAllOrders();
        expect(sent).toEqual([order.uuid]);
        expect(order.isDirty()).toBe(true);

        isLost = false;
        await store.syncAllOrders();
        expect(sent).toEqual([order.uuid, order.uuid]);
        expect(order.isSynced).toBe(true);
    });
});

describe("PosStore - redemption", () => {
    test("N6: points are reserved when the payment is added and released when it goes", async () => {
        const { store } = await setupLoyaltyTill();
        const card = await makeCard(store, MockServer.env);
        const order = await getFilledOrder(store);

        await store.redeemPoints(order, card, 250, "p-1");
        const [payment] = order.loyaltyPayments;
        expect(payment.uuid).toBe("p-1");
        expect(payment.getAmount()).toBe(2.5);
        expect(holds["p-1"].points).toBe(250);
        expect(card.spendablePoints).toBe(750);

        await store.redeemPoints(order, card, 300, "p-1", order.redemptions[0]);
        expect(order.loyaltyPayments).toHaveLength(1);
        expect(payment.getAmount()).toBe(3);
        expect(holds["p-1"].points).toBe(300);

        order.removePaymentline(payment);
        await released(store);
        expect(holds).toEqual({});
        expect(card.spendablePoints).toBe(1000);
    });

    test("N6: points of a tab that was open for long are reserved again before it is paid", async () => {
        const { store } = await setupLoyaltyTill();
        const card = await makeCard(store, MockServer.env);
        const order = await getFilledOrder(store);
        await store.redeemPoints(order, card, 250, "p-1");
        const [redemption] = order.redemptions;
        delete holds["p-1"];
        expect(await store.fitRedemptions(order)).toBe(false);
        expect(holds["p-1"]).toBe(undefined);

        order.uiState.loyaltyHolds[redemption.uuid].time -= 26 * 60_000;
        expect(await store.fitRedemptions(order)).toBe(false);
        expect(holds["p-1"].points).toBe(250);
        expect(order.redemptions[0].points).toBe(250);
    });

    test("S11: an order that became smaller is not paid with more points than it needs", async () => {
        const { store } = await setupLoyaltyTill();
        const card = await makeCard(store, MockServer.env, { points: 100_000 });
        const order = await getFilledOrder(store);
        const points = Math.round(order.totalDue * 100);
        await store.redeemPoints(order, card, points, "p-1");
        expect(order.remainingDue).toBe(0);

        order.removeOrderline(order.lines[1]);
        expect(await store.fitRedemptions(order)).toBe(true);
        expect(order.loyaltyTendered).toBe(order.totalDue);
        expect(holds["p-1"].points).toBe(Math.round(order.totalDue * 100));
        expect(await store.fitRedemptions(order)).toBe(false);
    });

    test("N29, S11: nothing is redeemed less before the cashier agreed", async () => {
        const { store } = await setupLoyaltyTill();
        const card = await makeCard(store, MockServer.env, { points: 100_000 });
        const order = await getFilledOrder(store);
        const points = Math.round(order.totalDue * 100);
        await store.redeemPoints(order, card, points, "p-1");
        order.removeOrderline(order.lines[1]);
        const fewer = Math.round(order.totalDue * 100);
        let answer = false;
        store.askForFewerPoints = async (redemption, due, wanted) => {
            expect.step(`${redemption.points} > ${wanted}`);
            return answer;
        };
        expect(await store.checkRedemptions(order)).toBe(false);
        expect(holds["p-1"].points).toBe(points);
        expect(order.redemptions[0].points).toBe(points);

        // A fast payment adds no payment before that is clear.
        await store.validateOrderFast(store.models["pos.payment.method"].get(1));
        expect(order.payment_ids).toHaveLength(1);

        answer = true;
        expect(await store.checkRedemptions(order)).toBe(false);
        expect(holds["p-1"].points).toBe(fewer);
        expect(await store.checkRedemptions(order)).toBe(true);
        const question = `${points} > ${fewer}`;
        expect.verifySteps([question, question, question]);
    });

    test("N29: points that are worth something else when they are reserved again stop the payment", async () => {
        const { store } = await setupLoyaltyTill();
        const card = await makeCard(store, MockServer.env);
        const order = await getFilledOrder(store);
        await store.redeemPoints(order, card, 250, "p-1");
        order.uiState.loyaltyHolds["p-1"].time -= 26 * 60_000;
        onRpc("loyalty.card", "pos_hold", ({ parent }) => ({ ...parent(), amount: 2 }));
        expect(await store.checkRedemptions(order)).toBe(false);
        expect(order.redemptions[0].amount).toBe(2);
        expect(await store.checkRedemptions(order)).toBe(true);
    });

    test("N29, N8: fewer points than are reserved on the server need no connection", async () => {
        const { store } = await setupLoyaltyTill();
        const card = await makeCard(store, MockServer.env);
        const order = await getFilledOrder(store);
        store.config.loyalty_offline_policy = "deny";
        await store.redeemPoints(order, card, 250, "p-1");
        onRpc("loyalty.card", "pos_hold", () => {
            throw new ConnectionLostError("/web/dataset/call_kw");
        });
        store.data.network.offline = true;
        await store.redeemPoints(order, card, 100, "p-1", order.redemptions[0]);
        expect(order.redemptions[0].points).toBe(100);
        expect(order.redemptions[0].amount).toBe(1);
        await expect(
            store.redeemPoints(order, card, 101, "p-1", order.redemptions[0])
        ).rejects.toThrow(/no connection/);
    });

    test("N29: money for points is offered once, by Redeem points", async () => {
        const { store, program } = await setupLoyaltyTill();
        const reward = program.reward_ids[0];
        expect(store.isSameAsRedeeming(reward)).toBe(false);
        Object.assign(reward, {
            reward_type: "discount",
            discount_mode: "per_point",
            discount_applicability: "order",
            discount: 0.01,
        });
        expect(store.isSameAsRedeeming(reward)).toBe(true);
        // More than redeeming gives is another offer, and so is less than the whole order.
        reward.discount = 0.02;
        expect(store.isSameAsRedeeming(reward)).toBe(false);
        Object.assign(reward, { discount: 0.01, discount_applicability: "cheapest" });
        expect(store.isSameAsRedeeming(reward)).toBe(false);
    });

    test("N29: F9 redeems and F11 enters a card: once, on their screens, never beside a dialog", async () => {
        const { store } = await setupLoyaltyTill();
        const order = await getFilledOrder(store);
        store.setOrder(order);
        store.openRedeemPopup = async () => expect.step("redeem");
        store.openLoyaltyCardPopup = async () => expect.step("card");
        const chrome = {
            pos: Object.assign(Object.create(store), {
                router: { state: { current: "ProductScreen" } },
                getOrder: () => order,
            }),
            env: { services: { overlay: { overlays: {} } } },
        };
        const press = async (key, values = {}) => {
            const ev = new KeyboardEvent("keydown", { key, cancelable: true, ...values });
            await Chrome.prototype.onLoyaltyKeydown.call(chrome, ev);
            return ev.defaultPrevented;
        };
        expect(await press("F9")).toBe(true);
        expect(await press("F11")).toBe(true);
        expect.verifySteps(["redeem", "card"]);
        expect(await press("F9", { repeat: true })).toBe(true);
        expect(await press("F9", { ctrlKey: true })).toBe(false);
        expect(await press("9")).toBe(false);
        chrome.pos.router.state.current = "TicketScreen";
        await press("F9");
        await press("F11");
        expect.verifySteps(["card"]);
        chrome.pos.router.state.current = "PaymentScreen";
        chrome.env.services.overlay.overlays = { 1: {} };
        await press("F9");
        expect.verifySteps([]);
    });

    test("S10: what the server refuses is not paid", async () => {
        const { store } = await setupLoyaltyTill();
        const card = await makeCard(store, MockServer.env);
        const order = await getFilledOrder(store);
        await expect(store.redeemPoints(order, card, 5000, "p-1")).rejects.toThrow();
        expect(order.payment_ids).toHaveLength(0);
    });

    test("N8: without connection points can be redeemed up to the till's limit per card, or not at all", async () => {
        onRpc("loyalty.card", "pos_hold", () => {
            throw new ConnectionLostError("/web/dataset/call_kw");
        });
        const { store } = await setupLoyaltyTill();
        const card = await makeCard(store, MockServer.env);
        const order = await getFilledOrder(store);
        store.data.network.offline = true;

        store.config.loyalty_offline_policy = "deny";
        await expect(store.redeemPoints(order, card, 100, "p-1")).rejects.toThrow(/no connection/);

        store.config.loyalty_offline_policy = "cap";
        store.config.loyalty_offline_cap = 150;
        await store.redeemPoints(order, card, 100, "p-1");
        expect(order.loyaltyTendered).toBe(1);
        await expect(store.redeemPoints(order, card, 51, "p-2")).rejects.toThrow(/ 50 are left/);
        await store.redeemPoints(order, card, 50, "p-2");
        expect(order.loyaltyTendered).toBe(1.5);
    });
});
