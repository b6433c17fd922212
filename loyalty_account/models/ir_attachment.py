from odoo import api, models
from odoo.exceptions import UserError


class IrAttachment(models.Model):
    _inherit = "ir.attachment"

    def write(self, vals):
        """Files of a finished close keep their content, their name and their place."""
        if vals.keys() & {"name", "raw", "datas", "db_datas", "store_fname", "url", "type", "res_model", "res_id"}:
            self._check_loyalty_evidence()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_loyalty_evidence(self):
        self._check_loyalty_evidence()

    def _check_loyalty_evidence(self):
        """Refuse to touch the files of closes that are done: they are what was signed (M17)."""
        files = self.filtered(lambda file: file.res_model == "loyalty.close" and file.res_id)
        if not files:
            return
        # Users may have no access to closes; only the status is looked at.
        closes = self.env["loyalty.close"].sudo().browse(files.mapped("res_id")).exists()
        done = closes.filtered(lambda close: close.state == "done")
        if done:
            raise UserError(
                self.env._(
                    "The files of the loyalty close %s are evidence: they can be neither changed nor deleted. Attach a "
                    "further file instead, or use Close Again, which files a new report pack.",
                    done[0].display_name,
                )
            )
