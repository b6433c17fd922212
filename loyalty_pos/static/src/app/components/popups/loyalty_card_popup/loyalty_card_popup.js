import { Component, useState } from "@odoo/owl";
import { Numpad, BACKSPACE, EMPTY, getButtons } from "@point_of_sale/app/components/numpad/numpad";
import { usePos } from "@point_of_sale/app/hooks/pos_hook";
import { Dialog } from "@web/core/dialog/dialog";
import { _t } from "@web/core/l10n/translation";
import { ConnectionLostError } from "@web/core/network/rpc";
import { useAutofocus, useService } from "@web/core/utils/hooks";
import { errorMessage, formatPoints } from "@loyalty_pos/app/utils/format";

/** Enter, scan or choose the loyalty card of an order. */
export class LoyaltyCardPopup extends Component {
    static template = "loyalty_pos.LoyaltyCardPopup";
    static components = { Dialog, Numpad };
    static props = {
        order: Object,
        cards: Array,
        getPayload: { type: Function, optional: true },
        close: Function,
    };

    setup() {
        this.pos = usePos();
        this.ui = useService("ui");
        this.state = useState({ code: "", unknown: "", error: "", busy: false });
        this.buttons = getButtons([EMPTY, { value: "0" }, BACKSPACE]);
        this.formatPoints = formatPoints;
        useAutofocus({ refName: "code", mobile: true });
    }

    get current() {
        return this.props.order.loyalty_card_id;
    }
    isCurrent(card) {
        return card.id === this.current?.id;
    }
    get isSubmittable() {
        return Boolean(this.state.code.trim()) && !this.state.busy;
    }

    onNumpad(key) {
        this.state.error = "";
        if (key === BACKSPACE.value) {
            this.state.code = this.state.code.slice(0, -1);
        } else {
            this.state.code += key;
        }
    }
    onInput(ev) {
        this.state.code = ev.target.value;
        this.state.error = "";
    }
    onKeydown(ev) {
        if (ev.key === "Enter") {
            ev.preventDefault();
            this.confirm();
        }
    }

    async confirm() {
        if (this.isSubmittable) {
            await this.run(async () => {
                const { code } = this.state;
                const { found, error } = await this.pos.useLoyaltyCode(code, this.props.order);
                this.state.unknown = found ? "" : code.trim();
                return error;
            });
        }
    }
    /** A number that is no card's yet can be a pre-printed one. */
    get issuableCode() {
        const code = this.state.code.trim();
        return this.partner && this.state.unknown === code ? code : "";
    }
    get canIssue() {
        return Boolean(this.partner) && !this.current?.isRegistered && !this.props.cards.length;
    }
    get partner() {
        return this.props.order.getPartner();
    }
    async issue(code = false) {
        await this.run(() => this.pos.issueLoyaltyCard(this.props.order, code));
    }
    async giveBonus() {
        this.state.error = "";
        try {
            await this.pos.giveBonusPoints(this.current);
        } catch (error) {
            this.state.error = errorMessage(error);
        }
    }
    async choose(card) {
        await this.run(() => this.pos.useLoyaltyCard(card, this.props.order));
    }
    async remove() {
        await this.run(async () => {
            this.props.order.setLoyaltyCard(false);
            return "";
        });
    }
    /** Do something that returns why it failed; close when it did not. */
    async run(action) {
        this.state.busy = true;
        this.state.error = "";
        try {
            this.state.error = await action();
        } catch (error) {
            this.state.error =
                error instanceof ConnectionLostError
                    ? _t("There is no connection to the server. Choose the customer instead.")
                    : errorMessage(error);
        } finally {
            this.state.busy = false;
        }
        if (!this.state.error) {
            this.props.close();
        }
    }
}
