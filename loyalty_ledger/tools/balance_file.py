"""Reading text files of balances: any usual encoding and separator, and nothing swallowed.

Odoo's own reader (``base_import``) serves for spreadsheets. It is not used for text, because it takes a quotation mark that
is not closed for one long cell, drops empty lines (so that lines have other numbers than in the file), and gives up
where lines differ in length.
"""

import csv
import io
import re
from collections import namedtuple

from .balance_columns import count_known, is_header
from .balance_encoding import Decoded, decode_unknown

DELIMITERS = ";,\t|"
#: Lines that are looked at to find the separator and the line with the names of the columns.
LOOK_AHEAD = 30

#: How files begin that are no lists of cells, though some are text, or are named like a spreadsheet.
_FORMATS = (
    (re.compile(rb"%PDF"), "pdf"),
    (re.compile(rb"<(?:\?xml|!doctype|html|head|table|meta|workbook)\b", re.IGNORECASE), "markup"),
    (re.compile(rb"[\[{]\s*[\[{\"]"), "json"),
)

#: One line of a file: its number, its cells, and what is wrong with it: ``quote`` or False.
Row = namedtuple("Row", "number cells fault")


class FileError(ValueError):
    """A file that cannot be read at all; ``args`` are a code and its details."""


def decode(content, encoding=None, home=None):
    """Return the :class:`~.balance_encoding.Decoded` text of a file: Unicode, else what makes words.

    :param content: bytes of the file
    :param encoding: the one that the user chose
    :param home: code page to propose, see :func:`~.balance_encoding.home_encoding`
    :raises FileError: ``("cut",)`` for a part of a UTF-16 file; ``("letters",)`` for what is not written in ``encoding``;
        ``("binary",)`` for what is no text; ``("pdf",)``, ``("markup",)``, ``("json",)`` for what is no list of cells
    """
    for pattern, code in _FORMATS:
        if pattern.match(content[:500].removeprefix(b"\xef\xbb\xbf").lstrip()):
            raise FileError(code)
    if encoding:
        try:
            decoded = Decoded(content.decode(encoding).removeprefix("\ufeff"), encoding, ())
        except UnicodeDecodeError as error:
            raise FileError("letters") from error
    else:
        decoded = _decode(content, home)
    if "\0" in decoded.text:
        raise FileError("binary")
    return decoded


def _decode(content, home):
    sample = content[:4096]
    wide = None
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        wide = "utf-16"
    # Most letters of a file of balances are ASCII: every other byte is zero then.
    elif sample[1::2].count(0) * 3 > len(sample) and not sample[::2].count(0):
        wide = "utf-16-le"
    elif sample[::2].count(0) * 3 > len(sample) and not sample[1::2].count(0):
        wide = "utf-16-be"
    if wide:
        try:
            return Decoded(content.decode(wide), None, ())
        except UnicodeDecodeError as error:
            raise FileError("cut") from error
    try:
        return Decoded(content.decode("utf-8-sig"), None, ())
    except UnicodeDecodeError:
        if b"\0" in sample:
            raise FileError("binary") from None
        return decode_unknown(content, home, _known_names)


def _known_names(text):
    """Return how many columns one of the first lines of a text names."""
    lines = text.splitlines()[:LOOK_AHEAD]
    return max((count_known(_cells(line, delimiter)) for line in lines for delimiter in DELIMITERS), default=0)


def read_text(text, delimiter=None):
    """Return the :class:`Row` of each line that is not empty.

    :param text: text of the file, see :func:`decode`
    :param delimiter: default: the one that the file names (``sep=;``), or that finds columns we know, or the most frequent
    :raises FileError: ``("empty",)``
    """
    skip = 0
    if named := re.match(r'\s*"?sep=(.)"?\s*?\r?\n', text, re.IGNORECASE):
        delimiter = delimiter or named[1]
        skip = text[: named.end()].count("\n")
        text = text[named.end() :]
    if not text.strip():
        raise FileError("empty")
    delimiter = delimiter or find_delimiter(text)
    rows = _read_strictly(text, delimiter)
    if rows is None:
        rows = _read_by_line(text, delimiter)
    return [Row(row.number + skip, row.cells, row.fault) for row in rows]


def find_delimiter(text):
    """Return the separator of a text: the one by which a line names columns we know, else the most frequent one."""
    lines = [line for line in text.splitlines()[: 4 * LOOK_AHEAD] if line.strip()][:LOOK_AHEAD]
    for delimiter in DELIMITERS:
        if any(is_header(_cells(line, delimiter)) for line in lines):
            return delimiter
    return max(DELIMITERS, key=lambda delimiter: sum(line.count(delimiter) for line in lines))


def clean(cell):
    """Return the text of a cell without what spreadsheets need to keep it: ``="0439"`` and ``'0439`` are 0439."""
    cell = cell.replace("\xa0", " ").replace("\ufeff", "").strip()
    if match := re.fullmatch(r'="(.*)"', cell):
        return match[1].strip()
    return cell[1:].strip() if re.match(r"'[\w+]", cell) else cell


def _cells(line, delimiter):
    try:
        return [clean(cell) for cell in next(csv.reader([line], delimiter=delimiter, strict=True), [])]
    except csv.Error:
        return [clean(cell) for cell in line.split(delimiter)]


def _read_strictly(text, delimiter):
    """Return the rows of a file whose quotation marks are in order, else None."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows, last, width = [], 0, 0
    try:
        for raw in reader:
            number, last = last + 1, reader.line_num
            cells = [clean(cell) for cell in raw]
            width = width or (len(cells) if is_header(cells) else 0)
            if not any(cells):
                continue
            if any("\n" in cell and _swallows(cell, delimiter, width) for cell in cells):
                return None
            rows.append(Row(number, cells, False))
    except csv.Error:
        return None
    return rows


def _swallows(cell, delimiter, width):
    """Return whether a cell over several lines contains what looks like a line of its own."""
    return width > 1 and any(line.count(delimiter) >= width - 1 for line in cell.splitlines()[1:])


def _read_by_line(text, delimiter):
    """Return the rows of a file line by line, with a fault where a quotation mark is not closed."""
    rows = []
    for number, line in enumerate(io.StringIO(text), 1):
        line = line.rstrip("\r\n")
        cells = _cells(line, delimiter)
        if not any(cells):
            continue
        try:
            fault = not list(csv.reader([line], delimiter=delimiter, strict=True)) and "quote"
        except csv.Error:
            fault = "quote"
        rows.append(Row(number, cells, fault))
    return rows
