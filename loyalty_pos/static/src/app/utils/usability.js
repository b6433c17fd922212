/**
 * May a card be used, and if not, why: the server's `loyalty_ledger/ledger/usability.py`, for a till without connection.
 * `usability_cases.js` holds the cases that both are tested with. The words come from the server, with the till's settings.
 */

const { DateTime } = luxon;

export const EARN = "earn";
export const REDEEM = "redeem";

export const toDay = (date) => (typeof date === "string" ? DateTime.fromISO(date) : date);

/** Return the code of what is wrong with a card for a purpose on a day, or null. The expiry is the last day of use. */
export function whyUnusable(day, purpose, { archived, closed, linked, start, expiry }) {
    if (archived) {
        return "archived";
    }
    if (closed) {
        return "closed";
    }
    if (linked) {
        return purpose === REDEEM ? "linked" : null;
    }
    if (start && toDay(start).startOf("day") > day) {
        return "not_started";
    }
    if (expiry && toDay(expiry).endOf("day") < day) {
        return "expired";
    }
    return null;
}
