"""A level may bring its customers a pricelist, and take it back (bH1)."""

from odoo import fields, models


class LoyaltyLevel(models.Model):
    _inherit = "loyalty.level"
    _check_company_auto = True

    pricelist_id = fields.Many2one(
        "product.pricelist",
        "Pricelist",
        check_company=True,
        ondelete="restrict",
        help="Customers who reach this level get the pricelist; those who leave it get back the one they had "
        "before.\n"
        "A pricelist that is set by hand in between is kept until the customer has left all levels with a "
        "pricelist.\n"
        "With several programs, the first in the list decides. The pricelist applies to the customer's whole "
        "company. Cards that are closed or linked to another card do not count, nor does an archived pricelist.",
    )

    def write(self, vals):
        if "pricelist_id" not in vals:
            return super().write(vals)
        changing = self.filtered(lambda level: level.pricelist_id.id != vals["pricelist_id"])
        result = super().write(vals)
        changing._cards()._sync_level_pricelists()
        return result

    def unlink(self):
        cards = self.filtered("pricelist_id")._cards()
        result = super().unlink()
        cards.invalidate_recordset(["level_id"])
        cards._sync_level_pricelists()
        return result

    def _cards(self):
        return self.env["loyalty.card"].sudo().search([("level_id", "in", self.ids)])
