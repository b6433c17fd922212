/* What cashiers do at the register. */
import { OPENING_MS } from "../walker.mjs";

const PRODUCTS = "article.product";

/** Open the register, which has an open session; the first screen counts nothing. */
async function openRegister(w) {
    await w.open("/odoo/point-of-sale", ".o_pos_kanban, .o_kanban_view");
    await w.aside(() =>
        w.click(w.row("Furniture Shop").getByRole("button", { name: /Continue|Open/ }))
    );
    await w.find(PRODUCTS).waitFor({ timeout: OPENING_MS });
    await w.settle();
    await w.look("register");
}
const product = (w, name) => w.page.locator(PRODUCTS).filter({ hasText: name });
const chip = (w) => w.find(".loyalty-card-chip");

/** Pay in cash and see the receipt. */
async function payInCash(w) {
    await w.click(w.page.locator(".paymentmethod").filter({ hasText: "Cash" }));
    await w.click(["button", "Validate"]);
    await w.find(".pos-receipt").waitFor();
    await w.settle();
}

export const TILL = [
    {
        name: "phone",
        title: "Redeem points at a register on a phone",
        size: "phone",
        limit: 6,
        before: 6,
        async walk(w) {
            await openRegister(w);
            await w.click(product(w, "Office Chair"));
            await w.click(["button", /Cart/]);
            await w.click(chip(w));
            await w.look("card dialog");
            await w.type("#loyalty_card_code", "0440000007018");
            await w.press("Enter");
            await w.look("card in use");
            await w.click(["button", /^Redeem /]);
            await w.see(/points redeemed/);
            await w.click(["button", /^Pay/]);
            await w.look("payment");
            await w.see(/points/);
        },
    },
    {
        name: "refund",
        title: "Take goods back that were paid with points and cash",
        size: "desktop",
        limit: 8,
        before: 8,
        async walk(w) {
            await openRegister(w);
            await w.aside(async () => {
                await w.click(product(w, "Office Chair"));
                await w.click(chip(w));
                await w.type("#loyalty_card_code", "0440000007018");
                await w.press("Enter");
                await w.look("register with a card");
                await w.click(["button", "Choose how many points to redeem"]);
                await w.look("redeem");
                await w.type("#redeem_points", "20");
                await w.press("Enter");
                await w.click(["button", "Payment"]);
                await payInCash(w);
                await w.look("receipt");
                await w.click(["button", /New Order/]);
            });
            await w.click(".more-btn");
            await w.look("more");
            await w.click(["button", /Refund/]);
            await w.look("orders");
            await w.click(w.page.locator(".order-row").filter({ hasText: "Omar Haddad" }));
            await w.click(w.page.locator(".orderline").filter({ hasText: "Office Chair" }));
            await w.click(w.page.locator(".numpad button").getByText("1", { exact: true }));
            await w.click(".pay-order-button");
            await w.see(/go back in money/);
            await w.look("refund");
            await payInCash(w);
        },
    },
];
