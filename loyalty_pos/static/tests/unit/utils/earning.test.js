import { describe, expect, test } from "@odoo/hoot";
import { earn, Fraction, roundPoints, settledShare } from "@loyalty_pos/app/utils/earning";
import { cases } from "./earning_cases";

describe("earning", () => {
    test("bS2, C6: the till counts what the server counts", () => {
        for (const [index, { rules, lines, terms, points }] of cases.entries()) {
            expect(earn(rules, lines, terms)).toBe(points, { message: `case ${index}` });
        }
    });

    test("Numbers are what their decimals say", () => {
        expect(Fraction.of(0.29).times(Fraction.of(100))).toEqual(new Fraction(29n));
        expect(Fraction.of(-2.5)).toEqual(new Fraction(-5n, 2n));
        expect(Fraction.of(1e-7)).toEqual(new Fraction(1n, 10_000_000n));
        expect(Fraction.of(1e21)).toEqual(new Fraction(10n ** 21n));
        expect(Fraction.of(undefined)).toEqual(new Fraction(0n));
        expect(Fraction.of(-2.5).floor()).toBe(-3n);
    });

    test("Points are rounded once", () => {
        expect(roundPoints(Fraction.of(10.999999999), "down")).toBe(110_000n);
        expect(roundPoints(Fraction.of(10.99), "down")).toBe(100_000n);
        expect(roundPoints(Fraction.of(10.5), "nearest")).toBe(110_000n);
        expect(roundPoints(Fraction.of(0.62505), "none")).toBe(6251n);
    });

    test("C6: only what qualifying payments pay earns", () => {
        expect(settledShare({ due: 115, other: 50 })).toEqual(new Fraction(13n, 23n));
        expect(settledShare({ qualifying: 65, other: 50, settled: true })).toEqual(
            new Fraction(13n, 23n)
        );
        expect(settledShare({ due: 0 })).toEqual(new Fraction(0n));
        expect(settledShare({ due: 10, other: 20 })).toEqual(new Fraction(0n));
    });
});
