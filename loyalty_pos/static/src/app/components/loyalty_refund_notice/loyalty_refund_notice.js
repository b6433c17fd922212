import { Component } from "@odoo/owl";
import { formatCurrency } from "@web/core/currency";
import { formatList } from "@web/core/l10n/utils";
import { _t } from "@web/core/l10n/translation";
import { formatPoints, isolated, sayPoints } from "@loyalty_pos/app/utils/format";

/** Tells the cashier before validating what a refund does to the customer's points. */
export class LoyaltyRefundNotice extends Component {
    static template = "loyalty_pos.LoyaltyRefundNotice";
    static props = { order: Object };

    get effects() {
        return this.props.order.getRefundEffects();
    }
    formatMoney(amount) {
        return formatCurrency(amount, this.props.order.currency.id);
    }
    /** What the cashier hands back, said before an amount is typed. */
    get moneyMessage() {
        const { money } = this.effects;
        return {
            name: "money",
            icon: "fa-money",
            text: money
                ? _t("Refund %s in money.", this.formatMoney(money))
                : _t("No refund in money."),
        };
    }
    get messages() {
        const effects = this.effects || {};
        const { card, returned = [], taken, lost, kept = [], missing, policy } = effects;
        const program = effects.program || card?.program_id;
        const messages = [];
        if (returned.length) {
            messages.push(this.moneyMessage);
        }
        for (const { card, points, amount } of returned) {
            messages.push({
                name: "back",
                icon: "fa-reply",
                text: _t("%(points)s (%(amount)s) go back to card %(code)s.", {
                    points: sayPoints(points, card?.program_id),
                    amount: this.formatMoney(amount),
                    code: isolated(card?.code || ""),
                }),
            });
        }
        if (taken > 0) {
            messages.push({
                name: "taken",
                icon: "fa-minus-circle",
                text: _t("%(points)s earned with these goods are taken back.", {
                    points: sayPoints(taken, program),
                }),
            });
        }
        if (lost > 0) {
            messages.push({
                name: "lost",
                icon: "fa-clock-o",
                text: _t(
                    "%s of them had expired or were removed before; they are not taken again.",
                    formatPoints(lost)
                ),
            });
        }
        if (kept.length) {
            messages.push({
                name: "kept",
                icon: "fa-info-circle",
                text:
                    kept.length === 1
                        ? _t(
                              "%s earned with these goods stay on the card: this program does not take points back on returns.",
                              sayPoints(kept[0].points, kept[0].program)
                          )
                        : _t(
                              "%s earned with these goods stay on the customer's cards: these programs do not take points back on returns.",
                              formatList(
                                  kept.map((part) =>
                                      _t("%(points)s of %(program)s", {
                                          points: sayPoints(part.points, part.program),
                                          program: part.program?.name || "",
                                      })
                                  )
                              )
                          ),
            });
        }
        if (missing > 0) {
            messages.push({
                name: "missing",
                icon: "fa-exclamation-triangle",
                text:
                    policy === "clamp"
                        ? _t(
                              "The customer has spent %s of them already; they are waived.",
                              formatPoints(missing)
                          )
                        : _t(
                              "The customer has spent %s of them already; the card owes them, and the next points earned settle that first.",
                              formatPoints(missing)
                          ),
            });
        }
        return messages;
    }
}
