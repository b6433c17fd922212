"""The statement of a card: what was there, what happened in a period, and what is left."""

from collections import defaultdict
from typing import NamedTuple

from odoo import models
from odoo.tools import format_amount, format_date

from ..ledger.gateway import Gateway
from ..ledger.rounding import to_points, to_units
from ..tools.today import loyalty_today
from ..tools.words import in_order, say_named_points, say_points

#: Rows of the summary between opening and closing balance, in this order.
MOVEMENTS = ("earned", "redeemed", "expired", "transferred", "adjusted")
#: The row that a kind of transaction is in; what counts as redeemed is in that row whatever its kind.
ROWS = {"earn": "earned", "reversal": "earned", "external": "earned", "expire": "expired", "transfer": "transferred"}


class StatementLine(NamedTuple):
    """One line of a detailed statement; points and balance in ten-thousandths."""

    date: object
    kind: str
    row: str
    points: int
    reason: str
    document: str


class Statement(NamedTuple):
    """Balances and movements of a card from one day to another, points in ten-thousandths.

    ``opening`` + the sum of ``totals`` (by row of the summary) = ``closing``.
    """

    opening: int
    totals: dict
    closing: int
    lines: list


class LoyaltyCard(models.Model):
    _inherit = "loyalty.card"

    def _statements(self, date_from, date_to):
        """Return ``{card: Statement}`` of these cards (S25, bH10), by business date.

        Points past their date are expired for the customer whether or not the nightly job has written them off (P11):
        a statement is the same before and after the job. Transactions are read with the rights of the reader.
        """
        domain = [("card_id", "in", self.ids), ("effective_date", "<=", date_to)]
        openings = defaultdict(int)
        Entry = self.env["loyalty.ledger.entry"]
        before = [*domain, ("effective_date", "<", date_from)]
        for card, points in Entry._read_group(before, ["card_id"], ["points:sum"]):
            openings[card.id] = to_units(points)
        lines = defaultdict(list)
        for entry in Entry.search([*domain, ("effective_date", ">=", date_from)], order="effective_date, id"):
            if entry.points or entry.kind == "redate":
                lines[entry.card_id.id].append(entry._statement_line())
        for card_id, day, units in self._unwritten_expiries():
            if day < date_from:
                openings[card_id] += units
            elif day <= date_to:
                lines[card_id].append(StatementLine(day, "expire", "expired", units, "", ""))
        return {card: card._statement(openings[card.id], lines[card.id]) for card in self}

    def _statement(self, opening, lines):
        totals = dict.fromkeys(MOVEMENTS, 0)
        for line in lines:
            totals[line.row] += line.points
        lines = sorted(lines, key=lambda line: line.date)
        return Statement(opening, totals, opening + sum(totals.values()), lines)

    def _unwritten_expiries(self):
        """Return ``(card id, day, units)`` of each expiry that the nightly job would write now."""
        self.env["loyalty.card"].flush_model()
        gateway = Gateway(self.env)
        states = gateway.load(set(self.ids), lock=False)
        for card_id in self.ids:
            if card_id in states:
                states[card_id].refresh(gateway.today(states[card_id]), gateway.plan)
        return [(entry.card.id, entry.date, entry.points) for entry in gateway.plan.entries if entry.kind == "expire"]

    def _next_expiries(self):
        """Return ``{card id: (day, points)}``: the next day after which points expire, and how many do then."""
        groups = (
            self.env["loyalty.lot.report"]
            .sudo()  # readers of the cards may have no access to lots; the cards were read with their rights
            ._read_group(
                [("card_id", "in", self.ids), ("state", "!=", "lapsed"), ("expiration_date", "!=", False)],
                ["card_id", "expiration_date:day"],
                ["expiration_date:min", "remaining:sum"],
                order="expiration_date:day",
            )
        )
        expiries = {}
        for card, __, day, points in groups:
            expiries.setdefault(card.id, (day, points))
        return expiries

    # --- in words ------------------------------------------------------------------------------------------------

    def _has_money_points(self):
        """Return whether points are money: on gift cards and eWallets, or with the currency's symbol as their name."""
        self.ensure_one()
        currency = self.program_id.currency_id
        return bool(currency) and (self.program_type != "loyalty" or self.point_name == currency.symbol)

    def _say_number(self, points, signed=False):
        """Return points as customers read them, without their name."""
        self.ensure_one()
        if not self._has_money_points():
            return say_points(self.env, points, signed=signed)
        text = format_amount(self.env, points, self.program_id.currency_id)
        return in_order(self.env, f"+{text}" if signed and points > 0 else text)

    def _say_points(self, points, signed=False):
        """Return points as customers read them, with their name (bP9)."""
        self.ensure_one()
        if self._has_money_points() or signed:
            number = self._say_number(points, signed=signed)
            return number if self._has_money_points() else f"{number} {self.point_name or self.env._('points')}"
        return say_named_points(self.env, points, self.point_name)

    def _statement_values(self, date_from, date_to):
        """Return what templates print for each card: ``{card: dict}`` with rows and lines in the reader's language."""
        _ = self.env._
        names = {
            "earned": _("Earned"),
            "redeemed": _("Redeemed"),
            "expired": _("Expired"),
            "transferred": _("Transferred"),
            "adjusted": _("Granted and adjusted"),
        }
        kinds = dict(self.env["loyalty.ledger.entry"]._fields["kind"]._description_selection(self.env))
        result = {}
        expiries = self._next_expiries()
        for card, statement in self._statements(date_from, date_to).items():
            balance, lines = statement.opening, []
            for line in statement.lines:
                balance += line.points
                lines.append(
                    {
                        "date": format_date(self.env, line.date),
                        "name": kinds[line.kind],
                        "reason": line.reason,
                        "document": line.document,
                        "points": card._say_number(to_points(line.points), signed=True) if line.points else "",
                        "balance": card._say_number(to_points(balance)),
                    }
                )
            day, points = expiries.get(card.id, (None, 0))
            next_expiry = day and {"points": card._say_number(points), "date": format_date(self.env, day)}
            result[card] = {
                "opening": card._say_number(to_points(statement.opening)),
                "closing": card._say_number(to_points(statement.closing)),
                "rows": [
                    (names[row], card._say_number(to_points(units), signed=True))
                    for row, units in statement.totals.items()
                    if units or row in ("earned", "redeemed")
                ],
                "lines": lines,
                "has_documents": any(line["document"] for line in lines),
                "notice": card._unusable_reason() or "",
                "unit": "" if card._has_money_points() else card.point_name or _("Points"),
                "today": format_date(self.env, loyalty_today(self.env, card.company_id)),
                "available": card._say_number(card.available_points),
                "reserved": card.reserved_points and card._say_number(card.reserved_points),
                "pending": card.pending_points and card._say_number(card.pending_points),
                "owed": card.debt_points and card._say_number(card.debt_points),
                "next_expiry": next_expiry and _("%(points)s on %(date)s", **next_expiry),
                # On paper each has a line of its own: from right to left the two would read as one number.
                "next_expiry_parts": next_expiry,
                "from": format_date(self.env, date_from),
                "to": format_date(self.env, date_to),
            }
        return result

    # --- buttons -------------------------------------------------------------------------------------------------

    def action_print_statement(self):
        """Ask for the period of a statement of these cards."""
        return self.env["loyalty.statement"]._open(self)
