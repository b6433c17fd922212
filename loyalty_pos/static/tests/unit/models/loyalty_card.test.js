import { describe, expect, test } from "@odoo/hoot";
import { mockDate } from "@odoo/hoot-mock";
import { setupPosEnv } from "@point_of_sale/../tests/unit/utils";
import { definePosModels } from "@point_of_sale/../tests/unit/data/generate_model_definitions";

definePosModels();

describe("loyalty.card", () => {
    test("H10: the expiration date is the last day on which the card can be used", async () => {
        mockDate("2026-03-31 22:00:00");
        const store = await setupPosEnv();
        const card = store.models["loyalty.card"].get(4);
        expect(card.isExpired()).toBe(false);

        card.expiration_date = "2026-03-31";
        expect(card.isExpired()).toBe(false);
        expect(card.canRedeem()).toBe(true);

        card.expiration_date = "2026-03-30";
        expect(card.isExpired()).toBe(true);
        expect(card.getProblem()).toMatch("expired");
        expect(card.canRedeem()).toBe(false);
    });

    test("H25: closed cards and cards that have not started cannot be used", async () => {
        mockDate("2026-03-31 22:00:00");
        const store = await setupPosEnv();
        const card = store.models["loyalty.card"].get(4);
        card.closed = true;
        expect(card.getProblem()).toMatch("closed");

        card.closed = false;
        card.start_date = "2026-04-01";
        expect(card.getProblem()).toMatch("can be used from");
        card.start_date = "2026-03-31";
        expect(card.getProblem()).toBe("");
    });
});
