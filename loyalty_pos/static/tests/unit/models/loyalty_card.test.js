import { describe, expect, test } from "@odoo/hoot";
import { mockDate } from "@odoo/hoot-mock";
import { MockServer } from "@web/../tests/web_test_helpers";
import { setupPosEnv } from "@point_of_sale/../tests/unit/utils";
import { definePosModels } from "@point_of_sale/../tests/unit/data/generate_model_definitions";
import { makeCard, setupLoyaltyTill } from "../utils";

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

    test("N22, N29: how far the next level is, by the program's own basis, with what an order adds", async () => {
        const { store, program } = await setupLoyaltyTill();
        program.portal_point_name = "stars";
        program._levels = [
            { id: 1, name: "Silver", least: 0 },
            { id: 2, name: "Gold", least: 500 },
            { id: 3, name: "Platinum", least: 2000 },
        ];
        const card = await makeCard(store, MockServer.env, {});
        card.level_basis_value = 437;
        const says = (basis, change) => {
            program.level_basis = basis;
            return card.sayLevelProgress(change);
        };
        expect(says("lifetime")).toBe("63 stars to Gold");
        expect(says("lifetime", { earned: 60.5, redeemed: 100 })).toBe("2.50 stars to Gold");
        expect(says("lifetime", { earned: 63 })).toBe("1,500 stars to Platinum");
        expect(says("balance", { earned: 60, redeemed: 100 })).toBe("103 stars to Gold");
        expect(says("last_12_months", { earned: -37 })).toBe("100 stars to Gold");
        expect(says("lifetime", { earned: 5000 })).toBe("");
        card.level_basis_value = 498;
        expect(says("invoices", { earned: 60 })).toBe("2 purchases to Gold");
        expect(says("invoices", { earned: 60, purchases: 1 })).toBe("1 purchase to Gold");
        // A program without levels, and a card whose level another one has.
        program._levels = [];
        expect(says("lifetime")).toBe("");
    });

    test("N29: what expires next, without what is redeemed first", async () => {
        const { store, program } = await setupLoyaltyTill();
        program.portal_point_name = "stars";
        const card = await makeCard(store, MockServer.env, {});
        expect(card.sayNextExpiry()).toBe("");
        card.next_expiry_date = "2026-12-31";
        card.next_expiry_points = 120;
        expect(card.sayNextExpiry()).toBe("120 stars on 12/31/2026");
        expect(card.sayNextExpiry(100)).toBe("20 stars on 12/31/2026");
        expect(card.sayNextExpiry(120)).toBe("");
    });
});
