import { describe, expect, test } from "@odoo/hoot";
import {
    earnedAfterReturn,
    isWhole,
    maximumPoints,
    moneyOf,
    pointsOf,
    shareOf,
    wholePoints,
} from "@loyalty_pos/app/utils/points";

describe("points and money", () => {
    test("C19, C20: 250 points are 2.50 and 2.50 are 250 points", () => {
        expect(moneyOf(250, 0.01, 0.01)).toBe(2.5);
        expect(pointsOf(2.5, 0.01)).toBe(250);
        expect(moneyOf(83, 0.03, 0.01)).toBe(2.49);
        expect(pointsOf(2.5, 0.03)).toBe(83);
        expect(pointsOf(0.29, 0.01)).toBe(29);
        expect(pointsOf(1, 0)).toBe(0);
    });

    test("C21: only whole points", () => {
        expect(isWhole(250)).toBe(true);
        expect(isWhole(10.5)).toBe(false);
        expect(isWhole(NaN)).toBe(false);
        expect(wholePoints(99.9999)).toBe(99);
        expect(wholePoints(-3)).toBe(0);
    });

    test("N4: partial returns add up to the total, the last one takes the remainder", () => {
        expect(shareOf(50, 0, 57.5, 115, 0.01)).toBe(25);
        const thirds = [0, 1, 2].map((before) => shareOf(6.52, before, 1, 3, 0.01));
        expect(thirds).toEqual([2.17, 2.18, 2.17]);
        expect(shareOf(500, 0, 115, 115, 1)).toBe(500);
        expect(shareOf(500, 0, 0, 0, 1)).toBe(0);
    });

    test("N4: what is left of an award after a return is rounded down", () => {
        expect(earnedAfterReturn(115, 57.5, 115)).toBe(57);
        expect(earnedAfterReturn(115, 115, 115)).toBe(0);
        expect(earnedAfterReturn(115, 0, 0)).toBe(115);
    });

    test("S10: never more than is available or due", () => {
        expect(maximumPoints(1000, 2.5, 0.01)).toBe(250);
        expect(maximumPoints(100.75, 2.5, 0.01)).toBe(100);
        expect(maximumPoints(1000, 0, 0.01)).toBe(0);
    });
});
