import { LoyaltyCard } from "@pos_loyalty/app/models/loyalty_card";
import { formatDate } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { patch } from "@web/core/utils/patch";
import { sprintf } from "@web/core/utils/strings";
import { formatPoints, isolated, sayPoints } from "@loyalty_pos/app/utils/format";
import { roundPoints } from "@loyalty_pos/app/utils/points";
import { EARN, REDEEM, toDay, whyUnusable } from "@loyalty_pos/app/utils/usability";

const { DateTime } = luxon;

patch(LoyaltyCard.prototype, {
    /** Whether the card exists on the server; the till makes temporary ones for customers without a card. */
    get isRegistered() {
        return typeof this.id === "number" && this.id > 0;
    },
    get isLoyalty() {
        return this.program_id?.program_type === "loyalty";
    },
    /**
     * What the customer can spend, as far as the till knows; the server has the last word. It sends the available
     * points as `points`, which Odoo's till spends.
     */
    get spendablePoints() {
        return this.points || 0;
    },
    /** What the card owes: points that were taken although it did not have them. New points settle this debt first. */
    get owedPoints() {
        return Math.max(0, this.debt_points || 0);
    },
    /** Return why the card cannot be used today, as a code, or null; the master of a linked card is the server's to know. */
    getProblemCode(purpose = EARN) {
        return whyUnusable(DateTime.now(), purpose, {
            closed: this.closed,
            linked: Boolean(this.raw.points_to_id),
            start: this.start_date,
            expiry: this.expiration_date,
        });
    },
    /** Return why the card cannot be used today, in the server's words, or an empty string. */
    getProblem(purpose = EARN) {
        const code = this.getProblemCode(purpose);
        return code ? this.sayUnusable(code) : "";
    },
    /** Return the words of a code; the server sent them in the cashier's language. */
    sayUnusable(code) {
        const date = { not_started: this.start_date, expired: this.expiration_date }[code];
        const words = this.models["pos.config"].getFirst()._loyalty_card_words?.[code] || code;
        return sprintf(words, {
            card: isolated(this.code),
            master: isolated(this.points_to_code),
            date: date ? formatDate(toDay(date)) : "",
        });
    },
    /**
     * How far the next level is, in words, or an empty string: on the highest one, and where another card has the level.
     *
     * @param {number} [change.earned] points that an order gives, less those that a return takes back
     * @param {number} [change.redeemed] points that it spends
     * @param {number} [change.purchases] purchases that it is: none while it is not paid
     */
    sayLevelProgress({ earned = 0, redeemed = 0, purchases = 0 } = {}) {
        const { _levels: levels = [], level_basis: basis } = this.program_id || {};
        if (!levels.length || !this.isRegistered || this.raw.points_to_id) {
            return "";
        }
        const added = { invoices: purchases, balance: earned - redeemed }[basis] ?? earned;
        const value = roundPoints((this.level_basis_value || 0) + added);
        const own = levels.find(({ id }) => id === this.raw.level_id)?.least || 0;
        const next = levels.find(({ least }) => least > Math.max(value, own));
        if (!next) {
            return "";
        }
        const missing = roundPoints(next.least - value);
        const purchase =
            missing === 1 ? _t("1 purchase") : _t("%s purchases", formatPoints(missing));
        return _t("%(missing)s to %(level)s", {
            missing: basis === "invoices" ? purchase : sayPoints(missing, this.program_id),
            level: next.name,
        });
    },
    /** Which points expire next, in words, or an empty string; those that are redeemed meanwhile go first. */
    sayNextExpiry(redeemed = 0) {
        const points = roundPoints((this.next_expiry_points || 0) - redeemed);
        return this.next_expiry_date && points > 0
            ? _t("%(points)s on %(date)s", {
                  points: sayPoints(points, this.program_id),
                  date: formatDate(toDay(this.next_expiry_date)),
              })
            : "";
    },
    /** The factor of the card's level for sales at this till (bS1, bH2); a master's level counts for its sources. */
    getMultiplier() {
        const owner = this.points_to_id || this;
        const program = this.program_id;
        const level = owner.raw.level_id || (this.isRegistered ? 0 : program._first_level) || 0;
        const rates = program._till_multipliers || {};
        const own = owner.raw.level_id ? owner.level_multiplier : program._first_multiplier;
        return rates[level] ?? rates[0] ?? own ?? 1;
    },
    /** Whether the points of the card can pay: it can be used and keeps its points for itself. */
    canRedeem() {
        return this.isRegistered && !this.getProblemCode(REDEEM);
    },
});
