import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";
import { Component, xml } from "@odoo/owl";

import { formatLoyaltyPoints } from "./loyalty_points_field";

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

/** A number of points in a list, with its question mark; documents that have nothing to do with points stay empty. */
export class LoyaltyPointsWhyField extends Component {
    static template = xml`
        <t t-if="why or props.record.data[props.name]">
            <LoyaltyWhyField name="props.why" record="props.record"/>
            <span class="ms-1" t-out="points"/>
        </t>`;
    static components = { LoyaltyWhyField };
    static props = { ...standardFieldProps, why: String };

    get why() {
        return this.props.record.data[this.props.why];
    }

    get points() {
        return formatLoyaltyPoints(this.props.record.data[this.props.name]);
    }
}

registry.category("fields").add("loyalty_points_why", {
    component: LoyaltyPointsWhyField,
    supportedTypes: ["float"],
    extractProps: ({ options }) => ({ why: options.why }),
    fieldDependencies: ({ options }) => [{ name: options.why, type: "text" }],
});
