from odoo import api, fields, models
from odoo.exceptions import AccessError

from odoo.addons.loyalty_ledger.tools.source import Source

from ..tools.trust import server_vouches

#: What decides which card pays how much for a reward.
REWARD_FIELDS = frozenset(("coupon_id", "is_reward_line", "points_cost", "reward_id", "reward_identifier_code"))


class PosOrderLine(models.Model):
    _inherit = "pos.order.line"

    loyalty_redeem_uuid = fields.Char(
        "Redemption",
        index="btree_not_null",
        copy=False,
        help="Lines with the same value belong to one redemption that reduces the price: one line for each tax.",
    )
    loyalty_card_id = fields.Many2one(
        "loyalty.card", "Loyalty Card", index="btree_not_null", ondelete="restrict", copy=False
    )
    loyalty_points = fields.Float("Points", digits=(16, 4), copy=False)

    @api.model
    def _load_pos_data_fields(self, config):
        return [
            *super()._load_pos_data_fields(config),
            "loyalty_card_id",
            "loyalty_points",
            "loyalty_redeem_uuid",
        ]

    def write(self, vals):
        """Rewards of a paid order are history: no client moves them to another card or changes what they cost."""
        if (
            vals.keys() & REWARD_FIELDS
            and not server_vouches(self.env)
            and not Source.of(self.env)
            and any(order.state not in ("draft", "cancel") for order in self.order_id)
        ):
            raise AccessError(
                self.env._("The order is paid: its rewards and the cards they were redeemed from can no longer change.")
            )
        return super().write(vals)
