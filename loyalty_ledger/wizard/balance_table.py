"""A file as a table: the line with the names, the columns, and how numbers and dates are meant."""

import hashlib
import re
from collections import namedtuple

from ..tools import balance_columns, balance_values
from ..tools.balance_file import LOOK_AHEAD, Row
from ..tools.words import say_points
from .balance_checker import language_styles
from .balance_reader import kind_of, read_file

#: How a file is read (``numbers``, ``dates``, ``unit``), and what the user has to be asked about it.
Reading = namedtuple("Reading", "styles questions")
#: How many first values of a column the user sees.
SAMPLES = 3


class Table:
    """The lines of a file below the names of its columns.

    :raises FileError: see :func:`.balance_reader.read_file`
    """

    def __init__(self, env, content, delimiter=None):
        self.digest = hashlib.sha256(content).hexdigest()[:24]
        self.is_sheet = bool(kind_of(content))
        rows, self._notes = read_file(env, content, delimiter)
        start = next(
            (position for position, row in enumerate(rows[:LOOK_AHEAD]) if balance_columns.is_header(row.cells)), None
        )
        if start is None and not any(re.search(r"\d", cell) for cell in rows[0].cells):
            start = 0  # names that we do not know
        self.titles = rows[: start or 0]
        self.names = rows[start].cells if start is not None else []
        self.rows = rows[start + 1 :] if start is not None else rows
        width = max([len(self.names), *(len(row.cells) for row in self.rows)] if start is None else [len(self.names)])
        self.names = [*self.names, *[""] * (width - len(self.names))]

    def columns(self):
        """Return the values of the columns for the user: name, first values, what they seem to be."""
        roles = balance_columns.find_roles(self.names)
        result = []
        for position, name in enumerate(self.names):
            values = [row.cells[position] for row in self.rows if position < len(row.cells) and row.cells[position]]
            sample = " · ".join(value[:40] for value in values[:SAMPLES])
            if name or values:
                result.append(
                    {
                        "position": position,
                        "name": name[:200] or f"{position + 1}",
                        "sample": sample,
                        "role": roles.get(position),
                    }
                )
        return result

    def lines(self, roles):
        """Yield :class:`Row` with ``{role: text}`` as cells."""
        width = len(self.names)
        for row in self.rows:
            cells = {}
            for position, role in roles.items():
                if position < len(row.cells) and row.cells[position]:
                    cells.setdefault(role, row.cells[position])
            fault = row.fault or (any(row.cells[width:]) and "cells")
            yield Row(row.number, cells, fault)

    # --- how the cells are meant ---------------------------------------------------------------------------------

    def reading(self, record, roles):
        """Return the :class:`Reading`: what the user chose, else what all cells agree on, else a proposal to ask about."""
        proposal = language_styles(record.env)
        lines = [line.cells for line in self.lines(roles) if not self._is_total(line.cells)]
        numbers = [cells["points"] for cells in lines if cells.get("points")]
        dates = [cells["expiration_date"] for cells in lines if cells.get("expiration_date")]
        styles, questions = {}, {"number_question": False, "date_question": False, "unit_question": False}
        number, date = balance_values.decide_numbers(numbers, self.is_sheet), balance_values.decide_dates(dates)
        styles["numbers"] = number.style or ("point" if self.is_sheet else proposal["numbers"])
        if record.number_style != "auto":
            styles["numbers"] = record.number_style
        elif number.example:
            questions["number_question"] = self._ask_numbers(record.env, numbers, number.example, styles["numbers"])
        styles["dates"] = date.style or proposal["dates"]
        if record.date_style != "auto":
            styles["dates"] = record.date_style
        elif date.example:
            questions["date_question"] = record.env._(
                "“%(example)s” can be two dates. Choose whether the day or the month comes first; the lines below are read "
                "with the %(part)s first.",
                example=date.example,
                part=record.env._("day") if styles["dates"] == "dmy" else record.env._("month"),
            )
        styles["unit"] = record.unit if record.unit != "auto" else "points"
        if record.unit == "auto" and self._may_be_money(record, roles, numbers):
            questions["unit_question"] = record.env._(
                "The column “%s” may count points or money. Choose which; the lines below are read as points.",
                next(self.names[position] for position, role in roles.items() if role == "points"),
            )
        return Reading(styles, questions)

    def _is_total(self, cells):
        return any(balance_columns.is_total(cells[kind]) for kind in balance_columns.WHO if cells.get(kind))

    def _ask_numbers(self, env, numbers, example, style):
        """Return the question how numbers are meant, with the total that each answer gives."""
        totals = {
            name: sum(balance_values.read_number(text, name) or 0 for text in numbers) for name in ("comma", "point")
        }
        meant = {name: balance_values.read_number(example, name) for name in totals}
        say = {
            name: env._(
                "%(number)s (all lines together: %(total)s)", number=say_points(env, meant[name]), total=say_points(env, total)
            )
            if meant[name] is not None
            else env._("no number (the other lines together: %s)", say_points(env, total))
            for name, total in totals.items()
        }  # fmt: skip
        return env._(
            "“%(example)s” can be read in two ways. With a decimal point it is %(point)s; with a decimal comma it is "
            "%(comma)s. Choose one; the lines below are read with a decimal %(style)s.",
            example=example,
            point=say["point"],
            comma=say["comma"],
            style=env._("point") if style == "point" else env._("comma"),
        )

    def _may_be_money(self, record, roles, numbers):
        """Return whether the points of the file may be an amount of money: by its name, or by the cells."""
        if record.program_id and record.program_id.program_type != "loyalty":
            return False  # one point of a gift card is one unit of money
        name = next(self.names[position] for position, role in roles.items() if role == "points")
        return balance_columns.is_open(name) or any(balance_values.is_money(text) for text in numbers)

    # --- what to tell --------------------------------------------------------------------------------------------

    def notes(self, env, roles):
        """Return what the user should know about the file before the import: nothing is left out silently."""
        _, notes = env._, list(self._notes)
        if self.titles:
            notes.append(_("Not read, above the names of the columns: %s.", self._quote(self.titles)))
        left = [name for position, name in enumerate(self.names) if name and position not in roles]
        if left:
            notes.append(_("These columns are not read: %s.", ", ".join(left)))
        if level := [self.names[position] for position, role in roles.items() if role == "level"]:
            notes.append(_("“%s” is not imported: the program gives levels by its own rules.", level[0]))
        expiry = [name for name in left if balance_columns.speaks_of_expiry(name)]
        if expiry:
            notes.append(
                _(
                    "“%s” seems to hold expiry dates. As it is not read, points expire as the program says. Choose it "
                    "under Columns if the dates of the file count.",
                    "”, “".join(expiry),
                )
            )
        return notes

    def _quote(self, rows):
        return "; ".join(" ".join(cell for cell in row.cells if cell)[:60] for row in rows[:3])
