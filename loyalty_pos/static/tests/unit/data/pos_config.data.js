import { PosConfig } from "@point_of_sale/../tests/unit/data/pos_config.data";
import { patch } from "@web/core/utils/patch";

patch(PosConfig.prototype, {
    _load_pos_data_read(data) {
        const values = super._load_pos_data_read(data);
        values[0]._loyalty_card_words = {
            closed: "Card %(card)s is closed. Reopen it, or use another card.",
            linked: "Card %(card)s is linked to card %(master)s. Use that card.",
            not_started: "Card %(card)s can be used from %(date)s on.",
            expired: "Card %(card)s expired on %(date)s.",
        };
        return values;
    },
});
