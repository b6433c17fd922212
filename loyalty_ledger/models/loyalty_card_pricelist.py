"""Cards whose level decides the pricelist of their customer."""

from odoo import api, models

#: Columns of a card that decide whether its level counts for the customer's prices.
DECISIVE = frozenset(("active", "closed", "level_id", "partner_id", "points_to_id", "program_id"))


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
            # Cashiers may have no write access to customers; the level was calculated by the ledger.
            cards = self.sudo()
            cards.partner_id._sync_level_pricelists(cards._pricelist_companies())

    def _pricelist_companies(self):
        """Companies in which the programs of the cards decide prices: their own with branches, else all."""
        programs = self.program_id
        if not programs:
            return self.env["res.company"]
        own = programs.company_id
        domain = [("id", "child_of", own.ids)] if all(program.company_id for program in programs) else []
        return self.env["res.company"].sudo().search(domain)
