"""Issue Card: a customer joins a program in one click, on the customer, an order or an invoice."""

from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ..tools.today import loyalty_today


class LoyaltyCard(models.Model):
    _inherit = "loyalty.card"

    @api.model
    def _programs_to_join(self, company):
        """Return the programs in which a customer of ``company`` earns points today, the first choice first."""
        today = loyalty_today(self.env, company)
        return (
            self.env["loyalty.program"]
            # Salespeople and cashiers may have no access to programs; only the one that issues the card is returned.
            .sudo()
            .search(
                [
                    ("program_type", "=", "loyalty"),
                    ("company_id", "in", [False, *company.parent_ids.ids]),
                    ("accumulates", "=", True),
                    *(Domain("date_from", "=", False) | Domain("date_from", "<=", today)),
                    *(Domain("date_to", "=", False) | Domain("date_to", ">=", today)),
                ]
            )
        )

    @api.model
    def _family_cards(self, partners, programs):
        """Return ``{customer: cards}`` in the programs, the company's included, usable or not, linked ones left out."""
        domain = Domain("program_id", "in", programs.ids) & Domain("points_to_id", "=", False)
        return self.sudo()._cards_of(partners, domain)  # whether somebody has a card, not what is on it

    @api.model
    def _may_join(self, partner):
        """Return whether somebody can be given a card: a real customer who collects points."""
        # Users may have no access to the contact's settings; only whether it participates is said.
        partner = partner.sudo()
        return bool(partner) and not partner.is_public and partner._earns_loyalty()

    @api.model
    def _lock_customer(self, partner):
        """Let cards of one customer be issued one after the other: two clicks, or two documents at once, make one card.

        Waiting alone is not enough: under REPEATABLE READ the second one would go on without the card of the first. It
        fails, starts again and finds the card. Visitors share one contact and would wait for each other: they are let by.
        """
        customer = partner.sudo().commercial_partner_id
        if customer and not partner.sudo().is_public:
            self.env.cr.execute(SQL("UPDATE res_partner SET write_uid = write_uid WHERE id = %s", customer.id))

    @api.model
    def _issue_to(self, partner, program):
        """Return the usable card of the customer in ``program``; without one, a new card with a number of its own.

        The caller has checked that the user may serve the customer. Others who do the same at this moment start again.

        :raises odoo.exceptions.UserError: where the customer does not collect points, or has a card that cannot be used
        """
        if not self._may_join(partner):
            raise UserError(
                self.env._(
                    "%s does not participate in loyalty programs. Change that on the customer first.",
                    partner.display_name,
                )
            )
        self._lock_customer(partner)
        card = self._family_cards(partner, program)[partner][:1].sudo(self.env.su)
        if reason := card and card.sudo()._unusable_reason():
            raise UserError(
                self.env._("%(customer)s has a card already. %(reason)s", customer=partner.display_name, reason=reason)
            )
        if card:
            return card
        # Users who serve customers have no right to create cards; what is issued was decided above.
        return self.sudo().create({"program_id": program.id, "partner_id": partner.id}).sudo(False)

    def _notify_issued(self, message=""):
        """Return the action that tells the user which card was issued, and reads the form again."""
        self.ensure_one()
        card = self.sudo()  # users may have no access to the card that they just issued; only its number is returned
        issued = self.env._(
            "%(customer)s has card %(card)s of program %(program)s.",
            customer=card.partner_id.display_name,
            card=card.code,
            program=card.program_id.name,
        )
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": f"{issued} {message}".strip(),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }
