from odoo import api, fields, models
from odoo.exceptions import AccessError, ValidationError
from odoo.tools.constants import PREFETCH_MAX

from ..ledger import schema
from ..ledger.gateway import read_balances
from ..ledger.rounding import PRECISION
from .loyalty_program import LEDGERED_TYPES

#: Fields that only the gateway writes.
PROJECTIONS = (
    "accumulated_points",
    "redeemed_points",
    "lifetime_points",
    "debt_points",
    "last_earning_date",
    "last_use_date",
    "ledger_revision",
    "ledgered",
)


class LoyaltyCard(models.Model):
    _inherit = "loyalty.card"
    code = fields.Char("Number")
    active = fields.Boolean(tracking=True)
    points = fields.Float("Outstanding", digits=(16, PRECISION), help="Accumulated points minus redeemed points.")
    expiration_date = fields.Date(
        "Expires On", tracking=True, help="Last day on which the card can be used. Empty: no limit."
    )
    partner_id = fields.Many2one("res.partner", "Customer", tracking=True)
    start_date = fields.Date("Starts On", tracking=True, help="First day on which the card can be used.")
    closed = fields.Boolean(
        "Closed",
        tracking=True,
        help="A closed card can neither earn nor redeem points. It can be reopened at any time.",
    )
    is_default = fields.Boolean(
        "Default Card", help="Documents of the customer use this card unless another one is chosen."
    )
    level_id = fields.Many2one(
        "loyalty.level",
        "Level",
        domain="[('program_id', '=', program_id)]",
        index="btree_not_null",
        help="Set again at each use of the card; a manual change lasts until then.",
    )
    points_to_id = fields.Many2one(
        "loyalty.card",
        "Linked Card",
        tracking=True,
        index="btree_not_null",
        ondelete="restrict",
        copy=False,
        help="Balance and level move to that card, and everything this card earns from now on goes there.",
    )
    points_from_ids = fields.One2many("loyalty.card", "points_to_id", "Cards Linked Here")
    accumulated_points = fields.Float(
        "Accumulated", digits=(16, 4), readonly=True, copy=False, prefetch="loyalty_totals"
    )
    redeemed_points = fields.Float(
        "Redeemed",
        digits=(16, 4),
        readonly=True,
        copy=False,
        prefetch="loyalty_totals",
        help="Redemptions less returned points.",
    )
    lifetime_points = fields.Float(
        "Lifetime Points",
        digits=(16, 4),
        readonly=True,
        copy=False,
        prefetch="loyalty_totals",
        help="Points ever earned or granted, less what was taken back. Redeeming points does not change it.",
    )
    debt_points = fields.Float(
        "Owed",
        digits=(16, 4),
        readonly=True,
        copy=False,
        help="Points that were taken although the card did not have them. New points settle this debt first.",
    )
    last_earning_date = fields.Date("Last Earning", readonly=True, copy=False)
    last_use_date = fields.Date(
        "Last Use", readonly=True, copy=False, index="btree_not_null", prefetch="loyalty_totals"
    )
    ledger_revision = fields.Integer(readonly=True, copy=False)
    ledgered = fields.Boolean("Under the Ledger", readonly=True, copy=False)
    welcome_sent = fields.Boolean(readonly=True, copy=False)
    reserved_points = fields.Float(
        "Reserved",
        digits=(16, 4),
        compute="_compute_ledger_balances",
        search="_search_reserved_points",
        help="Points reserved for documents that are not final.",
    )
    pending_points = fields.Float(
        "Pending", digits=(16, 4), compute="_compute_ledger_balances", help="Points that cannot be spent yet."
    )
    lapsed_points = fields.Float(
        "Expired, Not Written Off",
        digits=(16, 4),
        compute="_compute_ledger_balances",
        help="Points past their date that the nightly write-off has not removed yet. The customer cannot use them.",
    )
    available_points = fields.Float(
        "Available",
        digits=(16, 4),
        compute="_compute_ledger_balances",
        help="What the customer can spend now: outstanding points that are neither pending, reserved nor expired.",
    )
    spendable_points = fields.Float(
        "Points to Spend",
        compute="_compute_spendable_points",
        help="Available points under the ledger, else the balance: what mails to customers show as points.",
    )
    entry_ids = fields.One2many("loyalty.ledger.entry", "card_id", "Transactions", readonly=True)
    lot_ids = fields.One2many("loyalty.lot", "card_id", "Lots", readonly=True)
    hold_ids = fields.One2many("loyalty.hold", "card_id", "Reserved Points", readonly=True)
    _partner_program_idx = models.Index("(partner_id, program_id) WHERE partner_id IS NOT NULL")
    _one_default = models.UniqueIndex(
        "(program_id, partner_id) WHERE is_default", "The customer has another default card in this program."
    )
    _no_self_points_to = models.Constraint("CHECK (points_to_id != id)", "A card cannot be linked to itself.")

    def init(self):
        super().init()
        schema.protect_cards(self.env.cr)

    # --- balances ------------------------------------------------------------------------------------------------

    @api.depends_context("uid")
    @api.depends("points", "closed", "start_date", "expiration_date", "points_to_id", "program_id.expiry_policy")
    def _compute_ledger_balances(self):
        """Balances that depend on the moment: two queries for any number of cards (see :meth:`_balances_now`)."""
        balances = self.sudo()._balances_now()
        for card in self:
            values = balances.get(card.id or card._origin.id)
            if values is None:
                # Coupons and promotions have no ledger; Odoo's balance is all there is.
                card.reserved_points = card.pending_points = card.lapsed_points = 0.0
                card.available_points = card.sudo().points  # the balance is for the staff, what is available is not
                continue
            card.reserved_points, card.pending_points, card.lapsed_points, card.available_points = values

    @api.depends_context("uid")
    @api.depends("available_points", "ledgered", "points")
    def _compute_spendable_points(self):
        for card in self:
            card.spendable_points = card._spendable_points()

    def _balances_now(self):
        """Return ``{card id: (reserved, pending, lapsed, available)}`` in points, for cards under the ledger.

        Available is max(0, live - debt - max(0, reserved - shielded)), and 0 on a closed, archived, expired, not
        started or points-to card (C18).
        """
        return read_balances(self)

    def _ids_of_rows(self):
        """Database ids, also of records that a form is editing."""
        return [card.id or card._origin.id for card in self]

    def _search_reserved_points(self, operator, value):
        if operator not in (">", "!="):
            return NotImplemented
        now = fields.Datetime.now()
        return [
            ("hold_ids", "any", [("state", "=", "active"), "|", ("expires_at", "=", False), ("expires_at", ">", now)])
        ]

    @api.depends("points", "point_name")
    def _compute_points_display(self):
        """Customers see what they can spend; staff see the outstanding balance in its own column."""
        for card in self:
            card.points_display = card._format_points(card._spendable_points())

    def _format_points(self, points):
        """Under the ledger, points are written alike wherever customers read them (bP9)."""
        return self._say_points(points) if self.ledgered else super()._format_points(points)

    def _spendable_points(self):
        """Points that rewards may spend: available ones under the ledger, the balance otherwise."""
        self.ensure_one()
        # Without a ledger, what can be spent is the balance; customers see that, and no other balance.
        return self.available_points if self.ledgered else self.sudo().points

    # --- which card ----------------------------------------------------------------------------------------------

    def _belongs_to(self, partner):
        """Return whether the card is the customer's: the contact's own, its company's, or nobody's in person.

        Cards of visitors of the web shop are on the public contact: nobody's in person either.
        """
        self.ensure_one()
        owner = self.partner_id
        return bool(not owner or owner in partner | partner.commercial_partner_id or owner.is_public)

    def _is_known_of(self, partner):
        """Return whether the card is known to be the customer's, as :meth:`_belongs_to` assumes of one without owner.

        Documents of nobody in person (a visitor, the public contact) take any card that is nobody's.
        """
        self.ensure_one()
        owner = self.partner_id
        if owner and owner in partner | partner.commercial_partner_id:
            return True  # nearly all, without asking who is public
        named = bool(partner) and not partner.is_public
        return self._belongs_to(partner) and not (named and (not owner or owner.is_public))

    # --- the register --------------------------------------------------------------------------------------------

    @api.onchange("expiration_date")
    def _restrict_expiration_on_loyalty(self):
        """Loyalty cards may expire (H10); Odoo refuses a date on them, loyalty/models/loyalty_card.py:71."""

    @api.constrains("start_date", "expiration_date")
    def _check_dates(self):
        for card in self:
            if card.start_date and card.expiration_date and card.start_date > card.expiration_date:
                raise ValidationError(self.env._("Card %s would expire before it starts.", card._say_code()))

    @api.constrains("program_id", "ledgered")
    def _check_program_ledgered(self):
        for card in self:
            if card.ledgered and card.program_type not in LEDGERED_TYPES:
                raise ValidationError(
                    self.env._(
                        "Card %s is tracked in the points ledger and cannot move to this program.", card._say_code()
                    )
                )

    @api.constrains("level_id", "program_id")
    def _check_level_program(self):
        for card in self:
            if card.level_id and card.level_id.program_id != card.program_id:
                raise ValidationError(
                    self.env._("The level belongs to another program than card %s.", card._say_code())
                )

    @api.constrains("points_to_id")
    def _check_points_to(self):
        for card in self.filtered("points_to_id"):
            master = card.points_to_id
            if master == card:
                raise ValidationError(self.env._("A card cannot be linked to itself."))
            if not card.ledgered or master.program_id != card.program_id:
                raise ValidationError(
                    self.env._("Card %s can be linked only to a card of the same loyalty program.", card._say_code())
                )
            if master.points_to_id or self.with_context(active_test=False).search_count(
                [("points_to_id", "=", card.id)], limit=1
            ):
                raise ValidationError(
                    self.env._(
                        "Cards are linked to one card directly: %(master)s is linked to another card itself, or other cards "
                        "are linked to %(card)s.",
                        master=master._say_code(),
                        card=card._say_code(),
                    )
                )
            if card.hold_ids.filtered(lambda hold: hold._is_active()):
                raise ValidationError(
                    self.env._("Card %s has reserved points. Settle or release them first.", card._say_code())
                )

    # --- points-to, defaults, groups -----------------------------------------------------------------------------

    def _open_points_to(self, sources):
        """Move balance and level of cards that now are linked to another card (H18-H23)."""
        for card in sources.sudo():
            self._post_entries(
                [card._transfer_op(card.points_to_id, reason=self.env._("Points moved to another card"))]
            )

    def _transfer_op(self, target, points=0, reason=None):
        """Movement that sends ``points`` (0: everything, level basis included) of this card to ``target``."""
        self.ensure_one()
        self.flush_recordset()
        revision = self.ledger_revision
        return {
            "card_id": self.id,
            "kind": "transfer",
            "points": -points,
            "target_card_id": target.id,
            "key": f"transfer:{self.id}:{target.id}:{revision}",
            "document": ("loyalty.card", self.id),
            "reason": reason,
        }

    def _clear_other_defaults(self):
        others = self.search(
            [
                ("partner_id", "in", self.partner_id.ids),
                ("program_id", "in", self.program_id.ids),
                ("is_default", "=", True),
                ("id", "not in", self.ids),
            ]
        )
        others.is_default = False
        others.flush_recordset(["is_default"])

    @api.model
    def _check_ledger_group(self, group):
        """Refuse users outside ``group``; code of the server passes."""
        if not self.env.su and not self.env.user.has_group(group):
            raise AccessError(
                self.env._("Only members of the group %s may do this.", self.env.ref(group).sudo().full_name)
            )

    # --- mails ---------------------------------------------------------------------------------------------------

    def _send_creation_communication(self, force_send=False):
        """Welcome a loyalty customer once, at the card's first points: carts create cards that stay empty."""
        cards = self
        waiting = self.filtered(lambda card: card.program_type == "loyalty" and card.ledgered)
        if waiting:
            cards -= waiting.filtered(lambda card: card.welcome_sent or not card.ledger_revision)
        result = super(LoyaltyCard, cards)._send_creation_communication(force_send=force_send)
        # Users who post documents may have no write access to cards; only our own flag is set.
        sent = (cards & waiting).sudo()
        if sent:
            sent.welcome_sent = True
        return result

    def _points_changed(self, before, after):
        super()._points_changed(before, after)
        cards = self
        if (
            len(cards) > PREFETCH_MAX
        ):  # of 20,000 cards one query says who was not welcomed: 0.05 s, not 0.5 s to read them
            waiting = [("id", "in", cards.ids), ("welcome_sent", "!=", True)]
            cards = cards.browse(cards.with_context(active_test=False).search(waiting).ids)
        cards.filtered(
            # In this order: almost all cards were welcomed, and their program need not be read then.
            lambda card: not card.welcome_sent and card.ledger_revision and card.program_type == "loyalty"
        )._send_creation_communication()
