"""Checking the lines of an import: what they mean, and what they would do to the balances."""

import hashlib
from collections import Counter, defaultdict

from pytz import timezone

from odoo.tools import SQL, get_lang

from ..ledger.rounding import to_points, to_units
from . import balance_columns, balance_values
from .balance_matching import Matcher
from .today import loyalty_today
from .words import say_points

#: Characters of a cell: numbers and keys are found by an index.
LONGEST = 500


class Checker:
    """Look-ups for many lines at once, and the balances as the lines before would leave them.

    :param record: the import, with the rights of the user who imports
    :param styles: how the file is read: ``numbers``, ``dates``, ``unit``; not needed to post what was checked
    """

    def __init__(self, record, styles=None):
        self.record = record
        self.env = record.env
        self.styles = styles or {}
        self.matcher = Matcher(self.env, record.create_missing)
        self.has_keys = False
        self.new_cards = {}
        self.announced = {}
        self.owners = {}
        self.seen_keys = {}
        self.seen_contents = Counter()
        self.states = {}
        self.program_ids = set()
        self.zone = timezone(self.env.company.partner_id.tz or self.env.user.tz or "UTC")
        self.programs = defaultdict(lambda: self.env["loyalty.program"])
        for program in self.env["loyalty.program"].search([("is_ledgered", "=", True)]):
            self.programs[program.name.strip().lower()] |= program

    # --- one batch of lines --------------------------------------------------------------------------------------

    def check(self, rows):
        """Return the values of the import lines for :class:`Row` whose cells are ``{role: text}``."""
        lines = [self._parse(row) for row in rows]
        good = [line for line in lines if not line["problem"] and not line.get("state")]
        matches = self.matcher.match([(line["who"], line["program_id"]) for line in good])
        cards = self.env["loyalty.card"]
        for line, match in zip(good, matches):
            self._take(line, match)
            cards |= match.card
        self.program_ids |= {line["program_id"] for line in lines if line["program_id"]}
        self.load_cards(cards.filtered(lambda card: card.id not in self.states))
        for line in lines:
            self._name(line)
        done = self.done_keys([key for line in lines for key in (line["key"], *line["old_keys"])])
        for line in lines:
            self._judge(line, done)
            for name in ("card_record", "old_keys", "own_key"):
                line.pop(name, None)
        return lines

    def notes(self):
        """Return what the user should know about all lines together."""
        _, notes = self.env._, []
        if count := self.matcher.unknown_count:
            notes.append(
                _(
                    "Lines that name customers who are not among your contacts: %s. Import the customers first (Contacts), then "
                    "check this file again.",
                    count,
                )
            )
        if count := self.matcher.missing_count:
            notes.append(
                _("Lines for cards that do not exist yet: %s. Choose Create Missing Cards to issue them.", count)
            )
        return notes

    def _parse(self, row):
        _, record, cells = self.env._, self.record, row.cells
        who = {kind: cells[kind] for kind in ("card", "customer", "email", "phone", "name") if cells.get(kind)}
        if "name" not in who and (name := f"{cells.get('first_name', '')} {cells.get('last_name', '')}".strip()):
            who["name"] = name
        line = {
            "import_id": record.id,
            "number": row.number,
            "problem": False,
            "note": False,
            "who": who,
            "code": who.get("card", False),
            "mode": record.mode,
            "points": 0.0,
            "program_id": record.program_id.id,
            "customer": next((who[kind] for kind in ("customer", "email", "phone", "name") if kind in who), False),
            "expiration_date": record.expiration_date,
            "reason": cells.get("reason") or False,
            "own_key": cells.get("key"),
        }
        line["problem"] = self._fault(row, who) or self._read_cells(line, cells)
        if not line["problem"] and not cells.get("points"):
            line.update(state="skipped", note=_("This line has no number of points."))
        if any(len(text) > LONGEST for text in cells.values()):
            line.update(code=False, customer=False, reason=False, own_key=False, who={})
        return line

    def _fault(self, row, who):
        """Return what is wrong with the line as a whole, or False."""
        _, cells = self.env._, row.cells
        if long := next((name for name, text in cells.items() if len(text) > LONGEST), None):
            return _("Column %(name)s: longer than %(limit)s characters.", name=long, limit=LONGEST)
        if row.fault == "quote":
            return _("A quotation mark on this line is not closed, or stands within a text.")
        if row.fault == "cells":
            return _("The line has more cells than there are columns. Does a number or text contain the separator?")
        if row.fault == "short":
            return _("The line ends before the column of points. Is the file complete?")
        if any(balance_columns.is_total(text) for text in who.values()):
            return _("This looks like the total of the file, not like a customer.")
        if not who:
            return _("Columns card and customer: both are empty.")
        return False

    def _read_cells(self, line, cells):
        """Fill in what the cells say; return the problem with one of them, or False."""
        _ = self.env._
        if cells.get("program"):
            programs = self.programs[cells["program"].strip().lower()]
            line["program_id"] = programs.id if len(programs) == 1 else False
            if len(programs) != 1:
                return _(
                    "Column program: %(count)s programs with a points ledger are named “%(name)s”.",
                    count=len(programs) or _("no"),
                    name=cells["program"],
                )
        mode = (cells.get("mode") or "").strip().lower()
        if mode in ("add", "set"):
            line["mode"] = mode
        elif mode:
            return _("Column mode: “%s” is neither add nor set.", cells["mode"])
        # Shops leave the balance of customers empty who never had one.
        return (cells.get("points") and self._read_points(line, cells["points"])) or self._read_expiry(
            line, cells.get("expiration_date") or ""
        )

    def _read_points(self, line, text):
        _ = self.env._
        number = balance_values.read_number(text, self.styles["numbers"])
        try:
            if number is not None and self.styles["unit"] == "money":
                program = self.env["loyalty.program"].browse(line["program_id"])
                number = program._points_for_import(number, loyalty_today(self.env, program.company_id))
                if number is None:
                    return _("Column points: the program does not say what a point is worth in money.")
            line["points"] = to_points(to_units(number))
        except OverflowError:
            number = None
        if number is None:
            return _("Column points: “%s” is not a clear number; write 1234.5.", text[:50])
        return False

    def _read_expiry(self, line, text):
        if balance_values.is_never(text):
            line["expiration_date"] = False
        elif text:
            line["expiration_date"] = balance_values.read_date(text, self.styles["dates"], self.zone)
            if not line["expiration_date"]:
                line["expiration_date"] = False
                return self.env._("Column expiry date: “%s” is not a date; write 2026-12-31.", text[:50])
        return False

    def _take(self, line, match):
        """Put what the line means into its values."""
        card, partner = match.card, match.partner
        line.update(problem=match.problem, note=match.note, card_record=card, partner_id=partner.id)
        if card:
            line.update(card_id=card.id, program_id=card.program_id.id)
        elif match.is_new:
            line["is_new_card"] = True
            self._announce(line, partner)

    def _announce(self, line, partner):
        """Let lines about one new card share it; one number is for one customer and program."""
        if line["code"]:
            number, owner, program = self.owners.setdefault(line["code"], (line["number"], partner, line["program_id"]))
            if not owner and partner:
                self.owners[line["code"]] = (number, partner, program)
            if (owner and partner and owner != partner) or program != line["program_id"]:
                line["problem"] = self.env._(
                    "Column card: line %(line)s gives the new number %(code)s to another customer or program.",
                    line=number,
                    code=line["code"],
                )
                line["is_new_card"] = False
                return
        if partner:
            # A customer's later lines mean the card that an earlier line of the file brings.
            announced = self.announced.setdefault((partner, line["program_id"]), line["code"])
            line["code"] = line["code"] or announced

    # --- keys ----------------------------------------------------------------------------------------------------

    def _name(self, line):
        """Give the line its key: its own within source and program, else what it says, for whom, how often."""
        record = self.record
        source = f"ext:{record.client.strip()}"
        if line["own_key"]:
            self.has_keys = True
            line["key"] = f"{source}:{line['own_key']}:{line['program_id'] or 0}"
            line["old_keys"] = [f"{source}:{line['own_key']}"]
            return
        content = [str(line["program_id"]), line["mode"], str(to_units(line["points"]))]
        content += [f"{kind}={text.casefold()}" for kind, text in sorted(line["who"].items())]
        digest = hashlib.sha256("\n".join(content).encode()).hexdigest()[:32]
        self.seen_contents[digest] += 1
        line["key"] = f"{source}:{digest}:{self.seen_contents[digest]}"
        if record.import_again:
            line["key"] += f":{record.id}"
            line["old_keys"] = []
        else:
            line["old_keys"] = [f"{source}:{record.digest}:{line['number']}"]  # imports of earlier versions

    def done_keys(self, keys):
        """Return ``{key: (points, program id, card id, file, line)}`` of what was posted.

        None as points: imported without a change; file and line are None for what no import wrote.
        """
        self.env["loyalty.balance.import.line"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT l.key, e.points, COALESCE(e.program_id, l.program_id), COALESCE(e.card_id, l.card_id),
                       i.file_name, l.number
                  FROM loyalty_balance_import_line l JOIN loyalty_balance_import i ON i.id = l.import_id
                  LEFT JOIN loyalty_ledger_entry e ON e.idempotency_key = l.key
                 WHERE l.state = 'done' AND l.key = ANY(%(keys)s)
                 UNION ALL
                SELECT e.idempotency_key, e.points, e.program_id, e.card_id, NULL, NULL
                  FROM loyalty_ledger_entry e
                 WHERE e.idempotency_key = ANY(%(keys)s)
                   AND NOT EXISTS (SELECT 1 FROM loyalty_balance_import_line l WHERE l.state = 'done' AND l.key = e.idempotency_key)
                """,
                keys=list(keys),
            )
        )
        return {key: tuple(rest) for key, *rest in rows}

    def _was_done(self, line, done):
        """Return what was posted for the line before, or None."""
        if line["key"] in done:
            return done[line["key"]]
        for key in line["old_keys"]:
            if key in done and done[key][1] in (None, line["program_id"]):
                return done[key]
        return None

    # --- balances ------------------------------------------------------------------------------------------------

    def load_cards(self, cards, refreshed=False):
        """Remember balance and available points of cards, to change them line by line."""
        balances = cards.sudo()._balances_now()
        for card in cards:
            __, __, lapsed, available = balances.get(card.id, (0, 0, 0, 0))
            balance = to_units(card.points) - (0 if refreshed else to_units(lapsed))
            self.states[card.id] = [balance, to_units(available)]

    def apply(self, row, card, key=None):
        """Put before, change, after and problem into ``row`` and remember the balance it leaves.

        :param card: the card, or an empty record for one that will be created, which ``key`` then names
        """
        state = self.states[card.id] if card else self.new_cards.get(key, [0, 0])
        before = state[0]
        change = to_units(row["points"]) - (before if row["mode"] == "set" else 0)
        row.update(before=to_points(before), change=0.0, after=to_points(before), problem=False)
        if row["mode"] == "set" and row["points"] < 0:
            row["problem"] = self.env._("Column points: a balance cannot be set below zero.")
        elif card:
            today = loyalty_today(self.env, card.company_id)
            row["problem"] = card._adjustment_problem(card, row["mode"], change, -change, state[1], today)
        elif change < 0 and -change > state[1]:
            row["problem"] = self.env._("Column points: the card would go below zero.")
        if row["problem"]:
            row.pop("is_new_card", None)
            return
        if not card:
            self.new_cards[key] = state
        state[0] += change
        state[1] = max(0, state[1] + change)
        row.update(change=to_points(change), after=to_points(state[0]))

    def _judge(self, line, done):
        _ = self.env._
        if line.get("state"):  # nothing to do
            return
        card = line.get("card_record", self.env["loyalty.card"])
        first = self.seen_keys.setdefault(line["key"], line["number"])
        if not line["problem"] and first != line["number"]:
            line["problem"] = _("Column key: line %s has the same key.", first)
        if not line["problem"] and (posted := self._was_done(line, done)):
            self._judge_again(line, card, posted)
            if line.get("state"):
                return
        if not line["problem"]:
            today = loyalty_today(self.env, card.company_id)
            if line["expiration_date"] and line["expiration_date"] < today:
                line["problem"] = _("Column expiry date: %s is past.", line["expiration_date"])
        if not line["problem"]:
            self.apply(line, card, line["code"] or (line["program_id"], line.get("partner_id")))
        if not line["problem"] and not line["own_key"]:
            self._note_double(line, card)
        line["state"] = "problem" if line["problem"] else "pending"

    def _judge_again(self, line, card, posted):
        """Leave a line out that was imported before, with the reason; the same key for anything else is a problem."""
        _ = self.env._
        points, __, card_id, file_name, number = posted
        if points is not None and line["mode"] == "add" and to_units(points) != to_units(line["points"]):
            line["problem"] = _("Column key: it was imported before with %s points.", say_points(self.env, points))
            return
        if line["own_key"] and card and card_id and card_id not in (card.id, card.points_to_id.id):
            line["problem"] = _(
                "Column key: it was imported before for card %s.", self.env["loyalty.card"].sudo().browse(card_id).code
            )
            return
        note = _("Imported before.")
        if file_name:
            note = _("Imported before: %(file)s, line %(line)s.", file=file_name, line=number)
        line.update(state="skipped", is_new_card=False, note=note)
        if card:
            balance = to_points(self.states[card.id][0])
            line.update(before=balance, after=balance)

    def _note_double(self, line, card):
        """Say so where a file without keys names the same card or customer twice."""
        who = card.id or line["code"] or line.get("partner_id")
        first = self.seen_keys.setdefault(("card", line["program_id"], who), line["number"])
        if first != line["number"]:
            double = self.env._("Line %s is for the same card: both count.", first)
            line["note"] = f"{line['note']} {double}" if line["note"] else double


def language_styles(env):
    """Return how the user's language writes numbers and dates, as a proposal."""
    lang = get_lang(env)
    order = lang.date_format.lower()
    return {
        "numbers": "comma" if lang.decimal_point == "," else "point",
        "dates": "mdy" if order.find("%m") < order.find("%d") else "dmy",
        "unit": "points",
    }
