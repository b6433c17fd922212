import { registry } from "@web/core/registry";
import { utils } from "@web/core/ui/ui_service";
import { getGroupBy } from "@web/search/utils/group_by";
import { GraphModel } from "@web/views/graph/graph_model";
import { graphView } from "@web/views/graph/graph_view";

/** A graph of points: where a bar would add those of several programs, it is divided by program, and by nothing else of ours. */
export class LoyaltyPointsGraphModel extends GraphModel {
    async _loadDataPoints(metaData) {
        const result = await super._loadDataPoints(metaData);
        const [points] = result;
        const isMixed = points.some(({ count, value }) => count && value === false);
        if (!isMixed || metaData.groupBy.some(({ fieldName }) => fieldName === "program_id")) {
            if (this.isUnstacked) {
                metaData.stacked = true;
                this.isUnstacked = false;
            }
            return result;
        }
        // Bars on top of each other look like a sum.
        this.isUnstacked ||= metaData.stacked;
        metaData.stacked = false;
        const isOurs = !this.searchParams.groupBy.length;
        metaData.groupBy = [
            ...(isOurs ? this._getRoomyGroupBy(metaData) : metaData.groupBy),
            getGroupBy("program_id", metaData.fields),
        ];
        return super._loadDataPoints(metaData);
    }

    /** The first group of our own: on a phone, bars of each month beside each other are too thin to touch. */
    _getRoomyGroupBy({ groupBy, fields }) {
        const [first] = groupBy;
        return utils.isSmall() && first?.interval === "month"
            ? [getGroupBy(`${first.fieldName}:quarter`, fields)]
            : groupBy.slice(0, 1);
    }

    /** The line over stacked bars is their sum: none where the bars are of programs. */
    _getLineOverlayDataset() {
        const isByProgram = this.metaData.groupBy.some(
            ({ fieldName }) => fieldName === "program_id"
        );
        return isByProgram ? null : super._getLineOverlayDataset();
    }
}

registry.category("views").add("loyalty_points_graph", {
    ...graphView,
    Model: LoyaltyPointsGraphModel,
});
