"""PostgreSQL array literals: one parameter carries a whole column, for one row as for a million."""


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
