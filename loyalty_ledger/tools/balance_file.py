"""Reading files of balances: any usual encoding, separator, spelling of columns, numbers and dates."""

import csv
import datetime
import io
import re

DELIMITERS = ";,\t|"
ENCODINGS = ("utf-8-sig", "cp1252")

#: Column of the import: spellings that are understood.
COLUMNS = {
    "card": ("card", "card number", "card no", "number", "code", "barcode"),
    "customer": ("customer", "customer reference", "customer ref", "partner", "ref", "reference", "email", "e-mail", "name", "customer name"),
    "program": ("program", "programme", "loyalty program"),
    "points": ("points", "balance", "points balance"),
    "mode": ("mode", "action"),
    "expiration_date": ("expiry date", "expiry", "expires", "expires on", "expiration date", "valid until"),
    "reason": ("reason", "description", "comment"),
    "key": ("key", "external key", "external id", "id", "transaction"),
}  # fmt: skip


class FileError(ValueError):
    """A file that cannot be read at all; ``args`` are a code and its details."""


def decode(content):
    """Return the text of a file: UTF-16 with its mark, else UTF-8, else the usual encoding of spreadsheets."""
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16")
    for encoding in ENCODINGS:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return content.decode("latin-1")


def read_rows(content, delimiter=None):
    """Yield ``(line number, {column: text})`` for each line that is not empty.

    :param content: bytes of the file; its first line names the columns
    :param delimiter: default: the one that the first line has most of
    :raises FileError: ``("empty",)``, ``("no_points", header)``, ``("no_card", header)`` or ``("twice", column)``
    """
    text = decode(content)
    first = next((line for line in text.splitlines() if line.strip()), "")
    if not first:
        raise FileError("empty")
    delimiter = delimiter or max(DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    header = None
    for row in reader:
        cells = [cell.replace("\xa0", " ").strip() for cell in row]
        if not any(cells):
            continue
        if header is None:
            header = _header(cells)
            continue
        values = {name: cells[position] for name, position in header.items() if position < len(cells)}
        yield reader.line_num, values


def _header(cells):
    spellings = {spelling: column for column, names in COLUMNS.items() for spelling in names}
    header = {}
    for position, cell in enumerate(cells):
        column = spellings.get(re.sub(r"[\s_]+", " ", cell.lower()).strip())
        if column is None:
            continue
        if column in header:
            raise FileError("twice", cell)
        header[column] = position
    if "points" not in header:
        raise FileError("no_points", ", ".join(cells))
    if "card" not in header and "customer" not in header:
        raise FileError("no_card", ", ".join(cells))
    return header


def parse_points(text):
    """Return the number that ``text`` writes with a decimal point or comma, with or without thousands separators.

    >>> parse_points("1 234,50"), parse_points("1.234,5"), parse_points("1,234.5"), parse_points("-7")
    (1234.5, 1234.5, 1234.5, -7.0)

    :raises ValueError: for anything else, and for ``1,234``, which can mean two numbers
    """
    number = re.sub(r"[\s'’]", "", text)
    if not re.fullmatch(r"[+-]?[\d.,]*\d[\d.,]*", number):
        raise ValueError(text)
    comma, point = number.rfind(","), number.rfind(".")
    if comma >= 0 and point >= 0:
        decimal = "," if comma > point else "."
        thousands = "." if decimal == "," else ","
        if not re.fullmatch(rf"[+-]?\d{{1,3}}(\{thousands}\d{{3}})*\{decimal}\d*", number):
            raise ValueError(text)
        return float(number.replace(thousands, "").replace(decimal, "."))
    if number.count(",") == 1:
        if re.fullmatch(r"[+-]?[1-9]\d{0,2},\d{3}", number):
            raise ValueError(text)
        return float(number.replace(",", "."))
    for separator in ",.":
        if number.count(separator) > 1:
            if not re.fullmatch(rf"[+-]?\d{{1,3}}(\{separator}\d{{3}})+", number):
                raise ValueError(text)
            number = number.replace(separator, "")
    return float(number)


def parse_date(text, formats=()):
    """Return the date that ``text`` writes as 2026-12-31, 31.12.2026 or in one of ``formats`` (strptime).

    :raises ValueError: for anything else
    """
    for pattern in ("%Y-%m-%d", "%d.%m.%Y", "%Y%m%d", *formats):
        try:
            return datetime.datetime.strptime(text.split("T")[0].split(" 00:00")[0], pattern).date()
        except ValueError:
            continue
    raise ValueError(text)
