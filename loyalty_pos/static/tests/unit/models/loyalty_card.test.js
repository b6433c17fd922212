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
        expect(card.getProblem()).toBe("");

        card.expiration_date = "2026-03-31";
        expect(card.getProblem()).toBe("");
        expect(card.canRedeem()).toBe(true);

        card.expiration_date = "2026-03-30";
        expect(card.getProblem()).toBe(`Card ${card.code} expired on 03/30/2026.`);
        expect(card.canRedeem()).toBe(false);
    });

    test("H25: closed cards and cards that have not started cannot be used", async () => {
        mockDate("2026-03-31 22:00:00");
        const store = await setupPosEnv();
        const card = store.models["loyalty.card"].get(4);
        card.closed = true;
        expect(card.getProblem()).toBe(
            `Card ${card.code} is closed. Reopen it, or use another card.`
        );

        card.closed = false;
        card.start_date = "2026-04-01";
        expect(card.getProblem()).toMatch("can be used from");
        card.start_date = "2026-03-31";
        expect(card.getProblem()).toBe("");
    });

    test("H18: a linked card earns; its master is named where it cannot redeem", async () => {
        const store = await setupPosEnv();
        const card = store.models["loyalty.card"].get(4);
        card.points_to_id = store.models["loyalty.card"].get(3);
        card.points_to_code = "0430001";
        expect(card.getProblem()).toBe("");
        expect(card.getProblem("redeem")).toBe(
            `Card ${card.code} is linked to card 0430001. Use that card.`
        );
        expect(card.canRedeem()).toBe(false);
    });
});
