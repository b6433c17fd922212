import { Component, onWillStart } from "@odoo/owl";
import { Dropdown } from "@web/core/dropdown/dropdown";
import { DropdownItem } from "@web/core/dropdown/dropdown_item";
import { registry } from "@web/core/registry";
import { checkFileSize } from "@web/core/utils/files";
import { useService } from "@web/core/utils/hooks";
import { getDataURLFromFile } from "@web/core/utils/urls";
import { KanbanController } from "@web/views/kanban/kanban_controller";
import { kanbanView } from "@web/views/kanban/kanban_view";
import { ListController } from "@web/views/list/list_controller";
import { listView } from "@web/views/list/list_view";

/** Programs that the button offers; others are chosen in the import. */
const SHOWN = 20;

/** *Upload* in the list of imports: the program where there are several, the file, and the checked import opens. */
export class BalanceImportUpload extends Component {
    static template = "loyalty_ledger.BalanceImportUpload";
    static components = { Dropdown, DropdownItem };
    static props = { context: { type: Object, optional: true } };

    setup() {
        this.orm = useService("orm");
        this.programs = [];
        onWillStart(async () => {
            this.programs = await this.orm.searchRead(
                "loyalty.program",
                [["is_ledgered", "=", true]],
                ["display_name"],
                { limit: SHOWN }
            );
        });
    }

    /** On a phone the menu that holds the button closes with the choice: nothing here depends on this component. */
    chooseFile(programId) {
        const { services } = this.env;
        const { context } = this.props;
        const input = Object.assign(document.createElement("input"), {
            type: "file",
            accept: ".csv,.txt,.tsv,.xlsx",
        });
        input.addEventListener("change", () =>
            upload(services, input.files[0], programId, context)
        );
        input.click();
    }
}

/** Send a file to the server, and open the import that it made of it. */
async function upload({ orm, action, notification }, file, programId, context) {
    if (!file || !checkFileSize(file.size, notification)) {
        return;
    }
    const url = await getDataURLFromFile(file);
    const args = [file.name, url.split(",")[1] || "", programId];
    const made = await orm.call("loyalty.balance.import", "upload_file", args, { context });
    await action.doAction(made);
}

class BalanceImportListController extends ListController {
    static components = { ...ListController.components, BalanceImportUpload };
}

class BalanceImportKanbanController extends KanbanController {
    static components = { ...KanbanController.components, BalanceImportUpload };
}

registry.category("views").add("loyalty_balance_import_list", {
    ...listView,
    Controller: BalanceImportListController,
    buttonTemplate: "loyalty_ledger.BalanceImportListButtons",
});
registry.category("views").add("loyalty_balance_import_kanban", {
    ...kanbanView,
    Controller: BalanceImportKanbanController,
    buttonTemplate: "loyalty_ledger.BalanceImportKanbanButtons",
});
