"""A level may bring its customers a pricelist, and take it back (bH1)."""

from odoo import api, fields, models

#: Columns of a card that decide whether its level counts for the customer's prices.
DECISIVE = frozenset(("active", "closed", "level_id", "partner_id", "points_to_id", "program_id"))


class LoyaltyLevel(models.Model):
    _inherit = "loyalty.level"
    _check_company_auto = True

    pricelist_id = fields.Many2one(
        "product.pricelist", "Pricelist", check_company=True, ondelete="restrict",
        help="Customers who reach this level get the pricelist; those who leave it get back the one they had before.\n"
        "A pricelist that somebody chooses meanwhile stays, until the customer left all levels with a pricelist.\n"
        "Of several programs the first in their list decides. The pricelist is that of the whole company of the "
        "customer. Cards that are closed or send their points elsewhere do not count, nor does an archived pricelist.",
    )  # fmt: skip

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


class LoyaltyCard(models.Model):
    _inherit = "loyalty.card"

    def _levels_changed(self, before):
        super()._levels_changed(before)
        levels = self.env["loyalty.level"].browse({level for level in before.values() if level})
        if (levels | self.level_id).pricelist_id:
            self._sync_level_pricelists()

    @api.model_create_multi
    def create(self, vals_list):
        cards = super().create(vals_list)
        cards.filtered(lambda card: card.partner_id and card.sudo().level_id.pricelist_id)._sync_level_pricelists()
        return cards

    def write(self, vals):
        if not vals.keys() & DECISIVE:
            return super().write(vals)
        cards = self.sudo()  # a cashier who gives a card to a customer need not read pricelists
        partners, pricelists = cards.partner_id, cards.level_id.pricelist_id
        companies = cards._pricelist_companies() if pricelists else self.env["res.company"]
        result = super().write(vals)
        if pricelists | cards.level_id.pricelist_id:
            (partners | cards.partner_id)._sync_level_pricelists(companies | cards._pricelist_companies())
        return result

    def unlink(self):
        cards = self.sudo().filtered(lambda card: card.partner_id and card.level_id.pricelist_id)
        partners, companies = cards.partner_id, cards._pricelist_companies()
        result = super().unlink()
        if partners:
            partners._sync_level_pricelists(companies)
        return result

    def _sync_level_pricelists(self):
        """Give the customers of these cards the pricelists of their levels."""
        if self:
            cards = self.sudo()  # prices follow the level, whoever made the sale that reached it
            cards.partner_id._sync_level_pricelists(cards._pricelist_companies())

    def _pricelist_companies(self):
        """Companies in which the programs of the cards decide prices: their own with branches, else all."""
        programs = self.program_id
        if not programs:
            return self.env["res.company"]
        own = programs.company_id
        domain = [("id", "child_of", own.ids)] if all(program.company_id for program in programs) else []
        return self.env["res.company"].sudo().search(domain)


class ResPartner(models.Model):
    _inherit = "res.partner"

    loyalty_pricelist_id = fields.Many2one(
        "product.pricelist", "Pricelist of the Level", company_dependent=True, readonly=True, copy=False,
        groups="base.group_system", help="What a membership level gave the customer last.",
    )  # fmt: skip
    loyalty_pricelist_before_id = fields.Many2one(
        "product.pricelist", "Pricelist before the Level", company_dependent=True, readonly=True, copy=False,
        groups="base.group_system", help="What the customer gets back on leaving the levels with a pricelist.",
    )  # fmt: skip

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
        is_own = current == given  # nobody chose another one meanwhile
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
