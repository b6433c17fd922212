import { registry } from "@web/core/registry";
import { formatFloat, formatMonetary } from "@web/views/fields/formatters";
import { FloatField, floatField } from "@web/views/fields/float/float_field";

/** Points have four decimals, but most programs give whole ones: show 120, not 120.0000. A total that has no value is empty. */
export function formatLoyaltyPoints(value, options = {}) {
    return formatFloat(value ?? 0, { ...options, digits: [16, 4], trailingZeros: false });
}

export const loyaltyPointsField = {
    ...floatField,
    component: FloatField,
    extractProps: (...args) => ({ ...floatField.extractProps(...args), trailingZeros: false }),
};

registry.category("formatters").add("loyalty_points", formatLoyaltyPoints);
registry.category("fields").add("loyalty_points", loyaltyPointsField);

/** A balance on a card: points, or money on gift cards and eWallets. */
export class LoyaltyBalanceField extends FloatField {
    get formattedValue() {
        const { program_type: type, currency_id: currency } = this.props.record.data;
        return type === "loyalty" || !currency
            ? super.formattedValue
            : formatMonetary(this.value, { currencyId: currency.id });
    }
}

registry.category("formatters").add("loyalty_balance", formatLoyaltyPoints);
registry.category("fields").add("loyalty_balance", {
    ...loyaltyPointsField,
    component: LoyaltyBalanceField,
    fieldDependencies: [
        { name: "program_type", type: "selection", readonly: true },
        { name: "currency_id", type: "many2one", relation: "res.currency", readonly: true },
    ],
});
