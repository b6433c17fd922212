"""What customers' own devices are told, where Odoo's self-ordering is installed: nothing about cards.

Anybody who sits at a table may ask for its orders, and the number of a card is what the card pays with.
"""

from odoo import api, models


def without_cards(model, names):
    """Leave our fields out of those that devices load; none at all means every field."""
    names = names or model.fields_get(attributes=("type",))
    return [name for name in names if not name.startswith("loyalty_")]


class PosOrderLine(models.Model):
    _inherit = "pos.order.line"

    @api.model
    def _load_pos_self_data_fields(self, config):
        return without_cards(self, super()._load_pos_self_data_fields(config))
