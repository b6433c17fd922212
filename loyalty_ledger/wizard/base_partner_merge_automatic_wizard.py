from odoo import models


class BasePartnerMergeAutomaticWizard(models.TransientModel):
    _inherit = "base.partner.merge.automatic.wizard"

    def _merge(self, partner_ids, dst_partner=None, extra_checks=True):
        """Several customers with gifts of one person do not become one customer with a gift above the limit (N10)."""
        partners = self.env["res.partner"].browse(partner_ids).exists()
        self.env["loyalty.card"]._check_customers_join(partners | (dst_partner or partners.browse()))
        return super()._merge(partner_ids, dst_partner, extra_checks)

    def _merge_loyalty_cards(self, src_partners, dst_partner):
        """Keep all cards and their numbers: they point to the survivor's card, lots keep their dates (N11).

        Odoo moves the sum to one card and archives the others, so that plastic cards fail at the till.
        """
        cards = (
            self.env["loyalty.card"]
            .sudo()
            .with_context(active_test=False)
            .search([("partner_id", "in", src_partners.ids), ("ledgered", "=", True)])
        )
        nominative = cards.filtered(lambda card: card.active and card.program_type in ("loyalty", "ewallet"))
        own = {
            program: nominative.with_context(active_test=True)._default_card(dst_partner, program)
            for program in nominative.program_id
        }
        defaults = cards.filtered("is_default")
        defaults.is_default = False  # the survivor has one default card at most
        cards.partner_id = dst_partner
        for program, group in nominative.grouped("program_id").items():
            (own[program] | group._only_open().sorted("id"))._merge_cards()
        return super()._merge_loyalty_cards(src_partners, dst_partner)
