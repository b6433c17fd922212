"""A file as a table: the line with the names, the columns, and how numbers and dates are meant."""

import hashlib
import re
from collections import namedtuple

from . import balance_columns, balance_values
from .balance_checker import language_styles
from .balance_encoding import home_encoding, samples
from .balance_file import LOOK_AHEAD, Row
from .balance_reader import kind_of, read_file
from .words import say_points

#: How a file is read (``numbers``, ``dates``, ``unit``), and what the user has to be asked about it.
Reading = namedtuple("Reading", "styles questions")
QUESTIONS = ("encoding_question", "column_question", "number_question", "date_question", "unit_question")
#: How many first values of a column the user sees.
SAMPLES = 3


class Table:
    """The lines of a file below the names of its columns.

    :raises FileError: see :func:`.balance_reader.read_file`
    """

    def __init__(self, env, content, delimiter=None, encoding=None, sheet=None):
        self.digest = hashlib.sha256(content).hexdigest()[:24]
        self.is_sheet = bool(kind_of(content))
        rows, self._notes, self.decoded = read_file(env, content, delimiter, encoding, sheet)
        self._content = content
        start = next(
            (position for position, row in enumerate(rows[:LOOK_AHEAD]) if balance_columns.is_header(row.cells)), None
        )
        if start is None and not any(re.search(r"\d", cell) for cell in rows[0].cells):
            start = 0  # names that we do not know
        self.titles = rows[: start or 0]
        self.names = rows[start].cells if start is not None else []
        self.rows = rows[start + 1 :] if start is not None else rows
        self._join_names()
        width = max([len(self.names), *(len(row.cells) for row in self.rows)] if start is None else [len(self.names)])
        self.names = [*self.names, *[""] * (width - len(self.names))]

    def _join_names(self):
        """Join names that stand in two lines: a group of columns, and the columns of the group below it."""
        below = self.rows[0] if self.rows and self.names else None
        if not below or below.fault or any(re.search(r"\d", cell) for cell in below.cells):
            return
        names = [*self.names, *[""] * (len(below.cells) - len(self.names))]
        roles = balance_columns.find_roles(self.names)
        if not any(cell and not names[position] for position, cell in enumerate(below.cells)) or any(
            cell for position, cell in enumerate(below.cells) if roles.get(position) in balance_columns.WHO
        ):
            return
        group = ""
        for position, name in enumerate(names):
            group = name or group
            part = below.cells[position] if position < len(below.cells) else ""
            names[position] = f"{group} {part}".strip() if part else name
        self.names, self.rows = names, self.rows[1:]

    def columns(self):
        """Return the values of the columns for the user: name, first values, what they seem to be."""
        roles = balance_columns.find_roles(self.names)
        if not any(self.names):
            roles = balance_columns.find_roles_by_content(
                [self._cells(position) for position in range(len(self.names))]
            )
        result = []
        for position, name in enumerate(self.names):
            values = [cell for cell in self._cells(position) if cell]
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

    def _cells(self, position):
        return [row.cells[position] if position < len(row.cells) else "" for row in self.rows]

    def lines(self, roles):
        """Yield :class:`Row` with ``{role: text}`` as cells."""
        width = len(self.names)
        for row in self.rows:
            cells = {}
            for position, role in roles.items():
                if position < len(row.cells) and row.cells[position]:
                    cells.setdefault(role, row.cells[position])
            fault = row.fault or (any(row.cells[width:]) and "cells")
            if not fault and not self.is_sheet and "points" not in cells and len(row.cells) < width:
                fault = "short"
            yield Row(row.number, cells, fault)

    # --- how the cells are meant ---------------------------------------------------------------------------------

    def reading(self, record, roles):
        """Return the :class:`Reading`: what the user chose, else what all cells agree on, else a proposal to ask about."""
        proposal = language_styles(record.env)
        lines = [line.cells for line in self.lines(roles) if not self._is_total(line.cells)]
        numbers = [cells["points"] for cells in lines if cells.get("points")]
        dates = [cells["expiration_date"] for cells in lines if cells.get("expiration_date")]
        styles, questions = {}, dict.fromkeys(QUESTIONS, False)
        questions["encoding_question"] = self._ask_encoding(record, roles)
        number, date = balance_values.decide_numbers(numbers, self.is_sheet), balance_values.decide_dates(dates)
        # A proposal only: other columns of the file are mostly written in the same way.
        hint = balance_values.seen_style(self._other_cells(roles)) if number.example else None
        styles["numbers"] = number.style or ("point" if self.is_sheet else hint or proposal["numbers"])
        if record.number_style != "auto":
            styles["numbers"] = record.number_style
        elif number.example:
            questions["number_question"] = self._ask_numbers(record.env, numbers, number.example, styles["numbers"])
        questions["column_question"] = self._ask_column(record, roles, styles["numbers"])
        styles["dates"] = date.style or proposal["dates"]
        if record.date_style != "auto":
            styles["dates"] = record.date_style
        elif date.example:
            questions["date_question"] = record.env._(
                "“%(example)s” can be read as two dates. Choose whether the day or the month comes first; the lines "
                "below are read with the %(part)s first.",
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

    def _other_cells(self, roles):
        """Yield the cells of the columns that are not read."""
        for row in self.rows:
            for position, cell in enumerate(row.cells):
                if cell and position not in roles:
                    yield cell

    def _ask_encoding(self, record, roles):
        """Return the question which letters are meant, where several readings make words and nothing decides."""
        if record.encoding != "auto" or not self.decoded or not self.decoded.rivals or self._is_home(record.env):
            return False
        if all(text.isascii() for line in self.lines(roles) for text in line.cells.values()):
            return False  # what differs is not read
        encodings = (self.decoded.encoding, *self.decoded.rivals)
        texts = samples(self._content, encodings)
        labels = encoding_labels(record)
        return record.env._(
            "The letters of this file can be read in several ways: %(readings)s. The lines below are read in the first one. "
            "Keep it, or choose another one under Encoding.",
            readings="; ".join(
                record.env._("%(name)s: “%(text)s”", name=labels[encoding], text=", ".join(texts[encoding]))
                for encoding in encodings[:4]
            ),
        )

    def _is_home(self, env):
        return self.decoded.encoding == home_encoding(env.user.lang, env.company.country_id.code)

    def _ask_column(self, record, roles, style):
        """Return the question which of several balances counts, where their numbers differ."""
        used = next(position for position, role in roles.items() if role == "points")
        others = [position for position in balance_columns.may_be_points(self.names) if position not in roles]
        if record.column_chosen or not others:
            return False

        def total(position):
            return [balance_values.read_number(cell, style) for cell in self._cells(position)]

        values, differ = total(used), []
        for position in others:
            read = total(position)
            if any(read) and [number or 0 for number in read] != [number or 0 for number in values]:
                differ.append(position)
        if not differ:
            return False
        return record.env._(
            "Several columns may be the balance: %(others)s. The lines below are read from “%(used)s”. Keep it, or choose another "
            "one under Columns.",
            used=self.names[used],
            others=", ".join(f"“{self.names[position]}”" for position in sorted([used, *differ])),
        )

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
                "%(number)s (all lines together: %(total)s)",
                number=say_points(env, meant[name]),
                total=say_points(env, total),
            )
            if meant[name] is not None
            else env._("no number (the other lines together: %s)", say_points(env, total))
            for name, total in totals.items()
        }
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

    def notes(self, record, roles):
        """Return what the user should know about the file before the import: nothing is left out silently."""
        _, notes = record.env._, list(self._notes)
        if self.decoded and self.decoded.rivals and (record.encoding != "auto" or self._is_home(record.env)):
            text = samples(self._content, (self.decoded.encoding, *self.decoded.rivals))[self.decoded.encoding]
            notes.append(
                _(
                    "Letters are read as %(name)s: “%(text)s”. If they look wrong, choose another one under Encoding.",
                    name=encoding_labels(record)[self.decoded.encoding],
                    text=", ".join(text),
                )
            )
        if self.titles:
            notes.append(_("Not read, above the names of the columns: %s.", self._quote(self.titles)))
        if not any(self.names):
            notes.append(_("The file does not name its columns: check under Columns what each of them is."))
        left = {column.position: column.name for column in record.column_ids if column.position not in roles}
        if left:
            notes.append(_("These columns are not read: %s.", ", ".join(left.values())))
        if level := [self.names[position] for position, role in roles.items() if role == "level"]:
            notes.append(_("“%s” is not imported: the program sets levels by its own rules.", level[0]))
        expiry = [
            name
            for position, name in left.items()
            if balance_columns.speaks_of_expiry(name) and self._has_dates(position)
        ]
        if expiry:
            notes.append(
                _(
                    "“%s” seems to contain expiry dates. It is not read, so points expire as set on the program. "
                    "Choose it under Columns to use the dates of the file.",
                    "”, “".join(expiry),
                )
            )
        return notes + [
            note for position in left if (note := self._note_inactive(record.env, position, left[position]))
        ]

    def _has_dates(self, position):
        """Return whether one of the first cells of a column is a date in some order, or there is none at all."""
        cells = [cell for cell in self._cells(position) if cell][:LOOK_AHEAD]
        return not cells or any(balance_values.read_date(cell, order) for cell in cells for order in ("dmy", "mdy"))

    def _note_inactive(self, env, position, name):
        """Return the note that a column which is not read calls lines inactive, or None."""
        rows = [row for row, cell in zip(self.rows, self._cells(position)) if balance_columns.is_inactive(name, cell)]
        return rows and env._(
            "Lines on which “%(name)s” says “%(word)s” or the like: %(count)s (the first one is line %(line)s). They are imported "
            "all the same; delete them from the file if these balances cannot be used.",
            name=name,
            word=rows[0].cells[position],
            line=rows[0].number,
            count=len(rows),
        )

    def _quote(self, rows):
        return "; ".join(" ".join(cell for cell in row.cells if cell)[:60] for row in rows[:3])


def encoding_labels(record):
    """Return the names of the code pages for the user."""
    return dict(record._fields["encoding"]._description_selection(record.env))
