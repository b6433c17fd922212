import "@pos_loyalty/app/models/data_service_options";
import { DataServiceOptions } from "@point_of_sale/app/models/data_service_options";
import { patch } from "@web/core/utils/patch";

const isOpen = (order) => order && !(order.finalized && order.isSynced);

patch(DataServiceOptions.prototype, {
    /** Keep the cards that unsynced orders use as well: they pay and earn after a reload without connection. */
    get databaseTable() {
        const tables = super.databaseTable;
        const { condition, ...table } = tables["loyalty.card"];
        return {
            ...tables,
            "loyalty.card": {
                ...table,
                condition: (record) =>
                    condition(record) ||
                    record
                        .backLink("<-pos.payment.loyalty_card_id")
                        ?.find((payment) => isOpen(payment.pos_order_id)) ||
                    record
                        .backLink("<-pos.order.line.loyalty_card_id")
                        ?.find((line) => isOpen(line.order_id)) ||
                    record.backLink("<-pos.order.loyalty_card_id")?.find(isOpen),
            },
        };
    },
});
