// Odoo's patch goes first: it does not call what it replaces.
import "@pos_loyalty/app/models/pos_order";
import { PosOrder } from "@point_of_sale/app/models/pos_order";
import { formatCurrency } from "@web/core/currency";
import { _t } from "@web/core/l10n/translation";
import { patch } from "@web/core/utils/patch";
import { isolated, sayPoints } from "@loyalty_pos/app/utils/format";

/** Redemptions that the till makes smaller or takes off: why, for the cashier and, on the order, for who asks later. */
patch(PosOrder.prototype, {
    initState() {
        super.initState();
        // What is to be told when the points of a redemption are given back: {uuid: words}.
        this.uiState.loyaltyCuts = this.uiState.loyaltyCuts || {};
    },
    /** What the points were redeemed for: lines with quantity and amount. */
    get loyaltyBasket() {
        return this.lines
            .filter((line) => !line.isRedemption)
            .map((line) => ({
                uuid: line.uuid,
                qty: line.qty,
                total: line.documentTotal,
                discount: line.discount || 0,
            }));
    },
    /** Say why less of the order can be paid with points than when they were redeemed. */
    whyFewerPoints({ uuid, card }, due) {
        const money = (amount) => formatCurrency(amount, this.currency.id);
        const sum = (basket) =>
            this.currency.round(basket.reduce((total, line) => total + line.total, 0));
        const basket = this.uiState.loyaltyHolds[uuid]?.basket;
        const now = this.loyaltyBasket;
        if (basket && this.currency.isPositive(sum(basket) - sum(now))) {
            const values = { before: money(sum(basket)), after: money(sum(now)) };
            return _t("the order went from %(before)s to %(after)s (%(why)s)", {
                ...values,
                why: this.whySmaller(basket, now).join(", "),
            });
        }
        const payable = this.lines.some(
            (line) => !line.isRedemption && !line.mayBePaidWith(card?.program_id)
        );
        return payable && basket
            ? _t("only %s of these products can be paid with points", money(due))
            : _t("only %s of the order can be paid with points", money(due));
    },
    whySmaller(before, now) {
        const current = new Map(now.map((line) => [line.uuid, line]));
        const known = new Map(before.map((line) => [line.uuid, line]));
        const reasons = new Set();
        for (const line of before.filter(({ total }) => total > 0)) {
            const other = current.get(line.uuid);
            if (!other || other.qty < line.qty) {
                reasons.add(_t("products were removed"));
            } else if (other.discount > line.discount) {
                reasons.add(_t("a discount was given"));
            } else if (this.currency.isPositive(line.total - other.total)) {
                reasons.add(_t("a price was changed"));
            }
        }
        for (const line of now.filter(({ total }) => total < 0)) {
            if (line.total < (known.get(line.uuid)?.total || 0)) {
                reasons.add(_t("a discount was given"));
            }
        }
        return reasons.size ? [...reasons] : [_t("prices or taxes were changed")];
    },
    /** Write on the order, and return, that a redemption became smaller, or none (`fewer` 0), and why. */
    noteFewerPoints({ card, points, amount }, fewer, cause) {
        const program = card?.program_id;
        const values = {
            points: sayPoints(points, program),
            amount: formatCurrency(amount, this.currency.id),
            fewer: sayPoints(fewer, program),
            code: isolated(card?.code || ""),
            cause: cause.toString(),
        };
        const note = fewer
            ? _t(
                  "%(fewer)s of card %(code)s are redeemed instead of %(points)s: %(cause)s.",
                  values
              )
            : _t(
                  "%(points)s (%(amount)s) of card %(code)s are no longer redeemed: %(cause)s.",
                  values
              );
        return this.noteLoyalty(note);
    },
    noteLoyalty(note) {
        this.loyalty_note = [this.loyalty_note, note.toString()].filter(Boolean).join("\n");
        return note;
    },
    whyCustomerChanged(old, partner) {
        if (!partner) {
            return _t("customer %s was removed", old.name);
        }
        return old
            ? _t("the customer was changed from %(old)s to %(new)s", {
                  old: old.name,
                  new: partner.name,
              })
            : _t("customer %s was chosen", partner.name);
    },
    whyCardChanged(old, card) {
        return card
            ? _t("card %s was chosen", isolated(card.code))
            : _t("card %s was removed", isolated(old?.code || ""));
    },
});
