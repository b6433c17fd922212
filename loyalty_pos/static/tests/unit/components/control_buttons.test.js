import { expect, test } from "@odoo/hoot";
import { MockServer, mountWithCleanup } from "@web/../tests/web_test_helpers";
import { getFilledOrder } from "@point_of_sale/../tests/unit/utils";
import { definePosModels } from "@point_of_sale/../tests/unit/data/generate_model_definitions";
import { ControlButtons } from "@point_of_sale/app/screens/product_screen/control_buttons/control_buttons";
import { makeCard, setupLoyaltyTill } from "../utils";

definePosModels();

test("N29: Reward offers no money for points; what its rewards cost is said, and so is what can be redeemed", async () => {
    const { store, program } = await setupLoyaltyTill();
    Object.assign(program, { applies_on: "both", pricelist_ids: [] });
    const card = await makeCard(store, MockServer.env, { points: 250 });
    const order = await getFilledOrder(store);
    order.setLoyaltyCard(card);
    const [money] = program.reward_ids;
    Object.assign(money, {
        reward_type: "discount",
        discount_mode: "per_point",
        discount_applicability: "order",
        discount: 0.01,
        required_points: 1,
    });
    const percent = store.models["loyalty.reward"].get(1);
    Object.assign(percent, { program_id: program, required_points: 200 });
    order.uiState.couponPointChanges = {
        [card.id]: { points: 0, program_id: program.id, coupon_id: card.id },
    };
    expect(order.getClaimableRewards().map(({ reward }) => reward.id)).toEqual([
        money.id,
        percent.id,
    ]);

    const buttons = await mountWithCleanup(ControlButtons, {
        props: { showRemainingButtons: true },
    });
    expect(buttons.getPotentialRewards().map(({ reward }) => reward.id)).toEqual([percent.id]);
    expect(".redeem-points-button").toHaveClass("highlight");
    expect(".redeem-points-button .redeemable-amount").toHaveText(/2.50/);

    await mountWithCleanup(ControlButtons, { props: { onClickMore: () => {} } });
    expect(".redeem-points-key").toHaveText("Redeem");

    buttons.dialog.add = (component, { title, list }) => {
        expect.step([String(title), ...list.map(({ description }) => String(description))]);
    };
    await buttons.clickRewards();
    expect.verifySteps([["Available rewards", 'Add "10% Discount" for 200 Points']]);
});
