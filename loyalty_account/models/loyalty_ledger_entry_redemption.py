"""Redemptions that are still in force."""

from collections import defaultdict

from odoo import api, models

from odoo.addons.loyalty_ledger.ledger.rounding import as_points


class LoyaltyLedgerEntry(models.Model):
    _inherit = "loyalty.ledger.entry"

    @api.model
    def _open_redemptions(self, model, ids):
        """Return ``[(redemption, points that did not come back)]`` of documents, newest first."""
        # Users may have no access to the ledger; access to the document was checked by the caller.
        redemptions = self.sudo().search(
            [("res_model", "=", model), ("res_id", "in", list(ids)), ("kind", "=", "redeem")], order="id DESC"
        )
        returned = dict(
            self.sudo()._read_group(
                [("reversed_entry_id", "in", redemptions.ids)], ["reversed_entry_id"], ["points:sum"]
            )
        )
        result = [(entry, as_points(-entry.points - returned.get(entry, 0))) for entry in redemptions]
        return [(entry, points) for entry, points in result if points > 0]

    @api.model
    def _net_points(self, model, ids):
        """Return ``{document id: sum of the points of its redemptions and of the reversals of redemptions}``.

        An invoice that redeems points itself earns some too; what was taken back of these is no redemption.
        """
        # Users may have no access to the ledger; access to the document was checked by the caller.
        groups = self.sudo()._read_group(
            [
                ("res_model", "=", model),
                ("res_id", "in", list(ids)),
                ("kind", "in", ("redeem", "reversal")),
                ("is_redemption", "=", True),
            ],
            ["res_id"],
            ["points:sum"],
        )
        return defaultdict(float, {res_id: as_points(points) for res_id, points in groups})
