import { setupPosEnv } from "@point_of_sale/../tests/unit/utils";
import { holds } from "./data/loyalty_card.data";

/** A till on which points of program 7 pay, 100 points a unit of money. */
export const setupLoyaltyTill = async () => {
    for (const uuid of Object.keys(holds)) {
        delete holds[uuid];
    }
    const store = await setupPosEnv();
    const program = store.models["loyalty.program"].get(7);
    program.point_value = 0.01;
    const method = store.models["pos.payment.method"].create({
        id: 97,
        name: "Loyalty Points",
        type: "loyalty",
        sequence: 9,
        is_cash_count: false,
        split_transactions: false,
        payment_method_type: "none",
        loyalty_program_id: program,
    });
    store.config.payment_method_ids = [["link", method]];
    return { store, program, method };
};

/** A registered card, on the server and at the till. */
export const makeCard = async (store, env, values = {}) => {
    const id = env["loyalty.card"].create({
        program_id: 7,
        partner_id: 3,
        code: "0430001",
        points: 1000,
        ...values,
    });
    const raw = env["loyalty.card"]._till_card(id);
    const [card] = await store.loadLoyaltyCards([raw]);
    return card;
};
