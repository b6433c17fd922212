"""The figures and charts of the dashboard, in words of the reader."""

from odoo import fields, models
from odoo.tools.misc import format_date

from ..tools import periods
from ..tools.words import in_order

#: Customers in the chart of the best ones, and points of a sparkline.
BEST_SHOWN = 5
#: A change of more percent than this says only that there was hardly anything before.
MOST_CHANGE = 999


def _change(now, before):
    """Return by how many percent something changed; None where that says nothing."""
    change = round((now - before) / before * 100) if before > 0 else None
    return change if change is not None and abs(change) <= MOST_CHANGE else None


class LoyaltyDashboard(models.AbstractModel):
    _inherit = "loyalty.dashboard"

    def _figure(self, key, label, text, **more):
        """Return a figure: ``key`` opens its lines."""
        return {"key": key, "label": label, "text": text, "sub": "", "change": None, "good": None, "help": "", **more}

    def _compared(self, scope, key, label, found, **more):
        """Return a figure of points that moved in the period, with the year before.

        What left the cards is shown as a positive number. Less than nothing is possible: more was returned than sold.
        """
        sign = 1 if key == "issued" else -1
        points = {program: sign * values["period"] for program, values in found.items()}
        now = scope.amount(points, scope.date_to)
        before = scope.amount({program: sign * values["before"] for program, values in found.items()}, scope.before_to)
        sub = self.env._("%s a year before", scope.say(before))
        if scope.program in scope.valued and scope.program:
            more["money"] = scope.say_money(scope.money(points, scope.date_to))
        return self._figure(
            key,
            label,
            scope.say(now),
            sub=sub,
            change=_change(now, before),
            **more,
        )

    def _moved(self, flows, movement):
        return {program: found[movement] for program, found in flows.items() if movement in found}

    def _hero(self, scope, flows):
        """Return the large figures at the top with their lines of twelve months. Override to put others first."""
        outstanding = self._outstanding(scope, flows)
        in_money = not scope.program or scope.program in scope.valued
        say = scope.say_money if in_money else scope.say
        amount = scope.money if in_money else scope.amount
        dates = [min(periods.month_end(month), scope.today) for month in scope.months]
        values = [
            amount({program: points[number] for program, points in outstanding.items()}, date)
            for number, date in enumerate(dates)
        ]
        sub = scope.say(outstanding[scope.program][-1]) if scope.program and in_money else ""
        label = self.env._("Points that customers hold") if in_money else self.env._("Outstanding")
        return {
            "labels": self._month_labels(scope),
            "figures": [
                self._figure(
                    "outstanding",
                    label,
                    say(values[-1]),
                    sub=sub,
                    help=self.env._("At what they are worth when customers redeem them.") if in_money else "",
                    values=values,
                    texts=[say(value) for value in values],
                )
            ],
        }

    def _month_labels(self, scope):
        return [format_date(self.env, month, date_format="MMM yy") for month in scope.months]

    def _figures(self, scope, flows, cards):
        """Return the smaller figures."""
        env = self.env
        issued, redeemed, expired = (self._moved(flows, name) for name in ("issued", "redeemed", "expired"))
        given = scope.amount({program: max(found["year"], 0.0) for program, found in issued.items()}, scope.today)
        used = scope.amount({program: max(-found["year"], 0.0) for program, found in redeemed.items()}, scope.today)
        soon, later = (
            {program: cards[program.id]["expiring"][number] for program in scope.programs} for number in (0, 1)
        )
        joined, joined_before = (
            sum(
                count
                for program in scope.joinable
                for day, count in cards[program.id]["joined"].items()
                if first <= fields.Date.to_date(day) <= last
            )
            for first, last in ((scope.date_from, scope.date_to), (scope.before_from, scope.before_to))
        )
        members = sum(cards[program.id]["members"] for program in scope.joinable)
        active = sum(cards[program.id]["active"] for program in scope.joinable)
        return [
            self._compared(scope, "issued", env._("Issued"), issued, good="up"),
            self._compared(scope, "redeemed", env._("Redeemed"), redeemed, good="up"),
            self._compared(scope, "expired", env._("Expired"), expired, good="down"),
            self._figure(
                "rate",
                env._("Redemption rate"),
                in_order(env, f"{round(used / given * 100)}%") if given else "–",
                sub=env._("of what was issued in 12 months"),
                ratio=min(round(used / given * 100), 100) if given else 0,
            ),
            self._figure(
                "expiring_30", env._("Expire within 30 days"), scope.say(scope.amount(soon, scope.today)), good="down"
            ),
            self._figure(
                "expiring_90", env._("Expire within 90 days"), scope.say(scope.amount(later, scope.today)), good="down"
            ),
            self._figure(
                "active",
                env._("Active members"),
                scope.say_count(active),
                sub=env._("of %s, used in 12 months", scope.say_count(members)),
                ratio=round(active / members * 100) if members else 0,
            ),
            self._figure(
                "joined",
                env._("New members"),
                scope.say_count(joined),
                sub=env._("%s a year before", scope.say_count(joined_before)),
                change=_change(joined, joined_before),
                good="up",
            ),
        ]

    def _charts(self, scope, flows, cards):
        """Return the charts below the figures."""
        labels = self._month_labels(scope)
        series = []
        for name, label in (
            ("issued", self.env._("Issued")),
            ("redeemed", self.env._("Redeemed")),
            ("expired", self.env._("Expired")),
        ):
            moved = self._moved(flows, name)
            sign = 1 if name == "issued" else -1
            values = [
                scope.amount({program: sign * found["months"].get(month, 0.0) for program, found in moved.items()}, end)
                for month in scope.months
                for end in [min(periods.month_end(month), scope.today)]
            ]
            series.append({"key": name, "label": label, "values": values, "texts": [scope.say(v) for v in values]})
        return {
            "flows": {
                "labels": labels,
                "months": [month.isoformat() for month in scope.months],
                "series": series,
                "is_empty": not any(any(one["values"]) for one in series),
            },
            "levels": self._levels(scope, cards),
            "best": self._best(scope, cards),
        }

    def _levels(self, scope, cards):
        """Return the level pyramid of the program, or of the one with the most members that has levels."""
        program = scope.program or max(
            (program for program in scope.programs if len(program.level_ids) > 1),
            key=lambda program: cards[program.id]["members"],
            default=scope.programs[:0],
        )
        if not program or not program.level_ids:
            return False
        counts = dict(cards[program.id]["levels"])
        levels = program.level_ids.sorted("min_points", reverse=True)
        return {
            "program": program.name,
            "ids": levels.ids,
            "labels": levels.mapped("name"),
            "values": [counts.get(level.id, 0) for level in levels],
            "texts": [scope.say_count(counts.get(level.id, 0)) for level in levels],
        }

    def _best(self, scope, cards):
        """Return the customers with the most points ever earned, in money where there are several programs."""
        totals = {}
        for program in scope.joinable:
            for partner_id, points in cards[program.id]["best"]:
                totals.setdefault(partner_id, {})[program] = points
        amounts = {partner_id: scope.amount(points, scope.today) for partner_id, points in totals.items()}
        best = sorted((item for item in amounts.items() if item[1] > 0), key=lambda item: (-item[1], item[0]))
        partners = self.env["res.partner"].browse([partner_id for partner_id, __ in best]).exists()
        shown = partners._filtered_access("read")[:BEST_SHOWN]
        return {
            "ids": shown.ids,
            "labels": [partner.name or partner.display_name for partner in shown],
            "values": [amounts[partner.id] for partner in shown],
            "texts": [scope.say(amounts[partner.id]) for partner in shown],
        }

    def _programs(self, scope, flows, cards):
        """Return a card for each program."""
        outstanding = self._outstanding(scope, flows)
        holds = dict(
            self.env["loyalty.hold"]
            .sudo()
            ._read_group(
                [("program_id", "in", scope.programs.ids), ("is_active", "=", True)], ["program_id"], ["points:sum"]
            )
        )
        types = dict(self.env["loyalty.program"]._fields["program_type"]._description_selection(self.env))
        labels, result = self._month_labels(scope), []
        for program in scope.programs.sorted(lambda program: not flows[program]):  # what is in use comes first
            points = outstanding[program][-1]
            is_points = program.program_type == "loyalty"
            value = scope.point_value(program, scope.today)
            reserved, owed = holds.get(program, 0.0), cards[program.id]["owed"]
            result.append(
                {
                    "id": program.id,
                    "name": program.name,
                    "type": types.get(program.program_type, ""),
                    "active": program.active,
                    "cards": scope.say_count(cards[program.id]["members"]),
                    "outstanding": scope.say_points(program, points),
                    "worth": scope.say_money(scope.currency.round(points * value)) if is_points and value else "",
                    "reserved": scope.say_points(program, reserved) if reserved else "",
                    "owed": scope.say_points(program, owed) if owed else "",
                    "review": program.open_exception_count,
                    "values": outstanding[program],
                    "labels": labels,
                    # A sparkline says only where it ends.
                    "texts": [""] * (len(labels) - 1) + [scope.say_points(program, points)],
                }
            )
        return result
