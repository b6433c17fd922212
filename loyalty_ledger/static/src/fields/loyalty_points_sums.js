import { patch } from "@web/core/utils/patch";
import { ListRenderer } from "@web/views/list/list_renderer";

/** Return whether a domain names one program, so that all rows are of it. */
export function namesOneProgram(domain) {
    return (
        !domain.includes("|") &&
        !domain.includes("!") &&
        domain.some(
            (leaf) =>
                Array.isArray(leaf) &&
                leaf[0] === "program_id" &&
                ((leaf[1] === "=" && Number.isInteger(leaf[2])) ||
                    (leaf[1] === "in" && Array.isArray(leaf[2]) && leaf[2].length === 1))
        )
    );
}

/** What shows points. */
const POINTS = ["loyalty_points", "loyalty_balance"];

/** Points of different programs are different things: the foot of a list shows no total that would add them. */
patch(ListRenderer.prototype, {
    computeAggregates() {
        const aggregates = super.computeAggregates();
        for (const { name, widget } of this.columns) {
            if (POINTS.includes(widget) && name in aggregates && this.mixesPrograms(name)) {
                delete aggregates[name];
            }
        }
        return aggregates;
    },

    /** Return whether the rows of a total are, or may be, of different programs. */
    mixesPrograms(name) {
        const { list } = this.props;
        if (!("program_id" in list.fields) || namesOneProgram(list.config.domain || [])) {
            return false;
        }
        if (list.selection.length || !list.isGrouped) {
            const rows = list.selection.length ? list.selection : list.records;
            return new Set(rows.map(({ data }) => data.program_id?.id)).size > 1;
        }
        const groups = list.groups.filter(({ count }) => count);
        return groups.length > 1 || groups.some(({ aggregates }) => aggregates[name] === false);
    },
});
