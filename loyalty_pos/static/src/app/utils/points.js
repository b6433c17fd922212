import { roundPrecision } from "@web/core/utils/numbers";
import { Fraction } from "@loyalty_pos/app/utils/earning";

/** Ledger points have four decimals. */
const PRECISION = 4;
/** Decimals of the value of one point. */
const VALUE_PRECISION = 6;
/** Forgives what floats lose; far below a thousandth of a point. */
const EPSILON = 1e-7;

const HALF = new Fraction(1n, 2n);

/** Return a number as whole steps, half up: whatever a float made of its last digits. */
const steps = (number, step) => Fraction.of(number).over(step).plus(HALF).floor();
const onGrid = (number, decimals) => {
    const step = new Fraction(1n, 10n ** BigInt(decimals));
    return new Fraction(steps(number, step)).times(step);
};
const ceil = (fraction) => -new Fraction(-fraction.numerator, fraction.denominator).floor();

/*
 * Points to money rounds down to the currency's unit, money to points rounds up to whole points: anybody who splits a
 * redemption into several never gets more than by one. The mirror of `loyalty_account/books/points.py`, exact like it;
 * `points_cases.js` holds the cases that both are tested with.
 */

/** Return what points cover: points x value, rounded down to the currency's unit. */
export function pointsToMoney(points, value, unit) {
    if (!(points > 0) || !(value > 0)) {
        return 0;
    }
    const step = Fraction.of(unit);
    const exact = onGrid(points, PRECISION).times(onGrid(value, VALUE_PRECISION));
    const money = new Fraction(exact.over(step).floor()).times(step);
    return Number(money.numerator) / Number(money.denominator);
}

/** Return the smallest whole number of points that pays at least an amount, or 0 where points cover nothing. */
export function moneyToPoints(amount, value, unit) {
    if (!(amount > 0) || !(value > 0)) {
        return 0;
    }
    const step = Fraction.of(unit);
    const money = new Fraction(steps(amount, step)).times(step);
    return Number(ceil(money.over(onGrid(value, VALUE_PRECISION))));
}

/**
 * Return the whole points that cover as much of an amount as points can, and never more. Of the numbers that pay the
 * same it is the smallest: nobody gives 1,009 points worth 0.001 for 1.00.
 *
 * @param {number} [available] points that there are at most, also with decimals
 */
export function pointsWithin(amount, value, unit, available = null) {
    if (!(amount > 0) || !(value > 0)) {
        return 0;
    }
    const step = Fraction.of(unit);
    // The largest number that pays less than the next unit of money.
    const beyond = new Fraction(steps(amount, step) + 1n).times(step);
    let most = Number(ceil(beyond.over(onGrid(value, VALUE_PRECISION)))) - 1;
    if (available !== null) {
        most = Math.min(most, wholePoints(available));
    }
    return moneyToPoints(pointsToMoney(most, value, unit), value, unit);
}

/**
 * Return the whole points for an amount that somebody typed while `due` can be paid. They pay at least the amount;
 * where that would be more than what is due, as much as points can. An amount above what is due stays above it, so that
 * it can be refused in words.
 */
export function pointsTyped(amount, due, value, unit) {
    const points = moneyToPoints(amount, value, unit);
    const step = Fraction.of(unit);
    const most = due > 0 ? steps(due, step) : 0n;
    const isWithin = !(amount > 0) || steps(amount, step) <= most;
    if (isWithin && steps(pointsToMoney(points, value, unit), step) > most) {
        return pointsWithin(due, value, unit);
    }
    return points;
}

/** Return the whole points in a balance, which may have decimals. */
export function wholePoints(points) {
    return Math.max(0, Math.floor(points + EPSILON));
}

/** Return whether a number of points is a whole one (C21). */
export function isWhole(points) {
    return Number.isFinite(points) && Math.abs(points - Math.round(points)) < EPSILON;
}

/**
 * Return what belongs to `part` of `whole` when `before` of it was returned earlier:
 * round(total x (before + part) / whole) - round(total x before / whole), in steps of `unit`. Cumulative rounding, so
 * that all parts make the total and the last one takes the remainder (N4). The mirror of `next_part` of
 * `loyalty_account/books/vat_split.py`, exact like it; `share_cases.js` holds the cases that both are tested with.
 */
export function shareOf(total, before, part, whole, unit) {
    if (!(whole > 0)) {
        return 0;
    }
    const step = Fraction.of(unit);
    const all = steps(total, step);
    const rounded = (value) => {
        if (value >= whole || value <= 0) {
            return value <= 0 ? 0n : all;
        }
        const exact = new Fraction(all).times(Fraction.of(value)).over(Fraction.of(whole));
        return exact.plus(HALF).floor();
    };
    const share = new Fraction(rounded(before + part) - rounded(before)).times(step);
    return Number(share.numerator) / Number(share.denominator);
}

/** Return the points that are left of an award when `part` of `whole` was returned: whole points, rounded down. */
export function earnedAfterReturn(points, part, whole) {
    const left = whole ? Math.min(1, Math.max(0, 1 - part / whole)) : 1;
    return isWhole(points) ? Math.floor(points * left + EPSILON) : roundPoints(points * left);
}

export function roundPoints(points) {
    return roundPrecision(points, 10 ** -PRECISION);
}
