from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import SQL

from ..ledger import schema
from ..ledger.gateway import read_balances
from ..ledger.rounding import PRECISION, to_units
from ..tools.source import Source
from ..tools.today import loyalty_today
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
#: Fields that decide who gets points and how long: managers change them, and code of the server.
MANAGED = (
    "active",
    "closed",
    "code",
    "expiration_date",
    "level_id",
    "partner_id",
    "points_to_id",
    "program_id",
    "start_date",
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
        help="Redemptions less what came back.",
    )
    lifetime_points = fields.Float(
        "Lifetime Points",
        digits=(16, 4),
        readonly=True,
        copy=False,
        prefetch="loyalty_totals",
        help="Points ever earned or granted, less what was taken back. Spending does not change it.",
    )
    debt_points = fields.Float(
        "Owed",
        digits=(16, 4),
        readonly=True,
        copy=False,
        help="Points that were taken although the card did not have them. New points pay them first.",
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
        help="Points set aside for documents that are not final.",
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
                # Coupons and promotions have no ledger; upstream's balance is all there is.
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

    def _is_usable(self, date=None):
        """Return whether the card earns and pays on ``date`` (default today)."""
        self.ensure_one()
        if not self.active or self.closed or self.points_to_id:
            return False
        if not self.start_date and not self.expiration_date:
            return True
        day = date or loyalty_today(self.env, self.company_id)
        return bool(
            (not self.start_date or self.start_date <= day)
            and (not self.expiration_date or self.expiration_date >= day)
        )

    @api.depends("points", "point_name")
    def _compute_points_display(self):
        """Customers see what they can spend; staff see the outstanding balance in its own column."""
        for card in self:
            card.points_display = card._format_points(card._spendable_points())

    def _format_points(self, points):
        """Under the ledger, points are written alike wherever customers read them (bP9)."""
        return self._say_points(points) if self.ledgered else super()._format_points(points)

    def _spendable_points(self):
        """Points that rewards may spend: available ones under the ledger, the balance elsewhere."""
        self.ensure_one()
        # Without a ledger, what can be spent is the balance; customers see that, and no other balance.
        return self.available_points if self.ledgered else self.sudo().points

    # --- which card ----------------------------------------------------------------------------------------------

    @api.model
    def _default_card(self, partner, program):
        """Return the card that a document of ``partner`` uses in ``program``, or no card.

        The partner's own open card, else the one of its commercial partner; default card first, then the oldest.
        Never a closed card or one that sends its points elsewhere, nor one outside its dates while another is usable.
        """
        if not partner:
            return self.browse()
        cards = self.search(
            [
                ("partner_id", "in", (partner | partner.commercial_partner_id).ids),
                ("program_id", "=", program.id),
                ("closed", "=", False),
                ("points_to_id", "=", False),
            ],
            order="is_default DESC, id",
        )
        return cards.sorted(lambda card: (not card._is_usable(), card.partner_id != partner))[:1]

    def _belongs_to(self, partner):
        """Return whether the card is the customer's: the contact's own, its company's, or nobody's in person."""
        self.ensure_one()
        return not self.partner_id or self.partner_id in partner | partner.commercial_partner_id

    # --- the register --------------------------------------------------------------------------------------------

    @api.onchange("expiration_date")
    def _restrict_expiration_on_loyalty(self):
        """Loyalty cards may expire (H10); upstream refuses a date on them, loyalty/models/loyalty_card.py:71."""

    @api.constrains("start_date", "expiration_date")
    def _check_dates(self):
        for card in self:
            if card.start_date and card.expiration_date and card.start_date > card.expiration_date:
                raise ValidationError(self.env._("Card %s would expire before it starts.", card.code))

    @api.constrains("program_id", "ledgered")
    def _check_program_ledgered(self):
        for card in self:
            if card.ledgered and card.program_type not in LEDGERED_TYPES:
                raise ValidationError(
                    self.env._("Card %s is under the points ledger and cannot move to this program.", card.code)
                )

    @api.constrains("level_id", "program_id")
    def _check_level_program(self):
        for card in self:
            if card.level_id and card.level_id.program_id != card.program_id:
                raise ValidationError(self.env._("The level belongs to another program than card %s.", card.code))

    @api.constrains("points_to_id")
    def _check_points_to(self):
        for card in self.filtered("points_to_id"):
            master = card.points_to_id
            if master == card:
                raise ValidationError(self.env._("A card cannot be linked to itself."))
            if not card.ledgered or master.program_id != card.program_id:
                raise ValidationError(
                    self.env._("Card %s can be linked only to a card of the same loyalty program.", card.code)
                )
            if master.points_to_id or self.with_context(active_test=False).search_count(
                [("points_to_id", "=", card.id)], limit=1
            ):
                raise ValidationError(
                    self.env._(
                        "Cards are linked to one card directly: %(master)s is linked to another card itself, or other cards "
                        "are linked to %(card)s.",
                        master=master.code,
                        card=card.code,
                    )
                )
            if card.hold_ids.filtered(lambda hold: hold._is_active()):
                raise ValidationError(
                    self.env._("Card %s has reserved points. Settle or release them first.", card.code)
                )

    def _check_may_manage(self, vals):
        """Only managers redirect, date or hand over a card: salespeople and cashiers have upstream's write access."""
        names = [name for name in MANAGED if name in vals]
        if not names or self._may_manage():
            return
        for card in self.filtered("ledgered"):
            for name in names:
                field = self._fields[name]
                before = field.convert_to_write(card[name], card)
                if before == (vals[name] or False) or (name == "partner_id" and not before):
                    continue  # a card without customer may be given to one
                if name == "active" and not card.ledger_revision:
                    continue  # nobody loses anything with an unused card
                raise AccessError(
                    self.env._(
                        "Only a loyalty manager can change %(field)s of card %(code)s.",
                        field=field._description_string(self.env),
                        code=card.code,
                    )
                )

    def _check_may_issue(self, vals, program):
        """Whoever issues a card decides neither who gets its points nor its level: a manager does."""
        usual = {"points_to_id": False, "level_id": program.sudo().level_ids.sorted("min_points")[:1].id}
        names = [name for name in usual if vals.get(name) and vals[name] != usual[name]]
        if names and not self._may_manage():
            raise AccessError(
                self.env._(
                    "Only a loyalty manager can choose the %s of a new card.",
                    ", ".join(self._fields[name]._description_string(self.env) for name in names),
                )
            )

    def _may_manage(self):
        """Return whether managers, or code of the server, act."""
        return bool(
            self.env.su or Source.of(self.env) or self.env.user.has_group("loyalty_ledger.group_loyalty_manager")
        )

    def _check_register_rules(self, vals):
        """What a used card does not allow any more (H9, H11, H12)."""
        for card in self.filtered("last_use_date"):
            if "start_date" in vals and fields.Date.to_date(vals["start_date"]) != (card.start_date or None):
                raise ValidationError(self.env._("Card %s was used already: its start date cannot change.", card.code))
            if "expiration_date" not in vals or vals["expiration_date"] == card.expiration_date:
                continue
            date = fields.Date.to_date(vals["expiration_date"])
            if not date and card.expiration_date:
                raise ValidationError(
                    self.env._("Card %s was used already: its expiry date cannot be removed, only moved.", card.code)
                )
            if date and date < card.last_use_date:
                raise ValidationError(
                    self.env._(
                        "Card %(code)s was last used on %(used)s and cannot expire before.",
                        code=card.code,
                        used=card.last_use_date,
                    )
                )

    # --- changes of points by other code -------------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        """Create cards; a balance given by other code becomes an entry of the ledger."""
        vals_list = [dict(vals) for vals in vals_list]  # the caller's stay as they are, for the next card
        granted = []
        for vals in vals_list:
            if "program_id" not in vals:
                vals.update(self.default_get(["program_id"]))  # whoever says it: what follows depends on it
            program = self.env["loyalty.program"].browse(vals.get("program_id"))
            ledgered = program.sudo().program_type in LEDGERED_TYPES
            if ledgered and vals.get("points"):
                self._check_may_write_points()
            if ledgered:
                self._check_may_issue(vals, program)
            for name in PROJECTIONS:
                vals.pop(name, None)
            if not vals.get("code"):
                vals["code"] = self._generate_code()
            granted.append(vals.pop("points", 0) if ledgered else 0)
            if ledgered:
                vals["ledgered"] = True
                vals["points"] = 0
                if "level_id" not in vals:
                    vals["level_id"] = program.sudo().level_ids.sorted("min_points")[:1].id
        cards = super().create(vals_list)
        self._open_points_to(cards.filtered("points_to_id"))
        if any(granted):
            source = Source.of(self.env) or Source(reason=self.env._("Issued with points"))
            cards._post_foreign({card.id: to_units(points) for card, points in zip(cards, granted) if points}, source)
        return cards

    def write(self, vals):
        """Write cards; a new balance becomes the entry of the difference, whoever writes it."""
        if forbidden := vals.keys() & set(PROJECTIONS):
            raise UserError(
                self.env._("%s follows the points ledger and cannot be written.", ", ".join(sorted(forbidden)))
            )
        self._check_may_manage(vals)
        if {"start_date", "expiration_date"} & vals.keys():
            self._check_register_rules(vals)
        if "expiration_date" in vals:
            # A later date never revives points that lapsed under the old one.
            self.sudo().filtered("ledgered")._refresh_ledger()
        joining = self._check_program_change(vals["program_id"]) if "program_id" in vals else self.browse()
        redirected = self.browse()
        if vals.get("points_to_id"):
            redirected = self.filtered(lambda card: card.points_to_id.id != vals["points_to_id"])
        if vals.get("is_default"):
            self._clear_other_defaults()
        ledgered = self.filtered("ledgered") if "points" in vals else self.browse()
        if not ledgered:
            result = super().write(vals)
        else:
            deltas = self._foreign_deltas(ledgered, vals["points"])
            rest = {name: value for name, value in vals.items() if name != "points"}
            result = super(LoyaltyCard, self - ledgered).write(vals) if self - ledgered else True
            if rest:
                result = super(LoyaltyCard, ledgered).write(rest)
            if deltas:
                source = Source.of(self.env) or Source(reason=self.env._("Changed outside the ledger"))
                ledgered._post_foreign(deltas, source)
        joining._start_ledger()
        self._open_points_to(redirected)
        return result

    def _check_program_change(self, program_id):
        """Points never come into the ledger, or leave it, by a change of program.

        :return: the cards that come under the ledger with the new program
        """
        program = self.env["loyalty.program"].sudo().browse(program_id)
        changing = self.filtered(lambda card: card.ledgered != program.is_ledgered)
        for card in changing.sudo():
            if card.ledgered or card.points:
                raise ValidationError(
                    self.env._(
                        "Card %(code)s cannot change to program %(program)s, since only one of the two programs keeps "
                        "a points ledger. Create a new card instead.",
                        code=card.code,
                        program=program.name or self.env._("(none)"),
                    )
                )
        return changing

    def _foreign_deltas(self, cards, points):
        """Differences that an assignment of ``points`` asks for, in ten-thousandths, by card id."""
        try:
            wanted = to_units(points)
        except (OverflowError, ValueError) as error:
            raise ValidationError(self.env._("%s is not a number of points.", points)) from error
        deltas = {card.id: wanted - to_units(card.points) for card in cards if card.id}
        deltas = {card_id: delta for card_id, delta in deltas.items() if delta}
        if deltas:
            self._check_may_write_points()
        return deltas

    def _check_may_write_points(self):
        """Users and remote clients never set a balance; code of the server does, in sudo or with a source."""
        if self.env.su or Source.of(self.env):
            return
        raise AccessError(
            self.env._(
                "The balance of a card is kept by the points ledger and cannot be edited. "
                "Use Adjust Points on the card, or Import Balances for many cards."
            )
        )

    def _post_foreign(self, deltas, source):
        """Post changes that other code asked for, or collect them when the caller buffers a business event."""
        if source.buffer is not None:
            for card in self.filtered(lambda card: card.id in deltas):
                source.buffer[card.id] = source.buffer.get(card.id, 0) + deltas[card.id]
                # What the event's own code reads next must include what it wrote before.
                self._fields["points"]._update_cache(card, card.points + deltas[card.id] / 10**PRECISION)
            return
        self.env["loyalty.card"].flush_model(["ledger_revision"])
        rows = self.env.execute_query(
            SQL("SELECT id, COALESCE(ledger_revision, 0) FROM loyalty_card WHERE id = ANY(%s)", list(deltas))
        )
        revisions = dict(rows)
        self._post_entries(
            [
                {
                    "card_id": card_id,
                    "kind": source.kind,
                    "points": delta / 10**PRECISION,
                    "key": f"{source.kind}:{card_id}:{revisions[card_id]}",
                    "document": source.document,
                    "reason": source.reason,
                    "overdraw": "debt",
                }
                for card_id, delta in deltas.items()
            ]
        )

    def copy_data(self, default=None):
        """A copy is a new card of the customer: another number; under the ledger no points, level, dates and documents."""
        vals_list = super().copy_data(default)
        for card, vals in zip(self, vals_list):
            own = {"code", *(self._fields_of_the_card() if card.ledgered else ())}
            for name in own - (default or {}).keys():
                vals.pop(name, None)
        return vals_list

    @api.model
    def _fields_of_the_card(self):
        """Return the fields that belong to one card and are not copied. Override to add."""
        return {
            "active",
            "closed",
            "expiration_date",
            "is_default",
            "level_id",
            "points",
            "points_to_id",
            "start_date",
        }

    def unlink(self):
        """Delete unused cards; used ones are archived by code of the server and refused to users (S5)."""
        used = self.filtered(lambda card: card.ledgered and card.ledger_revision)
        if used:
            used._check_may_withdraw()
            owing = {card.id: -to_units(card.points) for card in used if card.points}
            if owing:
                source = Source.of(self.env) or Source(reason=self.env._("Card withdrawn"))
                used._post_foreign(owing, source)
            used.with_context(active_test=False).filtered("active").write({"active": False})
        unused = self - used
        return super(LoyaltyCard, unused).unlink() if unused else True

    def _check_may_withdraw(self):
        if not self.env.su and not Source.of(self.env):
            raise UserError(
                self.env._(
                    "Card %s has transactions and cannot be deleted. Close or archive it instead.",
                    ", ".join(self[:5].mapped("code")),
                )
            )

    def _start_ledger(self):
        """Put empty cards under the ledger, when their program becomes one of a ledgered type."""
        if self.ids:
            self.flush_model(["points", "program_id"])
            self.env.cr.execute(SQL("UPDATE loyalty_card SET ledgered = TRUE, points = 0 WHERE id = ANY(%s)", self.ids))
            self.invalidate_recordset(["ledgered", "points"])

    @api.model
    def action_prepare_upgrade(self):
        """Make ``loyalty.history`` add up to the balances, as removing the ledger would, before an upgrade of Odoo."""
        self._check_ledger_group("loyalty_ledger.group_loyalty_manager")
        count = self.sudo()._write_history_differences()  # the group was checked; history has no rights of its own
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._("The history of %s cards was completed.", count),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    # --- points-to, defaults, groups -----------------------------------------------------------------------------

    def _open_points_to(self, sources):
        """Move balance and level of cards that now send their points elsewhere (H18-H23)."""
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
        sent = (cards & waiting).sudo()  # the flag is ours; whoever earned the points need not edit cards
        if sent:
            sent.welcome_sent = True
        return result

    def _points_changed(self, before, after):
        super()._points_changed(before, after)
        self.filtered(
            lambda card: card.program_type == "loyalty" and not card.welcome_sent and card.ledger_revision
        )._send_creation_communication()
