// Odoo's patch goes first: it does not call what it replaces.
import "@pos_loyalty/app/models/pos_order";
import { PosOrder } from "@point_of_sale/app/models/pos_order";
import { patch } from "@web/core/utils/patch";

/** Which programs points are being counted for: the minimum purchase is checked without naming the program. */
let countsLoyalty = false;

patch(PosOrder.prototype, {
    isLineValidForLoyaltyPoints(line) {
        return (
            super.isLineValidForLoyaltyPoints(...arguments) &&
            (!countsLoyalty || line.earnsLoyaltyPoints())
        );
    },
    /** Count loyalty programs apart: what earns nothing does not help to reach their minimum purchase either. */
    pointsForPrograms(programs) {
        const loyalty = programs.filter((program) => program.program_type === "loyalty");
        const others = programs.filter((program) => program.program_type !== "loyalty");
        const points = super.pointsForPrograms(others);
        countsLoyalty = true;
        try {
            return { ...points, ...super.pointsForPrograms(loyalty) };
        } finally {
            countsLoyalty = false;
        }
    },
});
