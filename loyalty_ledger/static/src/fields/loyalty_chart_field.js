import { loadBundle } from "@web/core/assets";
import { getColor, getCustomColor } from "@web/core/colors/colors";
import { cookie } from "@web/core/browser/cookie";
import { registry } from "@web/core/registry";
import { formatFloat } from "@web/views/fields/formatters";
import { standardFieldProps } from "@web/views/fields/standard_field_props";
import { Component, onWillStart, onWillUnmount, useEffect, useRef, xml } from "@odoo/owl";

/** Series by month as a small chart: bars, and a line for what has another unit. */
export class LoyaltyChartField extends Component {
    static template = xml`
        <div class="o_loyalty_chart position-relative w-100" style="height: 170px">
            <canvas t-ref="canvas" role="img" t-att-aria-label="this.summary"/>
        </div>`;
    static props = { ...standardFieldProps };

    setup() {
        this.canvas = useRef("canvas");
        onWillStart(() => loadBundle("web.chartjs_lib"));
        useEffect(
            () => this.drawChart(),
            () => [this.props.record.data[this.props.name]]
        );
        onWillUnmount(() => this.chart?.destroy());
    }

    get data() {
        return JSON.parse(this.props.record.data[this.props.name] || '{"labels": [], "series": []}');
    }

    /** What people read who do not see the picture. */
    get summary() {
        const { labels, series } = this.data;
        return series
            .map(({ label, values }) => `${label}: ${labels.map((name, i) => `${name} ${values[i]}`).join(", ")}`)
            .join("; ");
    }

    drawChart() {
        this.chart?.destroy();
        const scheme = cookie.get("color_scheme");
        const text = getCustomColor(scheme, "#374151", "#E4E4E4");
        const { labels, series } = this.data;
        const datasets = series.map(({ label, values, line }, index) => ({
            label,
            data: values,
            type: line ? "line" : "bar",
            yAxisID: line ? "right" : "left",
            order: line ? 0 : 1,
            backgroundColor: getColor(index, scheme, "odoo"),
            borderColor: getColor(index, scheme, "odoo"),
            borderWidth: line ? 2 : 0,
            pointRadius: 2,
            tension: 0.2,
        }));
        const axis = (position, shown) => ({
            position,
            display: shown,
            beginAtZero: true,
            grid: { drawOnChartArea: position === "left" },
            ticks: { color: text, maxTicksLimit: 4 },
        });
        this.chart = new window.Chart(this.canvas.el, {
            type: "bar",
            data: { labels, datasets },
            options: {
                animation: false,
                maintainAspectRatio: false,
                interaction: { mode: "index", intersect: false },
                plugins: {
                    legend: { position: "bottom", labels: { boxWidth: 10, color: text } },
                    tooltip: {
                        callbacks: {
                            label: ({ dataset, raw }) =>
                                `${dataset.label}: ${formatFloat(raw, { digits: [16, 2], trailingZeros: false })}`,
                        },
                    },
                },
                scales: {
                    x: { grid: { display: false }, ticks: { color: text } },
                    left: axis(
                        "left",
                        series.some(({ line }) => !line)
                    ),
                    right: axis(
                        "right",
                        series.some(({ line }) => line)
                    ),
                },
            },
        });
    }
}

registry.category("fields").add("loyalty_chart", {
    component: LoyaltyChartField,
    supportedTypes: ["text", "char"],
});
