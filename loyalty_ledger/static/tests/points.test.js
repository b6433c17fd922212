import { describe, expect, test } from "@odoo/hoot";
import { queryAllAttributes, queryAllTexts } from "@odoo/hoot-dom";
import { defineMailModels } from "@mail/../tests/mail_test_helpers";
import {
    contains,
    defineModels,
    fields,
    models,
    mountView,
    patchWithCleanup,
    serverState,
} from "@web/../tests/web_test_helpers";
import { getKwArgs } from "@web/../tests/_framework/mock_server/mock_server_utils";
import {
    checkDatasets,
    checkLabels,
    setupChartJsForTests,
} from "@web/../tests/views/graph/graph_test_helpers";
import { browser } from "@web/core/browser/browser";
import { SIZES, utils } from "@web/core/ui/ui_service";
import { ListRenderer } from "@web/views/list/list_renderer";
import { namesOneProgram } from "@loyalty_ledger/fields/loyalty_points_sums";

class Program extends models.Model {
    _name = "loyalty.program";

    name = fields.Char();

    _records = [
        { id: 1, name: "Club" },
        { id: 2, name: "Coffee" },
    ];
}

/** Rows with points of programs; as on the server, a total that would add those of several has no value. */
class Entry extends models.Model {
    _name = "loyalty.ledger.entry";

    kind = fields.Char();
    program_id = fields.Many2one({ relation: "loyalty.program" });
    program_type = fields.Selection({
        selection: [
            ["loyalty", "Loyalty"],
            ["gift_card", "Gift Card"],
        ],
    });
    currency_id = fields.Many2one({ relation: "res.currency" });
    points = fields.Float();
    price = fields.Float();

    _records = [
        { id: 1, kind: "earn", program_id: 1, points: 100, price: 1 },
        { id: 2, kind: "earn", program_id: 1, points: 20, price: 2 },
        { id: 3, kind: "spend", program_id: 1, points: 5, price: 3 },
        { id: 4, kind: "spend", program_id: 2, points: 7, price: 4 },
    ];

    formatted_read_group() {
        const { domain, aggregates } = getKwArgs(
            arguments,
            "domain",
            "groupby",
            "aggregates",
            "having",
            "offset",
            "limit",
            "order"
        );
        const groups = super.formatted_read_group(...arguments);
        for (const group of groups) {
            const rows = this._filter([...(domain || []), ...(group.__extra_domain || [])]);
            const isMixed = new Set(rows.map(({ program_id }) => program_id)).size > 1;
            for (const name of aggregates || []) {
                if (isMixed && name === "points:sum") {
                    group[name] = false;
                }
            }
        }
        return groups;
    }
}

defineMailModels();
defineModels([Program, Entry]);

const LIST = `
    <list>
        <field name="kind"/>
        <field name="program_id"/>
        <field name="points" widget="loyalty_points" sum="Points"/>
        <field name="price" sum="Price"/>
    </list>`;
const mountList = (values) =>
    mountView({ type: "list", resModel: "loyalty.ledger.entry", arch: LIST, ...values });
const foot = () => queryAllTexts("tfoot td.o_list_number");

describe.current.tags("desktop");

describe("foot of a list", () => {
    test("N27: points of several programs have no total, other numbers have theirs", async () => {
        await mountList();
        expect(foot()).toEqual(["10.00"]);
    });

    test("N27: points of one program have a total", async () => {
        await mountList({ domain: [["program_id", "=", 1]] });
        expect(foot()).toEqual(["125", "6.00"]);
    });

    test("N27: the total of a selection follows the rows that are chosen", async () => {
        await mountList();
        await contains(".o_data_row:eq(0) .o_list_record_selector input").click();
        await contains(".o_data_row:eq(1) .o_list_record_selector input").click();
        expect(foot()).toEqual(["120", "3.00"]);
        await contains(".o_data_row:eq(3) .o_list_record_selector input").click();
        expect(foot()).toEqual(["7.00"]);
    });

    test("N27: groups of one program each are not added, and a group of several says nothing", async () => {
        await mountList({ groupBy: ["program_id"] });
        expect(queryAllTexts(".o_group_header .o_list_number")).toEqual([
            "125",
            "6.00",
            "7",
            "4.00",
        ]);
        expect(foot()).toEqual(["10.00"]);
    });

    test("N27: a group of several programs has no total", async () => {
        await mountList({ groupBy: ["kind"] });
        expect(queryAllTexts(".o_group_header .o_list_number").filter(Boolean)).toEqual([
            "120",
            "3.00",
            "7.00",
        ]);
        expect(foot()).toEqual(["10.00"]);
    });

    test("domains that name one program", () => {
        for (const [domain, expected] of [
            [[], false],
            [[["program_id", "=", 1]], true],
            [[["program_id", "=", "Club"]], false],
            [[["program_id", "in", [1]]], true],
            [[["program_id", "in", [1, 2]]], false],
            [["&", ["kind", "=", "earn"], ["program_id", "=", 1]], true],
            [["|", ["kind", "=", "earn"], ["program_id", "=", 1]], false],
            [["!", ["program_id", "=", 1]], false],
        ]) {
            expect(namesOneProgram(domain)).toBe(expected, { message: JSON.stringify(domain) });
        }
    });
});

describe("graph", () => {
    setupChartJsForTests();

    const mountGraph = (values) =>
        mountView({
            type: "graph",
            resModel: "loyalty.ledger.entry",
            arch: `
                <graph js_class="loyalty_points_graph">
                    <field name="kind"/>
                    <field name="points" type="measure"/>
                </graph>`,
            ...values,
        });

    test("N27: a bar that would add points of several programs is divided by program, beside each other", async () => {
        const view = await mountGraph();
        checkLabels(view, ["earn", "spend"]);
        checkDatasets(
            view,
            ["label", "data"],
            [
                { label: "Club", data: [120, 5] },
                { label: "Coffee", data: [0, 7] },
            ]
        );
        expect(".o_graph_button[data-tooltip=Stacked]").not.toHaveClass("active");
    });

    test("N27: points of one program are one bar", async () => {
        const view = await mountGraph({ domain: [["program_id", "=", 1]] });
        checkDatasets(view, ["label", "data"], [{ label: "Points", data: [120, 5] }]);
    });
});

describe("balance of a card", () => {
    const mountForm = (values) => {
        Entry._records.push({ id: 9, points: 25, currency_id: 1, ...values });
        return mountView({
            type: "form",
            resModel: "loyalty.ledger.entry",
            resId: 9,
            arch: `<form><field name="points" widget="loyalty_balance" readonly="1"/></form>`,
        });
    };

    test("points are a number", async () => {
        await mountForm({ program_type: "loyalty" });
        expect(".o_field_widget[name=points]").toHaveText("25");
    });

    test("a gift card holds money", async () => {
        serverState.currencies = [{ id: 1, name: "USD", position: "before", symbol: "$" }];
        await mountForm({ program_type: "gift_card" });
        expect(".o_field_widget[name=points]").toHaveText("$ 25.00");
    });
});

describe("optional columns of a list", () => {
    const arch = `
        <list>
            <field name="kind" optional="show" options="{'narrow': 'hide'}"/>
            <field name="price" optional="show"/>
            <field name="points" widget="loyalty_points"/>
        </list>`;
    const names = () => queryAllAttributes("thead th[data-name]", "data-name");

    test("all are shown on a desktop", async () => {
        await mountList({ arch });
        expect(names()).toEqual(["kind", "price", "points"]);
    });

    test("some are not shown on an upright tablet until they are chosen", async () => {
        patchWithCleanup(utils, { getSize: () => SIZES.MD });
        await mountList({ arch });
        expect(names()).toEqual(["price", "points"]);
        await contains(".o_optional_columns_dropdown_toggle").click();
        await contains(".o-dropdown--menu span:contains(Kind)").click();
        expect(names()).toEqual(["kind", "price", "points"]);
    });

    test("what was chosen before is kept", async () => {
        patchWithCleanup(utils, { getSize: () => SIZES.MD });
        patchWithCleanup(ListRenderer.prototype, {
            setup() {
                super.setup();
                browser.localStorage.setItem(this.keyOptionalFields, "kind");
                Object.assign(this.optionalActiveFields, this.computeOptionalActiveFields());
            },
        });
        await mountList({ arch });
        expect(names()).toEqual(["kind", "points"]);
    });
});

describe("amounts of transactions", () => {
    const arch = `
        <list>
            <field name="program_id"/>
            <field name="points" widget="loyalty_balance" sum="Points"/>
        </list>`;

    test("N27: points of several programs have no total, money of a gift card is shown as money", async () => {
        serverState.currencies = [{ id: 1, name: "USD", position: "before", symbol: "$" }];
        Entry._records = [
            { id: 1, program_id: 1, program_type: "loyalty", points: 100 },
            { id: 2, program_id: 2, program_type: "gift_card", currency_id: 1, points: -24 },
        ];
        await mountList({ arch });
        expect(queryAllTexts(".o_data_cell[name=points]")).toEqual(["100", "$ -24.00"]);
        expect(foot()).toEqual([]);
    });
});
