from odoo import api, models


class IrQwebFieldFloat(models.AbstractModel):
    _inherit = "ir.qweb.field.float"

    @api.model
    def record_to_html(self, record, field_name, options):
        """Write the balance of a card as Odoo does: the shop's templates do not know that the ledger keeps four decimals."""
        if record._name == "loyalty.card" and field_name == "points" and "decimal_precision" not in options:
            options = {"precision": None, **options}
        return super().record_to_html(record, field_name, options)
