// Odoo's patch goes first: ours leaves out of its rewards what "Redeem points" offers.
import "@pos_loyalty/app/screens/product_screen/control_buttons/control_buttons";
import { ControlButtons } from "@point_of_sale/app/screens/product_screen/control_buttons/control_buttons";
import { SelectionPopup } from "@point_of_sale/app/components/popups/selection_popup/selection_popup";
import { _t } from "@web/core/l10n/translation";
import { patch } from "@web/core/utils/patch";
import { sayPoints } from "@loyalty_pos/app/utils/format";

patch(ControlButtons.prototype, {
    async clickRedeemPoints() {
        this.props.close?.();
        await this.pos.openRedeemPopup();
    },
    async clickLoyaltyCard() {
        this.props.close?.();
        await this.pos.openLoyaltyCardPopup();
    },
    /** What the order's card could redeem, as an amount of money, or an empty string. */
    get redeemableAmount() {
        const offer = this.pos.getQuickRedemption(this.pos.getOrder());
        return offer ? this.env.utils.formatCurrency(offer.amount) : "";
    },
    /** Money for points is offered once: by "Redeem points". */
    getPotentialRewards() {
        return super
            .getPotentialRewards(...arguments)
            .filter(({ reward }) => !this.pos.isSameAsRedeeming(reward));
    },
    /** Rewards that cost points of a loyalty program say so: the same points could be redeemed as money. */
    describeReward({ reward }) {
        const { program_id: program, description, discount_mode: mode } = reward;
        if (program.program_type !== "loyalty" || mode === "per_point") {
            return _t('Add "%s"', description);
        }
        return _t('Add "%(reward)s" for %(points)s', {
            reward: description,
            points: sayPoints(reward.required_points, program),
        });
    },
    /** Odoo's own list, with what each reward costs. */
    async clickRewards() {
        const rewards = this.getPotentialRewards();
        if (!rewards.some(({ reward }) => reward.program_id.program_type === "loyalty")) {
            return super.clickRewards(...arguments);
        }
        this.dialog.add(SelectionPopup, {
            title: _t("Available rewards"),
            list: rewards.map((item) => ({
                id: item.reward.id,
                label: item.reward.program_id.name,
                description: this.describeReward(item),
                item,
            })),
            getPayload: ({ reward, coupon_id, potentialQty }) =>
                this._applyReward(reward, coupon_id, potentialQty),
        });
    },
});
