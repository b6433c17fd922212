from odoo import models


class BasePartnerMergeAutomaticWizard(models.TransientModel):
    _inherit = "base.partner.merge.automatic.wizard"

    def _merge_loyalty_cards(self, src_partners, dst_partner):
        """Keep all cards and their numbers: they point to the survivor's card, lots keep their dates (N11).

        Upstream moves the sum to one card and archives the others, so that plastic cards fail at the till.
        """
        cards = (
            self.env["loyalty.card"]
            .sudo()
            .with_context(active_test=False)
            .search([("partner_id", "in", src_partners.ids), ("ledgered", "=", True)])
        )
        nominative = cards.filtered(lambda card: card.active and card.program_type in ("loyalty", "ewallet"))
        survivors = {
            program: nominative.with_context(active_test=True)._default_card(dst_partner, program)
            for program in nominative.program_id
        }
        defaults = cards.filtered("is_default")
        defaults.is_default = False  # the survivor has one default card at most
        cards.partner_id = dst_partner
        for program, group in nominative.grouped("program_id").items():
            usable = group.filtered(lambda card: not card.closed and not card.points_to_id)
            survivor = survivors[program] or usable.sorted("id")[:1]
            if survivor in defaults:
                survivor.is_default = True
            for card in usable - survivor:
                card._merge_into(survivor)
        return super()._merge_loyalty_cards(src_partners, dst_partner)


class LoyaltyCard(models.Model):
    _inherit = "loyalty.card"

    def _merge_into(self, survivor):
        """Send this card's points, and those of the cards that point to it, to ``survivor``.

        A card with reserved points stays as it is: its documents are settled first.
        """
        if self.hold_ids.filtered(lambda hold: hold._is_active()):
            self._message_log(body=self.env._("Not merged with card %s: it has reserved points.", survivor.code))
            return
        for source in self.points_from_ids:
            source.points_to_id = survivor
        self.points_to_id = survivor
