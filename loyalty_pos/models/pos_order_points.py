"""What an order of the till has to do with points: its card, and what came of it."""

from odoo import api, fields, models

#: What only the server says about an order.
RESULTS = (
    "loyalty_balance_after",
    "loyalty_points_earnable",
    "loyalty_points_earned",
    "loyalty_points_redeemed",
    "loyalty_points_taken_back",
    "loyalty_settled",
)


class PosOrder(models.Model):
    _inherit = "pos.order"

    loyalty_card_id = fields.Many2one(
        "loyalty.card", "Loyalty Card", index="btree_not_null", ondelete="restrict", copy=False,
        help="Card on which the order earns, as scanned or chosen at the till; by default the customer's own card.",
    )  # fmt: skip
    loyalty_points_earnable = fields.Float(
        "Points Earnable", digits=(16, 4), readonly=True, copy=False,
        help="What the order earns by the rules of the program, as paid.",
    )  # fmt: skip
    loyalty_points_earned = fields.Float(
        "Points Earned", digits=(16, 4), readonly=True, copy=False, help="Negative when a return took points back."
    )
    loyalty_points_taken_back = fields.Float(
        "Points Taken Back", digits=(16, 4), readonly=True, copy=False,
        help="What returned goods had earned, taken back on the order that sold them.",
    )  # fmt: skip
    loyalty_points_redeemed = fields.Float(
        "Points Redeemed", digits=(16, 4), readonly=True, copy=False, help="Negative when a return gave points back."
    )
    loyalty_points_reserved = fields.Float(
        "Points Reserved", digits=(16, 4), compute="_compute_loyalty_points_reserved",
        help="Points that the order holds until it is paid.",
    )  # fmt: skip
    loyalty_balance_after = fields.Float("Points After the Order", digits=(16, 4), readonly=True, copy=False)
    loyalty_settled = fields.Boolean("Points Settled", readonly=True, copy=False)

    def _compute_loyalty_points_reserved(self):
        holds = self.env["loyalty.hold"].sudo()  # cashiers do not see reservations, only what their order reserves
        active = holds.search(
            [("pos_order_uuid", "in", [uuid for uuid in self.mapped("uuid") if uuid]), ("state", "=", "active")]
        ).filtered(lambda hold: hold._is_active())
        by_order = active.grouped("pos_order_uuid")
        for order in self:
            order.loyalty_points_reserved = sum(by_order.get(order.uuid, holds).mapped("points"))

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su:
            vals_list = [self._without_results(vals) for vals in vals_list]
        return super().create(vals_list)

    def write(self, vals):
        return super().write(vals if self.env.su else self._without_results(vals))

    @api.model
    def _without_results(self, vals):
        """Leave out what only the server says: tills send back whatever they were given."""
        if vals.keys().isdisjoint(RESULTS):
            return vals
        return {name: value for name, value in vals.items() if name not in RESULTS}
