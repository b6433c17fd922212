import { Component } from "@odoo/owl";
import { usePos } from "@point_of_sale/app/hooks/pos_hook";
import { useService } from "@web/core/utils/hooks";
import { _t } from "@web/core/l10n/translation";
import { formatCurrency } from "@web/core/currency";
import { formatPoints, sayPoints } from "@loyalty_pos/app/utils/format";

/** The order's loyalty card in one line: number, level, points available; a touch opens the card dialog. */
export class LoyaltyCardChip extends Component {
    static template = "loyalty_pos.LoyaltyCardChip";
    static props = { order: Object, class: { type: String, optional: true } };
    static defaultProps = { class: "" };

    setup() {
        this.pos = usePos();
        this.ui = useService("ui");
        this.formatPoints = formatPoints;
        this.sayPoints = sayPoints;
        this.formatCurrency = (amount) => formatCurrency(amount, this.props.order.currency.id);
    }

    get card() {
        return this.props.order.loyalty_card_id;
    }
    get isShown() {
        return this.pos.loyaltyPrograms.length && !this.props.order.finalized;
    }
    get pointName() {
        return this.card.program_id.portal_point_name || _t("points");
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
            warnings.push(card.getProblem());
            if (card.raw.points_to_id) {
                warnings.push(
                    card.points_to_id
                        ? _t("Sends its points to card %s.", card.points_to_id.code)
                        : _t("Sends its points to another card.")
                );
            }
            if (this.pos.isCashiersCard(card)) {
                warnings.push(_t("This is your own card."));
            }
        }
        return warnings.filter(Boolean);
    }
}
