import { describe, expect, test } from "@odoo/hoot";
import { MockServer } from "@web/../tests/web_test_helpers";
import { getFilledOrder } from "@point_of_sale/../tests/unit/utils";
import { definePosModels } from "@point_of_sale/../tests/unit/data/generate_model_definitions";
import { OrderReceipt } from "@point_of_sale/app/screens/receipt_screen/receipt/order_receipt";
import { PaymentScreenPaymentLines } from "@point_of_sale/app/screens/payment_screen/payment_lines/payment_lines";
import { sayPoints } from "@loyalty_pos/app/utils/format";
import { makeCard, makeDue, setupDue, setupLoyaltyTill } from "../utils";

definePosModels();

describe("pos.order - cards and redemptions", () => {
    test("bH6: another customer takes the card and its redemptions off the order", async () => {
        const { store, method } = await setupLoyaltyTill();
        const card = await makeCard(store, MockServer.env);
        const order = await getFilledOrder(store);
        order.setPartner(store.models["res.partner"].get(3));
        order.setLoyaltyCard(card);
        order.addLoyaltyPayment({ uuid: "p-1", method, card, points: 250, amount: 2.5 });

        expect(order.getLoyaltyCard().id).toBe(card.id);
        expect(order.redemptions).toHaveLength(1);

        order.setPartner(store.models["res.partner"].get(4));

        expect(order.loyalty_card_id).toBe(undefined);
        expect(order.payment_ids).toHaveLength(0);
    });

    test("S10, S11: a payment by points comes with its points, and nothing but the popup changes it", async () => {
        const { store, method } = await setupLoyaltyTill();
        const card = await makeCard(store, MockServer.env);
        const order = await getFilledOrder(store);
        const due = order.totalDue;

        expect(order.addPaymentline(method).status).toBe(false);
        expect(order.payment_ids).toHaveLength(0);

        const payment = order.addLoyaltyPayment({
            uuid: "p-1",
            method,
            card,
            points: 250,
            amount: 2.5,
        });
        expect(order.remainingDue).toBe(order.currency.round(due - 2.5));

        payment.setAmount(100);
        expect(payment.getAmount()).toBe(2.5);
        expect(payment.redeemedPoints).toBe(250);
        expect(order.getLoyaltyDue()).toBe(order.currency.round(due - 2.5));
        expect(order.getLoyaltyDue(order.redemptions[0])).toBe(due);

        const [serialized] = order.serializeForORM().payment_ids;
        expect(serialized[2]).toInclude("loyalty_card_id");
        expect(serialized[2].loyalty_card_code).toBe("0430001");
        expect(serialized[2].uuid).toBe("p-1");
    });

    test("H14: an order with nothing but points put on it goes on where goods are added", async () => {
        const { store, method } = await setupLoyaltyTill();
        const card = await makeCard(store, MockServer.env);
        const order = await getFilledOrder(store);
        order.setScreenData({ name: "PaymentScreen" });
        expect(order.getScreenData().name).toBe("PaymentScreen");

        order.addLoyaltyPayment({ uuid: "p-1", method, card, points: 250, amount: 2.5 });
        expect(order.getScreenData().name).toBe("ProductScreen");

        order.addPaymentline(store.models["pos.payment.method"].get(1));
        expect(order.getScreenData().name).toBe("PaymentScreen");
    });

    test("bH10: what rewards spend cannot be redeemed as well", async () => {
        const { store } = await setupLoyaltyTill();
        const card = await makeCard(store, MockServer.env);
        const order = await getFilledOrder(store);
        order.lines[0].update({ is_reward_line: true, coupon_id: card, points_cost: 300 });

        expect(order.getRedeemablePoints(card)).toBe(700);
    });
});

describe("pos.order - what points may pay", () => {
    test("N29: a note in cash takes nothing off a redemption: 70.00, 20 points, a note of 100", async () => {
        const { store, order, cash, pay, redeem } = await setupDue({ price: 70, value: 1 });
        redeem(20, 20);
        pay(cash, 100);
        expect(order.getLoyaltyDue(order.redemptions[0])).toBe(20);
        expect(await store.fitRedemptions(order, { asking: true })).toBe(false);
        expect(order.redemptions[0].points).toBe(20);
        expect(Math.abs(order.change)).toBe(50);
    });

    test("N29: 32.52, 500 points, 30.00 in cash", async () => {
        const { order, cash, pay, redeem } = await setupDue({ price: 32.52 });
        redeem(500, 5);
        pay(cash, 30);
        expect(order.getLoyaltyDue(order.redemptions[0])).toBe(5);
        expect(Math.abs(order.change)).toBe(2.48);
    });

    test("N29: cash that is rounded up or down, and rounded change, take nothing off a redemption", async () => {
        const till = await setupDue({ price: 1 });
        for (const [price, amount, change] of [
            [32.48, undefined, 0],
            [32.52, undefined, 0],
            [32.48, 30, 2.5],
            [32.52, 30, 2.5],
        ]) {
            const { order, cash, pay, redeem, round } = await makeDue(till, { price });
            round(0.05, true);
            redeem(500, 5);
            expect(pay(cash, amount).getAmount()).toBe(amount ?? 27.5);
            expect(order.remainingDue).toBe(0);
            expect(Math.abs(order.change)).toBe(change);
            expect(order.getLoyaltyDue(order.redemptions[0])).toBe(5);
        }
    });

    test("N29: points cover the total that is rounded: 9.98 as 10.00, 100.60 as 101.00", async () => {
        const till = await setupDue({ price: 1 });
        for (const [price, rounding, total] of [
            [9.98, 0.05, 10],
            [100.6, 1, 101],
        ]) {
            const { order, program, redeem, round } = await makeDue(till, { price });
            round(rounding, false);
            expect(order.getLoyaltyDue(null, false, program)).toBe(total);
            redeem(total * 100, total);
            expect(order.remainingDue).toBe(0);
            expect(order.change).toBe(0);
            expect(order.getLoyaltyDue(order.redemptions[0])).toBe(total);
            order.removeRedemption(order.redemptions[0]);
            // What takes the price off, and not the rounding of it.
            expect(order.getLoyaltyDue(null, true, program)).toBe(price);
        }
    });

    test("N29: taxes that are rounded for the whole order: 10 times 0.35 and 15 % are 4.03", async () => {
        const { store, order, program, card } = await setupDue({
            price: 0.35,
            qty: 10,
            taxes: [1],
        });
        order.company.tax_calculation_rounding_method = "round_globally";
        order.triggerRecomputeAllPrices();
        expect(order.lines).toHaveLength(10);
        expect(order.totalDue).toBe(4.03);
        expect(order.getLoyaltyDue(null, false, program)).toBe(4.03);
        expect(order.getLoyaltyDue(null, true, program)).toBe(4.03);

        program.vat_mode = "price_reduction";
        const product = store.models["product.product"].get(1);
        order.setReduction({ uuid: "r-1", product, card, points: 403, amount: 4.03 });
        expect(order.totalDue).toBe(0);
        expect(order.getLoyaltyDue(order.reductions[0])).toBe(4.03);
    });

    test("N29: other payments leave what they do not give back; points never turn into money", async () => {
        const { order, program, cash, bank, pay, redeem } = await setupDue({ price: 70, value: 1 });
        pay(bank, 60);
        expect(order.getLoyaltyDue(null, false, program)).toBe(10);
        redeem(10, 10);
        expect(order.getLoyaltyDue(order.redemptions[0])).toBe(10);

        // Goods went: the card's money goes back as change, no point goes with it.
        order.lines[0].setUnitPrice(60);
        expect(order.getLoyaltyDue(order.redemptions[0])).toBe(10);
        order.lines[0].setUnitPrice(8);
        expect(order.getLoyaltyDue(order.redemptions[0])).toBe(8);
        expect(order.getLoyaltyDue(null, false, program)).toBe(0);

        pay(cash, -62);
        expect(order.getLoyaltyDue(order.redemptions[0])).toBe(8);
    });

    test("N29: what a terminal is being asked for is not offered to points", async () => {
        const { order, program, bank, pay } = await setupDue({ price: 70, value: 1 });
        pay(bank, 60).setPaymentStatus("waiting");
        expect(order.getLoyaltyDue(null, false, program)).toBe(10);
    });
});

/** A sale paid with 500 points and cash, and a refund of `qty` of its first line. */
const setupRefund = async (qtyByLine) => {
    const { store, method, program } = await setupLoyaltyTill();
    Object.assign(program, { issue_on: "paid", negative_policy: "debt" });
    const card = await makeCard(store, MockServer.env, { points: 10 });
    const sale = await getFilledOrder(store);
    sale.setPartner(store.models["res.partner"].get(3));
    sale.setLoyaltyCard(card);
    sale.addLoyaltyPayment({ uuid: "p-1", method, card, points: 500, amount: 5 });
    sale.addPaymentline(store.models["pos.payment.method"].get(1));
    sale.loyalty_points_earned = 100;
    const refund = store.addNewOrder();
    refund.is_refund = true;
    refund.setPartner(sale.getPartner());
    sale.lines.forEach((line, index) => {
        const qty = qtyByLine(line, index);
        if (qty) {
            store.models["pos.order.line"].create({
                qty: -qty,
                price_unit: line.price_unit,
                product_id: line.product_id,
                order_id: refund,
                tax_ids: line.tax_ids.map((tax) => ["link", tax]),
                refunded_orderline_id: line,
            });
        }
    });
    return { store, card, sale, refund };
};

describe("pos.order - returned goods", () => {
    test("N4: a full refund gives the points back as points, and the rest in money", async () => {
        const { store, sale, refund } = await setupRefund((line) => line.qty);
        expect(refund.fitPointsToReturn()).toBe(true);
        expect(refund.loyaltyTendered).toBe(-5);
        expect(refund.loyaltyPayments[0].loyalty_points).toBe(-500);
        expect(refund.remainingDue).toBe(refund.currency.round(5 - sale.totalDue));

        // Nothing changes when it is looked at again.
        expect(refund.fitPointsToReturn()).toBe(false);

        refund.addPaymentline(store.models["pos.payment.method"].get(1));
        expect(refund.moneyReturnedTooMuch).toBe(0);
        refund.payment_ids.at(-1).setAmount(refund.totalDue);
        expect(refund.moneyReturnedTooMuch).toBe(5);
    });

    test("N4: a part of the goods gives back its part of the points", async () => {
        const { sale, refund } = await setupRefund((line, index) => (index === 0 ? 1 : 0));
        refund.fitPointsToReturn();
        const share = refund.priceIncl / -sale.priceIncl;
        expect(refund.loyaltyTendered).toBe(refund.currency.round(-5 * share));
    });

    test("N29, N4: what points may not pay gives none back, and goods beside it give all", async () => {
        const first = await setupRefund((line, index) => (index === 0 ? line.qty : 0));
        first.sale.lines[1].product_id.product_tmpl_id.loyalty_no_redeem = true;
        const goods = first.sale.lines[0].prices.total_included;
        expect(goods).toBeGreaterThan(5);
        expect(first.refund.estimatePointsToReturn()[0].amount).toBe(5);
        expect(first.refund.estimatePointsToReturn()[0].points).toBe(500);
    });

    test("N29, N4: goods that points did not pay come back in money", async () => {
        const { sale, refund } = await setupRefund((line, index) => (index ? line.qty : 0));
        sale.lines[1].product_id.product_tmpl_id.loyalty_no_redeem = true;
        expect(refund.lines).toHaveLength(1);
        refund.fitPointsToReturn();
        expect(refund.loyaltyTendered).toBe(0);
    });

    test("N4: the cashier sees what comes back, what is taken back and what is missing", async () => {
        const { card, refund } = await setupRefund((line) => line.qty);
        const effects = refund.getRefundEffects();
        expect(effects.card.id).toBe(card.id);
        expect(effects.back).toBe(500);
        expect(effects.taken).toBe(100);
        expect(effects.missing).toBe(0);
        expect(effects.policy).toBe("debt");

        refund.returnedOrder.loyalty_points_earned = 600;
        expect(refund.getRefundEffects().missing).toBe(90);
    });
});

/** Return `qty` pieces of a line of a sale, by default the first. */
const returnGoods = (store, sale, qty, line = sale.lines[0]) => {
    const refund = store.addNewOrder();
    refund.is_refund = true;
    store.models["pos.order.line"].create({
        qty: -qty,
        price_unit: line.price_unit,
        product_id: line.product_id,
        order_id: refund,
        tax_ids: line.tax_ids.map((tax) => ["link", tax]),
        refunded_orderline_id: line,
    });
    refund.fitReductionsToReturn();
    return refund;
};

describe("pos.order - parts that return", () => {
    test("N29, N4: 2 x 100 and 15 %, 200 points off: each half gives 10.00 back, never 10.01", async () => {
        const { store, order, program, card } = await setupDue({ price: 100, taxes: [1] });
        order.lines[0].setQuantity(2);
        program.vat_mode = "price_reduction";
        program.point_value = 0.1;
        const product = store.models["product.product"].get(1);
        order.setReduction({ uuid: "r-1", product, card, points: 200, amount: 20 });
        expect(order.totalDue).toBe(210);
        for (let count = 0; count < 2; count++) {
            const refund = returnGoods(store, order, 1);
            expect(refund.totalDue).toBe(-105);
            const [reduction] = refund.getReductionsToReturn();
            expect(reduction.points).toBe(100);
            expect(reduction.amount).toBe(10);
            // Looked at again, nothing changes.
            refund.fitReductionsToReturn();
            expect(refund.lines).toHaveLength(2);
            expect(refund.totalDue).toBe(-105);
        }
        const whole = order.lines[0].refund_orderline_ids.map((line) => line.order_id);
        const taxes = whole.reduce((sum, { amountTaxes }) => sum + amountTaxes, 0);
        expect(order.currency.round(taxes + order.amountTaxes)).toBe(0);
    });

    test("N29, N4: what points paid in full comes back for 0.00, however the taxes of all lines are rounded", async () => {
        const { store, order, program, card } = await setupDue({ price: 305.1, taxes: [1] });
        order.company.tax_calculation_rounding_method = "round_globally";
        order.triggerRecomputeAllPrices();
        program.vat_mode = "price_reduction";
        const product = store.models["product.product"].get(1);
        expect(order.totalDue).toBe(350.87);
        order.setReduction({ uuid: "r-1", product, card, points: 350.87, amount: 350.87 });
        expect(order.totalDue).toBe(0);
        const refund = returnGoods(store, order, 1);
        expect(refund.totalDue).toBe(0);
        const reduction = refund.lines.find((line) => line.refunded_orderline_id?.isRedemption);
        // As on the server: apart from the taxes of the goods, as when it was sold.
        expect(reduction.extra_tax_data.computation_key).toBe("loyalty_r-1");
    });

    test("N29, N4: 480 points off 115.00 at 15 % and 125.00 at 25 %: a part comes back with its own tax", async () => {
        const { store, order, program, card } = await setupDue({ price: 100, qty: 2, taxes: [1] });
        order.lines[1].tax_ids = [store.models["account.tax"].get(2)];
        program.vat_mode = "price_reduction";
        program.point_value = 0.1;
        const product = store.models["product.product"].get(1);
        order.setReduction({ uuid: "r-1", product, card, points: 480, amount: 48 });
        expect(order.totalDue).toBe(192);
        for (const [line, points, taxes] of [
            [order.lines[1], 250, -20],
            [order.lines[0], 230, -12],
        ]) {
            const refund = returnGoods(store, order, 1, line);
            const [reduction] = refund.getReductionsToReturn();
            expect([reduction.points, reduction.amount]).toEqual([points, points / 10]);
            expect(refund.lines).toHaveLength(2);
            expect(refund.amountTaxes).toBe(taxes);
        }
    });

    test("N29, N4: in an exchange points lower the price of what is sold, not of what comes back", async () => {
        const { store, order, program, card } = await setupDue({ price: 100, taxes: [1] });
        program.vat_mode = "price_reduction";
        const exchange = returnGoods(store, order, 1);
        exchange.is_refund = false;
        store.models["pos.order.line"].create({
            qty: 2,
            price_unit: 100,
            product_id: order.lines[0].product_id,
            order_id: exchange,
            tax_ids: [["link", store.models["account.tax"].get(2)]],
        });
        expect(exchange.totalDue).toBe(135);
        const product = store.models["product.product"].get(1);
        exchange.setReduction({ uuid: "r-2", product, card, points: 2500, amount: 25 });
        const reductions = exchange.lines.filter((line) => line.isRedemption);
        expect(reductions.map((line) => line.tax_ids.map(({ id }) => id))).toEqual([[2]]);
        expect(exchange.totalDue).toBe(110);
    });

    test("N29: cash that is rounded is not too much money: 8.00 in coins for 7.98", async () => {
        const till = await setupDue({ price: 9.98, value: 0.1 });
        const { store, order, bank, cash, pay, redeem, round } = till;
        round(0.05, true);
        redeem(20, 2);
        expect(pay(bank).getAmount()).toBe(7.98);
        const refund = returnGoods(store, order, 1);
        refund.fitPointsToReturn();
        expect(refund.loyaltyTendered).toBe(-2);
        refund.addPaymentline(cash);
        expect(refund.payment_ids.at(-1).getAmount()).toBe(-8);
        expect(refund.remainingDue).toBe(0);
        expect(refund.moneyReturnedTooMuch).toBe(0);
        refund.payment_ids.at(-1).setAmount(-8.05);
        expect(refund.moneyReturnedTooMuch).toBe(0.07);
    });
});

describe("pos.order - points that reduce the price", () => {
    test("bP5: points cover only what the program and the product let them", async () => {
        const { store, method, program } = await setupLoyaltyTill();
        const card = await makeCard(store, MockServer.env);
        const order = await getFilledOrder(store);
        const [first, second] = order.lines;
        const due = (reducing) => order.getLoyaltyDue(null, reducing, program);
        const total = (...lines) =>
            order.currency.round(lines.reduce((sum, line) => sum + line.prices.total_included, 0));
        expect(due(false)).toBe(order.totalDue);

        program.redeem_filter = "only";
        program._redeem_product_ids = [first.product_id.id];
        program._redeem_category_ids = [];
        expect(due(false)).toBe(total(first));
        expect(due(true)).toBe(total(first));
        program.redeem_filter = "except";
        expect(due(false)).toBe(total(second));

        const amount = total(second);
        order.addLoyaltyPayment({ uuid: "p-1", method, card, points: amount * 100, amount });
        expect(due(false)).toBe(0);
        expect(order.getLoyaltyDue(order.redemptions[0])).toBe(amount);
        order.removeRedemption(order.redemptions[0]);

        program.redeem_filter = "all";
        first.product_id.product_tmpl_id.loyalty_no_redeem = true;
        expect(due(true)).toBe(total(second));
        program.vat_mode = "price_reduction";
        const product = store.models["product.product"].get(1);
        order.setReduction({ uuid: "r-1", product, card, points: 100, amount: 1 });
        const taxes = order.reductions[0].lines.map((line) => line.tax_ids.map((tax) => tax.id));
        expect(taxes).toEqual([second.tax_ids.map((tax) => tax.id)]);

        second.product_id.product_tmpl_id.loyalty_no_redeem = true;
        order.removeRedemption(order.redemptions[0]);
        expect(store.whyNotRedeem(order, card)).toInclude(
            "cannot be redeemed for any of these products"
        );
    });

    test("S24, M4: a redemption is one line for each tax, exact to the cent, and goes as one", async () => {
        const { store, program } = await setupLoyaltyTill();
        program.vat_mode = "price_reduction";
        const card = await makeCard(store, MockServer.env);
        const product = store.models["product.product"].get(1);
        const order = await getFilledOrder(store);
        const before = order.priceIncl;
        const taxes = new Set(order.lines.map((line) => line.tax_ids.map((tax) => tax.id).join()));

        for (const amount of [2.5, 3.33, 0.01, 7.77]) {
            const points = Math.round(amount * 100);
            order.setReduction({ uuid: "r-1", product, card, points, amount });
            expect(order.reductions).toHaveLength(1);
            expect(order.reductions[0].amount).toBe(amount);
            expect(order.currency.round(before - order.priceIncl)).toBe(amount);
        }
        const [reduction] = order.reductions;
        expect(reduction.points).toBe(777);
        expect(reduction.lines).toHaveLength(taxes.size);
        expect(order.getRedeemablePoints(card, reduction)).toBe(1777);
        expect(order.getLoyaltyDue(reduction)).toBe(order.currency.round(before));

        const [line] = reduction.lines;
        line.setUnitPrice(-100);
        line.setQuantity(5);
        line.setDiscount(50);
        expect(order.reductions[0].amount).toBe(7.77);

        order.removeOrderline(line);
        expect(order.reductions).toHaveLength(0);
        expect(order.priceIncl).toBe(before);
    });
});

/** Points of program 7 are given when the order is paid, one for each unit of money with tax. */
const setupEarning = async () => {
    const till = await setupLoyaltyTill();
    const { store, program } = till;
    Object.assign(program, {
        accumulates: true,
        applies_on: "both",
        earning_basis: "total",
        earning_rounding: "down",
        issue_on: "paid",
        pricelist_ids: [],
        _till_multipliers: {},
    });
    Object.assign(program.rule_ids[0], {
        any_product: true,
        minimum_amount: 0,
        minimum_qty: 0,
        mode: "auto",
        reward_point_amount: 1,
        reward_point_mode: "money",
    });
    for (const method of store.models["pos.payment.method"].getAll()) {
        method.earns_loyalty = !["loyalty", "pay_later"].includes(method.type);
    }
    const card = await makeCard(store, MockServer.env);
    card.partner_id.loyalty_tracked = true;
    const order = await getFilledOrder(store);
    order.setPartner(card.partner_id);
    order.setLoyaltyCard(card);
    return { ...till, card, order };
};

describe("pos.order - points to be earned", () => {
    test("C7, N29: a sale on a card of another program that gives the customer a first card is counted to the end", async () => {
        const { order, program, store } = await setupEarning();
        const other = store.models["loyalty.program"].create({ id: 98, name: "Coffee" });
        order.setLoyaltyCard(await makeCard(store, MockServer.env, { code: "0430098" }));
        order.loyalty_card_id.program_id = other;
        // The order was sent: the server has made the card, and the temporary one is gone.
        const change = { points: 0, program_id: program.id, coupon_id: -7, barcode: "" };
        order.uiState.couponPointChanges = { [-7]: change };
        const won = () => order.getLoyaltyPoints()[0].points.won;
        expect(won()).toBe(Math.floor(order.priceIncl));
        // Odoo's till made an empty record of that number, and finds it from now on.
        expect(store.models["loyalty.card"].get(-7)).not.toBe(undefined);
        expect(won()).toBe(Math.floor(order.priceIncl));
    });

    test("C6: what points cover earns nothing", async () => {
        const { order, program, method, card, store } = await setupEarning();
        const total = order.priceIncl;
        expect(order.getEarnedPoints(program)).toBe(Math.floor(total));

        order.addLoyaltyPayment({ uuid: "p-1", method, card, points: 500, amount: 5 });
        expect(order.getEarnedPoints(program)).toBe(Math.floor(total - 5 + 1e-6));

        order.addPaymentline(store.models["pos.payment.method"].get(1));
        order.payment_ids.at(-1).setAmount(total + 100);
        expect(order.getEarnedPoints(program)).toBe(Math.floor(total - 5 + 1e-6));
    });

    test("bS1, bH2: the level multiplies, or the till for the level", async () => {
        const { order, program, card } = await setupEarning();
        const total = order.priceIncl;
        expect(card.getMultiplier()).toBe(1);
        program._first_multiplier = 2;
        expect(card.getMultiplier()).toBe(2);

        program._till_multipliers = { 0: 1.5 };
        expect(card.getMultiplier()).toBe(1.5);
        expect(order.getEarnedPoints(program)).toBe(Math.floor(total * 1.5 + 1e-6));
    });

    test("C4, C33: customers, cards and products that earn nothing", async () => {
        const { order, program, card } = await setupEarning();
        card.closed = true;
        expect(order.getEarnedPoints(program)).toBe(0);
        card.closed = false;
        order.getPartner().loyalty_tracked = false;
        expect(order.getEarnedPoints(program)).toBe(0);
        order.getPartner().loyalty_tracked = true;

        for (const line of order.lines) {
            line.product_id.product_tmpl_id.loyalty_no_earn = true;
        }
        expect(order.getEarnedPoints(program)).toBe(0);
    });

    test("bH10: points are shown while selling, and cannot be spent in the order that earns them", async () => {
        const { store, order, program, card } = await setupEarning();
        await store.updatePrograms();
        const [stat] = order.getLoyaltyPoints();
        expect(stat.points.won).toBe(order.getEarnedPoints(program));
        expect(stat.points.balance).toBe(1000);
        expect(order._getRealCouponPoints(card.id)).toBe(1000);

        const summary = order.getLoyaltySummary();
        expect(summary.code).toBe("0430001");
        expect(summary.balance).toBe(1000 + stat.points.won);
        expect(summary.estimated).toBe(true);
    });

    test("bP9: points have the name that the program gives them, shown in the portal or not", async () => {
        const { store, order, program, method, card } = await setupEarning();
        program.portal_visible = false;
        program.portal_point_name = "stars";
        await store.updatePrograms();
        expect(order.getLoyaltySummary().name).toBe("stars");
        expect(order.getLoyaltyPoints()[0].points.name).toBe("Stars");
        expect(sayPoints(1250, program)).toBe("1,250 stars");
        expect(sayPoints(2.5, program)).toBe("2.50 stars");
        expect(sayPoints(1)).toBe("1 points");

        const receipt = { loyaltySummary: { ...order.getLoyaltySummary(), redeemed: 250 } };
        const rows = OrderReceipt.prototype.__lookupGetter__("loyaltyRows").call(receipt);
        expect(rows.map(({ label }) => String(label))).toEqual([
            "Stars redeemed",
            "Stars earned",
            "New balance",
        ]);
        const values = { uuid: "p-1", method, card, points: 250, amount: 2.5 };
        const label = PaymentScreenPaymentLines.prototype.getPointsLabel;
        method.loyalty_program_id = program;
        expect(label(order.addLoyaltyPayment(values))).toBe("250 stars, card 0430001");
    });
});
