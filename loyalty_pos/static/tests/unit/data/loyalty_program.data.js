import { LoyaltyProgram } from "@pos_loyalty/../tests/unit/data/loyalty_program.data";
import { patch } from "@web/core/utils/patch";

patch(LoyaltyProgram.prototype, {
    _load_pos_data_fields() {
        return [
            ...super._load_pos_data_fields(),
            "accounting_policy",
            "accumulates",
            "earning_basis",
            "earning_rounding",
            "excluded_pricelist_ids",
            "gift_cards_earn",
            "expiry_policy",
            "issue_on",
            "level_basis",
            "negative_policy",
            "point_value",
            "redeem_filter",
            "redeem_stored_value",
            "unlinked_return_policy",
            "vat_mode",
        ];
    },
});
