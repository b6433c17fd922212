"""What comes back at the till. Plain arithmetic, without the ORM."""

from odoo.addons.loyalty_ledger.ledger.rounding import UNIT, next_part, to_units


def points_share(points, before, part, whole):
    """Return the points that come back for ``part`` of ``whole`` after ``before`` of it came back earlier (N4).

    Cumulative rounding: all parts together make ``points``. Whole points, if whole points were taken (C21).
    """
    unit = 1.0 if to_units(points) % UNIT == 0 else 1.0 / UNIT
    return next_part(points, before, part, whole, unit)
