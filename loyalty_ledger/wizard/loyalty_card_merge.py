"""Cards of customers who become one."""

from odoo import api, fields, models


class LoyaltyCard(models.Model):
    _inherit = "loyalty.card"

    merge_into_id = fields.Many2one(
        "loyalty.card",
        "Merges Into",
        copy=False,
        readonly=True,
        index="btree_not_null",
        help="The card gets the points that are still reserved here once their documents are settled.",
    )

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
