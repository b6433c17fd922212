import { registry } from "@web/core/registry";

const press = (key) => () =>
    window.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));

/** An invoicing user presses F11 on an invoice, scans a card and redeems points. */
registry.category("web_tour.tours").add("loyalty_redeem", {
    steps: () => [
        {
            content: "F11 opens the dialog once the invoice is there",
            trigger: "button[name='action_apply_loyalty_points']",
            run: press("F11"),
        },
        {
            content: "The customer's card is there already",
            trigger: ".modal .o_field_widget[name='available_points']:contains('1,000')",
        },
        {
            content: "An unknown card is an error",
            trigger: ".modal .o_field_widget[name='card_number'] input",
            run: "edit no such card && press Tab",
        },
        {
            trigger: ".modal .alert-danger:contains('No loyalty card has the number no such card')",
        },
        {
            trigger: ".modal:not(:has(button[name='action_apply']:visible))",
        },
        {
            content: "A second F11 opens no second dialog",
            trigger: ".modal .o_field_widget[name='card_number'] input",
            run: press("F11"),
        },
        {
            content: "Scan the card of a friend",
            trigger:
                "body:not(:has(.modal:eq(1))) .modal .o_field_widget[name='card_number'] input",
            run: "edit FRIEND-1 && press Tab",
        },
        {
            trigger: ".modal .alert-warning:contains('This card belongs to Bob')",
        },
        {
            content: "Money becomes whole points, rounded up",
            trigger: ".modal .o_field_widget[name='amount'] input",
            run: "edit 20.7 && press Tab",
        },
        {
            trigger: ".modal .o_field_widget[name='points'] input:value(21)",
            run: "edit 10 && press Tab",
        },
        {
            content: "Points become money",
            trigger: ".modal .o_field_widget[name='amount'] input:value(10.00)",
        },
        {
            trigger: ".modal button[name='action_apply']:contains('Redeem Points')",
            run: "click",
        },
        {
            content: "The invoice shows points and money",
            trigger: "body:not(:has(.modal)) .o_payment_label:contains('with 10 points')",
        },
        {
            trigger: ".o_field_widget[name='loyalty_points_redeemed']:contains('10')",
        },
    ],
});

registry.category("web_tour.tours").add("loyalty_missing_field", {
    steps: () => [
        {
            trigger: ".o_form_view button[name='action_adjust_points']",
            run: "click",
        },
        {
            trigger: ".modal button[name='action_confirm']",
            run: "click",
        },
        {
            content: "What is missing is named",
            trigger: ".o_notification:contains('Missing required fields: Reason')",
        },
        {
            trigger: ".modal button[special='cancel'], .modal .o_form_button_cancel",
            run: "click",
        },
        {
            trigger: "body:not(:has(.modal))",
        },
    ],
});
