import { describe, expect, test } from "@odoo/hoot";
import {
    earnedAfterReturn,
    isWhole,
    moneyToPoints,
    pointsToMoney,
    pointsTyped,
    pointsWithin,
    shareOf,
    wholePoints,
} from "@loyalty_pos/app/utils/points";
import { cases } from "./points_cases";
import { shares } from "./share_cases";

describe("points and money", () => {
    test("C19, C20: 250 points are 2.50 and 2.50 are 250 points", () => {
        expect(pointsToMoney(250, 0.01, 0.01)).toBe(2.5);
        expect(moneyToPoints(2.5, 0.01, 0.01)).toBe(250);
        expect(pointsToMoney(83, 0.03, 0.01)).toBe(2.49);
        expect(moneyToPoints(2.5, 0.03, 0.01)).toBe(84);
        expect(moneyToPoints(0.29, 0.01, 0.01)).toBe(29);
        expect(moneyToPoints(1, 0, 0.01)).toBe(0);
    });

    test("N29: points to money rounds down, money to points up, as on the server", () => {
        for (const [index, { points, amount, due, value, unit, ...expected }] of cases.entries()) {
            const message = { message: `case ${index}` };
            expect(pointsToMoney(points, value, unit)).toBe(expected.money, message);
            expect(moneyToPoints(amount, value, unit)).toBe(expected.needed, message);
            expect(pointsWithin(amount, value, unit)).toBe(expected.within, message);
            expect(pointsWithin(amount, value, unit, points)).toBe(expected.most, message);
            expect(pointsTyped(amount, due, value, unit)).toBe(expected.typed, message);
        }
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

    test("N29, N4: the till shares as the server does", () => {
        for (const [total, before, part, whole, unit, share] of shares) {
            expect(shareOf(total, before, part, whole, unit)).toBe(share);
        }
    });

    test("N4: what is left of an award after a return is rounded down", () => {
        expect(earnedAfterReturn(115, 57.5, 115)).toBe(57);
        expect(earnedAfterReturn(115, 115, 115)).toBe(0);
        expect(earnedAfterReturn(115, 0, 0)).toBe(115);
    });

    test("S10: never more than is available or due", () => {
        expect(pointsWithin(2.5, 0.01, 0.01, 1000)).toBe(250);
        expect(pointsWithin(2.5, 0.01, 0.01, 100.75)).toBe(100);
        expect(pointsWithin(0, 0.01, 0.01, 1000)).toBe(0);
    });
});
