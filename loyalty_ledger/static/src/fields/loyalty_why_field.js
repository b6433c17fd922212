import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";
import { Component, xml } from "@odoo/owl";

/** A question mark beside a number of points: pointing at it, or tapping on it, says why it is this many. */
export class LoyaltyWhyField extends Component {
    static template = xml`
        <button
            t-if="text"
            type="button"
            class="btn btn-link p-0 o_loyalty_why"
            t-att-aria-label="text"
            data-tooltip-template="loyalty_ledger.LoyaltyWhy"
            t-att-data-tooltip-info="info"
            data-tooltip-touch-tap-to-show="true"
            data-tooltip-delay="0"
        ><i class="fa fa-question-circle-o" aria-hidden="true"/></button>`;
    static props = { ...standardFieldProps };

    get text() {
        return this.props.record.data[this.props.name] || "";
    }

    get info() {
        return JSON.stringify({ lines: this.text.split("\n") });
    }
}

registry.category("fields").add("loyalty_why", {
    component: LoyaltyWhyField,
    supportedTypes: ["text", "char"],
});
