import { LoyaltyCard } from "@pos_loyalty/../tests/unit/data/loyalty_card.data";
import { makeServerError } from "@web/../tests/web_test_helpers";
import { patch } from "@web/core/utils/patch";

/** Reserved points: {uuid: {card, points}}, as the server keeps them. */
export const holds = {};

patch(LoyaltyCard.prototype, {
    _load_pos_data_fields() {
        return [
            ...super._load_pos_data_fields(),
            "accumulated_points",
            "available_points",
            "closed",
            "debt_points",
            "is_default",
            "level_basis_value",
            "level_id",
            "level_multiplier",
            "level_name",
            "next_expiry_date",
            "next_expiry_points",
            "points_to_code",
            "points_to_id",
            "redeemed_points",
            "reserved_points",
            "start_date",
        ];
    },

    _till_card(id) {
        const [card] = this.read([id], this._load_pos_data_fields(), false);
        const reserved = Object.values(holds)
            .filter((hold) => hold.card === id)
            .reduce((total, hold) => total + hold.points, 0);
        const available = card.points - reserved;
        return {
            ...card,
            accumulated_points: card.points,
            redeemed_points: 0,
            reserved_points: reserved,
            available_points: available,
            points: available,
        };
    },
    pos_find_card(configId, code) {
        if (code.startsWith("044")) {
            const error = `${code} is a gift card.`;
            return { card: false, partner: false, error, warning: false, taken: true };
        }
        const id = this.search([["code", "=", code]]).at(0);
        if (!id || this.read([id])[0].code === "EXPIRED") {
            return { card: false, partner: false, error: `No card ${code}.`, warning: false };
        }
        const card = this._till_card(id);
        return {
            card,
            partner: card.partner_id
                ? this.env["res.partner"].read([card.partner_id], ["name"], false)[0]
                : false,
            error: card.closed ? `Card ${code} is closed.` : false,
            warning: false,
        };
    },
    pos_hold(configId, cardId, points, uuid) {
        delete holds[uuid];
        if (points > this._till_card(cardId).available_points) {
            throw makeServerError({
                type: "UserError",
                message: "The card has fewer points available.",
            });
        }
        holds[uuid] = { card: cardId, points };
        return { card: this._till_card(cardId), points, amount: points / 100 };
    },
    pos_release_hold(configId, uuid) {
        const hold = holds[uuid];
        delete holds[uuid];
        return { card: hold ? this._till_card(hold.card) : false };
    },
});
