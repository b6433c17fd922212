from odoo import api, models


class LoyaltyRule(models.Model):
    _inherit = "loyalty.rule"

    @api.model_create_multi
    def create(self, vals_list):
        rules = super().create(vals_list)
        self.env["product.product"].invalidate_model(["loyalty_stored_value"], flush=False)
        return rules

    def write(self, vals):
        result = super().write(vals)
        if vals.keys() & {"product_ids", "program_id"}:
            self.env["product.product"].invalidate_model(["loyalty_stored_value"], flush=False)
        return result
