import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";
import { Component, useExternalListener, xml } from "@odoo/owl";

/** F11 on an invoice opens Apply Loyalty Points, where a card can be scanned. */
export class LoyaltyHotkey extends Component {
    static template = xml`<t/>`;
    static props = { ...standardWidgetProps };

    setup() {
        this.ui = useService("ui");
        this.orm = useService("orm");
        this.action = useService("action");
        // The hotkey service refuses function keys, so listen to the window.
        useExternalListener(window, "keydown", this.onKeydown);
    }

    async onKeydown(event) {
        const { record } = this.props;
        if (
            event.key !== "F11" ||
            event.repeat ||
            event.ctrlKey ||
            event.altKey ||
            event.metaKey ||
            event.shiftKey ||
            this.ui.activeElement !== document ||
            !record.data.can_apply_loyalty_points
        ) {
            return;
        }
        event.preventDefault();
        if (!(await record.save())) {
            return;
        }
        const action = await this.orm.call(record.resModel, "action_apply_loyalty_points", [
            [record.resId],
        ]);
        await this.action.doAction(action, { onClose: () => record.load() });
    }
}

export const loyaltyHotkey = {
    component: LoyaltyHotkey,
    fieldDependencies: [{ name: "can_apply_loyalty_points", type: "boolean" }],
};

registry.category("view_widgets").add("loyalty_hotkey", loyaltyHotkey);
