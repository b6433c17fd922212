"""Gift cards that paid credits out, and how such a payout is undone (M4)."""

from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.loyalty_ledger.ledger.rounding import as_points


class LoyaltyCard(models.Model):
    _inherit = "loyalty.card"

    is_loyalty_payout = fields.Boolean(
        "Is a Payout",
        compute="_compute_is_loyalty_payout",
        compute_sudo=True,
        help="The card was issued as a payout of credits, and the payout was not undone.",
    )

    @api.depends("points", "closed")
    def _compute_is_loyalty_payout(self):
        for card in self:
            card.is_loyalty_payout = card.program_type == "gift_card" and bool(card._payout_entries())

    def _payout_entries(self):
        """Return the transaction that issued this gift card as a payout and the one that took the credits off their card;
        None where it is no payout, or one that was undone."""
        self.ensure_one()
        entries = self.env["loyalty.ledger.entry"].sudo()  # compared only; the caller checked the right to the card
        issued = entries.search(
            [
                ("card_id", "=", self.id),
                ("kind", "=", "adjust"),
                ("res_model", "=", "loyalty.card"),
                ("idempotency_key", "=like", "payout:%:gift"),
            ],
            limit=1,
        )
        if not issued or entries.search_count([("reversed_entry_id", "=", issued.id)], limit=1):
            return None
        taken = entries.search([("idempotency_key", "=", issued.idempotency_key.removesuffix(":gift"))])
        return (issued, taken) if taken else None

    def action_undo_payout(self):
        """Undo the payout that issued this gift card: its balance and the journal entry go back, the credits are on their
        card again, and the gift card is closed.

        :raises odoo.exceptions.UserError: when it is no payout, or not all of the amount is there, with the reason
        """
        self.check_access("read")
        self.env["loyalty.payout"].check_access("create")  # who may pay out may undo it
        self.env["account.payment"].check_access("create")
        self.ensure_one()
        found = self._payout_entries()
        if not found:
            raise UserError(
                self.env._("Card %s was not issued as a payout of credits, or that was undone.", self._masked_code())
            )
        issued, taken = found
        self._check_payout_is_there(issued)
        # The entries are those of the programs; the right to pay out was checked.
        self.sudo().env["loyalty.card"]._post_entries(
            [
                {
                    "card_id": self.id,
                    "kind": "reversal",
                    "points": -issued.points,
                    "reversed_entry_id": issued.id,
                    "key": f"{issued.idempotency_key}:undo",
                    "document": ("loyalty.card", taken.card_id.id),
                    "reason": self.env._("Payout undone"),
                    "overdraw": "refuse",
                },
                {
                    "card_id": taken.card_id.id,
                    "kind": "reversal",
                    "points": -taken.points,
                    "reversed_entry_id": taken.id,
                    "key": f"{taken.idempotency_key}:undo",
                    "document": ("loyalty.card", self.id),
                    "reason": self.env._("Payout undone"),
                },
            ]
        )
        self.sudo().closed = True  # as above: a card without the money that it was issued for
        return True

    def _check_payout_is_there(self, issued):
        """Refuse to undo a payout of which something was spent, expired, moved or reserved."""
        lots = self.env["loyalty.lot"].sudo().search([("entry_id", "=", issued.id)])  # compared only
        left = as_points(min(sum(lots.mapped("remaining")), self.available_points))
        if left >= issued.points:
            return
        raise UserError(
            self.env._(
                "Of the %(amount)s that card %(code)s paid out, only %(left)s are left to take back: the rest was spent, "
                "has expired, was moved to another card or is reserved. Refund what was bought with it first, or adjust "
                "both cards by hand.",
                amount=self.program_id.currency_id.format(issued.points),
                code=self._masked_code(),
                left=self.program_id.currency_id.format(left),
            )
        )
