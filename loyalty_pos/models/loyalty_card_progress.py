"""What customers are told at a till besides their balance: how far the next level is, and which points expire next."""

from odoo import api, fields, models

from odoo.addons.loyalty_ledger.ledger.gateway import Gateway
from odoo.addons.loyalty_ledger.ledger.levels import KNOWN_BASES
from odoo.addons.loyalty_ledger.ledger.rounding import to_points


class LoyaltyCard(models.Model):
    _inherit = "loyalty.card"

    level_basis_value = fields.Float(
        "Counted for Levels",
        digits=(16, 4),
        compute="_compute_level_basis_value",
        compute_sudo=True,
        help="Points, or purchases, that decide about the level of the card, by the program's level basis.",
    )
    next_expiry_date = fields.Date("Next Expiry", compute="_compute_next_expiry_at_till", compute_sudo=True)
    next_expiry_points = fields.Float(
        "Points That Expire Next", digits=(16, 4), compute="_compute_next_expiry_at_till", compute_sudo=True
    )

    @api.depends("points", "lifetime_points", "program_id.level_basis")
    def _compute_level_basis_value(self):
        """Only bases that the card itself does not know ask the ledger: tills read cards at each redemption."""
        counted = self.filtered(
            lambda card: card.ledgered and card.program_id.level_basis not in KNOWN_BASES and card.program_id.level_ids
        )
        values = counted._count_level_basis()
        for card in self:
            known = card.points if card.program_id.level_basis == "balance" else card.lifetime_points
            card.level_basis_value = values.get(card.id, 0.0) if card in counted else known

    def _count_level_basis(self):
        """Return ``{card id: basis}`` in points or purchases, of programs whose basis is counted in the ledger."""
        if not self:
            return {}
        self.env["loyalty.card"].flush_model()
        gateway = Gateway(self.env)
        states = gateway.load(self.ids, lock=False)
        result = {}
        for program, cards in self.grouped("program_id").items():
            loaded = [states[card.id] for card in cards if card.id in states]
            basis = gateway._level_basis(program, loaded)
            result.update({card_id: to_points(value) for card_id, value in basis.items()})
        return result

    @api.depends("points", "expiration_date", "program_id.expiry_policy")
    def _compute_next_expiry_at_till(self):
        """One query, and none where nothing expires."""
        expiring = self.filtered(lambda card: card.ledgered and card.program_id.expiry_policy != "never")
        expiries = expiring._next_expiries() if expiring else {}
        for card in self:
            card.next_expiry_date, card.next_expiry_points = expiries.get(card.id, (False, 0.0))
