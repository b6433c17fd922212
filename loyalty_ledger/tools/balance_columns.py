"""Which column of a file is which: the names that shops, tills and loyalty programs give them.

Names of other languages and programs are taken apart: ``points_approved`` holds points, ``points_pending`` does not. A column
that is not known is not read, and named to the user, who can say what it is.
"""

import re
import unicodedata

from .balance_names import (
    ACTIVE,
    BALANCE,
    CARD,
    EMAIL,
    INACTIVE,
    MONEY,
    NAMES,
    NEITHER,
    NO,
    NUMBER,
    OTHER,
    OWNER,
    PHONE,
    POINTS,
    REWARDS,
    TOTALS,
    WHO,
    YES,
)


def plain(text):
    """Return a name without case, accents and signs: ``Größe (alt)`` is ``grosse alt``."""
    text = unicodedata.normalize("NFKD", text.replace("ß", "ss").replace("ł", "l")).casefold()
    text = "".join(char for char in text if not unicodedata.combining(char))
    return re.sub(r"[\W_]+", " ", re.sub(r"\([^)]*\)", " ", text)).strip()


_PLAIN_TOTALS = {plain(name) for name in TOTALS}
_PLAIN_INACTIVE = {plain(name) for name in INACTIVE}
_RANKS = {plain(name): (role, rank) for role, names in NAMES.items() for rank, name in enumerate(names)}
#: Where a word begins within ``pointsRemaining`` and ``VIPTier``.
_WORD = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def _name_of(cell):
    """Return the name of a column in words, also of one that programs write: ``CustomerID`` is ``customer id``."""
    name = plain(cell)
    return name if name in _RANKS else plain(_WORD.sub(" ", cell))


def find_roles(cells):
    """Return ``{position: role}`` for the names of the columns of a file.

    Where several columns fit a role, the better known name decides; two columns of the same name both have the role,
    and somebody has to choose. A file may have several columns of phone numbers.
    """
    names = {position: _name_of(cell) for position, cell in enumerate(cells)}
    known = {position: _RANKS[name] for position, name in names.items() if name in _RANKS}
    best = {}
    for role, rank in known.values():
        best[role] = min(rank, best.get(role, rank))
    roles = {position: role for position, (role, rank) in known.items() if role == "phone" or rank == best[role]}
    for role, seems in _SEEMS.items():
        if role not in best:
            marks = {
                position: mark for position, name in names.items() if position not in known and (mark := seems(name))
            }
            likely = [position for position, mark in marks.items() if mark == max(marks.values())]
            if len(likely) == 1:
                roles[likely[0]] = role
    return roles


def may_be_points(cells):
    """Return the positions of all columns whose names can mean a balance; the user has to say which one counts."""
    names = [_name_of(cell) for cell in cells]
    return [
        position
        for position, name in enumerate(names)
        if _RANKS.get(name, ("",))[0] == "points" or (name not in _RANKS and _seems_points(name))
    ]


def count_known(cells):
    """Return how many cells are well-known names of columns."""
    return sum(_name_of(cell) in _RANKS for cell in cells)


def _seems_points(name):
    """Return how sure a name means a balance: 3 for a balance of points, 2 for points, 1 for a balance, else 0."""
    words = set(name.removesuffix(" on card").split())
    if not words or len(words) > 5 or words & OTHER:
        return 0
    return 2 * bool(words & POINTS) + bool(
        words & BALANCE and (words & POINTS or words & {"balance", "saldo", "solde"})
    )


def _seems_card(name):
    words = set(name.split())
    return int(len(words) <= 5 and bool(words & CARD and words & NUMBER - CARD) and not words & NEITHER)


def _seems_expiry(name):
    words = set(name.split())
    return int(
        bool(
            words & POINTS
            and words & {"expire", "expires", "expiry", "expiration", "expiring"}
            and words & {"at", "on", "date"}
        )
    )


def _seems_email(name):
    words = set(name.split())
    return int(bool(words & {"email", "mail"} and words & OWNER) and words <= EMAIL | OWNER)


def _seems_phone(name):
    words = set(name.split())
    return int(bool(words & PHONE - {"number"} and words & OWNER) and words <= PHONE | OWNER)


_SEEMS = {
    "points": _seems_points,
    "card": _seems_card,
    "email": _seems_email,
    "phone": _seems_phone,
    "expiration_date": _seems_expiry,
}


#: Dates such as 31.1.25, 1/31/2025 10:00 and 31 Jan 2025.
_DATE = re.compile(r"\d{1,4}([-./])\d{1,2}\1\d{1,4}(?!\d)|\d{1,2}\W*[^\W\d_]{3,}\W*\d{2,4}(?!\d)")


def _may_be_other(cell):
    """Return whether a cell with a number may be a phone or card number or a date, not points."""
    whole = re.sub(r"[.,]\d{1,4}$", "", cell)
    return len(re.findall(r"\d", whole)) >= 7 or bool(re.match(r"0\d", cell) or _DATE.match(cell))


def find_roles_by_content(columns):
    """Return ``{position: role}`` for a file without names of columns: only what nobody can take for something else.

    Numbers of seven digits or more and what looks like a date are no balances that go without saying: the user is asked.

    :param columns: the cells of each column
    """
    filled = {position: [cell for cell in cells if cell] for position, cells in enumerate(columns)}
    emails = [position for position, cells in filled.items() if cells and all("@" in cell for cell in cells)]
    others = [position for position, cells in filled.items() if cells and position not in emails]
    if len(emails) != 1 or len(others) != 1:
        return {}
    if any(not re.search(r"\d", cell) or _may_be_other(cell.strip()) for cell in filled[others[0]]):
        return {}
    return {emails[0]: "email", others[0]: "points"}


def is_inactive(name, cell):
    """Return whether a cell says that a card or customer is not in use: ``blocked``, or ``yes`` in a column of that name."""
    name, cell = _name_of(name), cell.casefold()
    return cell in INACTIVE or (cell in YES and name in _PLAIN_INACTIVE) or (cell in NO and name in ACTIVE)


def is_header(cells):
    """Return whether a line names columns that an import can begin with: who, and how many points."""
    roles = set(find_roles(cells).values())
    return "points" in roles and not roles.isdisjoint(WHO)


def is_open(name):
    """Return whether the name of a column of points leaves open if it counts points or money."""
    name = _name_of(name)
    words = set(name.split())
    if name in _RANKS or not words & {"cash", "money", "wallet", "credit", "currency"}:
        return name in MONEY or (name not in _RANKS and bool(_seems_points(name)) and not words & POINTS - REWARDS)
    return True


def speaks_of_expiry(name):
    """Return whether the name of a column speaks of the end of something."""
    return bool(re.search(r"expir|valid|ablauf|verfall|gultig|caduc|vencim|scaden|verval|echeance", plain(name)))


def is_total(text):
    """Return whether a cell names the total of a file, not a customer or a card."""
    return plain(text) in _PLAIN_TOTALS
