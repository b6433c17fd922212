"""What the head of a card says: how far the next level is, what expires next, the barcode, the last transactions."""

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL, format_date

from ..ledger import arrays
from ..ledger.gateway import Gateway
from ..ledger.rounding import to_points
from ..tools.words import say_points

#: Transactions that the form of a card shows.
SHOWN = 10


class LoyaltyCard(models.Model):
    _inherit = "loyalty.card"

    level_progress = fields.Char("Next Level", compute="_compute_level_progress", compute_sudo=True)
    next_expiry = fields.Char(
        "Expires Next",
        compute="_compute_next_expiry",
        compute_sudo=True,
        help="The next day after which points of the card expire, and how many.",
    )
    barcode_image = fields.Binary("Barcode", compute="_compute_barcode_image")
    last_entry_ids = fields.Many2many(
        "loyalty.ledger.entry", string="Last Transactions", compute="_compute_last_entries"
    )
    active_hold_ids = fields.One2many(
        "loyalty.hold", "card_id", "Reserved Now", domain=[("is_active", "=", True)], readonly=True
    )

    @api.depends("points", "lifetime_points", "level_id", "points_to_id", "program_id.level_ids.min_points")
    @api.depends_context("lang")
    def _compute_level_progress(self):
        progress = self._level_progress()
        for card in self:
            card.level_progress = card._say_level_progress(*progress.get(card._origin.id, (None, 0.0)))

    def _level_progress(self):
        """Return ``{card id: (next level, missing)}`` of cards in programs with levels (N22).

        The next level is the first one above what the card has, by the basis of the program; ``missing`` counts points, or
        purchases, up to it. On the highest level it is no level and 0. Linked cards have the level of their master: none
        here. The number of queries does not grow with the cards.
        """
        self = self.filtered(lambda card: card.ledgered and card.program_id.level_ids and not card.points_to_id)
        if not self:
            return {}
        self.env["loyalty.card"].flush_model()
        gateway = Gateway(self.env)
        states = gateway.load(self._origin.ids, lock=False)
        result = {}
        for program, cards in self._origin.grouped("program_id").items():
            steps = program._level_steps()
            minimums = {level_id: minimum for minimum, level_id in steps}
            basis = gateway._level_basis(program, [states[card.id] for card in cards if card.id in states])
            for card in cards:
                if card.id not in basis:
                    continue
                reached = max(basis[card.id], minimums.get(card.level_id.id, 0))
                minimum, level_id = next(((least, id_) for least, id_ in steps if least > reached), (0, False))
                missing = to_points(minimum - basis[card.id]) if level_id else 0.0
                result[card.id] = (self.env["loyalty.level"].browse(level_id or []), missing)
        return result

    def _say_level_progress(self, level, missing):
        """Return "63 points to Platinum", in the reader's language, or False where the card's program has no levels."""
        self.ensure_one()
        if level is None:
            return False
        if not level:
            return self.env._("Highest level")
        if self.program_id.level_basis == "invoices":
            number = say_points(self.env, missing)
            unit = self.env._("purchase") if missing == 1 else self.env._("purchases")
            missing = f"{number} {unit}"
        else:
            missing = self._say_points(missing)
        return self.env._("%(missing)s to %(level)s", missing=missing, level=level.name)

    @api.depends("points", "expiration_date")
    @api.depends_context("lang")
    def _compute_next_expiry(self):
        expiries = self._origin._next_expiries()
        for card in self:
            day, points = expiries.get(card._origin.id, (False, 0.0))
            card.next_expiry = day and self.env._(
                "%(points)s on %(date)s", points=card._say_points(points), date=format_date(self.env, day)
            )

    @api.depends("code")
    @api.depends_context("uid")
    def _compute_barcode_image(self):
        """Only of a number that the user may read."""
        for card in self:
            known = card.ledgered and card.code and card.code == card.sudo().code
            source = known and card._card_barcode()
            card.barcode_image = source and source.partition(",")[2].encode()

    @api.depends("points")
    @api.depends_context("uid")
    def _compute_last_entries(self):
        """The newest transactions of each card that the reader may see; one query for all cards."""
        Entry = self.env["loyalty.ledger.entry"]
        self.last_entry_ids = False
        ids = self._origin.ids
        if not ids or not Entry.has_access("read"):
            return
        rows = self.env.execute_query(
            SQL(
                """
                SELECT c.id, e.id FROM unnest(%s::int[]) AS c(id)
                 CROSS JOIN LATERAL (SELECT id FROM loyalty_ledger_entry WHERE card_id = c.id
                                      ORDER BY id + 0 DESC LIMIT %s) e
                """,
                arrays.numbers(ids),
                SHOWN,
            )
        )
        allowed = set(Entry.search([("id", "in", [entry_id for __, entry_id in rows])])._ids)
        for card in self:
            card.last_entry_ids = Entry.browse([e for c, e in rows if c == card._origin.id and e in allowed])

    # --- in pickers ----------------------------------------------------------------------------------------------

    @api.depends_context("formatted_display_name")
    def _compute_display_name(self):
        """Lists of cards to choose from show whose card it is, and what can be spent."""
        super()._compute_display_name()
        if not self.env.context.get("formatted_display_name"):
            return
        for card in self.filtered(lambda card: card.ledgered and card.display_name):
            # Who may choose the card may know whose it is, and what it has.
            facts = [card.sudo().partner_id.name or self.env._("no customer"), card._say_points(card.available_points)]
            card.display_name = f"{card.display_name}\t--{' · '.join(facts)}--"

    @api.model
    def _search_display_name(self, operator, value):
        """Find cards by their customers too; by whole numbers (``=``) only the cards themselves.

        A number that was scanned or typed finds its card, not all cards of its owner.
        """
        domain = Domain(super()._search_display_name(operator, value))
        text = value.strip() if isinstance(value, str) else ""
        if operator != "ilike" or not text:
            return domain
        if cards := self._cards_of_number(text):
            return domain | Domain("id", "in", cards.ids)
        return domain | Domain("partner_id", "ilike", text)
