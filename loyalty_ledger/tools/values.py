"""Values that a person or another system sends: which of them a database can hold and a ledger can compute with.

Forms send numbers and texts, remote clients whatever they like: ``NaN``, ``Infinity``, amounts with fourteen digits, words
where an id belongs, texts with a NUL byte. What comes in is looked at once, at the door, and refused with words.
"""

import base64
import math

#: Largest magnitudes: points as `ledger.rounding`, money a hundred times as much, whole numbers as PostgreSQL's ``integer``.
POINTS_LIMIT = 10**11
MONEY_LIMIT = 10**13
INTEGER_LIMIT = 2**31
#: Characters of a line of text: an index holds 2,700 bytes.
TEXT_LIMIT = 1000
LIMITS = {"float": POINTS_LIMIT, "monetary": MONEY_LIMIT, "integer": INTEGER_LIMIT}
TEXTS = ("char", "text", "html")


def find_fault(kind, value, limit=None):
    """Return what is wrong with a value for a field of this kind, or None.

    :param kind: type of an Odoo field; what has no limit here is right
    :param limit: what the number stays below, default by its kind
    :return: ``number`` (it is none), ``large`` (see :data:`LIMITS`), ``nul`` (a text with a NUL byte), ``long``
        (a line of text of more than :data:`TEXT_LIMIT` characters) or ``file`` (content
        that is not base64)
    """
    if kind == "binary":
        return None if _is_base64(value) else "file"
    if kind in TEXTS:
        text = _text(value)
        return "nul" if "\0" in text else "long" if kind == "char" and len(text) > TEXT_LIMIT else None
    if kind not in LIMITS or not value and isinstance(value, (int, float, type(None))):
        return None
    try:
        number = float(value)
    except (OverflowError, TypeError, ValueError):
        return "large" if isinstance(value, int) else "number"
    if math.isnan(number) or math.isinf(number):
        return "number"
    return "large" if abs(number) >= (limit or LIMITS[kind]) else None


def _is_base64(value):
    try:
        base64.b64decode(value or "")
    except (TypeError, ValueError):
        return False
    return True


def _text(value):
    """Return the text of a value; translated texts come as a dict by language."""
    if isinstance(value, (bytes, bytearray)):
        return value.decode(errors="replace")
    if isinstance(value, dict):
        return "".join(map(_text, value.values()))
    return value if isinstance(value, str) else ""


def read_id(value):
    """Return the id that a remote client sent as a number, or as text (keys of JSON objects are text).

    :return: a number that a database id can be, negative ones included (tills make them up), or None
    """
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        return None
    try:
        number = int(value)
    except ValueError:
        return None
    return number if abs(number) < INTEGER_LIMIT else None


def read_text(value):
    """Return the text that a remote client sent, without surrounding blanks; what no text can be is empty."""
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        return ""
    return str(value).replace("\0", "").strip()
