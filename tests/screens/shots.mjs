/* Pictures of the main screens, in three sizes and, on a desktop, in a language that is written from right to left. */
import { mkdirSync } from "node:fs";
import { AT_THE_REGISTER } from "./register.mjs";
import { SIZES, Walker } from "./walker.mjs";

const REGISTERS = "/odoo/point-of-sale";

/** Name and address of each screen; `then` opens what has no address of its own, and may return another page. */
export const SCREENS = [
    { name: "loyalty", path: "/odoo/loyalty-dashboard" },
    { name: "cards", path: "/odoo/loyalty-cards" },
    { name: "card", path: "/odoo/loyalty-cards", then: firstRow },
    { name: "customers", path: "/odoo/loyalty-customers" },
    { name: "customer", path: "/odoo/loyalty-customers", then: firstRow },
    { name: "transactions", path: "/odoo/loyalty-transactions" },
    { name: "exceptions", path: "/odoo/loyalty-exceptions" },
    { name: "adjustments", path: "/odoo/loyalty-adjustments" },
    { name: "import", path: "/odoo/loyalty-import-balances" },
    { name: "inquiry", path: "/odoo/loyalty-inquiry" },
    { name: "expiry", path: "/odoo/loyalty-expiry" },
    { name: "reconcile", path: "/odoo/reconcile-loyalty" },
    { name: "close", path: "/odoo/loyalty-close" },
    { name: "month", path: "/odoo/loyalty-close", then: firstRow },
    { name: "points", path: "/odoo/loyalty-payments" },
    { name: "portal", path: "/my" },
    ...Object.entries(AT_THE_REGISTER).map(([name, then]) => ({
        name: `register-${name}`,
        path: REGISTERS,
        then,
    })),
];

async function firstRow({ page }) {
    await page
        .locator(".o_data_row .o_data_cell, .o_kanban_record:not(.o_kanban_ghost)")
        .first()
        .click();
    await page.locator(".o_form_view").waitFor();
}

async function takeOne(context, url, screen, file) {
    const walker = await new Walker(context, url).start();
    let other;
    try {
        await walker.openOnly(screen.path);
        other = await screen.then?.(walker);
        await walker.settle();
        await (other || walker.page).screenshot({ path: file });
    } finally {
        await other?.close();
        await walker.page.close();
    }
}

/** Take the pictures into a folder; returns the exit status. */
export async function takeShots({ url, shots, screen: names }, logIn, say) {
    mkdirSync(shots, { recursive: true });
    const chosen = SCREENS.filter(({ name }) => !names.length || names.includes(name));
    const sizes = Object.keys(SIZES).map((size) => ({ suffix: size, size, login: "admin" }));
    let status = 0;
    for (const { suffix, ...person } of [
        ...sizes,
        { suffix: "right-to-left", size: "desktop", login: "arabic" },
    ]) {
        const context = await logIn(person);
        for (const screen of chosen) {
            const file = `${shots}/${screen.name}-${suffix}.png`;
            try {
                await takeOne(context, url, screen, file);
                say(`   ${file}`);
            } catch (error) {
                say(`   FAILED ${file}: ${error.message.split("\n")[0]}`);
                status = 1;
            }
        }
        await context.close();
    }
    return status;
}
