"""The gateway: the one place where the balance of a card changes.

What it is. :class:`Gateway` is one pass: it locks and reads cards (:mod:`.reading`), has :mod:`.allocation` decide about each
movement in the order given, and writes transactions, lots, consumptions and cards together (:mod:`.writing`). Either all of it
is written or nothing; a key that was posted before answers with the transaction of then.

How to use it. Through the door, `loyalty.card._post_entries`, which checks the movements first and takes any number of them:

>>> program = env["loyalty.program"].create({"name": "Example", "program_type": "loyalty"})
>>> card = env["loyalty.card"].create({"program_id": program.id})
>>> earned, redeemed = card._post_entries([
...     {"card_id": card.id, "kind": "earn", "points": 100, "key": "example:1"},
...     {"card_id": card.id, "kind": "redeem", "points": -30.5, "key": "example:2"},
... ])
>>> card.points, redeemed.balance_after, card.lot_ids.mapped("remaining")
(69.5, 69.5, [69.5])
>>> card._post_entries([{"card_id": card.id, "kind": "earn", "points": 100, "key": "example:1"}]) == earned
True
"""

from odoo import fields
from odoo.exceptions import ValidationError
from odoo.tools import SQL, format_date

from ..tools.words import isolated, say_points
from . import arrays, usability
from .levels import Levels
from .plan import Entry, LedgerError, Op
from .reading import Reading
from .rounding import to_points
from .writing import Writing


def _usual_overdraw(kind, units, card, reverses):
    """Return how far a movement goes below zero where it does not say so itself (:class:`.plan.Op`)."""
    if kind == "external" or (kind == "opening" and units < 0):
        return "debt"
    if reverses is not None and units < 0:
        return card.terms.negative
    return "refuse"


class Gateway(Reading, Levels, Writing):
    """One pass of the gateway: load the rows of some cards, apply movements, write what the plan says."""

    def post(self, ops):
        """Post a chunk of checked movements and return their entry ids, in order."""
        wanted = {op["card_id"] for op in ops}
        wanted.update(op["target_card_id"] for op in ops if op.get("target_card_id"))
        states = self.load(wanted, keys=[op["key"] for op in ops])
        new = states and not next(iter(states.values())).info["repeated"]
        posted = {} if new else self._find_posted(ops)
        reversed_ids = {op["reversed_entry_id"] for op in ops if op.get("reversed_entry_id")}
        undone = self.plan.undone = self._load_reversed(reversed_ids) if reversed_ids else {}
        asked_lots = {lot for op in ops if op.get("lots") for lot in _ids(op["lots"])}
        if asked_lots:
            list(self._read_lots(SQL("l.id = ANY(%s)", list(asked_lots))))
        results = []
        for op in ops:
            first = posted.get(op["key"])
            if first is not None:
                self._check_same(op, first, states)
                results.append(first)
                continue
            entry = self._apply(op, states, undone)
            posted[op["key"]] = entry
            results.append(entry)
        self.write(states)
        return [entry.id if isinstance(entry, Entry) else entry["id"] for entry in results]

    def preview(self, ops):
        """Return what each of these checked redemptions would take, as lists of ``(lot id, ten-thousandths)`` in the order
        of use. The cards are locked as for posting; nothing is written."""
        states = self.load({op["card_id"] for op in ops})
        asked = {lot for op in ops if op.get("lots") for lot in _ids(op["lots"])}
        if asked:
            list(self._read_lots(SQL("l.id = ANY(%s)", list(asked))))
        taken = []
        for op in ops:
            entry = self._apply(op, states, {})
            taken.append([(lot.id, units) for debit, lot, units, *__ in self.plan.consumptions if debit is entry])
        return taken

    def _find_posted(self, ops):
        self.cr.execute(
            SQL(
                """
                SELECT id, card_id, kind, (points * 10000)::bigint AS units, (waived_points * 10000)::bigint AS waived,
                       res_model, res_id, reversed_entry_id, idempotency_key, expiration_date
                  FROM loyalty_ledger_entry WHERE idempotency_key = ANY(%s::text[])
                """,
                arrays.texts([op["key"] for op in ops]),
            )
        )
        return {row["idempotency_key"]: row for row in self.cr.dictfetchall()}

    def _check_same(self, op, first, states):
        """The same key must mean the same event."""
        if isinstance(first, Entry):
            first = {
                "card_id": first.card.id,
                "kind": first.kind,
                "units": first.points,
                "waived": first.waived,
                "res_model": first.op.model,
                "res_id": first.op.res_id,
                "reversed_entry_id": first.reversed_id,
                "idempotency_key": first.key,
                "expiration_date": first.expiry,
                "target": first.op.target,
            }
        model, res_id = op.get("document") or (None, None)
        card = states.get(op["card_id"])
        same_card = first["card_id"] == op["card_id"] or (card and card.info["points_to_id"] == first["card_id"])
        same_points = first["units"] - first["waived"] == op["units"] or (op["kind"] == "transfer" and not op["units"])
        if (
            not same_card
            or not same_points
            or (op["kind"] == "transfer" and not self._same_target(op, first, states))
            or (first["kind"], first["res_model"], first["res_id"] or None)
            != (op["kind"], model or None, res_id or None)
            or (op["kind"] == "redate" and first["expiration_date"] != fields.Date.to_date(op["expiration_date"]))
            or (first["reversed_entry_id"] or None) != (op.get("reversed_entry_id") or None)
        ):
            raise ValidationError(
                self.env._(
                    "The loyalty transaction %(key)s was posted before with other content. "
                    "Use a new key for a new event.",
                    key=op["key"],
                )
            )

    def _same_target(self, op, first, states):
        """Whether the transfer ``first`` went to the card that ``op`` names, or to that card's master."""
        if first.get("target"):
            found = first["target"].id
        else:
            credit = self.env["loyalty.ledger.entry"].sudo().search([("idempotency_key", "=", f"{op['key']}:1")])
            found = credit.card_id.id
        target = states.get(op["target_card_id"])
        return not found or target is None or found in (target.id, target.info["points_to_id"])

    def _apply(self, op, states, undone):
        card = states.get(op["card_id"])
        if card is None:
            raise ValidationError(
                self.env._("Card %s does not exist, or its program is not tracked in the points ledger.", op["card_id"])
            )
        kind, units = op["kind"], op["units"]
        if card.source and kind != "transfer" and (units > 0 or kind in ("reversal", "external")):
            card.revision += 1  # the event counts for the keys of this card too
            card = self._master(card, states)
        reverses = self._find_reversed(op, card, undone) if op.get("reversed_entry_id") else None
        target = op.get("target_card_id") and states.get(op["target_card_id"])
        if kind == "transfer":
            target = self._check_target(card, target, states)
        lots = op.get("lots")
        if lots is not None:
            lots = [self.lots[lot_id] for lot_id in _ids(lots) if lot_id in self.lots]
            if any(lot.card_id != card.id for lot in lots):
                raise ValidationError(self.env._("The lots belong to another card."))
        model, res_id = op.get("document") or (None, None)
        today = self.today(card)
        movement = Op(
            kind,
            units,
            op["key"],
            fields.Date.to_date(op.get("effective_date")) or today,
            vests=fields.Date.to_date(op.get("available_from")),
            expiry=fields.Date.to_date(op.get("expiration_date")),
            lots=lots,
            hold=self._find_hold(op, card) if op.get("hold") else None,
            reverses=reverses,
            overdraw=op.get("overdraw") or _usual_overdraw(kind, units, card, reverses),
            target=target,
            model=model,
            res_id=res_id,
            reason=op.get("reason"),
            renews=bool(op.get("renews")),
        )
        try:
            return card.apply(movement, self.plan, today)
        except LedgerError as error:
            self.refuse(error)

    def _find_reversed(self, op, card, undone):
        """Return the :class:`.plan.Reversed` that the movement undoes, on the card that it is posted on."""
        reverses = undone.get(op["reversed_entry_id"])
        if reverses is None or (reverses.points > 0) == (op["units"] > 0):
            raise ValidationError(self.env._("The transaction to reverse does not exist, or has the same sign."))
        if card.id not in reverses.cards:
            raise ValidationError(self.env._("The transaction to reverse belongs to another card."))
        if reverses.kind == "transfer":
            raise ValidationError(
                self.env._(
                    "A transfer moves points on two cards, so one side alone cannot be reversed. Transfer the points back instead."
                )
            )
        return reverses

    def _find_hold(self, op, card):
        """Return the :class:`.plan.Hold` that the movement uses up; None where it timed out or was taken in the
        meantime."""
        hold = self.holds.get(op["hold"].id)
        is_other = hold is not None and (hold not in card.holds or hold.points != -op["units"])
        if is_other or op["hold"].card_id.id != op["card_id"]:
            raise ValidationError(self.env._("The reserved points belong to another card, or their number differs."))
        return hold

    def _master(self, card, states):
        master = states.get(card.info["points_to_id"])
        if master is None:
            raise ValidationError(
                self.env._("The card that receives the points of card %s has no points ledger.", self._code(card))
            )
        return master

    def _check_target(self, card, target, states):
        if target is not None and target.source:
            if target.info["points_to_id"] not in states:
                states.update(self.load({target.info["points_to_id"]}))
            target = self._master(target, states)
        if target is None or target is card:
            raise ValidationError(
                self.env._("Choose another card that is tracked in the points ledger to receive the points.")
            )
        if target.info["program_id"] != card.info["program_id"]:
            raise ValidationError(self.env._("Points move between cards of one program only."))
        return target

    def _code(self, card):
        return isolated(self.env, self.env["loyalty.card"].browse(card.id)._shown_code())

    def refuse(self, error):
        """Turn a :class:`ledger.plan.LedgerError` into the message that the user gets."""
        if error.code in usability.CODES:
            raise ValidationError(self.env["loyalty.card"].browse(error.card.id)._say_unusable(error.code)) from error
        _, code, details = self.env._, self._code(error.card), error.details
        day = format_date(self.env, details["date"]) if "date" in details else ""
        messages = {
            "insufficient": lambda: _(
                "Card %(code)s has %(available)s points available, fewer than the %(wanted)s asked for.",
                code=code,
                available=say_points(self.env, to_points(details["available"])),
                wanted=say_points(self.env, to_points(details["wanted"])),
            ),
            "reserved": lambda: _(
                "Card %(code)s has %(reserved)s reserved points. Settle or release them first.",
                code=code,
                reserved=say_points(self.env, to_points(details["reserved"])),
            ),
            "over_reversed": lambda: _(
                "Only %(left)s points of this transaction can still be reversed, not %(wanted)s.",
                left=say_points(self.env, to_points(details["left"])),
                wanted=say_points(self.env, to_points(details["wanted"])),
            ),
            "limit": lambda: _("Card %s cannot hold or owe 100,000,000,000 points or more.", code),
            "past_date": lambda: _("The new expiry date %s is past. Choose today or later.", day),
        }
        raise ValidationError(messages[error.code]()) from error


def read_balances(cards):
    """Return ``{card id: (reserved, pending, lapsed, available)}`` in points, as of now; takes no lock.

    Cards with both lapsed lots and holds need the shield of each hold; only they are allocated in Python.
    """
    env = cards.env
    ids = [card_id for card_id in cards._ids_of_rows() if card_id]
    if not ids:
        return {}
    env["loyalty.hold"].flush_model()
    gateway = Gateway(env)
    states = gateway.peek(cards.browse(ids))
    result = {}
    for card_id in ids:
        card = states.get(card_id)
        if card is None:
            continue
        result[card_id] = gateway.balances(card)
    return result


def _ids(records):
    return getattr(records, "ids", None) or list(records)
