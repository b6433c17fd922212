/* The register as the jobs and the pictures use it; nothing here depends on the language. */
import { OPENING_MS } from "./walker.mjs";

const PRODUCTS = "article.product";
/** A regular with points, and a few of them, so that they last for many pictures. */
export const REGULARS_CARD = "0440000007018";
const POINTS = "20";

export const product = (w, name) => w.page.locator(PRODUCTS).filter({ hasText: name });
const chip = (w) => w.find(".loyalty-card-chip");

/** Open the register, which has an open session. */
export async function openRegister(w) {
    await w.click(w.row("Furniture Shop").locator("button[name=open_ui]"));
    await w.find(PRODUCTS).waitFor({ timeout: OPENING_MS });
    await w.settle();
}
export async function enterCard(w, code = REGULARS_CARD) {
    await w.click(chip(w));
    await w.look("card dialog");
    await w.type("#loyalty_card_code", code);
    await w.press("Enter");
}
export async function validate(w) {
    await w.click(".validation-button.next");
    await w.find(".pos-receipt").waitFor();
    await w.settle();
}

/** A new order with goods, on a phone with the cart in front. */
async function order(w) {
    await openRegister(w);
    await w.page.evaluate(() => {
        const { posmodel } = window;
        const order = posmodel.addNewOrder();
        posmodel.setOrder(order);
        posmodel.navigate("ProductScreen", { orderUuid: order.uuid });
    });
    await w.settle();
    await w.click(product(w, "Office Chair"));
    const cart = w.page.locator(".review-button").filter({ visible: true });
    if (await cart.count()) {
        await w.click(cart);
    }
}
/** Each leaves a screen of the register to be looked at, or returns the page to look at instead. */
export const AT_THE_REGISTER = {
    async card(w) {
        await order(w);
        await enterCard(w);
    },
    async redeem(w) {
        await AT_THE_REGISTER.card(w);
        await w.press("F9");
        await w.find(".redeem-points-popup").waitFor();
    },
    async payment(w) {
        await AT_THE_REGISTER.redeem(w);
        await w.type("#redeem_points", POINTS);
        await w.press("Enter");
        await w.click(".pay-order-button");
    },
    async receipt(w) {
        await AT_THE_REGISTER.payment(w);
        await w.click(w.page.locator(".paymentmethod").filter({ hasText: "Cash" }));
        await validate(w);
    },
    async display(w) {
        await AT_THE_REGISTER.card(w);
        const path = await w.page.evaluate(() => {
            const device = window.localStorage.getItem("device_uuid");
            return `/pos_customer_display/${window.posmodel.config.id}/${device}`;
        });
        const display = await w.context.newPage();
        await display.goto(w.url + path, { timeout: OPENING_MS });
        await display.locator(".o_customer_display").waitFor({ timeout: OPENING_MS });
        // The display shows what changes from now on.
        await w.page.evaluate(() => window.posmodel.getOrder().lines[0].setQuantity(2));
        await display.locator(".o_customer_display_loyalty").waitFor();
        return display;
    },
};
