from collections import defaultdict

from odoo import api, models
from odoo.exceptions import UserError


class AccountPartialReconcile(models.Model):
    _inherit = "account.partial.reconcile"

    @api.model_create_multi
    def create(self, vals_list):
        self._check_points_pay(vals_list)
        partials = super().create(vals_list)
        partials._settled_moves()._mark_loyalty_dirty()
        return partials

    @api.model
    def _check_points_pay(self, vals_list):
        """What points paid of one document pays others only where its VAT is right and points may pay for them."""
        # All that is matched is judged, whatever the user sees of it.
        lines = self.env["account.move.line"].sudo()
        credits = lines.browse([vals["credit_move_id"] for vals in vals_list])
        redeemed_on = credits.move_id._loyalty_redeemed_on()
        if not redeemed_on:
            return
        together = defaultdict(float)  # what is eligible of a document is there once for all that is matched at once
        for vals, line in zip(vals_list, credits):
            paid = redeemed_on.get(line.move_id)
            document = lines.browse(vals["debit_move_id"]).move_id
            if paid is None or document == paid:
                continue
            together[document] += vals.get("debit_amount_currency", 0.0)
            if problem := line.move_id._say_points_cannot_pay(document, paid, together[document]):
                raise UserError(problem)

    def unlink(self):
        moves = self._settled_moves()
        result = super().unlink()
        moves._mark_loyalty_dirty()
        return result

    def _settled_moves(self):
        return self.sudo().debit_move_id.move_id
