import { roundPrecision } from "@web/core/utils/numbers";

/** Ledger points have four decimals. */
const PRECISION = 4;
/** Forgives what floats lose in `amount / value`; far below a thousandth of a point. */
const EPSILON = 1e-7;

/** Return what points pay: points x value, rounded to the currency. */
export function moneyOf(points, value, rounding) {
    return roundPrecision(points * value, rounding);
}

/** Return the whole points that pay an amount without exceeding it: floor(amount / value). */
export function pointsOf(amount, value) {
    return value > 0 ? Math.max(0, Math.floor(amount / value + EPSILON)) : 0;
}

/** Return the whole points in a balance, which may have decimals. */
export function wholePoints(points) {
    return Math.max(0, Math.floor(points + EPSILON));
}

/** Return the most whole points that can be redeemed: what the card has, never more than pays what is due. */
export function maximumPoints(available, due, value) {
    return Math.min(wholePoints(available), pointsOf(due, value));
}

/** Return whether a number of points is a whole one (C21). */
export function isWhole(points) {
    return Number.isFinite(points) && Math.abs(points - Math.round(points)) < EPSILON;
}

/**
 * Return what belongs to `part` of `whole` when `before` of it was returned earlier:
 * round(total x (before + part) / whole) - round(total x before / whole), in steps of `unit`. Cumulative rounding, so
 * that all parts make the total and the last one takes the remainder (N4). The server's is `share_of`.
 */
export function shareOf(total, before, part, whole, unit) {
    const steps = Math.round(total / unit);
    const rounded = (value) => {
        const within = whole ? Math.min(1, Math.max(0, value / whole)) : 0;
        return Math.floor(steps * within + 0.5 + EPSILON);
    };
    return roundPrecision((rounded(before + part) - rounded(before)) * unit, unit);
}

/** Return the points that are left of an award when `part` of `whole` was returned: whole points, rounded down. */
export function earnedAfterReturn(points, part, whole) {
    const left = whole ? Math.min(1, Math.max(0, 1 - part / whole)) : 1;
    return isWhole(points) ? Math.floor(points * left + EPSILON) : roundPoints(points * left);
}

export function roundPoints(points) {
    return roundPrecision(points, 10 ** -PRECISION);
}
