import { describe, expect, test } from "@odoo/hoot";
import { whyUnusable } from "@loyalty_pos/app/utils/usability";
import { cases } from "./usability_cases";

const { DateTime } = luxon;

describe("usability of a card", () => {
    test("N29, H8, H10, H18, H25: the till and the server say the same of a card", () => {
        for (const hour of ["00:00:00", "23:59:59"]) {
            const now = DateTime.fromISO(`2026-03-15T${hour}`);
            for (const { card, earn, redeem } of cases) {
                expect(whyUnusable(now, "earn", card)).toBe(earn);
                expect(whyUnusable(now, "redeem", card)).toBe(redeem);
            }
        }
    });
});
