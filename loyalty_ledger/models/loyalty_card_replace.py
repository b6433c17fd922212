"""A lost card: the customer gets another number, and the old one is closed."""

from odoo import models
from odoo.exceptions import UserError

from .loyalty_card_adjust import MANAGER


class LoyaltyCard(models.Model):
    _inherit = "loyalty.card"

    def write(self, vals):
        """Lost numbers follow the card that replaced them to the card that it is linked to."""
        if vals.get("points_to_id"):
            # access: the user may write the card; its closed numbers, perhaps of other companies, hold no points
            lost = self.sudo().with_context(active_test=False).points_from_ids
            lost = lost.filtered(lambda card: card.closed and not card.points and card.id != vals["points_to_id"])
            if lost:
                lost.write({"points_to_id": vals["points_to_id"]})
        return super().write(vals)

    def action_replace_card(self):
        """Ask for the number of the card that replaces this one."""
        self.ensure_one()
        self._check_may_replace()
        return self._open_ledger_wizard("loyalty.replace.wizard", self.env._("Replace Card"), card_id=self.id)

    def _check_may_replace(self):
        self._check_ledger_group(MANAGER)
        if not self.ledgered:
            raise UserError(self.env._("Only cards with a points ledger can be replaced: %s.", self._say_code()))
        if self.closed or not self.active:
            raise UserError(
                self.env._("Card %s is closed or archived already. Reopen it before you replace it.", self._say_code())
            )

    def _replace(self, code=None):
        """Give the card another number, and keep the old one as a closed card without points.

        Points, transactions, level, reserved points and documents stay where they are: nothing is transferred, and
        documents that are not settled yet go on with the new number. The closed card names the one that replaces it.

        :param code: number of the new card; default: a number is generated
        :return: the closed card with the old number
        :raises odoo.exceptions.UserError: for a card that is closed already, or a number that cannot be used
        """
        self.ensure_one()
        self._check_may_replace()
        self.check_access("write")
        self._lock_cards(self.ids)
        old = self.code
        code = (code or "").strip() or self._draw_codes(1)[0]
        if code == old:
            raise UserError(self.env._("The card has this number already. Enter the number of the new card."))
        self.write({"code": code})
        self.flush_recordset(["code"])
        # The right was checked. The number was a card's before: what holds for new numbers does not matter, and nobody gets
        # a mail about it.
        lost = self.sudo().with_context(loyalty_no_mail=True).create({**self._values_of_lost_card(), "code": old})
        master = self.points_to_id or self
        if not master.closed:
            lost.points_to_id = master
        lost.closed = True
        number = lost._masked_code()
        self.message_post(
            body=self.env._(
                "The card with number %(old)s was replaced: its number is %(new)s now, and the old number is closed.",
                old=number,
                new=self._masked_code(),
            )
        )
        lost.message_post(body=self.env._("Lost or replaced: the points are on card %s now.", self._masked_code()))
        return lost.sudo(self.env.su)

    def _values_of_lost_card(self):
        """Return the values of the closed card that keeps the old number. Override to add some."""
        return {"program_id": self.program_id.id, "partner_id": self.partner_id.id}
