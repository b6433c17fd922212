/* global Chart */

import { Component, onWillStart, onWillUnmount, useEffect, useRef } from "@odoo/owl";
import { loadBundle } from "@web/core/assets";
import { cookie } from "@web/core/browser/cookie";
import { getCustomColor, hexToRGBA } from "@web/core/colors/colors";
import { localization } from "@web/core/l10n/localization";

/** Colors of series, on light and on dark: what is held and given, what is used, what is lost. */
const TEAL = ["#017e84", "#4fc3c9"];
const PURPLE = ["#714b67", "#c79bbb"];
const AMBER = ["#c77700", "#f2b35b"];
const SERIES = { redeemed: PURPLE, liability: PURPLE, expired: AMBER };

/**
 * A chart of the dashboard, drawn by the library that Odoo's own graphs use.
 *
 * `series` are objects with `key`, `label`, `values` and `texts`, which are what a reader sees of each value. Those who cannot
 * see the drawing get the same in words. Values of the last columns are on the side where the reader's lines end.
 */
export class LoyaltyChart extends Component {
    static template = "loyalty_ledger.LoyaltyChart";
    static props = {
        type: { validate: (type) => ["area", "bars", "rows", "spark"].includes(type) },
        title: String,
        labels: Array,
        series: Array,
        height: { type: Number, optional: true },
        onSelect: { type: Function, optional: true },
    };
    static defaultProps = { height: 220 };

    setup() {
        this.canvas = useRef("canvas");
        this.chart = null;
        onWillStart(() => loadBundle("web.chartjs_lib"));
        useEffect(
            () => {
                this.draw();
            },
            () => [this.props.series]
        );
        onWillUnmount(() => this.chart?.destroy());
    }

    /** The chart in words: the last value of each series, or each row. */
    get description() {
        const { labels, series, title } = this.props;
        if (this.props.type === "rows") {
            return `${title}: ${labels
                .map((label, index) => `${label} ${series[0].texts[index]}`)
                .join(", ")}`;
        }
        const last = labels.length - 1;
        return `${title}, ${labels[last]}: ${series
            .map((one) => `${one.label} ${one.texts[last]}`)
            .join(", ")}`;
    }

    color(series) {
        return getCustomColor(cookie.get("color_scheme"), ...(SERIES[series.key] || TEAL));
    }

    dataset(series) {
        const color = this.color(series);
        if (this.props.type === "bars") {
            return {
                label: series.label,
                data: series.values,
                backgroundColor: color,
                borderRadius: 2,
            };
        }
        if (this.props.type === "rows") {
            return {
                label: series.label,
                data: series.values,
                backgroundColor: color,
                borderRadius: 3,
                maxBarThickness: 24,
            };
        }
        const isSpark = this.props.type === "spark";
        return {
            label: series.label,
            data: series.values,
            borderColor: color,
            backgroundColor: hexToRGBA(color, 0.15),
            fill: "origin",
            borderWidth: isSpark ? 1.5 : 2,
            pointRadius: isSpark ? 0 : 2,
            pointHitRadius: 12,
            tension: 0.25,
        };
    }

    get options() {
        const { type, series, onSelect } = this.props;
        const scheme = cookie.get("color_scheme");
        const grid = getCustomColor(scheme, "#e5e7eb", "#3C3E4B");
        const text = getCustomColor(scheme, "#374151", "#E4E4E4");
        const isRtl = localization.direction === "rtl";
        const isSpark = type === "spark";
        const isRows = type === "rows";
        const values = {
            grid: { color: grid },
            ticks: { color: text, maxTicksLimit: 5 },
            beginAtZero: true,
        };
        const names = {
            grid: { display: false },
            ticks: { color: text, maxRotation: 0, autoSkipPadding: 12 },
        };
        if (isRows) {
            values.display = false;
            names.ticks.autoSkip = false;
        } else {
            values.position = isRtl ? "right" : "left";
            values.ticks.callback = (value) => this.shorten(value);
        }
        return {
            indexAxis: isRows ? "y" : "x",
            maintainAspectRatio: false,
            animation: false,
            interaction: {
                mode: isRows ? "nearest" : "index",
                axis: isRows ? "y" : "x",
                intersect: false,
            },
            plugins: {
                legend: {
                    display: series.length > 1,
                    position: "bottom",
                    rtl: isRtl,
                    labels: { color: text, boxWidth: 12 },
                },
                tooltip: {
                    enabled: !isSpark,
                    rtl: isRtl,
                    callbacks: {
                        label: (item) =>
                            ` ${item.dataset.label}: ${series[item.datasetIndex].texts[item.dataIndex]}`,
                    },
                },
            },
            scales: {
                x: { ...(isRows ? values : names), display: !isSpark && !isRows, reverse: isRtl },
                y: {
                    ...(isRows ? names : values),
                    display: !isSpark,
                    ...(isRows ? { position: isRtl ? "right" : "left" } : {}),
                },
            },
            onClick: (event, elements) => {
                if (onSelect && elements.length) {
                    const nearest = this.chart.getElementsAtEventForMode(
                        event,
                        "nearest",
                        { intersect: false },
                        false
                    )[0];
                    onSelect(series[nearest.datasetIndex].key, nearest.index);
                }
            },
            onHover: (event, elements) => {
                event.native.target.style.cursor =
                    onSelect && elements.length ? "pointer" : "default";
            },
        };
    }

    /** Numbers of an axis, as short as they can be in the reader's language. */
    shorten(value) {
        const language = (localization.code || "en_US").replace("_", "-");
        try {
            return new Intl.NumberFormat(language, {
                notation: "compact",
                maximumFractionDigits: 1,
            }).format(value);
        } catch {
            return String(value);
        }
    }

    /** What stands beside bars; rows say their value there, too. */
    get labels() {
        const { type, labels, series } = this.props;
        return type === "rows"
            ? labels.map((label, index) => [label, series[0].texts[index]])
            : labels;
    }

    draw() {
        this.chart?.destroy();
        this.chart = new Chart(this.canvas.el, {
            type: ["area", "spark"].includes(this.props.type) ? "line" : "bar",
            data: {
                labels: this.labels,
                datasets: this.props.series.map((one) => this.dataset(one)),
            },
            options: this.options,
        });
    }
}
