"""Coupons and promotions are not tracked in the points ledger: our rights on cards give nobody more than plain Odoo
there."""

from odoo import api, models
from odoo.exceptions import AccessError

from ..tools.source import Source
from .loyalty_program import LEDGERED_TYPES


class LoyaltyCard(models.Model):
    _inherit = "loyalty.card"

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su:
            default = self.default_get(["program_id"]).get("program_id")
            programs = self.env["loyalty.program"].browse(
                {vals.get("program_id", default) for vals in vals_list} - {False, None}
            )
            self._check_unledgered("create", programs)
        return super().create(vals_list)

    def write(self, vals):
        if not self.env.su:
            self._check_unledgered("write", self.sudo().program_id)
        return super().write(vals)

    def _check_unledgered(self, operation, programs):
        """Refuse a Loyalty User what only the access list of that group allows, in programs without a points ledger.

        :param operation: ``create`` or ``write``
        :raises odoo.exceptions.AccessError: unless the user is a manager or has the right from plain Odoo
        """
        user = self.env.user
        if (
            Source.of(self.env)
            or all(program_type in LEDGERED_TYPES for program_type in programs.sudo().mapped("program_type"))
            or user.has_group("loyalty_ledger.group_loyalty_manager")
        ):
            return
        others = user.all_group_ids - self.env.ref("loyalty_ledger.group_loyalty_user").sudo()
        # Which lists there are is nothing that the user could read.
        lists = self.env["ir.model.access"].sudo()
        if not lists.search_count(
            [
                ("model_id.model", "=", self._name),
                ("active", "=", True),
                (f"perm_{operation}", "=", True),
                ("group_id", "in", [*others.ids, False]),
            ],
            limit=1,
        ):
            raise AccessError(
                self.env._(
                    "Loyalty users issue and change loyalty cards, gift cards and eWallets only. Ask a loyalty manager to "
                    "generate the codes of a program without a points ledger."
                )
            )
