"""Rows for SQL statements: array literals carry whole columns, for one row as for a million."""

from odoo.tools import SQL

#: Rows up to which PostgreSQL plans and reads single values faster than arrays.
FEW = 8


def numbers(values):
    """Return the literal of an array of integers, or of anything that prints without special characters.

    ``None`` becomes NULL. Dates and numerics print safely too.
    """
    return "{" + ",".join(["NULL" if value is None else str(value) for value in values]) + "}"


def units(values):
    """Return the literal of a ``numeric[]`` from ten-thousandths of a point."""
    return "{" + ",".join([f"{value}e-4" for value in values]) + "}"


def texts(values):
    """Return the literal of a ``text[]``; ``None`` and empty strings become NULL."""
    return (
        "{"
        + ",".join(
            ['"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' if value else "NULL" for value in values]
        )
        + "}"
    )


def table(alias, **columns):
    """Return an item of a FROM clause with the given columns.

    :param columns: pairs of PostgreSQL type and values; amounts (``numeric``) in ten-thousandths of a point
    """
    if not _are_few(columns):
        return SQL("%s AS %s", _unnest(columns), _name(alias, columns))
    types = [f"::{type_}" for type_, __ in columns.values()]
    return SQL("(%s) AS %s", _values(columns, types), _name(alias, columns))


def rows(**columns):
    """Return a query for the rows of an INSERT, whose columns give the types; otherwise as :func:`table`."""
    if not _are_few(columns):
        return SQL("SELECT * FROM %s", _unnest(columns))
    return _values(columns, [""] * len(columns))


def _are_few(columns):
    return 0 < max((len(values) for __, values in columns.values()), default=0) <= FEW


def _name(alias, columns):
    return SQL(f"{alias}({', '.join(columns)})")


def _unnest(columns):
    code = ", ".join([f"%s::{type_}[]" for type_, __ in columns.values()])
    return SQL(f"unnest({code})", *[_LITERALS.get(type_, numbers)(values) for type_, values in columns.values()])


def _values(columns, casts):
    parameters = []
    for type_, values in columns.values():
        if type_ == "numeric":
            values = [f"{value}e-4" for value in values]
        elif type_ == "text":
            values = [value or None for value in values]
        parameters.append(values)
    lines = list(zip(*parameters))
    code = ", ".join([f"%s{cast}" for cast in casts])
    return SQL("VALUES " + ", ".join([f"({code})"] * len(lines)), *[value for line in lines for value in line])


_LITERALS = {"numeric": units, "text": texts}
