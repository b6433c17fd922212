import { browser } from "@web/core/browser/browser";
import { SIZES } from "@web/core/ui/ui_service";
import { patch } from "@web/core/utils/patch";
import { ListRenderer } from "@web/views/list/list_renderer";

/**
 * Optional columns with `options="{'narrow': 'hide'}"` are not shown at first on a tablet that is held upright, so that the
 * list fits it. They can be chosen as usual, and then stay.
 */
patch(ListRenderer.prototype, {
    computeOptionalActiveFields() {
        const active = super.computeOptionalActiveFields();
        const isChosen = browser.localStorage.getItem(this.keyOptionalFields) !== null;
        if (!isChosen && this.uiService.size <= SIZES.MD) {
            for (const { name, options } of this.allColumns) {
                if (options?.narrow === "hide" && name in active) {
                    active[name] = false;
                }
            }
        }
        return active;
    },
});
