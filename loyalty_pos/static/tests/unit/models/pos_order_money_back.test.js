import { describe, expect, test } from "@odoo/hoot";
import { MockServer, onRpc } from "@web/../tests/web_test_helpers";
import { definePosModels } from "@point_of_sale/../tests/unit/data/generate_model_definitions";
import { TicketScreen } from "@point_of_sale/app/screens/ticket_screen/ticket_screen";
import OrderPaymentValidation from "@point_of_sale/app/utils/order_payment_validation";
import { getFilledOrder } from "@point_of_sale/../tests/unit/utils";
import { listen, makeCard, makeDue, returnLines, setupDue, setupLoyaltyTill } from "../utils";

definePosModels();

/** 70.00 less 10 %, paid with 33 points worth 1.00 and 30.00 in cash. */
const setupSale = async () => {
    const till = await setupDue({ price: 70, value: 1 });
    const { store, order, redeem, pay, cash } = till;
    const [goods] = order.lines;
    const discount = store.models["pos.order.line"].create({
        order_id: order,
        product_id: store.models["product.product"].get(1),
        qty: 1,
        price_unit: -7,
        price_type: "manual",
        is_reward_line: true,
    });
    redeem(33, 33);
    pay(cash);
    expect(order.payment_ids.map((payment) => payment.getAmount())).toEqual([33, 30]);
    order.state = "paid";
    const validate = async (refund) => {
        refund.fitPointsToReturn();
        refund.addPaymentline(cash);
        return new OrderPaymentValidation({ pos: store, orderUuid: refund.uuid }).isOrderValid();
    };
    return { ...till, goods, discount, validate };
};

describe("pos.order - money that comes back", () => {
    test("N29, N4: goods alone give back no more cash than was paid: 37.00 of 30.00 are refused", async () => {
        const { store, goods, discount, validate } = await setupSale();
        const said = listen(store);
        const refund = returnLines(store, [[goods, 1]]);
        expect(await validate(refund)).toBe(false);
        expect(refund.moneyPaidOut).toBe(37);
        expect(refund.moneyBackBeyondPaid).toBe(7);
        expect(refund.reductionsLeftOut).toEqual([discount]);
        expect(said).toHaveLength(1);
        expect(said[0]).toMatch(
            /^Too much money comes back: .*37.00 would .*30.00 .* select TIP on the order/
        );
    });

    test("N29, N4: what points had paid before an exchange: the cashier is told what else can be done", async () => {
        const { store, goods, validate } = await setupSale();
        const exchange = returnLines(store, [[goods, 1]]);
        const product_id = store.models["product.product"].get(1);
        const sold = store.models["pos.order.line"].create({
            order_id: exchange,
            product_id,
            qty: 1,
            price_unit: 70,
            price_type: "manual",
        });
        exchange.state = "paid";
        const refund = returnLines(store, [[sold, 1]]);
        const payments = [];
        const said = listen(store);
        refund.setRefundPreview(refund.returnedQuantities, {
            payments,
            cash: 30,
            capped: true,
            refused: true,
        });
        expect(await validate(refund)).toBe(false);
        expect(said).toHaveLength(1);
        expect(said[0]).toMatch(
            /30.00 of what order .* exchange what it sold as well, or let a manager/
        );
    });

    test("N29, N4: with its discount it is 30.00 and 33 points", async () => {
        const { store, goods, discount, validate } = await setupSale();
        const said = listen(store);
        const refund = returnLines(store, [
            [goods, 1],
            [discount, 1],
        ]);
        expect(await validate(refund)).toBe(true);
        expect(refund.moneyPaidOut).toBe(30);
        expect(refund.loyaltyTendered).toBe(-33);
        expect(said).toEqual([]);
    });

    test("N29, N4: where the server lists it, the cashier is asked; what money alone paid is nobody's business", async () => {
        const { store, goods, validate } = await setupSale();
        for (const answer of [false, true]) {
            const said = listen(store, answer);
            const refund = returnLines(store, [[goods, 1]]);
            refund.setRefundPreview(refund.returnedQuantities, {
                payments: [],
                cash: 63,
                capped: true,
                refused: false,
            });
            expect(await validate(refund)).toBe(answer);
            expect(said).toHaveLength(1);
            expect(said[0]).toMatch(/^Too much money comes back: .*exceptions/);
            refund.setRefundPreview(refund.returnedQuantities, {
                payments: [],
                cash: 0,
                capped: false,
            });
            expect(refund.moneyBackBeyondPaid).toBe(0);
        }
    });
});

describe("pos.order - money that goes back is there", () => {
    const paymentsOf = (order) =>
        order.payment_ids.map((payment) => [payment.payment_method_id.id, payment.getAmount()]);

    test("N29, N4: in the one way in which it was paid besides points; another method replaces it", async () => {
        const { store, order, redeem, pay, method, cash, bank } = await setupDue({
            price: 50,
            value: 1,
        });
        redeem(20, 20);
        pay(cash);
        order.state = "paid";
        const refund = returnLines(store, [[order.lines[0], 1]]);
        refund.fitPointsToReturn();
        for (let count = 0; count < 2; count++) {
            refund.suggestMoneyBack();
            expect(paymentsOf(refund)).toEqual([
                [method.id, -20],
                [cash.id, -30],
            ]);
        }
        refund.dropSuggestedMoney();
        refund.addPaymentline(bank);
        expect(refund.suggestMoneyBack()).toBe(undefined);
        refund.dropSuggestedMoney();
        expect(paymentsOf(refund)).toEqual([
            [method.id, -20],
            [bank.id, -30],
        ]);
    });

    test("N29, N4: a cent that taxes of a part are rounded by goes back with the rest, and is said with it", async () => {
        const { store, order, redeem, pay, method, cash } = await setupDue({ price: 50, value: 1 });
        redeem(20, 20);
        pay(cash);
        order.state = "paid";
        const refund = returnLines(store, [[order.lines[0], 1]]);
        const preview = (cents) => {
            const payments = [
                {
                    method_id: method.id,
                    card_id: refund.getLoyaltyCard()?.id,
                    amount: 20,
                    points: 20,
                },
            ];
            const said = { payments, cash: 30 - cents / 100, capped: true, refused: true };
            refund.setRefundPreview(refund.returnedQuantities, said);
        };
        preview(1);
        expect(refund.moneyToReturn).toBe(30);
        refund.fitPointsToReturn();
        refund.suggestMoneyBack();
        expect(paymentsOf(refund)).toEqual([
            [method.id, -20],
            [cash.id, -30],
        ]);
        expect(refund.moneyBackBeyondPaid).toBe(0);
        preview(2);
        expect(refund.moneyToReturn).toBe(29.98);
        expect(refund.suggestMoneyBack()).toBe(undefined);
    });

    test("N29, N4: what the cashier changed stays; who has to choose is left to choose", async () => {
        const till = await setupDue({ price: 50, value: 1 });
        const sell = async (...payments) => {
            const sale = await makeDue(till, { price: 50, value: 1 });
            payments.forEach((paid) => paid(sale));
            sale.order.state = "paid";
            const refund = returnLines(sale.store, [[sale.order.lines[0], 1]]);
            refund.fitPointsToReturn();
            return refund;
        };
        const points = ({ redeem }) => redeem(20, 20);
        const changed = await sell(points, ({ pay, bank }) => pay(bank));
        changed.suggestMoneyBack().setAmount(-10);
        changed.dropSuggestedMoney();
        expect(paymentsOf(changed).map(([, amount]) => amount)).toEqual([-20, -10]);
        for (const payments of [
            [({ pay, cash }) => pay(cash)],
            [points, ({ pay, bank }) => pay(bank, 10), ({ pay, cash }) => pay(cash)],
            [({ redeem }) => redeem(50, 50)],
        ]) {
            const refund = await sell(...payments);
            expect(refund.suggestMoneyBack()).toBe(undefined);
        }
        const terminal = await sell(points, ({ pay, bank }) => pay(bank));
        till.store.models["pos.payment.method"].find(
            ({ type }) => type === "bank"
        ).use_payment_terminal = "stripe";
        expect(terminal.suggestMoneyBack()).toBe(undefined);
    });
});

describe("ticket screen - all goods with one touch", () => {
    const { get } = Object.getOwnPropertyDescriptor(TicketScreen.prototype, "returnableLines");
    const returnable = (order, isOrderSynced = true) =>
        get.call({ isOrderSynced, getSelectedOrder: () => order }).map((line) => line.id);

    test("N29, N4: goods come back with the discount that lowered their price; a tip stays, and what came back", async () => {
        const { store, order, goods, discount } = await setupSale();
        // These tests take money off with the product of tips.
        store.config.tip_product_id = undefined;
        expect(returnable(order)).toEqual([goods.id, discount.id]);
        expect(returnable(order, false)).toEqual([]);
        store.config.tip_product_id = discount.product_id;
        expect(returnable(order)).toEqual([goods.id]);
        returnLines(store, [[goods, 1]]).state = "paid";
        expect(returnable(order)).toEqual([]);
    });

    test("M9: an order that has nothing to do with points has Odoo's own way", async () => {
        const { order, cash, pay } = await setupDue({ price: 70 });
        order.setLoyaltyCard(false);
        pay(cash);
        order.state = "paid";
        expect(returnable(order)).toEqual([]);
    });
});

describe("pos.order - returns without receipt", () => {
    test("N29, N4: a program that refuses them says so at Payment and when the order is validated", async () => {
        const { store, order, program, cash, pay } = await setupDue({ price: 70 });
        Object.assign(program, {
            accounting_policy: "redemption",
            unlinked_return_policy: "refuse",
        });
        const said = listen(store);
        store.navigate = (page) => said.push(page);
        expect(order.returnsWithoutReceipt).toHaveLength(0);
        order.lines[0].setQuantity(-1);
        const words = /^Return without receipt: .*only with the original order/;
        await store.pay();
        expect(said).toHaveLength(1);
        expect(said[0]).toMatch(words);
        pay(cash);
        const validation = new OrderPaymentValidation({ pos: store, orderUuid: order.uuid });
        expect(await validation.isOrderValid()).toBe(false);
        expect(said).toHaveLength(2);
        expect(said[1]).toMatch(words);

        // Points cannot have paid for it; a program that lists them; goods of an order.
        const template = order.lines[0].product_id.product_tmpl_id;
        template.loyalty_no_redeem = true;
        expect(order.returnsWithoutReceipt).toHaveLength(0);
        template.loyalty_no_redeem = false;
        program.unlinked_return_policy = "exception";
        expect(order.returnsWithoutReceipt).toHaveLength(0);
    });
});

describe("pos.order - the receipt", () => {
    test("N29: with Odoo's timing points are added once: 70 and 70 are 140", async () => {
        const { store, program } = await setupLoyaltyTill();
        Object.assign(program, { issue_on: "order", limit_usage: false });
        const card = await makeCard(store, MockServer.env, { points: 70 });
        const order = await getFilledOrder(store);
        order.setPartner(card.partner_id);
        order.setLoyaltyCard(card);
        order.uiState.couponPointChanges = {
            [card.id]: { points: 70, program_id: program.id, coupon_id: card.id },
        };
        expect(order.getLoyaltySummary().balance).toBe(140);
        order.state = "paid";
        onRpc("pos.order", "confirm_coupon_programs", () => ({
            coupon_updates: [{ old_id: card.id, id: card.id, points: 140 }],
        }));
        await store.postProcessLoyalty(order);
        expect(card.points).toBe(140);
        const { earned, balance, estimated } = order.getLoyaltySummary();
        expect([earned, balance]).toEqual([70, 140]);
        expect(estimated).toBe(true);
        // What the card earns later is no part of this receipt.
        card.points = 500;
        expect(order.getLoyaltySummary().balance).toBe(140);
    });

    test("N29: what a reward costs is not part of the balance", async () => {
        const { store, program } = await setupLoyaltyTill();
        program.issue_on = "order";
        const card = await makeCard(store, MockServer.env, { points: 500 });
        const order = await getFilledOrder(store);
        order.setLoyaltyCard(card);
        order.uiState.couponPointChanges = {
            [card.id]: { points: 0, program_id: program.id, coupon_id: card.id },
        };
        const reward_id = store.models["loyalty.reward"].find((r) => r.reward_type !== "product");
        order.lines[0].update({
            is_reward_line: true,
            coupon_id: card,
            points_cost: 300,
            reward_id,
        });
        expect(order.getLoyaltySummary().balance).toBe(200);
    });
});

describe("pos.store - points of sales orders that are settled", () => {
    test("N29, S15: points that a sales order reserved pay the order that settles it, and no other", async () => {
        const { store } = await setupLoyaltyTill();
        const card = await makeCard(store, MockServer.env, { points: 0 });
        let asked = [];
        onRpc("loyalty.card", "pos_reserved_by_orders", ({ args }) => {
            asked.push(args.slice(1));
            return { points: 300 };
        });
        onRpc("loyalty.card", "pos_hold", ({ args }) => {
            asked.push(args[5]);
            const own = MockServer.env["loyalty.card"]._till_card(card.id);
            return { card: own, points: 300, amount: 3 };
        });
        const popups = [];
        store.dialog.add = (component, props) => popups.push(props.body || props.card.code);

        const plain = await getFilledOrder(store);
        plain.setLoyaltyCard(card);
        await store.openRedeemPopup({ order: plain });
        expect(asked).toEqual([]);
        expect(popups).toEqual(["Card 0430001 has no Points available."]);

        // The field is of Odoo's app for orders at the till, which need not be there.
        const order = await getFilledOrder(store);
        order.lines[0].sale_order_origin_id = { id: 5 };
        order.setLoyaltyCard(card);
        expect(order.settledOrderIds).toEqual([5]);
        await store.openRedeemPopup({ order });
        expect(asked).toEqual([[card.id, [5]]]);
        expect(popups.at(-1)).toBe("0430001");
        expect(order.getRedeemablePoints(card)).toBe(300);

        asked = [];
        await store.redeemPoints(order, card, 300, "p-1");
        expect(asked).toEqual([[5], [card.id, [5]]]);
        expect(order.loyaltyTendered).toBe(3);
        expect(plain.getRedeemablePoints(card)).toBe(0);
    });
});
