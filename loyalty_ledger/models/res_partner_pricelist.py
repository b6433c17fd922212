"""Customers get the pricelist of their level."""

from odoo import fields, models


class ResPartner(models.Model):
    _inherit = "res.partner"

    loyalty_pricelist_id = fields.Many2one(
        "product.pricelist",
        "Pricelist of the Level",
        company_dependent=True,
        readonly=True,
        copy=False,
        groups="base.group_system",
        help="Pricelist that the customer last received from a membership level.",
    )
    loyalty_pricelist_before_id = fields.Many2one(
        "product.pricelist",
        "Pricelist before the Level",
        company_dependent=True,
        readonly=True,
        copy=False,
        groups="base.group_system",
        help="Pricelist that the customer returns to after leaving the levels with a pricelist.",
    )

    def _sync_level_pricelists(self, companies):
        """Let the pricelists of customers follow their levels; what somebody chose by hand stays (bH1)."""
        partners = self.sudo().commercial_partner_id  # whose pricelist all contacts share
        for company in companies:
            changes = {}
            targets = partners._level_pricelists(company)
            for partner in partners.with_company(company):
                if vals := partner._level_pricelist_vals(targets.get(partner.id, self.env["product.pricelist"])):
                    key = tuple(sorted(vals.items()))
                    changes[key] = changes.get(key, partner.browse()) | partner
            for vals, changing in changes.items():
                changing.write(dict(vals))

    def _level_pricelist_vals(self, target):
        """Return what to write so that the customer has the pricelist ``target`` of the level, or none of a level."""
        self.ensure_one()
        given, current = self.loyalty_pricelist_id, self.specific_property_product_pricelist
        if not given:
            if not target:
                return {}
            return {
                "loyalty_pricelist_id": target.id,
                "loyalty_pricelist_before_id": current.id,
                "specific_property_product_pricelist": target.id,
            }
        if target == given:
            return {}
        is_own = current == given  # nobody chose another one in the meantime
        if target:
            return (
                {"loyalty_pricelist_id": target.id, "specific_property_product_pricelist": target.id} if is_own else {}
            )
        vals = {"loyalty_pricelist_id": False, "loyalty_pricelist_before_id": False}
        if is_own:
            before = self.loyalty_pricelist_before_id
            vals["specific_property_product_pricelist"] = before.id if before.active else False
        return vals

    def _level_pricelists(self, company):
        """Return ``{customer id: pricelist}`` of those who have one from a level in ``company``: the first program's."""
        cards = (
            self.env["loyalty.card"]
            .sudo()
            .search(
                [
                    ("partner_id.commercial_partner_id", "in", self.ids),
                    ("program_id.company_id", "in", [False, *company.parent_ids.ids]),
                    ("closed", "=", False),
                    ("points_to_id", "=", False),
                    ("level_id.pricelist_id.active", "=", True),
                    ("level_id.pricelist_id.company_id", "in", [False, *company.parent_ids.ids]),
                ]
            )
        )
        pricelists = {}
        for card in cards.sorted(
            lambda card: (card.program_id.sequence, card.program_id.id, -card.level_id.min_points, card.id)
        ):
            pricelists.setdefault(card.partner_id.commercial_partner_id.id, card.level_id.pricelist_id)
        return pricelists
