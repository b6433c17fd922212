"""The disclosures of deferred revenue as sheets of a workbook."""

from decimal import Decimal

from odoo import fields

#: Lines of the roll-forward, in their order.
ROLLFORWARD = (
    "opening",
    "allocated",
    "recognised_opening",
    "recognised_current",
    "breakage",
    "re_estimate",
    "returns",
    "transition",
    "closing",
)


def total_of(result):
    """Return these disclosures (:meth:`loyalty.program._deferral_disclosure`), and with several their total, which has no
    ``program``."""
    if len(result) < 2:
        return result
    months = sorted({month for data in result for month, __ in data["outlook"]})
    total = {
        "program": result[0]["program"].browse(),
        "rollforward": {name: sum((data["rollforward"][name] for data in result), Decimal(0)) for name in ROLLFORWARD},
        "outlook": [
            (month, sum((dict(data["outlook"]).get(month, Decimal(0)) for data in result), Decimal(0)))
            for month in months
        ],
        "sensitivity": [
            (rows[0][0], sum((row[1] for row in rows), Decimal(0)), sum((row[2] for row in rows), Decimal(0)))
            for rows in zip(*(data["sensitivity"] for data in result))
        ],
        "rate": None,
        "currency": result[0]["currency"],
        "stopped": any(data["stopped"] for data in result),
        **{name: sum((data[name] for data in result), Decimal(0)) for name in ("current", "non_current", "unposted")},
    }
    return [*result, total]


def add_sheets(record, book, formats, found, period):
    """Add three sheets with disclosures to a workbook.

    :param record: any record of the company, for language and currency
    :param found: what :func:`total_of` returned
    """
    _ = record.env._
    currency, labels = record.currency_id.name, record.env["loyalty.program"]._rollforward_labels()

    def sheet(title, columns):
        page = book.add_worksheet(title[:31])
        page.write(0, 0, f"{record.company_id.name}: {title}", formats["title"])
        page.write(1, 0, period)
        for number, (label, width) in enumerate(columns):
            page.set_column(number, number, width)
            page.write(3, number, label, formats["head"])
        page.freeze_panes(4, 0)
        return page

    amount, program = (_("Amount (%s)", currency), 18), (_("Program"), 28)
    page, row = sheet(_("Deferred Revenue"), [program, (_("Line"), 44), amount]), 4
    for data in found:
        for name in ROLLFORWARD:
            page.write(row, 0, data["program"].name or _("All programs"))
            page.write(row, 1, labels[name])
            style = "total" if name in ("opening", "closing") else "money"
            page.write_number(row, 2, float(data["rollforward"][name]), formats[style])
            row += 1
        row += 1
    page, row = sheet(_("Expected Revenue"), [program, (_("Month"), 16), amount]), 4
    for data in found:
        name = data["program"].name or _("All programs")
        for month, value in data["outlook"]:
            page.write(row, 0, name)
            page.write_datetime(row, 1, fields.Datetime.to_datetime(month), formats["month"])
            page.write_number(row, 2, float(value), formats["money"])
            row += 1
        for label, key in ((_("Current"), "current"), (_("Non-current"), "non_current"), (_("Closing balance"), None)):
            value = data[key] if key else data["current"] + data["non_current"]
            page.write(row, 0, name)
            page.write(row, 1, label)
            page.write_number(row, 2, float(value), formats["total"])
            row += 1
        row += 1
    columns = [
        program,
        (_("Expected Redemption"), 24),
        (_("Deferred (%s)", currency), 18),
        (_("Change (%s)", currency), 18),
    ]
    _fill_sensitivity(record, sheet(_("Sensitivity"), columns), formats, found)


def _fill_sensitivity(record, page, formats, found):
    program, row = record.env["loyalty.program"], 4
    for data in found:
        for shift, value, change in data["sensitivity"]:
            page.write(row, 0, data["program"].name or record.env._("All programs"))
            page.write(row, 1, program._sensitivity_label(shift))
            page.write_number(row, 2, float(value), formats["money"])
            page.write_number(row, 3, float(change), formats["money"])
            row += 1
        for note in program._sensitivity_notes(data):
            page.write(row, 1, note)
            row += 1
        row += 1
