import { describe, expect, test } from "@odoo/hoot";
import { patchWithCleanup } from "@web/../tests/web_test_helpers";
import { localization } from "@web/core/l10n/localization";
import { isolated } from "@loyalty_pos/app/utils/format";

describe("numbers of cards in sentences", () => {
    test("from right to left, a number keeps the order of its parts", () => {
        patchWithCleanup(localization, { direction: "ltr" });
        expect(isolated("0440-aed7-4752")).toBe("0440-aed7-4752");
        patchWithCleanup(localization, { direction: "rtl" });
        expect(isolated("0440-aed7-4752")).toBe("\u20660440-aed7-4752\u2069");
        expect(isolated("")).toBe("");
    });
});
