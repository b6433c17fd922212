"""The one door to files: text by our own reader, spreadsheets by Odoo's (``base_import``)."""

import datetime

from odoo.exceptions import UserError

from ..tools import balance_file
from ..tools.balance_columns import is_header
from ..tools.balance_file import FileError, Row

#: First bytes of the files that Odoo's reader takes.
SPREADSHEETS = ((b"PK\x03\x04", "xlsx"), (b"\xd0\xcf\x11\xe0", "xls"))
_ODS = b"application/vnd.oasis.opendocument.spreadsheet"
_TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "xls": "application/vnd.ms-excel",
    "ods": _ODS.decode(),
}


def kind_of(content):
    """Return ``xlsx``, ``xls`` or ``ods`` for spreadsheets, None for text."""
    kind = next((kind for start, kind in SPREADSHEETS if content.startswith(start)), None)
    return "ods" if kind == "xlsx" and _ODS in content[:200] else kind


def read_file(env, content, delimiter=None):
    """Return the lines of a file and what to tell the user about it.

    :param content: its bytes
    :param delimiter: separator of a text file, default: found out
    :return: ``(rows, notes)``: a list of :class:`~..tools.balance_file.Row`, and a list of texts
    :raises FileError: see :func:`~..tools.balance_file.read_text`; ``("sheet", why)`` for a spreadsheet that cannot be read
    """
    kind = kind_of(content)
    if not kind:
        return balance_file.read_text(content, delimiter), []
    sheets, used, rows, length = _read_sheets(env, content, kind)
    notes = []
    if len(sheets) > 1:
        notes.append(
            env._(
                "The sheet “%(used)s” is read; not read: %(others)s.",
                used=used,
                others=", ".join(name for name in sheets if name != used),
            )
        )
    if not rows:
        raise FileError("empty")
    if length > len(rows):
        notes.append(env._("Lines are counted without the empty ones of the sheet."))
    return [Row(number, [_text(cell) for cell in cells], False) for number, cells in enumerate(rows, 1)], notes


def _read_sheets(env, content, kind):
    """Return the names of the sheets, and of the first with columns that we know its name, rows and length."""
    best, sheets, options = None, [None], {}
    for sheet in sheets:
        options = {"sheet": sheet}
        # Reads the bytes only, and nothing is stored.
        reader = env["base_import.import"].sudo().new(
            {"file": content, "file_name": f"balances.{kind}", "file_type": _TYPES[kind]}
        )  # fmt: skip
        try:
            length, rows = reader._read_file(options)
        except (UserError, ValueError) as error:
            raise FileError("sheet", str(error)) from error
        if sheet is None:
            sheets += options["sheets"][1:]
        if any(is_header([_text(cell) for cell in cells]) for cells in rows[: balance_file.LOOK_AHEAD]):
            return options["sheets"], options["sheet"], rows, length
        best = best or (options["sheet"], rows, length)
    return (options["sheets"], *best)


def _text(cell):
    """Return a cell as text; dates of a spreadsheet are dates whatever they look like there."""
    if isinstance(cell, datetime.datetime):
        return cell.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(cell, datetime.date):
        return cell.isoformat()
    return balance_file.clean(str(cell))
