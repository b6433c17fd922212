// Odoo's patch goes first: it does not call what it replaces.
import "@pos_loyalty/app/services/pos_store";
import { PosStore } from "@point_of_sale/app/services/pos_store";
import { NumberPopup } from "@point_of_sale/app/components/popups/number_popup/number_popup";
import { SelectionPopup } from "@point_of_sale/app/components/popups/selection_popup/selection_popup";
import { TextInputPopup } from "@point_of_sale/app/components/popups/text_input_popup/text_input_popup";
import { makeAwaitable } from "@point_of_sale/app/utils/make_awaitable_dialog";
import { uuidv4 } from "@point_of_sale/utils";
import { _t } from "@web/core/l10n/translation";
import { patch } from "@web/core/utils/patch";
import { isolated, pointsName, sayPoints } from "@loyalty_pos/app/utils/format";
import { isWhole } from "@loyalty_pos/app/utils/points";

/** What a cashier gives to customers: new cards, and bonus points. */
patch(PosStore.prototype, {
    /**
     * Issue a card to the order's customer, with a pre-printed number or a generated one, and use it.
     * Returns why not, or an empty string.
     */
    async issueLoyaltyCard(order, code, partner = order.getPartner()) {
        const program = await this.chooseLoyaltyProgram();
        if (!program) {
            return _t("Choose the program of the card.");
        }
        const result = await this.data.call("loyalty.card", "pos_issue_card", [
            this.config.id,
            partner.id,
            code,
            program.id,
        ]);
        if (result.error) {
            return result.error;
        }
        const [card] = await this.loadLoyaltyCards([result.card]);
        delete this.loyaltyCardsRead[partner.id];
        return this.useLoyaltyCard(card, order);
    },
    async chooseLoyaltyProgram() {
        const programs = this.loyaltyPrograms;
        return programs.length === 1
            ? programs[0]
            : await makeAwaitable(this.dialog, SelectionPopup, {
                  title: _t("Program of the card"),
                  list: programs.map((program) => ({
                      id: program.id,
                      label: program.name,
                      item: program,
                  })),
              });
    },
    /**
     * Whether the person at the till may give bonus points (bH7). The server checks the user who is logged in; where
     * employees share that login, the employee has to be a manager as well.
     */
    get mayGiveBonus() {
        return this.getCashier()?._role === "manager" && this.user?.raw.role === "manager";
    },
    /** Give bonus points to a card: how many, then why. Raises what the server answers. */
    async giveBonusPoints(card) {
        const points = await makeAwaitable(this.dialog, NumberPopup, {
            title: _t("Bonus for card %(code)s: how many %(points)s?", {
                code: isolated(card.code),
                points: pointsName(card.program_id),
            }),
            isValid: (value) => Number(value) > 0 && isWhole(Number(value)),
        });
        const reason =
            points &&
            (await makeAwaitable(this.dialog, TextInputPopup, {
                title: _t("Why are %s given?", sayPoints(Number(points), card.program_id)),
                placeholder: _t("Apology for a delay, birthday, ..."),
            }));
        if (!points || !reason?.trim()) {
            return false;
        }
        const result = await this.data.call("loyalty.card", "pos_give_bonus", [
            this.config.id,
            card.id,
            Number(points),
            reason.trim(),
            uuidv4(),
        ]);
        await this.loadLoyaltyCards([result.card]);
        this.notification.add(
            _t("Bonus: card %(code)s got %(points)s.", {
                points: sayPoints(Number(points), card.program_id),
                code: isolated(card.code),
            }),
            { type: "success" }
        );
        return true;
    },
});
