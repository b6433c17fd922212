/* What a shop owner, a manager and a bookkeeper do in the office. */

const FILE = "Card Number;Name;Points\n0440000008001;Lena Fuchs;120\n0440000008018;Nora Berg;75\n";

export const OFFICE = [
    {
        name: "program",
        title: "Set up a program from a template",
        limit: 2,
        before: 4,
        async walk(w) {
            await w.open("/odoo/loyalty-dashboard");
            await w.click(["button", "New program"]);
            await w.look("templates");
            await w.click(w.dialog().getByText("Loyalty Card", { exact: true }));
            await w.see(["textbox", /Program Name/]);
            await w.look("program");
        },
    },
    {
        name: "enrol",
        title: "Give a customer a card from an invoice",
        limit: 2,
        before: 2,
        async walk(w) {
            await w.open("/odoo/customer-invoices");
            await w.openRow("Nora Berg");
            await w.look("invoice");
            await w.click(["button", "Issue Card"]);
            await w.see(".o_field_widget[name=loyalty_card_id]:not(.o_field_empty)");
        },
    },
    {
        name: "replace",
        title: "Replace a lost card",
        limit: 4,
        before: 12,
        async walk(w) {
            await w.open("/odoo/loyalty-cards");
            await w.search("Lena Fuchs", "Customer");
            await w.openRow("0440000007001");
            await w.click(["button", "Replace Card"]);
            await w.look("replace");
            await w.click(w.dialog().getByRole("button", { name: /Replace/ }));
            await w.see(/120/);
        },
    },
    {
        name: "explain",
        title: "Explain a balance to a customer who shows the card",
        limit: 1,
        before: 3,
        async walk(w) {
            await w.open("/odoo/loyalty-dashboard");
            await w.type(["searchbox", "Card number or customer"], "0449900000011");
            await w.press("Enter");
            await w.see(w.page.locator(".o_form_view").filter({ hasText: "0449900000011" }));
            await w.look("card");
            await w.see(/Points spent in the shop|Redeemed/);
        },
    },
    {
        name: "approve",
        title: "Approve what a colleague asked for",
        limit: 2,
        before: 5,
        async walk(w) {
            await w.open("/odoo/loyalty-dashboard");
            await w.click(["button", /Adjustments to approve/]);
            await w.look("adjustments");
            await w.click(
                w.row(/Grace Kim.*flooded shop/).getByRole("button", { name: "Approve" })
            );
            await w.see(/posted for Grace Kim: 600 points/i);
            await w.see(/Nothing waits for approval/);
        },
    },
    {
        name: "import",
        title: "Import balances from another system",
        limit: 3,
        before: 9,
        async walk(w) {
            await w.open("/odoo/loyalty-import-balances");
            await w.click(["button", "Upload File"]);
            await w.chooseFile(["menuitem", "Rewards Club"], "balances.csv", FILE);
            await w.look("import");
            await w.see(w.row("0440000008018").filter({ hasText: "75" }));
            await w.click(["button", "Import and Issue New Cards"]);
            await w.see(w.row("0440000008018").filter({ hasText: "Imported" }));
        },
    },
    {
        name: "expiring",
        title: "Find which points expire within 30 days",
        limit: 1,
        before: 2,
        async walk(w) {
            await w.open("/odoo/loyalty-dashboard");
            await w.click(["button", /^Expire within 30 days/]);
            await w.look("expiring");
            await w.see(".o_data_row, .o_pivot, .o_graph_view, .o_kanban_record");
        },
    },
    {
        name: "why",
        title: "Answer why an invoice gave this many points",
        limit: 1,
        before: 3,
        async walk(w) {
            await w.open("/odoo/customer-invoices");
            await w.search("Hotel Bellevue");
            await w.look("invoices with points");
            await w.point(w.row("Paid").locator(".o_loyalty_why"));
            await w.see(/points\.$/);
        },
    },
];
