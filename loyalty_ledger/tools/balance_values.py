"""What the cells of a column mean: numbers and dates whose style is decided from all cells, never from one.

``1.250`` is 1,250 beside ``12,50``, and 1.25 beside ``1,000.00``; alone it can be both, and somebody has to say so::

    read = decide_numbers(["1.250", "12,50"])
    read.style, read.example        # ("comma", None): the decimal sign is a comma
    decide_numbers(["1.250"])       # (None, "1.250"): ask
    read_number("1.250", "comma")   # 1250.0
"""

import calendar
import datetime
import functools
import re
import unicodedata
from collections import namedtuple

from babel.dates import get_month_names

#: Decimal sign of each style of numbers; the other sign may separate thousands.
DECIMAL = {"point": ".", "comma": ","}
#: Characters beyond which nothing is a number.
LONGEST_NUMBER = 30

#: ``style`` is None where the cells fit both styles, or each only one of them; ``example`` is a cell that shows it.
Reading = namedtuple("Reading", "style example")

CURRENCY = re.compile(
    r"[$€£¥₹₺₽₩]|(?<![A-Za-z])(?:USD|EUR|GBP|CHF|SEK|NOK|DKK|PLN|CZK|CAD|AUD|NZD|JPY|INR|ZAR|BRL|MXN)(?![A-Za-z])"
)
POINTS = re.compile(r"\s*(?:points?|pts?|pkt|punkte?)\.?$", re.IGNORECASE)


def is_money(text):
    """Return whether a cell names a currency beside its number."""
    return bool(CURRENCY.search(text))


def read_number(text, style):
    """Return the number that ``text`` writes in ``style`` (``point``: 1,234.5, ``comma``: 1.234,5), or None.

    >>> read_number("1.250", "comma"), read_number("1.250", "point"), read_number("(12,50 €)", "comma")
    (1250.0, 1.25, -12.5)
    """
    number = POINTS.sub("", CURRENCY.sub("", text)).strip().replace("\u2212", "-")
    if len(number) > LONGEST_NUMBER:
        return None
    number = re.sub(r"[\s\u00a0\u202f]", " ", number).replace("’", "'")
    if negative := re.fullmatch(r"\((.*)\)|(.*\d)\s*-", number):
        number = "-" + (negative[1] or negative[2]).strip()
    decimal = DECIMAL[style]
    thousands = "," if decimal == "." else "."
    grouped = rf"[1-9]\d{{0,2}}(?:(?P<sign>[ '{thousands}])\d{{3}})(?:(?P=sign)\d{{3}})*"
    if style == "point":
        grouped += r"|[1-9]\d?(?:,\d\d)+,\d{3}"  # as in India
    if not re.fullmatch(rf"[+-]?\s?(?:(?:{grouped}|\d+)(?:[{decimal}]\d*)?|[{decimal}]\d+)", number, re.ASCII):
        return None
    return float(re.sub(rf"[ '{thousands}]", "", number).replace(decimal, "."))


def decide_numbers(texts, exact=False):
    """Return the :class:`Reading` of a column of numbers; cells that are no numbers do not count.

    :param exact: the cells may be numbers of a spreadsheet, which Odoo's reader writes as ``1.125``: beside a text
        such as ``12,50`` they do not follow its style
    """
    return _decide(texts, read_number, tuple(DECIMAL), "comma" if exact else None)


def seen_style(texts):
    """Return the style of numbers of which alone some cells can be (of any columns), or None: a hint, no decision."""
    seen = {
        style
        for text in texts
        for style, other in (("point", "comma"), ("comma", "point"))
        if read_number(text, style) is not None and read_number(text, other) is None
    }
    return seen.pop() if len(seen) == 1 else None


def _decide(texts, read, styles, doubtful=None):
    votes, example = {}, None
    first, second = styles
    for text in texts:
        one, other = read(text, first), read(text, second)
        if one == other:
            continue
        if one is None or other is None:
            votes.setdefault(second if one is None else first, text)
        else:
            example = example or text
    if len(votes) > 1:
        return Reading(None, example or votes[second])
    if example and (not votes or doubtful in votes):
        return Reading(None, example)
    return Reading(next(iter(votes), first), None)


# --- dates -----------------------------------------------------------------------------------------------------------

#: Orders in which 05/06/2027 can be meant.
ORDERS = ("dmy", "mdy")
#: What systems write for "never".
NEVER = {"never", "none", "null", "n/a", "na", "-", "nie", "jamais", "nunca", "mai", "nooit"}
#: Languages whose names of months are read, where no two mean different months by the same name.
LANGUAGES = ("en", "de", "fr", "es", "it", "nl", "pt", "pl", "cs", "sv", "da", "nb", "fi", "hu", "ro", "tr", "ru", "uk")
#: Years that databases write for an empty date: 01.01.0001, 30.12.1899, 00/01/1900.
_NO_DAY = re.compile(
    r"(9999|0000|0001)\b|.*\b(9999|0000|0001)(\s|$)|1899-12-3[01]\b|3[01]\.12\.1899\b|12/3[01]/1899\b|1900-01-00\b|0?0/0?1/1900\b"
)
_TIME = re.compile(
    r"(?P<date>.*?\d)(?:[T ,]+(?P<time>\d{1,2}:\d\d(?::\d\d(?:\.\d+)?)?)\s*(?P<half>[AaPp]\.?[Mm]\.?)?"
    r"\s*(?P<zone>Z|UTC|GMT|[+-]\d\d:?\d\d)?)?$"
)


def is_never(text):
    """Return whether a cell says that points do not expire: 9999-12-31, 0000-00-00, 01.01.0001, ``never``, only signs."""
    text = text.strip().lower()
    if text and not re.search(r"\w", text):
        return True
    return text in NEVER or bool(_NO_DAY.match(text) and re.search(r"\d[-/.]", text))


@functools.cache
def _months():
    """Return ``{name: month}`` for the names and short names of months, without accents."""
    names, twice = {}, set()
    for language in LANGUAGES:
        for width in ("wide", "abbreviated"):
            for context in ("format", "stand-alone"):
                for number, name in get_month_names(width, context, language).items():
                    name = _letters(name).rstrip(".")
                    if names.setdefault(name, number) != number:
                        twice.add(name)
    names = {name: number for name, number in names.items() if name not in twice}
    # English decides for itself: its three letters are what programs write everywhere.
    return names | {name.lower(): number for number, name in enumerate(calendar.month_abbr) if name}


def _letters(text):
    text = unicodedata.normalize("NFKD", text).casefold()
    return "".join(char for char in text if not unicodedata.combining(char))


def read_date(text, order, zone=None):
    """Return the date that ``text`` writes, or None. A month without a day is its last day.

    >>> read_date("05/06/2027", "dmy"), read_date("202712", "dmy"), read_date("31.12.27", "mdy")
    (datetime.date(2027, 6, 5), datetime.date(2027, 12, 31), datetime.date(2027, 12, 31))

    :param order: ``dmy`` or ``mdy``, for dates with slashes or dashes; dots mean day, month, year everywhere
    :param zone: time zone (tzinfo) in which a moment with its own zone (``2027-06-30T22:00:00Z``) is a day
    """
    text = text.strip()
    if match := re.match(r"(\d{4})[年년]\s*(\d\d?)[月월]\s*(\d\d?)[日일]", text):
        text = "-".join(match.groups()) + text[match.end() :]
    text = re.sub(r"\s*г\.?$", "", text)  # Russian: year
    match = _TIME.match(text) if len(text) <= 40 else None
    if not match:
        return None
    try:
        day = _read_day(match["date"].strip(), order)
        # Midnight and the last minute say that only the day was meant.
        if day and match["zone"] and zone and not re.match(r"0?0:00|23:59", match["time"]):
            return _moment(day, match).astimezone(zone).date()
        return day
    except (ValueError, OverflowError):
        return None


def _moment(day, match):
    hour, minute = (int(part) for part in match["time"].split(":")[:2])
    zone = match["zone"].replace(":", "")
    offset = datetime.timedelta()
    if zone[0] in "+-":
        offset = datetime.timedelta(hours=int(zone[1:3]), minutes=int(zone[3:5])) * (-1 if zone[0] == "-" else 1)
    return datetime.datetime.combine(day, datetime.time(hour, minute), datetime.timezone(offset))


def _read_day(text, order):
    if match := re.fullmatch(r"(\d{4})([-/.]?)(\d\d?)(?:\2(\d\d?))?", text, re.ASCII):
        year, separator, month, day = match.groups()
        if not separator and len(text) not in (6, 8):
            return None
        return _day(int(year), int(month), int(day) if day else None)
    if match := re.fullmatch(r"(\d\d?)[-/.](\d{4})", text, re.ASCII):
        return _day(int(match[2]), int(match[1]), None)
    if match := re.fullmatch(r"(\d\d?)([-/.])(\d\d?)\2(\d{4}|\d\d)", text, re.ASCII):
        first, second, year = int(match[1]), int(match[3]), _year(match[4])
        if match[2] == "." or order == "dmy":
            return _day(year, second, first)
        return _day(year, first, second)
    text = _letters(text)
    if match := re.fullmatch(
        r"(\d\d?)(?:st|nd|rd|th|er)?[-\s./]+(?:de\s+)?([^\W\d_]{3,})[-\s./,]+(?:de\s+)?(\d{4}|\d\d)", text
    ):
        return _day(_year(match[3]), _month(match[2]), int(match[1]))
    if match := re.fullmatch(r"([^\W\d_]{3,})\.?\s+(\d\d?)(?:st|nd|rd|th)?,?\s+(\d{4})", text):
        return _day(int(match[3]), _month(match[1]), int(match[2]))
    return None


def _month(name):
    """Return the number of a month, 0 for what is none."""
    # Longer or shorter English names ("sept") are known by three letters, as long as no other language objects.
    english = name[:3] if any(month.casefold().startswith(name) for month in calendar.month_name if month) else ""
    return _months().get(name) or _months().get(english, 0)


def _year(text):
    return int(text) + (2000 if len(text) == 2 else 0)


def _day(year, month, day):
    if not 1900 <= year <= 2999:
        return None
    return datetime.date(year, month, day or calendar.monthrange(year, month)[1])


def decide_dates(texts):
    """Return the :class:`Reading` of a column of dates; cells that are no dates do not count."""
    return _decide((text for text in texts if not is_never(text)), read_date, ORDERS)
