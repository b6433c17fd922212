/**
 * What a basket earns: the till's mirror of `loyalty_ledger/earning/basket.py`, for the preview while selling. The
 * server decides; `earning_cases.js` holds the cases that both are tested with.
 *
 * All arithmetic is exact, in fractions of whole numbers: 0.29 at 100 points per unit is 29 points.
 */

/** Ten-thousandths of points, in which the ledger counts. */
const UNIT = 10_000n;
/** Where exact results of inexact floats are snapped to, before anything is rounded down. */
const GRAIN = 1_000_000n;

const gcd = (a, b) => (b ? gcd(b, a % b) : a < 0n ? -a : a);

const floorDiv = (a, b) => {
    const quotient = a / b;
    return a % b && a < 0n !== b < 0n ? quotient - 1n : quotient;
};

/** An exact fraction. */
export class Fraction {
    constructor(numerator, denominator = 1n) {
        const sign = denominator < 0n ? -1n : 1n;
        const divisor = gcd(numerator, denominator) || 1n;
        this.numerator = (sign * numerator) / divisor;
        this.denominator = (sign * denominator) / divisor;
    }
    /** Return a number as the fraction that its shortest decimal notation says. */
    static of(number) {
        if (number instanceof Fraction) {
            return number;
        }
        const [mantissa, exponent = "0"] = String(number || 0).split("e");
        const [whole, decimals = ""] = mantissa.split(".");
        const power = BigInt(exponent) - BigInt(decimals.length);
        const digits = BigInt(whole + decimals);
        return power < 0n
            ? new Fraction(digits, 10n ** -power)
            : new Fraction(digits * 10n ** power);
    }
    plus(other) {
        return new Fraction(
            this.numerator * other.denominator + other.numerator * this.denominator,
            this.denominator * other.denominator
        );
    }
    minus(other) {
        return this.plus(new Fraction(-other.numerator, other.denominator));
    }
    times(other) {
        return new Fraction(this.numerator * other.numerator, this.denominator * other.denominator);
    }
    over(other) {
        return new Fraction(this.numerator * other.denominator, this.denominator * other.numerator);
    }
    compare(other) {
        const difference = this.numerator * other.denominator - other.numerator * this.denominator;
        return difference < 0n ? -1 : difference > 0n ? 1 : 0;
    }
    get isPositive() {
        return this.numerator > 0n;
    }
    floor() {
        return floorDiv(this.numerator, this.denominator);
    }
}

const ZERO = new Fraction(0n);
const ONE = new Fraction(1n);
const HALF = new Fraction(1n, 2n);

const sum = (numbers) => numbers.reduce((total, number) => total.plus(Fraction.of(number)), ZERO);
const atLeastZero = (number) => (number.isPositive ? number : ZERO);
const within = (share) => (share.compare(ONE) > 0 ? ONE : atLeastZero(share));

/** Round half to even to a multiple of 1 / GRAIN, as Python does. */
const snap = (points) => {
    const scaled = points.times(new Fraction(GRAIN));
    const whole = scaled.floor();
    const rest = scaled.minus(new Fraction(whole)).compare(HALF);
    const up = rest > 0 || (rest === 0 && whole % 2n !== 0n);
    return new Fraction(up ? whole + 1n : whole, GRAIN);
};

/**
 * Round a fraction of points and return ten-thousandths.
 *
 * @param {"down"|"nearest"|"none"} rounding down to whole points, to the nearest one (half up), or four decimals
 */
export function roundPoints(points, rounding = "down") {
    const exact = snap(points);
    if (rounding === "down") {
        return exact.floor() * UNIT;
    }
    if (rounding === "nearest") {
        return exact.plus(HALF).floor() * UNIT;
    }
    return exact.times(new Fraction(UNIT)).plus(HALF).floor();
}

/**
 * Return the part of a document that qualifying payments paid, from 0 to 1 (C6); until it is paid in full the part
 * that they can still pay.
 */
export function settledShare({ due = 0, qualifying = 0, other = 0, settled = false }) {
    if (settled) {
        const paid = sum([qualifying, other]);
        return paid.numerator ? within(Fraction.of(qualifying).over(paid)) : ZERO;
    }
    const total = Fraction.of(due);
    return total.isPositive ? within(total.minus(Fraction.of(other)).over(total)) : ZERO;
}

function pointsOfRule(rules, number, lines, returned, basis) {
    const rule = rules[number];
    const own = (candidates) => candidates.filter((line) => line.rules.includes(number));
    const counted = own(lines);
    const givenBack = own(returned);
    if (!counted.length) {
        return ZERO;
    }
    const amount = sum(
        counted.map((line) => (rule.minimumTax === "incl" ? line.total : line.untaxed))
    );
    if (amount.compare(Fraction.of(rule.minimumAmount)) < 0) {
        return ZERO;
    }
    const quantity = sum(counted.map((line) => line.quantity));
    if (quantity.compare(Fraction.of(rule.minimumQuantity)) < 0) {
        return ZERO;
    }
    const value = sum(counted.map((line) => line[basis]));
    const back = sum(givenBack.map((line) => line[basis]));
    const unitsBack = sum(givenBack.map((line) => line.quantity));
    let base = ONE;
    let less = ZERO;
    if (rule.mode === "money") {
        base = value;
        less = back;
    } else if (rule.mode === "unit") {
        base = quantity;
        less = unitsBack;
    } else if (value.isPositive) {
        less = within(back.over(value));
    } else if (quantity.isPositive) {
        less = within(unitsBack.over(quantity));
    }
    return atLeastZero(base.minus(atLeastZero(less))).times(Fraction.of(rule.rate));
}

/**
 * Return the points that a basket earns once it is paid, as a number.
 *
 * @param {Object[]} rules {mode: "money"|"unit"|"order", rate, minimumQuantity, minimumAmount, minimumTax}
 * @param {Object[]} lines {quantity, untaxed, total, rules: positions of the rules that count the product}
 * @param {Object[]} [terms.returned] lines that come back, with positive quantities and amounts
 * @param {Object} [terms.settlement] see settledShare; without one as if paid in full by qualifying payments
 * @param {number} [terms.multiplier] factor of the member's level before this purchase
 * @param {"untaxed"|"total"} [terms.basis] what rules per currency unit count
 * @param {string} [terms.rounding] see roundPoints
 */
export function earn(
    rules,
    lines,
    { returned = [], settlement, multiplier = 1, basis = "untaxed", rounding = "down" } = {}
) {
    const points = rules.reduce(
        (total, rule, number) => total.plus(pointsOfRule(rules, number, lines, returned, basis)),
        ZERO
    );
    const share = settlement ? settledShare(settlement) : ONE;
    const exact = points.times(Fraction.of(multiplier)).times(share);
    return Number(roundPoints(exact, rounding)) / Number(UNIT);
}
