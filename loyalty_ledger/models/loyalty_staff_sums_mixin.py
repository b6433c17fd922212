"""Sums that are for staff only."""

from odoo import models

#: Sums that contain points past their date until the nightly job wrote them off: for the staff only (P10).
STAFF_SUMS = {
    "loyalty.card": ("points", "accumulated_points", "lifetime_points"),
    "loyalty.ledger.entry": ("balance_after",),
}


class LoyaltyStaffSumsMixin(models.AbstractModel):
    """Rows that customers read in the portal, without the sums that still contain expired points."""

    _name = "loyalty.staff.sums.mixin"
    _inherit = ["loyalty.program.sums.mixin"]
    _description = "Record with Totals for the Staff"

    def _has_field_access(self, field, operation):
        """Customers see what is available, also over RPC (P11).

        Not by groups of the fields: every view of the staff would have to name them for each column and colour.
        """
        if field.name in STAFF_SUMS[self._name] and not self.env.su and not self.env.user._is_internal():
            return False
        return super()._has_field_access(field, operation)
