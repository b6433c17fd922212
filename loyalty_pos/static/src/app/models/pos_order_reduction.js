// Odoo's patch goes first: it does not call what it replaces.
import "@pos_loyalty/app/models/pos_order";
import { accountTaxHelpers } from "@account/helpers/account_tax";
import { PosOrder } from "@point_of_sale/app/models/pos_order";
import { _t } from "@web/core/l10n/translation";
import { groupBy } from "@web/core/utils/arrays";
import { patch } from "@web/core/utils/patch";
import { sayPoints } from "@loyalty_pos/app/utils/format";

/** Redemptions that reduce the price: one line for each tax, together one redemption. */
patch(PosOrder.prototype, {
    /** Redemptions by lines: one line for each tax, together one redemption. */
    get reductions() {
        const byUuid = groupBy(
            this.lines.filter((line) => line.isRedemption && line.qty > 0),
            (line) => line.loyalty_redeem_uuid
        );
        return Object.entries(byUuid).map(([uuid, lines]) => {
            const total = lines.reduce((sum, line) => sum - line.prices.total_included, 0);
            const hold = this.uiState.loyaltyHolds[uuid];
            return {
                uuid,
                card: lines[0].loyalty_card_id,
                points: hold
                    ? hold.points
                    : lines.reduce((sum, line) => sum + (line.loyalty_points || 0), 0),
                amount: this.currency.round(total),
                lines,
            };
        });
    },
    /** Lines whose price points may reduce: not what pays itself. */
    get reducibleLines() {
        return this.lines.filter((line) => !line.isRedemption && !line.isGiftCardOrEWalletReward());
    },
    /** Lines whose price points of a program may reduce: what is sold, not what comes back in exchange. */
    getReducibleLines(program) {
        return this.reducibleLines.filter(
            (line) => !line.refunded_orderline_id && line.mayBePaidWith(program)
        );
    },
    /**
     * Reduce the price by what points cover: one line for each tax, so that each rate's tax is less by its part. Lines
     * that the redemption has already are made anew.
     */
    setReduction({ uuid, product, card, points, amount, offline = false }) {
        this.assertEditable();
        const old = this.lines.filter((line) => line.loyalty_redeem_uuid === uuid);
        const selected = this.getSelectedOrderline();
        this.uiState.loyaltyHolds[uuid] = { points, amount, offline };
        this.uiState.loyaltyHolds[uuid].basis = this.getReductionBasis(card?.program_id);
        const baseLines = this.getReducibleLines(card?.program_id).map((line) =>
            accountTaxHelpers.prepare_base_line_for_taxes_computation(
                line,
                line.prepareBaseLineForTaxesComputationExtraValues()
            )
        );
        accountTaxHelpers.add_tax_details_in_base_lines(baseLines, this.company);
        accountTaxHelpers.round_base_lines_tax_details(baseLines, this.company);
        const reductions = accountTaxHelpers.prepare_global_discount_lines(
            baseLines,
            this.company,
            "fixed",
            amount,
            {
                computation_key: `loyalty_${uuid}`,
                grouping_function: () => ({
                    grouping_key: { product_id: product },
                    raw_grouping_key: { product_id: product.id },
                }),
            }
        );
        reductions.forEach((baseLine, index) => {
            this.models["pos.order.line"].create({
                order_id: this,
                product_id: product,
                full_product_name: _t("%s redeemed", sayPoints(points, card.program_id)),
                qty: baseLine.quantity,
                price_unit: baseLine.price_unit,
                price_type: "manual",
                tax_ids: [["link", ...baseLine.tax_ids]],
                extra_tax_data: accountTaxHelpers.export_base_line_extra_tax_data(baseLine),
                loyalty_redeem_uuid: uuid,
                loyalty_card_id: card,
                loyalty_points: index ? 0 : points,
            });
        });
        old.forEach((line) => line.delete());
        this.selectOrderline(old.includes(selected) ? undefined : selected);
    },
    /** What the tax of a reduction depends on. */
    getReductionBasis(program) {
        return JSON.stringify(
            this.getReducibleLines(program).map((line) => [
                line.prices.total_included,
                line.tax_ids.map((tax) => tax.id),
            ])
        );
    },
});
