"""Which card of a customer: the one answer for orders, invoices, payments, tills, dialogs and imports.

A customer uses the cards of his or her own, and those of the firm. The best comes first: a card that can be used, the
contact's own, the default one, the program that comes first, the oldest. All of it takes one query, for any number of
customers and programs.
"""

from collections import defaultdict

from odoo import api, models
from odoo.fields import Domain

from ..ledger.usability import EARN, REDEEM

#: How far from usable a card is: what time or a click would change comes before what needs another card.
RANKS = {None: 0, "expired": 1, "not_started": 1, "linked": 2, "closed": 3, "archived": 4}


class LoyaltyCard(models.Model):
    _inherit = "loyalty.card"

    @api.model
    def _cards_of(self, partners, domain=Domain.TRUE, date=None):
        """Return ``{customer: cards}`` of each customer, the best card first, whatever its state; one query.

        :param partners: ``res.partner``, also of documents that a form is editing
        :param domain: which cards are looked for
        :param date: day of the use, default today
        """
        owners = (partners | partners.commercial_partner_id).ids
        cards = self.search(Domain("partner_id", "in", owners) & Domain(domain)) if owners else self.browse()
        by_owner = cards.grouped("partner_id")
        nothing = self.browse()
        found = defaultdict(lambda: nothing)  # without a customer there are no cards
        for partner in partners:
            family = partner._origin | partner.commercial_partner_id._origin
            cards = nothing.union(*(by_owner.get(owner, nothing) for owner in family))
            found[partner] = cards._best_first(partner, date)
        return found

    def _best_first(self, partner, date=None):
        """Return these cards in the order in which a document of ``partner`` should use them."""
        if len(self) < 2:
            return self
        partner = partner._origin or partner
        return self.sorted(
            lambda card: (
                card._rank(date),
                card.partner_id != partner,
                not card.is_default,
                card.program_id.sequence,
                card.program_id.id,
                card.id,
            )
        )

    def _rank(self, date=None):
        return RANKS[self._unusable_code(date, REDEEM)]

    def _only_open(self):
        """Return those of these cards that are the customer's own: neither closed, archived nor linked to another."""
        return self.filtered(lambda card: card.active and not card.closed and not card.points_to_id)

    @api.model
    def _default_cards(self, partners, programs):
        """Return ``{(customer, program): card}`` that documents use, for those who have an open one; one query."""
        found = self._cards_of(partners, Domain("program_id", "in", programs.ids))
        return {
            (partner, program): cards[0]
            for partner, family in found.items()
            for program, cards in family._only_open().grouped("program_id").items()
        }

    @api.model
    def _default_card(self, partner, program):
        """Return the card that a document of ``partner`` uses in ``program``, or no card.

        Never a closed card or one that is linked to another card, nor one outside its dates while another is usable.
        """
        return self._default_cards(partner, program).get((partner, program), self.browse())

    @api.model
    def _earning_card(self, partner, program, date=None):
        """Return the card on which a purchase of ``partner`` in ``program`` earns, or, where none can, the best one.

        A linked card earns for its master (H18). A customer who has cards gets no new one: without any, no card.
        """
        cards = self._cards_of(partner, Domain("program_id", "=", program.id), date)[partner]
        return cards.filtered(lambda card: card._is_usable(date, EARN))[:1] or cards[:1]
