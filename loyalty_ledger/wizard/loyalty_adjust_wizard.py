from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..ledger.rounding import TOTAL_LIMIT
from ..models.loyalty_card_adjust import MANAGER, MODES, RESET

#: Cards that the preview plans, and lines that it shows.
PLANNED, SHOWN = 1000, 80


class LoyaltyAdjustWizard(models.TransientModel):
    """Adjust one card, a selection of cards, or all cards of a range, with a reason."""

    _name = "loyalty.adjust.wizard"
    _inherit = ["loyalty.values.mixin"]
    _description = "Adjust Loyalty Points"

    scope = fields.Selection(
        [("cards", "These cards"), ("range", "All cards that match")], "Cards", required=True, default="cards"
    )
    card_ids = fields.Many2many("loyalty.card", string="Chosen Cards", domain=[("ledgered", "=", True)])
    program_id = fields.Many2one("loyalty.program", "Program", domain=[("is_ledgered", "=", True)])
    code_from = fields.Char("First Number")
    code_to = fields.Char("Last Number")
    level_ids = fields.Many2many("loyalty.level", string="Levels", domain="[('program_id', '=', program_id)]")
    category_ids = fields.Many2many("res.partner.category", string="Customer Tags")
    mode = fields.Selection(
        MODES,
        "What to Do",
        required=True,
        default="add",
        help="Set the balance: only the difference is added or taken away, and the other points keep their dates.\n"
        "Reset to zero, then add: all points of the card are taken away, and the number entered is added as new points, "
        "for example as opening balances.",
    )
    points = fields.Float("Points", digits=(16, 4))
    expiration_date = fields.Date("Expires On")
    is_rolling = fields.Boolean(compute="_compute_preview", store=True)
    renews = fields.Boolean(
        "Renew the Whole Balance",
        help="The balance of the program expires without new earnings. Ticked: the added points count as one, and all "
        "points of the card expire later. Not ticked: they expire with the rest of the balance.",
    )
    first_expiry = fields.Date(
        "Added Points Expire On",
        compute="_compute_preview",
        store=True,
        help="Last usable day of the points that are added; for several cards the earliest.",
    )
    reason = fields.Char("Reason", help="Customers can see it: enter no personal data.")
    skip_problems = fields.Boolean("Skip Cards With Problems")
    card_count = fields.Integer("Number of Cards", compute="_compute_preview", store=True)
    total_change = fields.Float("Total Change", digits=(16, 4), compute="_compute_preview", store=True)
    change_text = fields.Char(
        "Change in Points",
        compute="_compute_preview",
        store=True,
        help="Total of all cards of each program. Cards with problems are left out.",
    )
    problem_count = fields.Integer("Cards With Problems", compute="_compute_preview", store=True)
    needs_approval = fields.Boolean(compute="_compute_preview", store=True)
    is_partial = fields.Boolean(compute="_compute_preview", store=True)
    has_linked = fields.Boolean(compute="_compute_preview", store=True)
    line_ids = fields.One2many(
        "loyalty.adjust.wizard.line", "wizard_id", "Preview", compute="_compute_preview", store=True
    )
    done = fields.Boolean(readonly=True)
    adjustment_id = fields.Many2one("loyalty.adjustment", readonly=True)

    @api.model
    def default_get(self, fields):
        values = super().default_get(fields)
        if (
            "card_ids" in fields
            and not values.get("card_ids")
            and self.env.context.get("active_model") == "loyalty.card"
        ):
            values["card_ids"] = [(6, 0, self.env.context.get("active_ids") or [])]
        return values

    @api.onchange("mode", "scope")
    def _onchange_mode(self):
        """The balance of one card is set from its present one: nothing changes until somebody types another."""
        balance = self.card_ids.points if len(self.card_ids) == 1 else 0
        is_one = self.scope == "cards" and self.mode == "set"
        if is_one and not self.points:
            self.points = balance
        elif not is_one and self.points == balance:
            self.points = 0

    def _range_domain(self):
        """Domain of the cards of a range; by number, cards whose numbers are as long as the limits."""
        domain = [("program_id", "=", self.program_id.id), ("ledgered", "=", True)]
        first, last = (self.code_from or "").strip(), (self.code_to or "").strip()
        if first:
            domain.append(("code", ">=", first))
        if last:
            domain.append(("code", "<=", last))
        if first and len(first) == len(last):
            domain.append(("code", "=like", "_" * len(first)))
        if self.level_ids:
            domain.append(("level_id", "in", self.level_ids.ids))
        if self.category_ids:
            domain.append(("partner_id.category_id", "in", self.category_ids.ids))
        return domain

    def _get_cards(self, limit=None):
        """Return the cards to adjust, those that the user may change."""
        self.ensure_one()
        if self.scope == "cards":
            return self.card_ids._origin[:limit]
        if not self.program_id:
            return self.env["loyalty.card"]
        return self.env["loyalty.card"].search(self._range_domain(), order="id", limit=limit)

    @api.depends(
        "scope",
        "card_ids",
        "program_id",
        "code_from",
        "code_to",
        "level_ids",
        "category_ids",
        "mode",
        "points",
        "skip_problems",
        "expiration_date",
        "renews",
    )
    def _compute_preview(self):
        for wizard in self:
            cards = wizard._get_cards(limit=PLANNED)
            rows = cards._plan_adjustment(
                wizard.mode or "add", wizard.points, expiration_date=wizard.expiration_date, renews=wizard.renews
            )
            wizard.is_rolling = "rolling" in cards.sudo().program_id.mapped("expiry_policy")
            wizard.first_expiry = min((row["expires"] for row in rows if row["expires"]), default=False)
            good = [row for row in rows if not row["problem"]]
            wizard.card_count = wizard._count_cards(cards)
            wizard.is_partial = wizard.card_count > len(cards)
            wizard.has_linked = any(row["target"] != row["card"] for row in rows)
            wizard.total_change = sum(row["change"] for row in good)
            if wizard.is_partial and wizard.mode in ("add", "subtract"):
                wizard.total_change = wizard.card_count * wizard.points * (1 if wizard.mode == "add" else -1)
            if abs(wizard.total_change) >= TOTAL_LIMIT:
                raise ValidationError(
                    self.env._(
                        "This changes balances by more than %s points in all. Choose fewer cards, or fewer points.",
                        f"{TOTAL_LIMIT:,}",
                    )
                )
            wizard.change_text = wizard._say_change(good)
            wizard.problem_count = len(rows) - len(good)
            changes = {row["card"].id: row["change"] for row in good}
            wizard.needs_approval = cards._exceeds_adjustment_limit(changes, lock=False)
            wizard.line_ids = [(5, 0, 0)] + [
                (0, 0, wizard._line_vals(row)) for row in sorted(rows, key=lambda row: not row["problem"])[:SHOWN]
            ]

    def _say_change(self, rows):
        """Say what all cards change by, for each program in its own points; what is too much to plan is of one program."""
        program = self.program_id if self.is_partial else self.env["loyalty.program"]
        moved = {program.sudo(): self.total_change} if program else defaultdict(float)
        if not program:
            for row in rows:
                moved[row["card"].sudo().program_id] += row["change"]
        return self.env["loyalty.program"].sudo()._say_points_of_each(moved, signed=True)  # access: names of points

    def _line_vals(self, row):
        only_dated = self.mode == "expiry" or (self.mode == "add" and not self.points)
        return {
            **{name: row[name] for name in ("before", "change", "after", "problem")},
            "card_id": row["card"].id,
            "target_id": row["target"].id,
            "expiration_date": self.expiration_date if only_dated else row["expires"],
        }

    def _count_cards(self, cards):
        if self.scope == "cards":
            return len(self.card_ids)
        if len(cards) < PLANNED:
            return len(cards)
        return self.env["loyalty.card"].search_count(self._range_domain())

    def action_confirm(self):
        """Post the adjustment, or ask for approval when it exceeds the company's limit."""
        self.ensure_one()
        self.env["loyalty.card"]._check_ledger_group(MANAGER)
        if self.scope == "range" and not self.program_id:
            raise ValidationError(self.env._("Choose the program whose cards are adjusted."))
        if self.done:
            return self._close()
        cards = self._get_cards()
        cards.check_access("write")
        entries = cards._adjust(
            self.mode,
            self.points,
            self.reason,
            f"adjust:wizard:{self.id}",
            expiration_date=self.expiration_date,
            skip_problems=self.skip_problems,
            approved=False,
            renews=self.renews,
        )
        if entries is None:
            self.adjustment_id = self.env["loyalty.adjustment"]._request(
                cards,
                self.mode,
                self.points,
                self.reason.strip(),
                self.expiration_date,
                self.skip_problems,
                self.renews,
            )
        self.done = True
        return self._close(entries)

    def _adjusted_message(self, count):
        if count == 1:
            return self.env._("One card adjusted.")
        return self.env._("%s cards adjusted.", count)

    def _close(self, entries=None):
        if self.adjustment_id:
            return {
                "type": "ir.actions.act_window",
                "res_model": "loyalty.adjustment",
                "res_id": self.adjustment_id.id,
                "views": [(False, "form")],
            }
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success" if entries is not None else "warning",
                "message": self._adjusted_message(
                    len(entries.filtered(lambda entry: not entry.idempotency_key.endswith(RESET)))
                )
                if entries is not None
                else self.env._("This adjustment was already made. Nothing was changed again."),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }


class LoyaltyAdjustWizardLine(models.TransientModel):
    """What the adjustment would do to one card."""

    _name = "loyalty.adjust.wizard.line"
    _description = "Preview of a Loyalty Adjustment"

    wizard_id = fields.Many2one("loyalty.adjust.wizard", ondelete="cascade")
    card_id = fields.Many2one("loyalty.card", "Card", readonly=True)
    partner_id = fields.Many2one(related="card_id.partner_id", string="Customer")
    target_id = fields.Many2one(
        "loyalty.card",
        "Credited Card",
        readonly=True,
        help="Card that receives the points: the linked card, or the card itself. Before and After are its balances.",
    )
    before = fields.Float("Before", digits=(16, 4), readonly=True)
    change = fields.Float("Change", digits=(16, 4), readonly=True)
    after = fields.Float("After", digits=(16, 4), readonly=True)
    expiration_date = fields.Date("Expires On", readonly=True)
    problem = fields.Char("Problem", readonly=True)
