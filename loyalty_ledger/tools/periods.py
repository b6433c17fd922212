"""Periods that people compare: this month and the same days of last year.

>>> from datetime import date
>>> period_of("month", date(2026, 3, 15))
(datetime.date(2026, 3, 1), datetime.date(2026, 3, 15))
>>> year_before(date(2024, 2, 1), date(2024, 2, 29))
(datetime.date(2023, 2, 1), datetime.date(2023, 2, 28))
>>> year_before(date(2025, 2, 1), date(2025, 2, 28))
(datetime.date(2024, 2, 1), datetime.date(2024, 2, 29))
>>> months_until(date(2026, 3, 15), 3)
[datetime.date(2026, 1, 1), datetime.date(2026, 2, 1), datetime.date(2026, 3, 1)]
"""

from dateutil.relativedelta import relativedelta

#: The periods, the default first.
PERIODS = ("month", "last_month", "quarter", "year", "last_12_months")


def period_of(name, today):
    """Return ``(first day, last day)``; a period that is not over ends today."""
    first = today.replace(day=1)
    if name == "last_month":
        return first - relativedelta(months=1), first - relativedelta(days=1)
    if name == "quarter":
        return first.replace(month=(today.month - 1) // 3 * 3 + 1), today
    if name == "year":
        return first.replace(month=1), today
    if name == "last_12_months":
        return today - relativedelta(years=1) + relativedelta(days=1), today
    return first, today


def year_before(first, last):
    """Return the same days a year before; of whole months, whole months."""
    is_whole = (last + relativedelta(days=1)).day == 1
    before = last - relativedelta(years=1)
    return first - relativedelta(years=1), before + relativedelta(day=31) if is_whole else before


def month_end(first):
    """Return the last day of the month that begins on ``first``."""
    return first + relativedelta(months=1, days=-1)


def months_until(today, count):
    """Return the first days of the last ``count`` months, the current one last."""
    first = today.replace(day=1)
    return [first - relativedelta(months=number) for number in range(count - 1, -1, -1)]
