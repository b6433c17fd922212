import { MockServer } from "@web/../tests/web_test_helpers";
import { setupPosEnv } from "@point_of_sale/../tests/unit/utils";
import { holds } from "./data/loyalty_card.data";

/** A till on which points of program 7 pay, 100 points a unit of money. */
export const setupLoyaltyTill = async () => {
    for (const uuid of Object.keys(holds)) {
        delete holds[uuid];
    }
    const store = await setupPosEnv();
    const program = store.models["loyalty.program"].get(7);
    program.point_value = 0.01;
    const method = store.models["pos.payment.method"].create({
        id: 97,
        name: "Loyalty Points",
        type: "loyalty",
        sequence: 9,
        is_cash_count: false,
        split_transactions: false,
        payment_method_type: "none",
        loyalty_program_id: program,
    });
    store.config.payment_method_ids = [["link", method]];
    return { store, program, method };
};

/** A registered card, on the server and at the till. */
export const makeCard = async (store, env, values = {}) => {
    const id = env["loyalty.card"].create({
        program_id: 7,
        partner_id: 3,
        code: "0430001",
        points: 1000,
        ...values,
    });
    const raw = env["loyalty.card"]._till_card(id);
    const [card] = await store.loadLoyaltyCards([raw]);
    return card;
};

/** An order of `qty` pieces at a price without tax, points of which one pays `value`. */
export const setupDue = async (values) => {
    const till = await setupLoyaltyTill();
    till.card = await makeCard(till.store, MockServer.env, { points: 100_000 });
    return makeDue(till, values);
};
export const makeDue = async (till, { price, qty = 1, value = 0.01, taxes = [] }) => {
    const { store, program, card } = till;
    program.point_value = value;
    const order = store.addNewOrder();
    order.pricelist_id = false;
    const template = store.models["product.template"].get(15);
    template.list_price = price;
    template.product_variant_ids[0].lst_price = price;
    template.taxes_id = taxes.map((id) => store.models["account.tax"].get(id));
    for (let count = 0; count < qty; count++) {
        await store.addLineToOrder(
            { product_tmpl_id: template, qty: 1, price_unit: price },
            order,
            { merge: false }
        );
    }
    order.setLoyaltyCard(card);
    const methods = store.models["pos.payment.method"];
    const cash = methods.find((method) => method.is_cash_count);
    const bank = methods.find((method) => method.type === "bank");
    const pay = (method, amount) => {
        const { data } = order.addPaymentline(method);
        data.setAmount(amount ?? data.getAmount());
        return data;
    };
    const redeem = (points, amount) => {
        const uuid = `p-${order.uuid}`;
        const payment = order.addLoyaltyPayment({
            uuid,
            method: till.method,
            card,
            points,
            amount,
        });
        order.uiState.loyaltyHolds[uuid].time = Date.now();
        return payment;
    };
    const round = (rounding, only_round_cash_method) => {
        const rounding_method = store.models["account.cash.rounding"].create({
            name: "Coins",
            rounding,
            rounding_method: "HALF-UP",
            strategy: "add_invoice_line",
        });
        Object.assign(store.config, {
            cash_rounding: true,
            only_round_cash_method,
            rounding_method,
        });
        order.triggerRecomputeAllPrices();
    };
    return { ...till, order, cash, bank, pay, redeem, round };
};

/** Return pieces of lines of a sale: `[[line, quantity]]`. */
export const returnLines = (store, returned) => {
    const refund = store.addNewOrder();
    refund.is_refund = true;
    for (const [line, qty] of returned) {
        store.models["pos.order.line"].create({
            qty: -qty,
            price_unit: line.price_unit,
            product_id: line.product_id,
            order_id: refund,
            is_reward_line: line.is_reward_line,
            tax_ids: line.tax_ids.map((tax) => ["link", tax]),
            refunded_orderline_id: line,
        });
    }
    return refund;
};

/** Return the list of what the cashier is told, by dialogs and notifications, from now on; questions are answered. */
export const listen = (store, answer = false) => {
    const said = [];
    store.dialog.add = (component, props) => {
        said.push(`${props.title}: ${props.body}`.replaceAll("\u00a0", " "));
        (answer ? props.confirm : props.cancel)?.();
        return () => {};
    };
    store.notification.add = (message) => {
        said.push(String(message).replaceAll("\u00a0", " "));
        return () => {};
    };
    return said;
};
