/* The README's tour, but for what the other jobs walk: a card is lost, the register. */

/** Adjust a card, as in step 3. */
async function adjust(w) {
    await w.click(["button", "Adjust"]);
    await w.look("adjust");
    const dialog = w.dialog();
    await w.type(dialog.getByRole("textbox", { name: /Points$/ }), "25");
    await w.type(dialog.getByRole("textbox", { name: /^Reason/ }), "Goodwill for a late delivery");
    await w.click(dialog.getByRole("button", { name: /Adjust|Confirm|Approval/ }));
}

/** Redeem 50 points on the open invoice of Hotel Bellevue, as in step 7. */
async function redeemOnInvoice(w) {
    await w.open("/odoo/customer-invoices");
    await w.openRow(/Hotel Bellevue.*Posted/s);
    await w.click(["button", "Apply Loyalty Points"]);
    await w.look("apply points");
    await w.type(w.dialog().getByRole("textbox", { name: /^Points|Points$/ }), "50");
    await w.press("Tab");
    await w.click(w.dialog().getByRole("button", { name: /^(Redeem|Apply)/ }));
    await w.see(/65.00/);
    await w.look("invoice paid with points");
}

export const TOUR = [
    {
        name: "shop",
        title: "Walk the README's tour, steps 1 to 7",
        limit: 13,
        async walk(w) {
            await w.open("/odoo/loyalty-dashboard");
            await w.menu("Cards / Cards");
            await w.openRow("Grace Kim");
            await adjust(w);
            await w.open("/odoo/sales");
            await w.openRow("Bistro Karoo");
            await w.click(["tab", "Loyalty"]);
            await w.look("order");
            await w.open("/odoo/loyalty-inquiry");
            await redeemOnInvoice(w);
        },
    },
    {
        name: "books",
        title: "Walk the README's tour, steps 9 to 12",
        limit: 8,
        async walk(w) {
            await w.open("/odoo/loyalty-dashboard");
            await w.menu("Month End / Reconcile Loyalty");
            await w.click(["button", "Reconcile All Programs"]);
            await w.menu("Month End / Close the Month");
            await w.openRow("Closed");
            await w.look("month");
            await w.open("/odoo/loyalty-customers");
            await w.openRow("Harbor Wholesale");
            await w.click(["tab", "Loyalty"]);
            await w.look("customer");
        },
    },
];
