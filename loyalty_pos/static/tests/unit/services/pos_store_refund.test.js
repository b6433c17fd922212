import { describe, expect, test } from "@odoo/hoot";
import { animationFrame } from "@odoo/hoot-mock";
import { MockServer, mountWithCleanup, onRpc } from "@web/../tests/web_test_helpers";
import { getFilledOrder } from "@point_of_sale/../tests/unit/utils";
import { definePosModels } from "@point_of_sale/../tests/unit/data/generate_model_definitions";
import { LoyaltyRefundNotice } from "@loyalty_pos/app/components/loyalty_refund_notice/loyalty_refund_notice";
import { makeCard, makeDue, returnLines, setupDue, setupLoyaltyTill } from "../utils";

definePosModels();

describe("PosStore - what a part of a refund gives back", () => {
    test("N29, N4: half of 487 points are 244, the rest 243; points are those of the money", async () => {
        const till = await setupDue({ price: 1 });
        for (const [value, points, halves] of [
            [0.01, 487, [244, 243]],
            // 2.44 and 2.43, and not 2,435 twice.
            [0.001, 4870, [2440, 2430]],
        ]) {
            const { store, order, redeem, pay, cash } = await makeDue(till, {
                price: 50,
                qty: 2,
                value,
            });
            redeem(points, 4.87);
            pay(cash);
            order.state = "paid";
            for (const [index, expected] of halves.entries()) {
                const refund = returnLines(store, [[order.lines[index], 1]]);
                expect(refund.getRefundEffects().back).toBe(expected);
                expect(refund.fitPointsToReturn()).toBe(true);
                expect(refund.loyaltyPayments.map((payment) => payment.loyalty_points)).toEqual([
                    -expected,
                ]);
            }
        }
    });

    test("N29, N4: the notice says what the server says of these goods, and of no others", async () => {
        const { store, method } = await setupLoyaltyTill();
        const card = await makeCard(store, MockServer.env);
        const order = await getFilledOrder(store);
        order.setLoyaltyCard(card);
        order.addPaymentline(store.models["pos.payment.method"].get(1));
        order.state = "paid";
        await store.syncAllOrders();
        expect(order.isSynced).toBe(true);
        onRpc("pos.order", "pos_refund_preview", ({ args }) => {
            expect.step(args);
            return {
                payments: [
                    {
                        method_id: method.id,
                        card_id: card.id,
                        card_code: card.code,
                        amount: 2.44,
                        points: 244,
                    },
                ],
                cash: 47.56,
                capped: true,
                refused: true,
                taken_back: 47,
                lost: 0,
                kept: [],
                program_id: card.program_id.id,
                missing: 0,
                policy: "debt",
            };
        });
        const refund = returnLines(store, [[order.lines[1], 1]]);
        await store.previewRefund(refund);
        expect.verifySteps([[[order.id], { [order.lines[1].id]: 1 }]]);
        await mountWithCleanup(LoyaltyRefundNotice, { props: { order: refund } });
        expect(".loyalty-refund-back").toHaveText(/^244 Points \(.*2.44\) go back to card 0430001/);
        expect(".loyalty-refund-taken").toHaveText(
            "47 Points earned with these goods are taken back."
        );
        // Asked once.
        await store.previewRefund(refund);
        expect.verifySteps([]);

        store.models["pos.order.line"].create({
            qty: -1,
            price_unit: 50,
            product_id: order.lines[0].product_id,
            order_id: refund,
            refunded_orderline_id: order.lines[0],
        });
        await animationFrame();
        expect(refund.refundPreview).toBe(null);
        expect(".loyalty-refund-notice").toHaveCount(0);
    });
});
