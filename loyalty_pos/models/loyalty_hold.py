from odoo import fields, models


class LoyaltyHold(models.Model):
    _inherit = "loyalty.hold"

    pos_uuid = fields.Char("Point of Sale Payment", readonly=True, index="btree_not_null")
    pos_order_uuid = fields.Char("Point of Sale Order", readonly=True, index="btree_not_null")
    pos_config_id = fields.Many2one(
        "pos.config", "Point of Sale", readonly=True, ondelete="set null", index="btree_not_null"
    )

    def _say_holder(self):
        """Points of an order at the register wait for its payment: the order comes to Odoo with it."""
        # access: the name of the register alone; the reservation itself was read with the reader's rights
        return self.sudo().pos_config_id.name or super()._say_holder()
