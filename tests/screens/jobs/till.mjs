/* What cashiers do at the register. */
import { enterCard, openRegister, product, validate } from "../register.mjs";

/** Go to the register; the first screen counts nothing. */
async function goToRegister(w) {
    await w.open("/odoo/point-of-sale", ".o_pos_kanban, .o_kanban_view");
    await w.aside(() => openRegister(w));
    await w.look("register");
}

/** Pay in cash and see the receipt. */
async function payInCash(w) {
    await w.click(w.page.locator(".paymentmethod").filter({ hasText: "Cash" }));
    await validate(w);
}

export const TILL = [
    {
        name: "phone",
        title: "Redeem points at a register on a phone",
        size: "phone",
        limit: 5,
        before: 6,
        async walk(w) {
            await goToRegister(w);
            await w.click(product(w, "Office Chair"));
            await w.click(["button", /^Pay/]);
            await enterCard(w);
            await w.look("card in use");
            await w.click(["button", /^Redeem /]);
            await w.see(/points redeemed/);
            await w.look("payment");
            await w.see(w.page.locator(".paymentline").filter({ hasText: /points/ }));
        },
    },
    {
        name: "refund",
        title: "Take goods back that were paid with points and cash",
        size: "desktop",
        limit: 5,
        before: 8,
        async walk(w) {
            await goToRegister(w);
            await w.aside(async () => {
                await w.click(product(w, "Office Chair"));
                await enterCard(w);
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
            await w.look("order that comes back");
            await w.click(["button", "Return all goods"]);
            await w.see(/Refund .* in money/);
            await w.see(w.page.locator(".paymentline").filter({ hasText: "Cash" }));
            await w.look("refund");
            await validate(w);
        },
    },
];
