from odoo import models
from odoo.exceptions import AccessError

from odoo.addons.loyalty_ledger.tools.source import Source

from ..tools.trust import server_vouches

#: What decides which card pays how much for a reward.
REWARD_FIELDS = frozenset(("coupon_id", "is_reward_line", "points_cost", "reward_id", "reward_identifier_code"))


class PosOrderLine(models.Model):
    _inherit = "pos.order.line"

    def write(self, vals):
        """Rewards of a paid order are history: no client moves them to another card or changes what they cost."""
        if (
            vals.keys() & REWARD_FIELDS
            and not server_vouches(self.env)
            and not Source.of(self.env)
            and any(order.state not in ("draft", "cancel") for order in self.order_id)
        ):
            raise AccessError(
                self.env._("The order is paid: its rewards and the cards that paid for them cannot change any more.")
            )
        return super().write(vals)
