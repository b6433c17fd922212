import { localization } from "@web/core/l10n/localization";
import { RPCError } from "@web/core/network/rpc";
import { formatFloat } from "@web/core/utils/numbers";
import { _t } from "@web/core/l10n/translation";

/** How long what a cashier has to read stays; it never needs a touch to go, and what has to last is on the order. */
export const READING_MS = 10_000;

/** Return points as the cashier reads them: no decimals unless the balance has some. */
export function formatPoints(points) {
    const value = Math.abs(points) < 0.00005 ? 0 : points;
    const digits = Number.isInteger(value) ? 0 : 2;
    return formatFloat(value, { digits: [16, digits] });
}

/** Return the name that a program gives its points. */
export function pointsName(program) {
    return program?.portal_point_name || _t("points");
}

/** Return points with the name that their program gives them. */
export function sayPoints(points, program) {
    return `${formatPoints(points)} ${pointsName(program)}`;
}

/** Return the words of an error for the cashier: the server's own, without its name. */
export function errorMessage(error) {
    if (error instanceof RPCError) {
        return error.data?.message || error.message;
    }
    return error.message || _t("Something went wrong. Please try again.");
}

/**
 * A number of a card for a sentence. In languages written from right to left it is read from the left all the same: without
 * the marks around it, "0440-aed7-4752" would be shown as "aed7-4752-0440".
 */
export const isolated = (code) =>
    code && localization.direction === "rtl" ? `\u2066${code}\u2069` : code;
