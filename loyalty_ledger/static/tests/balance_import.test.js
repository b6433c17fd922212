import { describe, expect, test } from "@odoo/hoot";
import { queryAllTexts } from "@odoo/hoot-dom";
import { defineMailModels } from "@mail/../tests/mail_test_helpers";
import {
    contains,
    defineModels,
    fields,
    models,
    mountWithCleanup,
} from "@web/../tests/web_test_helpers";
import { BalanceImportUpload } from "@loyalty_ledger/balance_import/balance_import_upload";

class Program extends models.Model {
    _name = "loyalty.program";

    name = fields.Char();
    is_ledgered = fields.Boolean();
}

defineMailModels();
defineModels([Program]);

describe.current.tags("desktop");

const open = async (...names) => {
    Program._records = names.map((name, index) => ({ id: index + 1, name, is_ledgered: true }));
    await mountWithCleanup(BalanceImportUpload, { props: { context: {} } });
    await contains(".o_loyalty_upload").click();
};

test("P8: where there are several programs, one is chosen before the file", async () => {
    await open("Club", "Coffee");
    expect(queryAllTexts(".o-dropdown-item")).toEqual([
        "Club",
        "Coffee",
        "Several programs, or choose later",
    ]);
});

test("P8: without a program no file is asked for, and it says what is missing", async () => {
    await open();
    expect(".o-dropdown-item").toHaveCount(0);
    expect(".o_loyalty_no_program").toHaveText("Balances belong to a program. Create one first.");
});
