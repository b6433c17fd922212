import * as ProductScreen from "@point_of_sale/../tests/pos/tours/utils/product_screen_util";
import { registry } from "@web/core/registry";

/** Steps wait longer than Odoo's ten seconds: a busy machine takes its time to load a till or to pay an order. */
const patient = (tour) => ({
    ...tour,
    steps: () => tour.steps().map((step) => ({ timeout: 45_000, ...step })),
});
export const tours = {
    add: (name, tour) => registry.category("web_tour.tours").add(name, patient(tour)),
};
const MODAL = ".modal:not(.o_inactive_modal)";

export function pressF11() {
    return {
        content: "press F11",
        // A key is for the dialog that is still there.
        trigger: "body:not(:has(.o-overlay-item))",
        run: () => {
            window.dispatchEvent(new KeyboardEvent("keydown", { key: "F11", cancelable: true }));
        },
    };
}
export function pressF9() {
    return {
        content: "press F9",
        trigger: "body:not(:has(.modal))",
        run: () => {
            window.dispatchEvent(new KeyboardEvent("keydown", { key: "F9", cancelable: true }));
        },
    };
}
export function enterCard(code) {
    return [
        {
            content: `enter card ${code}`,
            trigger: `${MODAL} .loyalty-card-code`,
            run: `edit ${code}`,
        },
        {
            content: "use the card",
            trigger: `${MODAL} .loyalty-card-confirm:enabled`,
            run: "click",
        },
    ];
}
export function chooseCard(code) {
    return [
        { trigger: `.loyalty-card-chip`, run: "click" },
        {
            content: `choose card ${code}`,
            trigger: `${MODAL} .loyalty-card-choice:contains("${code}")`,
            run: "click",
        },
        { trigger: `body:not(:has(.modal))` },
    ];
}
export function cardIs(code, points) {
    const balance = points ? `:has(.loyalty-card-points:contains("${points}"))` : "";
    return {
        content: `card ${code} is used${points ? `, with ${points} points` : ""}`,
        trigger: `.loyalty-card-chip:has(.loyalty-card-number:contains("${code}"))${balance}`,
    };
}
export function levelIs(level) {
    return { trigger: `.loyalty-card-level:contains("${level}")` };
}
export function noCard() {
    return { trigger: `.loyalty-card-chip:not(:has(.loyalty-card-number))` };
}
export function cardWarns(text) {
    return { trigger: `.loyalty-card-warning:contains("${text}")` };
}
export function errorIs(text) {
    return {
        content: `seen without scrolling: ${text}`,
        trigger: `${MODAL} .loyalty-error:contains("${text}")`,
        run: ({ anchor }) => {
            const { top, bottom } = anchor.getBoundingClientRect();
            if (top < 0 || bottom > window.innerHeight) {
                throw new Error(`The error is at ${top} to ${bottom} of ${window.innerHeight}`);
            }
        },
    };
}
export function notified(text) {
    return [
        {
            content: `told: ${text}`,
            trigger: `.o_notification:contains("${text}")`,
        },
        { trigger: `.o_notification .o_notification_close`, run: "click" },
    ];
}
export function discard() {
    return [
        { trigger: `${MODAL} .modal-footer button:contains("Discard")`, run: "click" },
        { trigger: `body:not(:has(.modal))` },
    ];
}
export function earns(points) {
    return {
        content: `${points} points to be earned`,
        trigger: `.loyalty-points-won:contains("+${points}")`,
    };
}
export function clickRedeemPoints() {
    return ProductScreen.clickControlButton("Redeem points");
}
export function balancesAre({ accumulated, redeemed, reserved, available }) {
    const figures = { accumulated, redeemed, reserved, available };
    return Object.entries(figures).map(([name, points]) => ({
        content: `${name}: ${points}`,
        trigger: `${MODAL} .redeem-${name} .balance-value:contains(/^${points}$/)`,
    }));
}
export function typePoints(points, money) {
    return [
        { trigger: `${MODAL} .redeem-points-input`, run: `edit ${points}` },
        { content: `are ${money}`, trigger: `${MODAL} .redeem-money-input:value("${money}")` },
    ];
}
export function typeMoney(money, points) {
    return [
        { trigger: `${MODAL} .redeem-money-input`, run: `edit ${money}` },
        { content: `are ${points}`, trigger: `${MODAL} .redeem-points-input:value("${points}")` },
    ];
}
export function tapKeys(keys) {
    return keys.split(" ").map((key) => ({
        content: `tap ${key}`,
        trigger: `${MODAL} .numpad button:contains(/^${key}$/)`,
        run: "click",
    }));
}
/** Type on the hardware keyboard, slowly enough to be no barcode. */
export function pressKeys(keys) {
    return keys.split(" ").map((key) => ({
        content: `press ${key}`,
        trigger: "body:not(:has(.modal))",
        run: async () => {
            window.dispatchEvent(new KeyboardEvent("keyup", { key }));
            await new Promise((resolve) => setTimeout(resolve, 300));
        },
    }));
}
/** The cashier is asked before less is redeemed, and decides. */
export function askedForFewer(text, button) {
    return [
        { content: `asked: ${text}`, trigger: `${MODAL} .modal-body:contains("${text}")` },
        { trigger: `${MODAL} .modal-footer button:contains("${button}")`, run: "click" },
        { trigger: `body:not(:has(.modal))` },
    ];
}
export function maximum() {
    return { trigger: `${MODAL} .redeem-maximum`, run: "click" };
}
export function confirmRedeem() {
    return [
        { trigger: `${MODAL} .redeem-confirm:enabled`, run: "click" },
        { content: "the popup closes", trigger: `body:not(:has(.modal))` },
    ];
}
export function cannotRedeem() {
    return { trigger: `${MODAL} .redeem-confirm:disabled` };
}
export function redeemed(points, amount) {
    return {
        content: `${points} points cover ${amount}`,
        trigger: `.loyalty-redemption:contains("${points}"):contains("${amount}")`,
    };
}
export function pointsPaymentIs(points, amount) {
    return {
        content: `payment line of ${points} points`,
        trigger: `.paymentline:has(.payment-points:contains("${points} points")):has(.payment-amount:contains("${amount}"))`,
    };
}
export function receiptSays(row, value) {
    return { trigger: `.pos-receipt .loyalty-receipt-${row}:contains(/^${value}$/)` };
}
export function receiptIsEstimated() {
    return { trigger: `.pos-receipt .loyalty-summary:contains("(estimated)")` };
}
export function refundNotice(name, text) {
    return { trigger: `.loyalty-refund-notice .loyalty-refund-${name}:contains("${text}")` };
}
/** A second browser tab, in a frame of this one, with another till: Odoo closes a second tab of the same one. */
export function openSecondTab(name) {
    return [
        {
            content: `open ${name} in a second tab`,
            trigger: "body",
            run: async () => {
                const [id] = await window.posmodel.data.call("pos.config", "search", [
                    [["name", "=", name]],
                ]);
                const frame = document.createElement("iframe");
                frame.src = `/pos/ui/${id}`;
                frame.className = "second-tab position-fixed bottom-0 end-0 bg-white border";
                Object.assign(frame.style, { width: "1280px", height: "720px", zIndex: 3000 });
                document.body.append(frame);
            },
        },
    ];
}
/** Take steps in the second tab, which is shown for as long. */
export function inSecondTab(...steps) {
    const show = (display) => ({
        trigger: "body",
        run: () => {
            document.querySelector(".second-tab").style.display = display;
        },
    });
    return [
        show("block"),
        ...steps
            .flat(Infinity)
            .filter((step) => !step.isActive || step.isActive.includes("desktop"))
            .map((step) => ({ ...step, trigger: `:iframe ${step.trigger}` })),
        show("none"),
    ];
}
