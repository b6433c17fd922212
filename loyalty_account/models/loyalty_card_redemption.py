"""Cards as a means of payment."""

from odoo import api, models


class LoyaltyCard(models.Model):
    _inherit = "loyalty.card"

    @api.model
    def _by_number(self, number):
        """Return the loyalty card with this number, archived ones included, or no card."""
        number = (number or "").strip()
        if not number:
            return self.browse()
        return self.with_context(active_test=False).search(
            [("code", "=", number), ("ledgered", "=", True), ("program_type", "=", "loyalty")], limit=1
        )

    @api.model
    def _cards_of_documents(self, documents):
        """Return ``{document: card}`` that orders and invoices begin with, or no card; one query for all.

        The best usable card of the customer, of an active loyalty program, that documents of the company may use; in
        each program one with points before equals without, and of several programs the one whose points can be
        redeemed there.
        """
        domain = [
            ("ledgered", "=", True),
            ("program_id.program_type", "=", "loyalty"),
            ("program_id.active", "=", True),
            ("closed", "=", False),
            ("points_to_id", "=", False),
        ]
        families = self._cards_of(documents.partner_id, domain)
        chosen = {}
        for document in documents:
            company = document.company_id
            cards = families[document.partner_id]._usable_on_documents(company)
            chosen[document] = cards._preselected(company)
        return chosen

    def _usable_on_documents(self, company):
        return self.filtered(lambda card: card._is_usable() and not card._misfit_code(company=company))

    def _preselected(self, company):
        """Return which of these usable cards of one customer, the best first, a document of ``company`` takes."""
        if len(self) < 2:
            return self
        firsts = self.browse()
        for cards in self.grouped("program_id").values():
            equals = cards.filtered_domain(
                [("partner_id", "=", cards[0].partner_id.id), ("is_default", "=", cards[0].is_default)]
            )
            firsts += (len(equals) > 1 and equals.filtered(lambda card: card.available_points > 0) or equals)[:1]
        if len(firsts) == 1:
            return firsts
        return firsts.sorted(lambda card: bool(card._payment_problem(company)))[:1]

    @api.model
    def _unusable_of(self, document):
        """Return a loyalty card of the customer of a document, or of its firm, that cannot be used now, or no card.

        Only cards that documents of its company could use: of others nothing is told.
        """
        partner, company = document.partner_id, document.company_id
        cards = self._cards_of(partner, [("program_id.program_type", "=", "loyalty")])[partner]
        return cards.filtered(lambda card: not card._is_usable() and not card._misfit_code(company=company))[:1]

    def _payment_problem(self, company, hold=None):
        """Say why the card cannot pay documents of ``company`` today, or return False (S9).

        :param hold: points of this card that were reserved in time: they outlive the card's own expiry
        """
        self.ensure_one()
        if not self.ledgered:
            return self._say_unusable("untracked")
        if reason := self._unusable_reason(held=bool(hold and hold._is_active())):
            return reason
        # Users may have no access to programs; only the problem is returned.
        return self.program_id.sudo()._redemption_problem(company)
