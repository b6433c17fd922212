import { Component } from "@odoo/owl";
import { usePos } from "@point_of_sale/app/hooks/pos_hook";
import { useService } from "@web/core/utils/hooks";
import { _t } from "@web/core/l10n/translation";
import { formatCurrency } from "@web/core/currency";
import { formatPoints, pointsName, sayPoints } from "@loyalty_pos/app/utils/format";
import { REDEEM } from "@loyalty_pos/app/utils/usability";

/**
 * The order's loyalty card: number, level, points available and owed. A touch opens the card dialog, a touch on
 * *Redeem* redeems as much as the order takes.
 */
export class LoyaltyCardChip extends Component {
    static template = "loyalty_pos.LoyaltyCardChip";
    static props = { order: Object, class: { type: String, optional: true } };
    static defaultProps = { class: "" };

    setup() {
        this.pos = usePos();
        this.ui = useService("ui");
        this.formatPoints = formatPoints;
        this.formatCurrency = (amount) => formatCurrency(amount, this.props.order.currency.id);
    }

    get card() {
        return this.props.order.loyalty_card_id;
    }
    get isShown() {
        return this.pos.loyaltyPrograms.length && !this.props.order.finalized;
    }
    get pointName() {
        return pointsName(this.card.program_id);
    }
    get owed() {
        const { owedPoints, program_id: program } = this.card || {};
        return owedPoints ? _t("Owes %s", sayPoints(owedPoints, program)) : "";
    }
    /** What one touch redeems, or nothing. */
    get quick() {
        return this.pos.getQuickRedemption(this.props.order);
    }
    get quickTitle() {
        return _t("Redeem %(points)s for %(amount)s. Press F9 to choose how many.", {
            points: sayPoints(this.quick.points, this.card.program_id),
            amount: this.formatCurrency(this.quick.amount),
        });
    }
    /** Why points were taken off the order or changed: stays until the order is paid, unlike a message. */
    get notes() {
        return (this.props.order.loyalty_note || "").split("\n").filter(Boolean);
    }
    async chooseHowMany() {
        await this.pos.openRedeemPopup({ order: this.props.order, card: this.card });
    }
    async redeem() {
        await this.pos.redeemMaximum(this.props.order);
    }
    redeemedLabel({ points, card }) {
        return _t("%s redeemed", sayPoints(points, card?.program_id));
    }
    get redemptions() {
        return this.props.order.redemptions;
    }
    async changeRedemption(redemption) {
        await this.pos.openRedeemPopup({ order: this.props.order, redemption });
    }
    get warnings() {
        const card = this.card;
        const warnings = [];
        if (card) {
            const redeems = card.getProblem(REDEEM);
            warnings.push(redeems && !card.getProblem() ? _t("Earns only. %s", redeems) : redeems);
            if (this.pos.isCashiersCard(card)) {
                warnings.push(_t("This is your own card."));
            }
        }
        return warnings.filter(Boolean);
    }
}
