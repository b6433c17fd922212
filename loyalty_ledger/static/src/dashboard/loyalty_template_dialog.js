import { Component, onWillStart } from "@odoo/owl";
import { Dialog } from "@web/core/dialog/dialog";
import { useService } from "@web/core/utils/hooks";

/** The templates of a new program; choosing one makes the program and opens it. */
export class LoyaltyTemplateDialog extends Component {
    static template = "loyalty_ledger.LoyaltyTemplateDialog";
    static components = { Dialog };
    static props = { close: Function };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        onWillStart(async () => {
            this.templates = await this.orm.call("loyalty.dashboard", "get_templates", []);
        });
    }

    async choose(template) {
        const action = await this.orm.call(
            "loyalty.program",
            "create_from_template",
            [template.id],
            {
                context: { menu_type: template.menu },
            }
        );
        this.props.close();
        if (action) {
            await this.action.doAction(action);
        }
    }
}
