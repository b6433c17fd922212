import { Component, useEffect, useRef, useState } from "@odoo/owl";
import { Numpad, BACKSPACE, getButtons } from "@point_of_sale/app/components/numpad/numpad";
import { usePos } from "@point_of_sale/app/hooks/pos_hook";
import { PartnerList } from "@point_of_sale/app/screens/partner_list/partner_list";
import { makeAwaitable } from "@point_of_sale/app/utils/make_awaitable_dialog";
import { Dialog } from "@web/core/dialog/dialog";
import { _t } from "@web/core/l10n/translation";
import { ConnectionLostError } from "@web/core/network/rpc";
import { useAutofocus, useService } from "@web/core/utils/hooks";
import { errorMessage, pointsName, sayPoints } from "@loyalty_pos/app/utils/format";

const CLEAR = "Delete";

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
        this.buttons = getButtons([{ value: CLEAR, text: _t("Clear") }, { value: "0" }, BACKSPACE]);
        useAutofocus({ refName: "code", mobile: true });
        const error = useRef("error");
        useEffect(
            (message) => {
                if (message) {
                    error.el?.scrollIntoView({ block: "nearest" });
                }
            },
            () => [this.state.error]
        );
    }

    get current() {
        return this.props.order.loyalty_card_id;
    }
    pointsOf(card) {
        return sayPoints(card.spendablePoints, card.program_id);
    }
    owedBy(card) {
        return card.owedPoints ? _t("owes %s", sayPoints(card.owedPoints, card.program_id)) : "";
    }
    isCurrent(card) {
        return card.id === this.current?.id;
    }
    /** Cards and keys side by side where there is room, so that neither hides the other. */
    get isWide() {
        return !this.ui.isSmall && this.props.cards.length > 0;
    }
    get mayGiveBonus() {
        return Boolean(this.current) && !this.props.order.finalized && this.pos.mayGiveBonus;
    }
    get bonusName() {
        return pointsName(this.current?.program_id);
    }
    get canRemove() {
        return Boolean(this.current) && !this.props.order.finalized;
    }
    get isSubmittable() {
        return Boolean(this.state.code.trim()) && !this.state.busy;
    }

    onNumpad(key) {
        this.state.error = "";
        if (key === CLEAR) {
            this.state.code = "";
        } else if (key === BACKSPACE.value) {
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
                const { taken, error } = await this.pos.useLoyaltyCode(code, this.props.order);
                this.state.unknown = taken ? "" : code.trim();
                return error;
            }, _t("There is no connection to the server, and this register has not seen the card before. Choose the customer instead."));
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
    /** A paid order has no button for its customer: who comes without the card is found by name. */
    get mayFindCustomer() {
        return this.props.order.finalized && !this.partner;
    }
    async findCustomer() {
        const partner = await makeAwaitable(this.pos.dialog, PartnerList);
        if (partner) {
            await this.run(async () => {
                const cards = await this.pos.getPartnerCards(partner.id);
                const card = this.pos.preselectedCard(cards, this.props.order, partner);
                return card
                    ? this.pos.useLoyaltyCard(card, this.props.order)
                    : this.pos.issueLoyaltyCard(this.props.order, false, partner);
            });
        }
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
    async run(
        action,
        withoutConnection = _t("There is no connection to the server. Try again later.")
    ) {
        this.state.busy = true;
        this.state.error = "";
        try {
            this.state.error = await action();
        } catch (error) {
            this.state.error =
                error instanceof ConnectionLostError ? withoutConnection : errorMessage(error);
        } finally {
            this.state.busy = false;
        }
        if (!this.state.error) {
            this.props.close();
        }
    }
}
