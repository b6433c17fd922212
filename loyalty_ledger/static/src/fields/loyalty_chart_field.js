import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";
import { Component, xml } from "@odoo/owl";

import { LoyaltyChart } from "../dashboard/loyalty_chart";

/** Charts that a field holds as JSON: `labels`, and for each unit one of `charts` with its `title` and `series`. */
export class LoyaltyChartField extends Component {
    static template = xml`
        <div class="d-flex flex-wrap gap-3 w-100">
            <div t-foreach="data.charts" t-as="chart" t-key="chart.title" class="flex-grow-1" style="flex-basis: 18rem">
                <div class="text-muted" t-out="chart.title"/>
                <div class="d-flex">
                    <LoyaltyChart type="'bars'" title="chart.title" labels="data.labels" series="chart.series" height="170"/>
                </div>
            </div>
        </div>`;
    static components = { LoyaltyChart };
    static props = { ...standardFieldProps };

    get data() {
        return JSON.parse(
            this.props.record.data[this.props.name] || '{"labels": [], "charts": []}'
        );
    }
}

registry.category("fields").add("loyalty_chart", {
    component: LoyaltyChartField,
    supportedTypes: ["text", "char"],
});
