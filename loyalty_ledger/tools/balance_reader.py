"""The one door to files: text by our own reader, spreadsheets by Odoo's (``base_import``)."""

import datetime
import importlib.util
import io
import zipfile

from odoo.exceptions import UserError

from . import balance_file
from .balance_columns import is_header
from .balance_encoding import home_encoding
from .balance_file import FileError, Row

_TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "xls": "application/vnd.ms-excel",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
}
#: Code pages that a user can choose.
ENCODINGS = [
    ("auto", "Automatic"),
    ("utf-8", "Unicode (UTF-8)"),
    ("cp1252", "Western European (Windows)"),
    ("cp1250", "Central European (Windows)"),
    ("cp1251", "Cyrillic (Windows)"),
    ("cp1253", "Greek (Windows)"),
    ("cp1254", "Turkish (Windows)"),
    ("cp1257", "Baltic (Windows)"),
    ("cp1255", "Hebrew (Windows)"),
    ("cp1256", "Arabic (Windows)"),
    ("cp874", "Thai (Windows)"),
    ("cp1258", "Vietnamese (Windows)"),
    ("mac_roman", "Western European (Mac)"),
    ("cp850", "Western European (DOS)"),
    ("cp852", "Central European (DOS)"),
    ("cp866", "Cyrillic (DOS)"),
    ("koi8_r", "Cyrillic (KOI8-R)"),
    ("cp932", "Japanese (Shift JIS)"),
    ("gb18030", "Chinese, Simplified (GB 18030)"),
    ("big5", "Chinese, Traditional (Big5)"),
    ("cp949", "Korean"),
    ("latin-1", "Latin-1"),
]
#: Name of a part of spreadsheets that are encrypted, as it stands in the file.
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")


def kind_of(content):
    """Return ``xlsx``, ``xls`` or ``ods`` for spreadsheets, None for text.

    :raises FileError: ``("password",)``, ``("zip",)``, ``("binary",)``, ``("part",)`` for what looks like a spreadsheet only
    """
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        if _ENCRYPTED in content:
            raise FileError("password")
        return "xls"
    if not content.startswith(b"PK\x03\x04"):
        return None
    if _TYPES["ods"].encode() in content[:200]:
        return "ods"
    try:
        names = zipfile.ZipFile(io.BytesIO(content)).namelist()
    except zipfile.BadZipFile as error:
        raise FileError("part") from error
    if "xl/workbook.xml" in names:
        return "xlsx"
    raise FileError("binary" if "[Content_Types].xml" in names else "zip")


def read_file(env, content, delimiter=None, encoding=None, sheet=None):
    """Return the lines of a file and what to tell the user about it.

    :param content: its bytes
    :param delimiter: separator of a text file, default: found out
    :param encoding: code page of a text file, default: found out
    :param sheet: name of the sheet of a spreadsheet, default: the first with columns we know, else the fullest
    :return: ``(rows, notes, decoded)``: a list of :class:`~..tools.balance_file.Row`, a list of texts, and for a text file
        how it was read (:class:`~..tools.balance_encoding.Decoded`)
    :raises FileError: see :mod:`~..tools.balance_file`; ``("sheet", why)`` for a spreadsheet that cannot be read;
        ``("name", names)`` where no sheet has the name; ``("ods",)`` where the server cannot read OpenDocument
    """
    kind = kind_of(content)
    if not kind:
        home = home_encoding(env.user.lang, env.company.country_id.code)
        decoded = balance_file.decode(content, encoding, home)
        return balance_file.read_text(decoded.text, delimiter), [], decoded
    sheets, used, rows, length = _read_sheets(env, content, kind, sheet)
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
        notes.append(env._("Empty rows of the sheet are not counted."))
    return [Row(number, [_text(cell) for cell in cells], False) for number, cells in enumerate(rows, 1)], notes, None


def _read_sheets(env, content, kind, wanted):
    """Return the names of the sheets, and name, rows and length of the one that is read."""
    name, rows, length, sheets = _read_sheet(env, content, kind, None)
    if wanted:
        used = next((name for name in sheets if name.strip().casefold() == wanted.strip().casefold()), None)
        if used is None:
            raise FileError("name", ", ".join(sheets))
        return (sheets, *(_read_sheet(env, content, kind, used)[:3]))
    best, most = None, -1
    for position, sheet in enumerate(sheets):
        if position:
            name, rows, length, __ = _read_sheet(env, content, kind, sheet)
        if any(is_header([_text(cell) for cell in cells]) for cells in rows[: balance_file.LOOK_AHEAD]):
            return sheets, name, rows, length
        cells = sum(len(cells) for cells in rows)
        if cells > most:
            best, most = (name, rows, length), cells
    return (sheets, *best)


def _read_sheet(env, content, kind, sheet):
    """Return name, rows and length of a sheet (default: the first), and the names of all."""
    options = {"sheet": sheet}
    # Reads the bytes only, and nothing is stored.
    reader = (
        env["base_import.import"]
        .sudo()
        .new({"file": content, "file_name": f"balances.{kind}", "file_type": _TYPES[kind]})
    )
    try:
        length, rows = reader._read_file(options)
    except (UserError, ValueError, ImportError) as error:
        # Odoo reads OpenDocument with a library that few servers have.
        if kind == "ods" and not importlib.util.find_spec("odf"):
            raise FileError("ods") from error
        raise FileError("sheet", str(error.__cause__ or error)) from error
    return options["sheet"], rows, length, options["sheets"]


def _text(cell):
    """Return a cell as text; dates of a spreadsheet are dates whatever they look like there."""
    if isinstance(cell, datetime.datetime):
        return cell.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(cell, datetime.date):
        return cell.isoformat()
    return balance_file.clean(str(cell))


def say_fault(env, code, details="", sheet=""):
    """Return what is wrong with a file that cannot be read, and what to do."""
    _ = env._
    readable = _("Files that can be read: CSV and other text files with columns, XLSX and XLS.")
    return {
        "empty": _("The file is empty."),
        "cut": _("The file is not complete: its end is missing. Export it and upload it again."),
        "binary": _("The file is neither a text file nor a spreadsheet. Save it as CSV (UTF-8) or XLSX.")
        + " "
        + readable,
        "pdf": _("The file is a PDF document. Export the balances as CSV or XLSX.") + " " + readable,
        "markup": _(
            "The file is a web page or XML, despite its name. Open it in a spreadsheet program and save it as XLSX."
        )
        + " "
        + readable,
        "json": _("The file is JSON. Export the balances as CSV or XLSX, or convert it first.") + " " + readable,
        "zip": _("The file is a ZIP archive. Unpack it and choose the file with the balances.") + " " + readable,
        "password": _("The spreadsheet is protected by a password. Save it without one."),
        "part": _("The spreadsheet cannot be read: its end is missing. Export it and upload it again."),
        "letters": _("The file is not written in the chosen encoding. Choose Automatic or another one."),
        "ods": _(
            "OpenDocument spreadsheets (ODS) need the Python package odfpy on the server. Save the file as XLSX, or ask your "
            "administrator to install it."
        ),
        "name": _("The file has no sheet “%(sheet)s”. Its sheets are: %(names)s.", sheet=sheet, names=details),
        "sheet": _("The spreadsheet cannot be read: %s", details)
        + " "
        + _("Save it as XLSX in your spreadsheet program, or as CSV (UTF-8)."),
    }[code]
