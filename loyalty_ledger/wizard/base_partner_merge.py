from odoo import api, fields, models


class BasePartnerMergeAutomaticWizard(models.TransientModel):
    _inherit = "base.partner.merge.automatic.wizard"

    def _merge(self, partner_ids, dst_partner=None, extra_checks=True):
        """Several customers with gifts of one person do not become one customer with a gift above the limit (N10)."""
        partners = self.env["res.partner"].browse(partner_ids).exists()
        self.env["loyalty.card"]._check_customers_join(partners | (dst_partner or partners.browse()))
        return super()._merge(partner_ids, dst_partner, extra_checks)

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
        own = {
            program: nominative.with_context(active_test=True)._default_card(dst_partner, program)
            for program in nominative.program_id
        }
        defaults = cards.filtered("is_default")
        defaults.is_default = False  # the survivor has one default card at most
        cards.partner_id = dst_partner
        for program, group in nominative.grouped("program_id").items():
            usable = group.filtered(lambda card: not card.closed and not card.points_to_id)
            (own[program] | usable.sorted("id"))._merge_cards()
        return super()._merge_loyalty_cards(src_partners, dst_partner)


class LoyaltyCard(models.Model):
    _inherit = "loyalty.card"

    merge_into_id = fields.Many2one(
        "loyalty.card", "Merges Into", copy=False, readonly=True, index="btree_not_null",
        help="The card gets the points that are still reserved here once their documents are settled.",
    )  # fmt: skip

    def _merge_cards(self):
        """Make one default card that has everything, the first of these, and link the others to it.

        A card with reserved points is the survivor where it is the only one: its documents go on with it. The points of
        others that are not reserved move at once, the rest when the documents are settled.
        """
        held = self.filtered(lambda card: any(hold._is_active() for hold in card.hold_ids))
        survivor = (held & self[:1] or held or self)[:1]
        for card in self - survivor:
            card._merge_into(survivor, card in held)
        if survivor and not survivor.is_default:
            survivor.is_default = True

    def _merge_into(self, survivor, held=False):
        """Send this card's points, and those of the cards that point to it, to ``survivor``.

        :param held: some of the points are reserved: only the others move now
        """
        if held:
            self.merge_into_id = survivor
            free = self.sudo().available_points
            if free > 0:
                self._post_entries([self._transfer_op(survivor, free, self.env._("Merged customers"))])
            self._message_log(
                body=self.env._(
                    "Merged with card %s. Its reserved points follow when their documents are settled.", survivor.code
                )
            )
            return
        for source in self.points_from_ids:
            source.points_to_id = survivor
        self.points_to_id = survivor

    @api.model
    def _finish_merges(self):
        """Link the cards whose reserved points were settled since their customers were merged."""
        waiting = self.with_context(active_test=False).search([("merge_into_id", "!=", False)])
        for card in waiting.filtered(lambda card: not any(hold._is_active() for hold in card.hold_ids)):
            survivor, card.merge_into_id = card.merge_into_id, False
            survivor = survivor.points_to_id or survivor
            if survivor != card and not card.points_to_id and not survivor.closed and survivor.ledgered:
                card._merge_into(survivor)


class LoyaltyHold(models.Model):
    _inherit = "loyalty.hold"

    def _close(self, state):
        closed = super()._close(state)
        if closed.card_id.filtered("merge_into_id"):
            self.env.ref("loyalty_ledger.cron_holds").sudo()._trigger()  # it links the cards
        return closed

    @api.model
    def _cron_time_out(self, batch=1000):
        super()._cron_time_out(batch)
        self.env["loyalty.card"]._finish_merges()
