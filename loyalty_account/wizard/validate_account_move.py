from odoo import models

from ..models.account_move_batch import LEFT_OUT, LeftOut


class ValidateAccountMove(models.TransientModel):
    _inherit = "validate.account.move"

    def validate_move(self):
        """Post the documents of a list; name those whose reserved points cannot be redeemed, and post the others."""
        left_out = LeftOut()
        wizard = self.with_context(**{LEFT_OUT: left_out})
        return self.move_ids._report_left_out(left_out, super(ValidateAccountMove, wizard).validate_move())
