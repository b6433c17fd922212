from collections import namedtuple

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import split_every

from ..ledger.gateway import Gateway
from ..ledger.plan import FOREVER, add_delay
from ..ledger.rounding import to_points, to_units
from ..models.loyalty_card_adjust import MANAGER
from ..tools.today import loyalty_today

#: Cards that one step reads, and changed cards that the preview lists.
BATCH, SHOWN = 5000, 200
#: Level changes up to which each card's chatter names its new level.
LOGGED = 500
POLICY = ("expiry_policy", "expiry_delay", "expiry_unit", "level_basis")

#: What a program says about levels and expiry, present or proposed; levels are (from, name) pairs in order.
#: Units of time until points expire at most: 100 years, as the program says.
LONGEST = {"day": 36525, "month": 1200, "year": 100}
Terms = namedtuple("Terms", "expiry_policy expiry_delay expiry_unit level_basis levels")


class LoyaltyProgramChange(models.TransientModel):
    """Shows which cards would change level or expiry before a program is changed."""

    _name = "loyalty.program.change"
    _inherit = ["loyalty.values.mixin"]
    _description = "Change a Loyalty Program"

    program_id = fields.Many2one("loyalty.program", "Program", required=True, ondelete="cascade")
    expiry_policy = fields.Selection(
        lambda self: self.env["loyalty.program"]._fields["expiry_policy"]._description_selection(self.env),
        "Points Expiry",
        required=True,
    )
    expiry_delay = fields.Integer("Expires After")
    expiry_unit = fields.Selection(
        lambda self: self.env["loyalty.program"]._fields["expiry_unit"]._description_selection(self.env),
        "Expiry Unit",
        required=True,
    )
    level_basis = fields.Selection(
        lambda self: self.env["loyalty.program"]._fields["level_basis"]._description_selection(self.env),
        "Level Basis",
        required=True,
    )
    level_ids = fields.One2many("loyalty.program.change.level", "change_id", "Levels")
    previewed = fields.Boolean(readonly=True)
    card_count = fields.Integer("Cards", readonly=True)
    up_count = fields.Integer("To a Higher Level", readonly=True)
    down_count = fields.Integer("To a Lower Level", readonly=True)
    expiry_count = fields.Integer("Another Expiry Date", readonly=True)
    lapsing_count = fields.Integer("Cards Losing Points Tonight", readonly=True)
    lapsing_points = fields.Float("Points Expiring Tonight", digits=(16, 4), readonly=True)
    line_ids = fields.One2many("loyalty.program.change.line", "change_id", "Cards That Change", readonly=True)

    @api.model
    def default_get(self, fields):
        values = super().default_get(fields)
        program = self.env["loyalty.program"].browse(values.get("program_id") or self.env.context.get("active_id"))
        if program:
            values["program_id"] = program.id
            values.update({name: program[name] for name in POLICY})
            values["level_ids"] = [
                (
                    0,
                    0,
                    {
                        "level_id": level.id,
                        "name": level.name,
                        "min_points": level.min_points,
                        "multiplier": level.multiplier,
                    },
                )
                for level in program.level_ids.sorted("min_points")
            ]
        return values

    def write(self, vals):
        if {*POLICY, "level_ids"} & vals.keys():
            vals = {**vals, "previewed": False}
        return super().write(vals)

    # --- preview -------------------------------------------------------------------------------------------------

    def action_preview(self):
        """List the cards whose level or expiry would change."""
        self.ensure_one()
        self.env["loyalty.card"]._check_ledger_group(MANAGER)
        self._check_levels()
        counts = dict.fromkeys(("up_count", "down_count", "expiry_count", "lapsing_count", "card_count"), 0)
        lapsing, lines = 0, []
        for effect in self._effects():
            counts["card_count"] += 1
            lapsing += effect.pop("lapsing_units")
            rank = effect.pop("rank")
            counts["up_count"] += rank > 0
            counts["down_count"] += rank < 0
            counts["expiry_count"] += effect["expiry_before"] != effect["expiry_after"]
            counts["lapsing_count"] += bool(effect["lapsing_points"])
            if (rank or effect["expiry_before"] != effect["expiry_after"]) and len(lines) < SHOWN:
                lines.append((0, 0, effect))
        self.line_ids.unlink()
        self.write({**counts, "lapsing_points": to_points(lapsing), "line_ids": lines, "previewed": True})
        return self._reopen()

    def _reopen(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Change %s", self.program_id.name),
            "res_model": self._name,
            "res_id": self.id,
            "views": [(False, "form")],
            "target": "new",
        }

    def _check_levels(self):
        starts = [to_units(level.min_points) for level in self.level_ids]
        if len(set(starts)) < len(starts):
            raise ValidationError(self.env._("Two levels of a program cannot start at the same number of points."))
        if self.expiry_policy != "never" and not 0 < self.expiry_delay <= LONGEST[self.expiry_unit or "month"]:
            raise ValidationError(self.env._("Points must expire after at least one day, and within 100 years."))

    def _effects(self):
        """Yield what the proposed terms do to each card of the program, a few queries per batch of cards."""
        program = self.program_id
        present = Terms(
            *[program[name] for name in POLICY],
            sorted((to_units(level.min_points), level.id, level.name) for level in program.level_ids),
        )
        proposed = Terms(
            *[self[name] for name in POLICY],
            sorted((to_units(level.min_points), level.level_id.id, level.name) for level in self.level_ids),
        )
        today = loyalty_today(self.env, program.company_id)
        cards = self.env["loyalty.card"].with_context(active_test=False)
        cards.flush_model()
        ids = cards.search([("program_id", "=", program.id), ("ledgered", "=", True)], order="id").ids
        starts = {level_id: start for start, level_id, __ in present.levels}
        for batch in split_every(BATCH, ids, set):
            gateway = Gateway(self.env)
            states = [card for card in gateway.load(batch, lock=False).values() if card.id in batch]
            basis = gateway._level_basis(proposed, states)
            for card in states:
                before, (start, __, name) = card.level_id, self._level(proposed.levels, card, basis)
                old_name = next((level[2] for level in present.levels if level[1] == before), False)
                expiry, new_expiry = self._expiry(card, present), self._expiry(card, proposed)
                lapsing = self._lapsing(card, proposed, today) - self._lapsing(card, present, today)
                yield {
                    "card_id": card.id,
                    "level_before": old_name,
                    "level_after": name,
                    "rank": 0
                    if name == old_name
                    else 1
                    if start is not None and start > starts.get(before, -1)
                    else -1,
                    "expiry_before": expiry,
                    "expiry_after": new_expiry,
                    "lapsing_units": max(0, lapsing),
                    "lapsing_points": to_points(max(0, lapsing)),
                }

    @staticmethod
    def _level(levels, card, basis):
        chosen = levels[0] if levels else (None, None, False)
        if not card.source:
            for level in levels:
                if basis[card.id] >= level[0]:
                    chosen = level
        return chosen

    @staticmethod
    def _lot_expiry(card, lot, terms):
        rolling = None
        if terms.expiry_policy == "rolling" and card.last_earning:
            rolling = add_delay(card.last_earning, terms.expiry_delay, terms.expiry_unit)
        return min(lot.expiry or rolling or FOREVER, card.expiry or FOREVER)

    def _expiry(self, card, terms):
        """Earliest last usable day of the card's open points, or False."""
        dates = [self._lot_expiry(card, lot, terms) for lot in card.lots]
        earliest = min(dates, default=FOREVER)
        return False if earliest == FOREVER else earliest

    def _lapsing(self, card, terms, today):
        return sum(lot.remaining for lot in card.lots if self._lot_expiry(card, lot, terms) < today)

    # --- apply ---------------------------------------------------------------------------------------------------

    def action_apply(self):
        """Change the program and its cards' levels. What was not previewed is shown first."""
        self.ensure_one()
        self.env["loyalty.card"]._check_ledger_group(MANAGER)
        if not self.previewed:
            return self.action_preview()
        self._check_levels()
        program = self.program_id
        kept = {line.level_id: line for line in self.level_ids if line.level_id}
        commands = [(2, level.id) for level in program.level_ids - self.level_ids.level_id]
        # Thresholds may swap places: two steps, so that no two levels meet on the way.
        parked = max([*program.level_ids.mapped("min_points"), *self.level_ids.mapped("min_points"), 0]) + 1
        moved = [level for level, line in kept.items() if level.min_points != line.min_points]
        for position, level in enumerate(moved):
            level.min_points = parked + position
            level.flush_recordset(["min_points"])
        for line in self.level_ids:
            vals = {"name": line.name, "min_points": line.min_points, "multiplier": line.multiplier}
            commands.append((1, line.level_id.id, vals) if line.level_id else (0, 0, vals))
        program.write({**{name: self[name] for name in POLICY}, "level_ids": commands})
        program._recompute_levels()
        return {"type": "ir.actions.act_window_close"}


class LoyaltyProgramChangeLevel(models.TransientModel):
    _name = "loyalty.program.change.level"
    _inherit = ["loyalty.values.mixin"]
    _description = "Proposed Level"
    _order = "min_points"

    change_id = fields.Many2one("loyalty.program.change", ondelete="cascade")
    level_id = fields.Many2one("loyalty.level", "Current Level", ondelete="cascade")
    name = fields.Char("Level", required=True)
    min_points = fields.Float("From", digits=(16, 4))
    multiplier = fields.Float("Multiplier", digits=(16, 4), default=1.0)


class LoyaltyProgramChangeLine(models.TransientModel):
    _name = "loyalty.program.change.line"
    _description = "Card That Changes"

    change_id = fields.Many2one("loyalty.program.change", ondelete="cascade")
    card_id = fields.Many2one("loyalty.card", "Card", readonly=True, ondelete="cascade")
    partner_id = fields.Many2one(related="card_id.partner_id", string="Customer")
    level_before = fields.Char("Level Now", readonly=True)
    level_after = fields.Char("New Level", readonly=True)
    expiry_before = fields.Date("Next Expiry Now", readonly=True)
    expiry_after = fields.Date("New Next Expiry", readonly=True)
    lapsing_points = fields.Float("Expiring Tonight", digits=(16, 4), readonly=True)


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    def action_preview_change(self):
        """Open the change of levels and expiry with its preview."""
        self.ensure_one()
        self.env["loyalty.card"]._check_ledger_group(MANAGER)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Change %s", self.name),
            "res_model": "loyalty.program.change",
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_program_id": self.id},
        }

    def action_recompute_levels(self):
        """Give each card the level that its points reach now."""
        self.env["loyalty.card"]._check_ledger_group(MANAGER)
        self.check_access("write")
        count = self._recompute_levels()
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {"type": "success", "message": self.env._("%s cards changed level.", count)},
        }

    def _recompute_levels(self):
        """Set the level of all cards of the programs, in batches; return how many changed."""
        Card = self.env["loyalty.card"].sudo().with_context(active_test=False)
        Card.flush_model()
        self.flush_recordset()
        changes = {}
        ids = Card.search([("program_id", "in", self.ids), ("ledgered", "=", True)], order="id").ids
        for batch in split_every(BATCH, ids, set):
            gateway = Gateway(self.env)
            states = gateway.load(batch)
            changed = gateway._assign_levels(gateway._with_levels(states.values()))
            for card_id in changed:
                states[card_id].revision += 1  # the gateway writes the cards whose revision moved
            gateway.write(states)
            changes.update(changed)
        cards = Card.browse(changes)
        if len(changes) > LOGGED:
            cards = cards.with_context(tracking_disable=True)
        if cards:
            cards._levels_changed(changes)
        return len(changes)
