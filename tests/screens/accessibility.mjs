/*
 * What axe-core finds on a screen that is serious or critical, less what comes from Odoo itself: its web client has some of
 * it on every screen, and no add-on can change it. What is left out is named here, as narrowly as can be.
 */

const GRAVE = ["serious", "critical"];
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"];
/** Parts of the page that are Odoo's own on each screen, whatever the add-on. */
const FRAME = [
    ".o_main_navbar",
    ".o_control_panel",
    ".o-mail-Chatter",
    ".o_notification_manager",
    ".o-mail-ChatHub",
    // Says "Loading" while it fades in and out.
    ".o_loading_indicator",
];
/** Rule -> elements that Odoo's own widgets and renderers make. */
const OF_ODOO = {
    "html-has-lang": "html",
    // Check boxes of lists, and what they check; read-only inputs of files.
    label: "[id^=checkbox-comp], input.o_input[readonly]",
    "aria-allowed-attr": ".o_tag, .o_progress, .o-dropdown, .o-autocomplete--input",
    "aria-required-parent": ".nav-link[role=tab]",
    "autocomplete-valid": ".o_select_menu_toggler",
    // Icons in lists: the renderer gives them a tooltip, and drops any name.
    "button-name": ".o_optional_columns_dropdown *, .o_list_button *",
    "image-alt": ".o_avatar *",
    "role-img-alt": ".o-mail-ActivityButton *",
    // The arrow between two dates.
    "aria-prohibited-attr": ".o_field_daterange *",
    // The palette: muted text, badges, ribbons and marks of Odoo's theme, and the letters of its pivots.
    "color-contrast": ".text-muted, .text-muted *, .badge, .ribbon *, .o_pivot *",
};
/** At the register all screens are Odoo's; these are the parts that are ours. */
const OURS_AT_THE_REGISTER = '[class*="loyalty-"], [class*="redeem-"]';

/** Runs in the page. */
async function find({ frame, ofOdoo, ours, rules }) {
    const isRegister = Boolean(document.querySelector(".pos"));
    const isOurs = (rule, selector) => {
        const element = document.querySelector(selector);
        return isRegister
            ? Boolean(element?.closest(ours))
            : !(ofOdoo[rule] && element?.matches(ofOdoo[rule]));
    };
    // A colour on its way to another one is nobody's choice: look when what moves has come to rest, but wait for no endless one.
    const moves = document
        .getAnimations()
        .filter((one) => one.effect?.getTiming().iterations === 1);
    await Promise.race([
        Promise.allSettled(moves.map((one) => one.finished)),
        new Promise((resolve) => setTimeout(resolve, 1000)),
    ]);
    // Behind a dialog is what was looked at before, and nobody can reach it.
    const dialog = ".modal:not(.o_inactive_modal)";
    const include = document.querySelector(dialog) ? [[dialog]] : [["html"]];
    const { violations } = await window.axe.run(
        { include, exclude: frame.map((selector) => [selector]) },
        { resultTypes: ["violations"], runOnly: rules }
    );
    return violations.flatMap(({ id, impact, help, nodes }) =>
        nodes
            .map(({ target, html }) => ({ rule: id, impact, help, target: target.join(" "), html }))
            .filter(({ target }) => isOurs(id, target))
    );
}

/**
 * Return the serious and critical faults of the page that are not Odoo's.
 *
 * @returns {Promise<{screen: string, rule: string, impact: string, help: string, target: string, html: string}[]>}
 */
export async function axeFaults(page, source, screen) {
    if (!(await page.evaluate(() => Boolean(window.axe)))) {
        await page.evaluate(source);
    }
    const found = await page.evaluate(find, {
        frame: FRAME,
        ofOdoo: OF_ODOO,
        ours: OURS_AT_THE_REGISTER,
        rules: RULES,
    });
    return found
        .filter(({ impact }) => GRAVE.includes(impact))
        .map((fault) => ({ screen, ...fault }));
}
