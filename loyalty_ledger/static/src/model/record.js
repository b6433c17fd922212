import { Record } from "@web/model/relational_model/record";
import { _t } from "@web/core/l10n/translation";
import { patch } from "@web/core/utils/patch";

patch(Record.prototype, {
    /** Name the fields: on programs the one that is missing may be on a tab that nobody looks at. */
    _displayInvalidFieldNotification() {
        const names = [...this._invalidFields].map((name) => this.fields[name]?.string || name);
        if (!this.resModel.startsWith("loyalty.") || !names.length) {
            return super._displayInvalidFieldNotification(...arguments);
        }
        return this.model.notification.add(_t("Missing required fields: %s", names.join(", ")), {
            type: "danger",
        });
    },
});
