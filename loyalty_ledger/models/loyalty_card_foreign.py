"""Cards created, written and deleted by code that does not know the ledger: what it does to points becomes transactions."""

from odoo import api, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import SQL

from ..ledger.rounding import to_points, to_units
from ..tools.source import Source
from .loyalty_card import PROJECTIONS
from .loyalty_program import LEDGERED_TYPES


class LoyaltyCard(models.Model):
    _inherit = "loyalty.card"

    @api.model_create_multi
    def create(self, vals_list):
        """Create cards; a balance given by other code becomes an entry of the ledger."""
        vals_list = [dict(vals) for vals in vals_list]  # the caller's stay as they are, for the next card
        granted = []
        unnamed = [vals for vals in vals_list if not vals.get("code")]
        for vals, code in zip(unnamed, self._draw_codes(len(unnamed))):
            vals["code"] = code
        for vals in vals_list:
            if "program_id" not in vals:
                vals.update(self.default_get(["program_id"]))  # no matter who says it: what follows depends on it
            program = self.env["loyalty.program"].browse(vals.get("program_id"))
            ledgered = program.sudo().program_type in LEDGERED_TYPES
            if ledgered and vals.get("points"):
                self._check_may_write_points()
            if ledgered:
                self._check_may_issue(vals, program)
            for name in PROJECTIONS:
                vals.pop(name, None)
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
        """Write cards; a new balance becomes the entry of the difference, whichever code writes it."""
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
                        code=card._say_code(),
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
                self._fields["points"]._update_cache(card, card.points + to_points(deltas[card.id]))
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
                    "points": to_points(delta),
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
