from odoo import api, models


class AccountPartialReconcile(models.Model):
    _inherit = "account.partial.reconcile"

    @api.model_create_multi
    def create(self, vals_list):
        partials = super().create(vals_list)
        partials._settled_moves()._mark_loyalty_dirty()
        return partials

    def unlink(self):
        moves = self._settled_moves()
        result = super().unlink()
        moves._mark_loyalty_dirty()
        return result

    def _settled_moves(self):
        return self.sudo().debit_move_id.move_id
