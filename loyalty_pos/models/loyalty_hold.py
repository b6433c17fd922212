from odoo import fields, models


class LoyaltyHold(models.Model):
    _inherit = "loyalty.hold"

    pos_uuid = fields.Char("Payment at the Till", readonly=True, index="btree_not_null")
    pos_order_uuid = fields.Char("Order at the Till", readonly=True, index="btree_not_null")
    pos_config_id = fields.Many2one("pos.config", "Till", readonly=True, ondelete="set null", index="btree_not_null")
