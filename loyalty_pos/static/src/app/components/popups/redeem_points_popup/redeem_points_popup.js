import { Component, onMounted, useRef, useState } from "@odoo/owl";
import {
    Numpad,
    BACKSPACE,
    DECIMAL,
    getButtons,
} from "@point_of_sale/app/components/numpad/numpad";
import { usePos } from "@point_of_sale/app/hooks/pos_hook";
import { Dialog } from "@web/core/dialog/dialog";
import { localization } from "@web/core/l10n/localization";
import { _t } from "@web/core/l10n/translation";
import { useService } from "@web/core/utils/hooks";
import { formatFloat } from "@web/core/utils/numbers";
import { parseFloat } from "@web/views/fields/parsers";
import { errorMessage, formatPoints, pointsName, sayPoints } from "@loyalty_pos/app/utils/format";
import {
    isWhole,
    moneyToPoints,
    pointsToMoney,
    pointsTyped,
    wholePoints,
} from "@loyalty_pos/app/utils/points";

/** How many points of a card pay: points and money edit each other (C19, C20), whole points only (C21). */
export class RedeemPointsPopup extends Component {
    static template = "loyalty_pos.RedeemPointsPopup";
    static components = { Dialog, Numpad };
    static defaultProps = { cards: [] };
    static props = {
        order: Object,
        card: Object,
        redemption: { type: Object, optional: true },
        cards: { type: Array, optional: true },
        close: Function,
    };

    setup() {
        this.pos = usePos();
        this.ui = useService("ui");
        const { order, card, redemption } = this.props;
        this.opened = { card: order.loyalty_card_id, partner: order.getPartner() };
        this.uuid = redemption?.uuid || this.pos.getRedemptionUuid(order, card);
        this.formatPoints = formatPoints;
        this.inputs = { points: useRef("points"), money: useRef("money") };
        this.buttons = getButtons([DECIMAL, { value: "0" }, BACKSPACE]);
        const points = this.props.redemption?.points || this.maximum;
        this.state = useState({
            field: "points",
            startOver: true,
            points: "",
            money: "",
            busy: false,
            error: "",
        });
        this.setPoints(points);
        onMounted(() => this.select("points"));
    }

    // --- figures ----------------------------------------------------------------------------------------------

    get order() {
        return this.props.order;
    }
    get card() {
        return this.props.card;
    }
    get value() {
        return this.card.program_id.point_value;
    }
    get available() {
        return Math.max(0, this.order.getRedeemablePoints(this.card, this.props.redemption));
    }
    get due() {
        return this.order.getRedeemableDue(
            this.props.redemption,
            this.pos.isReducing(this.card.program_id),
            this.card.program_id
        );
    }
    get maximum() {
        return this.pos.getRedeemOffer(this.order, this.card, this.props.redemption).points;
    }
    get pointName() {
        return pointsName(this.card.program_id);
    }
    /** Without connection: what can be redeemed here, and why not more. */
    get offlineHint() {
        return this.pos.data.network.offline
            ? this.pos.sayOfflineAllowance(this.card, this.props.redemption?.uuid)
            : "";
    }
    get rounding() {
        return this.pos.currency.rounding;
    }
    get balances() {
        const own = this.props.redemption?.points || 0;
        return [
            { name: "accumulated", label: _t("Accumulated"), points: this.card.accumulated_points },
            { name: "redeemed", label: _t("Redeemed"), points: this.card.redeemed_points },
            {
                name: "reserved",
                label: _t("Reserved"),
                points: Math.max(0, (this.card.reserved_points || 0) - own),
            },
            { name: "available", label: _t("Available"), points: this.available },
        ];
    }
    get points() {
        return this.parse(this.state.points);
    }
    get amount() {
        return pointsToMoney(this.points || 0, this.value, this.rounding);
    }
    /** Why the points cannot be redeemed as they stand. */
    get problem() {
        const points = this.points;
        if (!this.state.points.trim() || points === 0) {
            return "";
        }
        if (points === null || points < 0) {
            return _t("Enter a number of %s.", this.pointName);
        }
        if (!isWhole(points)) {
            return _t("Only whole %s can be redeemed.", this.pointName);
        }
        if (points > this.available) {
            return this.maximum < wholePoints(this.available)
                ? _t(
                      "The card has %(available)s available, and %(due)s can be covered: at most %(points)s.",
                      {
                          available: this.say(this.available),
                          due: this.env.utils.formatCurrency(this.due),
                          points: this.say(this.maximum),
                      }
                  )
                : _t("The card has %s available.", this.say(this.available));
        }
        if (points > this.pos.getOfflineLimit(this.order, this.card, this.props.redemption)) {
            return this.offlineHint;
        }
        if (!this.amount) {
            return _t(
                "Redeem at least %(least)s, which are worth %(unit)s: %(points)s would be worth nothing.",
                {
                    least: this.say(moneyToPoints(this.rounding, this.value, this.rounding)),
                    unit: this.env.utils.formatCurrency(this.rounding),
                    points: formatPoints(points),
                }
            );
        }
        if (points > this.maximum) {
            return _t("%(due)s can be covered: at most %(points)s.", {
                due: this.env.utils.formatCurrency(this.due),
                points: this.say(this.maximum),
            });
        }
        return "";
    }
    /** The customer's other cards, which can be redeemed on the same order. */
    get otherCards() {
        return this.props.cards.filter((card) => card.id !== this.card.id);
    }
    get isChanged() {
        const { card, partner } = this.opened;
        return (
            card?.id !== this.order.loyalty_card_id?.id ||
            partner?.id !== this.order.getPartner()?.id
        );
    }
    say(points) {
        return sayPoints(points, this.card.program_id);
    }
    get isSubmittable() {
        return Boolean(this.points) && !this.problem && !this.state.busy;
    }
    get amountLabel() {
        return this.env.utils.formatCurrency(this.amount);
    }

    // --- input ------------------------------------------------------------------------------------------------

    parse(text) {
        try {
            return parseFloat(text.trim() || "0");
        } catch {
            return null;
        }
    }
    formatMoney(amount) {
        const digits = this.pos.currency.decimal_places;
        return formatFloat(amount, { digits: [16, digits], thousandsSep: "" });
    }
    setPoints(points) {
        this.state.points = formatFloat(points, { digits: [16, 0], thousandsSep: "" });
        this.state.money = this.formatMoney(pointsToMoney(points, this.value, this.rounding));
    }
    edit(field, text) {
        this.state.error = "";
        this.state[field] = text;
        const number = this.parse(text);
        if (number === null || number < 0) {
            return;
        }
        if (field === "points") {
            this.state.money = this.formatMoney(pointsToMoney(number, this.value, this.rounding));
        } else {
            this.state.points = formatFloat(
                pointsTyped(number, this.due, this.value, this.rounding),
                {
                    digits: [16, 0],
                    thousandsSep: "",
                }
            );
        }
    }
    /** What was typed as money becomes what the whole points are worth. */
    settle(field) {
        if (field === "money" && this.points !== null && isWhole(this.points)) {
            this.state.money = this.formatMoney(this.amount);
        }
    }
    select(field) {
        this.state.field = field;
        this.state.startOver = true;
        const input = this.inputs[field].el;
        if (!this.ui.isSmall) {
            input.focus();
        }
        input.select();
    }
    onFocus(field) {
        if (this.state.field !== field) {
            this.select(field);
        }
    }
    onKeydown(ev) {
        this.state.startOver = false;
        if (ev.key === "Enter") {
            ev.preventDefault();
            ev.stopPropagation();
            this.confirm();
        }
    }
    onNumpad(key) {
        const field = this.state.field;
        let text = this.state.startOver ? "" : this.state[field];
        if (key === BACKSPACE.value) {
            text = text.slice(0, -1);
        } else if (key !== localization.decimalPoint || !text.includes(key)) {
            text += key;
        }
        this.state.startOver = false;
        this.edit(field, text);
    }
    setMaximum() {
        this.state.error = "";
        this.setPoints(this.maximum);
    }

    // --- outcome ----------------------------------------------------------------------------------------------

    async confirm() {
        if (!this.isSubmittable) {
            return;
        }
        if (!this.props.redemption && this.isChanged) {
            // Another card was scanned in the meantime.
            this.props.close();
            return;
        }
        this.state.busy = true;
        this.state.error = "";
        try {
            await this.pos.redeemPoints(
                this.order,
                this.card,
                wholePoints(this.points),
                this.uuid,
                this.props.redemption
            );
            this.props.close();
        } catch (error) {
            this.state.error = errorMessage(error);
            await this.pos.refreshLoyaltyCard(this.card);
        } finally {
            this.state.busy = false;
        }
    }
    async change(card) {
        this.props.close();
        await this.pos.openRedeemPopup({ order: this.order, card });
    }
    /** What another card has, less what this order redeems of it. */
    sayOf(card) {
        return sayPoints(Math.max(0, this.order.getRedeemablePoints(card)), card.program_id);
    }
    cardTitle(card) {
        return _t("Redeem points of card %s", card.code);
    }
    remove() {
        this.order.removeRedemption(this.props.redemption);
        this.props.close();
    }
}
