import { LoyaltyCard } from "@pos_loyalty/app/models/loyalty_card";
import { formatDate } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { patch } from "@web/core/utils/patch";

const { DateTime } = luxon;

const toDay = (date) => (typeof date === "string" ? DateTime.fromISO(date) : date);

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
    /** What the card owes: points that were taken although it did not have them. New points pay them first. */
    get owedPoints() {
        return Math.max(0, this.debt_points || 0);
    },
    /** The expiration date is the last day on which the card can be used. */
    isExpired() {
        const date = toDay(this.expiration_date);
        return Boolean(date) && date.endOf("day") < DateTime.now();
    },
    isStarted() {
        const date = toDay(this.start_date);
        return !date || date.startOf("day") <= DateTime.now();
    },
    /** Return why the card cannot be used today, or an empty string. */
    getProblem() {
        if (this.closed) {
            return _t("Card %s is closed.", this.code);
        }
        if (this.isExpired()) {
            return _t("Card %(code)s expired on %(date)s.", {
                code: this.code,
                date: formatDate(toDay(this.expiration_date)),
            });
        }
        if (!this.isStarted()) {
            return _t("Card %(code)s can be used from %(date)s on.", {
                code: this.code,
                date: formatDate(toDay(this.start_date)),
            });
        }
        return "";
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
        return this.isRegistered && !this.getProblem() && !this.raw.points_to_id;
    },
});
