from collections import defaultdict

from odoo import models


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def _compute_loyalty_data(self):
        """Say what a confirmed order issued and used of one loyalty program; points of several are never added, as Odoo does."""
        confirmed = self.filtered(lambda order: order.state == "sale" and order.id)
        rows = (
            self.env["loyalty.history"]
            .sudo()  # access: totals of the order alone, for everybody who may read it, as Odoo shows them
            ._read_group(
                [("order_model", "=", self._name), ("order_id", "in", confirmed.ids)],
                ["order_id", "card_id"],
                ["issued:sum", "used:sum"],
            )
            if confirmed
            else ()
        )
        totals, others = defaultdict(dict), set()
        for order_id, card, issued, used in rows:
            program = card.program_id
            if program.program_type != "loyalty":
                others.add(order_id)
            elif issued or used:
                before = totals[order_id].get(program, (0, 0))
                totals[order_id][program] = (before[0] + issued, before[1] + used)
        of_others = confirmed.filtered(lambda order: order.id in others and order.id not in totals)
        super(SaleOrder, of_others)._compute_loyalty_data()
        for order in self - of_others:
            programs = totals.get(order.id, {})
            order.loyalty_data = {}
            if len(programs) == 1:
                ((program, (issued, used)),) = programs.items()
                order.loyalty_data = {"point_name": program.portal_point_name, "issued": issued, "cost": used}
