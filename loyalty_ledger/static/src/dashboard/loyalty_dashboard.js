import { Component, onWillStart, useState } from "@odoo/owl";
import { browser } from "@web/core/browser/browser";
import { Dropdown } from "@web/core/dropdown/dropdown";
import { DropdownItem } from "@web/core/dropdown/dropdown_item";
import { registry } from "@web/core/registry";
import { useAutofocus, useService } from "@web/core/utils/hooks";
import { KeepLast } from "@web/core/utils/concurrency";
import { Layout } from "@web/search/layout";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";

import { LoyaltyChart } from "./loyalty_chart";
import { LoyaltyTemplateDialog } from "./loyalty_template_dialog";

const CHOICE = "loyalty_ledger.dashboard";

/** The first screen of Loyalty. The server says everything in the reader's words; each figure opens its lines. */
export class LoyaltyDashboard extends Component {
    static template = "loyalty_ledger.LoyaltyDashboard";
    static components = { Layout, Dropdown, DropdownItem, LoyaltyChart };
    static props = { ...standardActionServiceProps };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.dialog = useService("dialog");
        this.display = { controlPanel: {} };
        this.keepLast = new KeepLast();
        // A card that is scanned here opens: people come to this screen with a card in their hand.
        this.searched = useAutofocus({ refName: "searched" });
        this.state = useState({ data: null });
        onWillStart(() => this.load(this.choice));
    }

    /** What was chosen the last time, on this browser. */
    get choice() {
        try {
            return JSON.parse(browser.localStorage.getItem(CHOICE)) || {};
        } catch {
            return {};
        }
    }

    async load(options) {
        this.state.data = await this.keepLast.add(
            this.orm.call("loyalty.dashboard", "load_figures", [options])
        );
    }

    get data() {
        return this.state.data;
    }

    get options() {
        const { period, company_id, program_id, shop_id } = this.data.options;
        return { period, company_id, program_id, shop_id };
    }

    async set(name, value) {
        const options = { ...this.options, [name]: value };
        browser.localStorage.setItem(CHOICE, JSON.stringify(options));
        await this.load(options);
    }

    /** The name of what is chosen in a list of pairs. */
    nameOf(pairs, value) {
        return pairs.find((pair) => pair[0] === value)?.[1];
    }

    async open(figure, value = null) {
        const action = await this.orm.call("loyalty.dashboard", "open_lines", [
            figure,
            this.options,
            value,
        ]);
        await this.action.doAction(action);
    }

    async find() {
        const text = this.searched.el.value.trim();
        if (text) {
            await this.open("find", text);
        }
    }

    openMonth(movement, index) {
        return this.open(movement, this.data.charts.flows.months[index]);
    }

    newProgram() {
        this.dialog.add(LoyaltyTemplateDialog);
    }

    openStep(step) {
        return step.key === "program" ? this.newProgram() : this.open("step", step.key);
    }

    /** Whether a change is good news, bad news or neither. */
    tone(figure) {
        if (!figure.change || !figure.good) {
            return "text-muted";
        }
        return figure.change > 0 === (figure.good === "up") ? "text-success" : "text-danger";
    }

    series(chart, label) {
        return [{ key: chart.key || "", label, values: chart.values, texts: chart.texts }];
    }
}

registry.category("actions").add("loyalty_dashboard", LoyaltyDashboard);
