import { describe, expect, test } from "@odoo/hoot";
import { MockServer } from "@web/../tests/web_test_helpers";
import { definePosModels } from "@point_of_sale/../tests/unit/data/generate_model_definitions";
import { CustomerDisplayPosAdapter } from "@point_of_sale/app/customer_display/customer_display_adapter";
import { OrderDisplay } from "@point_of_sale/app/components/order_display/order_display";
import { getFilledOrder } from "@point_of_sale/../tests/unit/utils";
import { listen, makeCard, makeDue, returnLines, setupDue, setupLoyaltyTill } from "../utils";

definePosModels();

const NBSP = "\u00a0";
const plain = (text) => String(text).replaceAll(NBSP, " ");

describe("pos.order - redemptions that go or become smaller", () => {
    test("N29: another customer takes redemptions off, of all programs, and the cashier is told", async () => {
        const { store, order, redeem, card } = await setupDue({ price: 70 });
        const said = listen(store);
        order.setPartner(store.models["res.partner"].get(3));
        order.setLoyaltyCard(card);
        redeem(500, 5);
        // A card that is not the order's own, as of a second program.
        const other = await makeCard(store, MockServer.env, { code: "2" });
        other.program_id = store.models["loyalty.program"].find(({ id }) => id !== 7);
        order.addLoyaltyPayment({
            uuid: "p-2",
            method: order.redemptions[0].payment.payment_method_id,
            card: other,
            points: 100,
            amount: 1,
        });
        order.setPartner(store.models["res.partner"].get(4));
        expect(order.payment_ids).toHaveLength(0);
        expect(order.loyalty_note.split("\n")).toHaveLength(2);
        expect(order.loyalty_note).toInclude("card 0430001 are no longer redeemed");
        expect(order.loyalty_note).toInclude("the customer was changed from");
        expect(said).toEqual(plain(order.loyalty_note).split("\n"));
    });

    test("N29: another card takes redemptions off, and the cashier is told", async () => {
        const { store, order, redeem } = await setupDue({ price: 70 });
        const second = await makeCard(store, MockServer.env, { code: "0430002" });
        const said = listen(store);
        redeem(500, 5);
        order.setLoyaltyCard(second);
        expect(order.payment_ids).toHaveLength(0);
        expect(order.loyalty_note).toInclude("card 0430002 was chosen");
        expect(said).toEqual([plain(order.loyalty_note)]);
        // Nothing is redeemed: nothing to tell.
        order.setLoyaltyCard(false);
        expect(said).toHaveLength(1);
    });

    test("N29, S11: why fewer points are redeemed is told by name and stays on the order", async () => {
        const till = await setupDue({ price: 1 });
        const change = {
            "products were removed": (order) => order.removeOrderline(order.lines[1]),
            "a price was changed": (order) => order.lines[0].setUnitPrice(20),
            "a discount was given": (order) => order.lines[0].setDiscount(50),
        };
        for (const [why, make] of Object.entries(change)) {
            const { store, order, card } = await makeDue(till, { price: 35, qty: 2 });
            const said = listen(store);
            await store.redeemPoints(order, card, 7000, `p-${order.uuid}`);
            make(order);
            expect(await store.fitRedemptions(order)).toBe(true);
            expect(order.redemptions[0].amount).toBe(order.totalDue);
            const total = order.totalDue.toFixed(2);
            const points = order.redemptions[0].points.toLocaleString("en-US");
            const note = plain(order.loyalty_note);
            expect(note).toMatch(
                new RegExp(`^${points} .* are redeemed instead of 7,000 .*: the order went from`)
            );
            expect(note).toMatch(new RegExp(`70.00 to .*${total} \\(${why}\\)\\.$`));
            expect(said).toEqual([`${plain(order.loyalty_note)} Please check the payments.`]);
            order.removeRedemption(order.redemptions[0]);
            await store.loyaltyMutex.getUnlockedDef();
        }
    });

    test("N29: products that points may not pay are no smaller order", async () => {
        const { store, order, card } = await setupDue({ price: 35, qty: 2 });
        const said = listen(store);
        await store.redeemPoints(order, card, 7000, "p-1");
        order.lines[0].product_id.product_tmpl_id.loyalty_no_redeem = true;
        await store.fitRedemptions(order);
        expect(order.redemptions).toHaveLength(0);
        expect(plain(order.loyalty_note)).toMatch(
            /only .*0.00 of these products can be paid with points\.$/
        );
        expect(said).toEqual([`${plain(order.loyalty_note)} Please check the payments.`]);
    });

    test("N29: so are products that only this program leaves out", async () => {
        const { store, order, card, program } = await setupDue({ price: 35, qty: 2 });
        const said = listen(store);
        await store.redeemPoints(order, card, 7000, "p-1");
        Object.assign(program, { redeem_filter: "only", _redeem_product_ids: [] });
        await store.fitRedemptions(order);
        expect(order.redemptions).toHaveLength(0);
        expect(said[0]).toMatch(/of these products can be paid with points/);
    });

    test("N29: a note in cash takes nothing off and says nothing", async () => {
        const { store, order, redeem, cash, pay } = await setupDue({ price: 70 });
        const said = listen(store);
        redeem(2000, 20);
        pay(cash, 100);
        expect(await store.fitRedemptions(order)).toBe(false);
        expect(order.loyalty_note || "").toBe("");
        expect(said).toEqual([]);
    });
});

describe("pos.order - points beside cash", () => {
    test("N29, S11: points can still be added when cash was counted; it becomes less by them", async () => {
        const till = await setupDue({ price: 1 });
        for (const [paid, points, left, change] of [
            [undefined, 2000, 50, 0],
            [100, 2000, 100, 50],
            [30, 2000, 30, 0],
            [70, 7000, undefined, 0],
        ]) {
            const { store, order, card, program, cash, pay } = await makeDue(till, { price: 70 });
            pay(cash, paid);
            expect(store.whyNotRedeem(order, card)).toBe("");
            expect(order.getRedeemableDue(null, false, program)).toBe(70);
            expect(store.getRedeemOffer(order, card).amount).toBe(70);
            await store.redeemPoints(order, card, points, `p-${order.uuid}`);
            expect(order.cashPayments[0]?.getAmount()).toBe(left);
            expect(Math.abs(order.change)).toBe(change);
            expect(await store.fitRedemptions(order)).toBe(false);
            expect(order.redemptions[0].points).toBe(points);
            order.removeRedemption(order.redemptions[0]);
            await store.loyaltyMutex.getUnlockedDef();
        }
    });

    test("N29, S11: what a bank or a terminal has paid is not handed back for points", async () => {
        const { order, program, cash, bank, pay } = await setupDue({ price: 70 });
        pay(bank, 40);
        pay(cash);
        expect(order.getRedeemableDue(null, false, program)).toBe(30);
    });

    test("N29: cash beside points is rounded to coins", async () => {
        const { store, order, card, cash, pay, round } = await setupDue({ price: 32.48 });
        round(0.05, true);
        pay(cash);
        await store.redeemPoints(order, card, 500, "p-1");
        expect(order.cashPayments[0].getAmount()).toBe(27.5);
        expect(order.remainingDue).toBe(0);
        expect(order.change).toBe(0);
    });
});

describe("pos.order - a redemption is one line", () => {
    const setupTaxes = async () => {
        const { store, program } = await setupLoyaltyTill();
        program.vat_mode = "price_reduction";
        program.portal_point_name = "stars";
        const card = await makeCard(store, MockServer.env);
        const product = store.models["product.product"].get(1);
        store.config._loyalty_redemption_product_id = product.id;
        const order = await getFilledOrder(store);
        order.setReduction({ uuid: "r-1", product, card, points: 333, amount: 3.33 });
        return { store, order, reduction: order.reductions[0] };
    };
    const shownBy = (order) =>
        OrderDisplay.prototype.__lookupGetter__("comboSortedLines").call({ order });

    test("N29, bP9: of several taxes one line is shown, with all that it takes off, in the program's words", async () => {
        const { order, reduction } = await setupTaxes();
        expect(reduction.lines.length).toBeGreaterThan(1);
        const shown = shownBy(order).filter((line) => line.isRedemption);
        expect(shown).toHaveLength(1);
        expect(shown[0].orderDisplayProductName.name).toBe("333 stars redeemed");
        order.config.iface_tax_included = "total";
        expect(plain(shown[0].currencyDisplayPrice)).toMatch(/3\.33/);
        expect(shownBy(order)).toHaveLength(order.lines.length - reduction.lines.length + 1);

        const display = new CustomerDisplayPosAdapter();
        display.formatOrderData(order);
        expect(
            display.data.lines.filter((line) => line.productName.includes("stars"))
        ).toHaveLength(1);
    });

    test("N29, N4: so is what comes back of it, and its points are those of its money", async () => {
        const { store, order } = await setupTaxes();
        order.state = "paid";
        for (let part = 1; part <= 20; part++) {
            const goods = order.lines.filter((line) => !line.isRedemption);
            const refund = returnLines(store, [[goods[0], (goods[0].qty * part) / 20]]);
            refund.fitReductionsToReturn();
            const [item] = refund.getReductionsToReturn();
            expect(item.points).toBe(Math.round(item.amount * 100));
            expect(refund.getRefundEffects().back).toBe(item.points);
            expect(shownBy(refund).filter((line) => line.isRedemption)).toHaveLength(1);
            for (const line of [...refund.lines]) {
                line.delete();
            }
        }
    });
});
