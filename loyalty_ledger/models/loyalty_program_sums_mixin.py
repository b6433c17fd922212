"""Points of different programs are different things: lists, pivots and graphs add those of one program only."""

from odoo import api, models
from odoo.tools import SQL

#: Set while a screen asks for totals; code that sums for itself groups by program, or means one card.
OF_ONE_PROGRAM = "loyalty_sums_of_one_program"


class LoyaltyProgramSumsMixin(models.AbstractModel):
    """Rows with ``program_id`` and points: what a screen shows as their total is empty where it would mix programs (N27)."""

    _name = "loyalty.program.sums.mixin"
    _description = "Record with Points of a Program"

    @api.model
    @api.readonly
    def formatted_read_group(self, domain, groupby=(), aggregates=(), having=(), offset=0, limit=None, order=None):
        records = self.with_context(**{OF_ONE_PROGRAM: True})
        return super(LoyaltyProgramSumsMixin, records).formatted_read_group(
            domain, groupby, aggregates, having=having, offset=offset, limit=limit, order=order
        )

    @api.model
    @api.readonly
    def formatted_read_grouping_sets(self, domain, grouping_sets, aggregates=(), *, order=None):
        records = self.with_context(**{OF_ONE_PROGRAM: True})
        return super(LoyaltyProgramSumsMixin, records).formatted_read_grouping_sets(
            domain, grouping_sets, aggregates, order=order
        )

    def _read_group_select(self, aggregate_spec, query):
        total = super()._read_group_select(aggregate_spec, query)
        name, __, function = aggregate_spec.partition(":")
        if function != "sum" or not self.env.context.get(OF_ONE_PROGRAM) or self._fields[name].type != "float":
            return total
        program = self._field_to_sql(self._table, "program_id", query)
        return SQL("CASE WHEN MIN(%s) IS NOT DISTINCT FROM MAX(%s) THEN %s END", program, program, total)
