"""What a document has earned on its frozen terms, less what was posted for it before."""

from odoo import api, models
from odoo.tools import SQL

from ..earning.basket import Line, Rule, earn
from ..ledger.rounding import to_points, to_units
from ..ledger.usability import EARN


class LoyaltyEarning(models.Model):
    _inherit = "loyalty.earning"

    def _evaluate(self, claim):
        """Return what the document earns on its frozen terms (:class:`earning.basket.Result`)."""
        self.ensure_one()
        if not claim.active:
            return earn([], [])
        if self.blocked:
            result = earn([], [])
            result.steps.append({"step": "blocked", "reason": self.blocked})
            return result
        terms = self.terms
        rules = [
            Rule(
                rule["mode"],
                rule["rate"],
                rule["minimum_quantity"],
                rule["minimum_amount"],
                rule["minimum_tax"],
                name=rule["name"],
            )
            for rule in terms["rules"]
        ]
        result = earn(
            rules,
            self._lines(claim.lines),
            self._lines(claim.returned),
            claim.settlement,
            multiplier=self.multiplier,
            basis=self.earning_basis,
            rounding=self.earning_rounding,
        )
        result.steps[:0] = self._excluded_step(claim)
        return result

    def _lines(self, lines):
        products, rate, rounded = self.terms["products"], self.currency_rate, self.currency_id.round
        return [
            Line(
                line.quantity,
                line.untaxed if rate == 1 else rounded(line.untaxed * rate),
                line.total if rate == 1 else rounded(line.total * rate),
                products[str(line.product_id)],
                line.deposit,
            )
            for line in lines
        ]

    def _excluded_step(self, claim):
        """Name the lines that no rule counts (C13)."""
        products = self.terms["products"]
        lines = [line for line in claim.lines if not products[str(line.product_id)]]
        if not lines:
            return []
        amount = sum(line.untaxed if self.earning_basis == "untaxed" else line.total for line in lines)
        names = list(dict.fromkeys(line.product_id for line in lines if line.product_id))
        return [{"step": "excluded", "amount": self.currency_id.round(amount * self.currency_rate), "products": names}]

    @api.model
    def _post_differences(self, sync, first=()):
        """Post target minus posted of each earning, all through one call of the gateway.

        :param sync: list of ``(earning, claim, result)``
        :param first: movements that go before
        :return: dict earning -> values that say what was posted, and why
        """
        ops, owners = [*first], [None] * len(first)
        changed = self.browse().union(
            *(e for e, __, result in sync if e.revision and result.points != to_units(e.points))
        )
        entries, net = changed._own_entries(), {}
        for earning, claim, result in sync:
            difference = result.points - to_units(earning.points)
            if difference > 0 and (reason := earning._unusable_reason(claim)):
                result.steps.append({"step": "card", "reason": reason})
                result.points = result.earnable = to_units(earning.points)
                continue
            own = entries.get(earning.id, ())
            net[earning] = quiet = earning._without_movement(difference, own)
            new = earning._prepare_ops(claim, difference - quiet, own)
            ops += new
            owners += [earning] * len(new)
        posted = self.env["loyalty.card"]._post_entries(ops) if ops else ()
        for op, earning, entry in zip(ops, owners, posted):
            if earning is None:
                continue
            # What is earned is posted as it is; of what is taken back a part can be waived.
            earned = op["kind"] == "earn"
            change = to_units(op["points"]) if earned else to_units(entry.points) - to_units(entry.waived_points)
            net[earning] = net.get(earning, 0) + change
        return {earning: earning._note(claim, result, net.get(earning, 0)) for earning, claim, result in sync}

    def _without_movement(self, difference, entries):
        """Return the part of a difference in ten-thousandths that moves no points, with the sign of the difference.

        A return does not take back what had expired or been waived. When it is undone these points are still gone, so
        they do not come back either; and a later return of the same goods finds no transaction that gave them.

        :param entries: what :meth:`_own_entries` says of this earning
        """
        left = sum(entry["left"] for entry in entries)
        restored = max(0, to_units(self.points) - left) if entries else 0
        if difference > 0:
            cards = (self.card_id | self.card_id.points_to_id).ids  # on another card they are fresh ones
            waived = sum(entry["waived"] for entry in entries if entry["card_id"] in cards)
            return min(difference, max(0, waived - restored))
        return min(0, difference + left) if restored else 0

    def _prepare_ops(self, claim, difference, entries):
        """Return the movements of a difference in ten-thousandths: an earning, or reversals of earlier ones.

        What is taken back comes from the latest earning first, so that its own lot gives it.
        """
        document = claim.document
        key = f"earn:{document[0]}:{document[1]}:{self.program_id.id}:{self.revision}"
        if difference > 0:
            return [
                {
                    "card_id": self.card_id.id,
                    "kind": "earn",
                    "points": to_points(difference),
                    "key": key,
                    "document": document,
                    "effective_date": claim.earned_on,
                }
            ]
        ops, left = [], -difference
        for entry in entries:
            part = min(left, entry["left"])
            if part <= 0:
                continue
            left -= part
            ops.append(
                {
                    "card_id": entry["card_id"],
                    "kind": "reversal",
                    "points": -to_points(part),
                    "key": f"{key}:{entry['id']}",
                    "reversed_entry_id": entry["id"],
                    "document": document,
                    "effective_date": self._taken_back_on(claim),
                }
            )
        return ops

    def _taken_back_on(self, claim):
        """A return takes points back on its own day; whatever undoes a payment or the document, today."""
        if claim.active and claim.returned_on and claim.settlement.settled:
            return claim.returned_on
        return None

    def _unusable_reason(self, claim):
        """Say why the card cannot earn on that day, or return False."""
        return self.card_id._unusable_reason(claim.earned_on, EARN)

    def _own_entries(self):
        """Return ``{earning id: [{"id", "card_id", "left", "waived"}]}``: earned entries, latest first; what of them is not
        taken back yet, and what returns left out."""
        if not self.ids:
            return {}
        rows = self.env.execute_query_dict(
            SQL(
                """
                SELECT g.id AS earning_id, e.id, e.card_id,
                       ((e.points - COALESCE(sum(abs(r.points) + r.waived_points), 0)) * 10000)::bigint AS left,
                       (COALESCE(sum(r.waived_points), 0) * 10000)::bigint AS waived
                  FROM loyalty_earning g
                  JOIN loyalty_ledger_entry e ON e.res_id = g.res_id AND e.res_model = g.res_model
                   AND e.program_id = g.program_id AND e.kind = 'earn'
                  LEFT JOIN loyalty_ledger_entry r ON r.reversed_entry_id = e.id
                 WHERE g.id = ANY(%s)
                 GROUP BY g.id, e.id
                 ORDER BY g.id, e.id DESC
                """,
                self.ids,
            )
        )
        found = {}
        for row in rows:
            found.setdefault(row.pop("earning_id"), []).append(row)
        return found

    def _note(self, claim, result, change):
        """Return what to remember: what was posted, and why."""
        points = to_units(self.points) + change
        values = {
            "state": self._next_state(claim, result, points),
            "earnable_points": to_points(result.earnable),
            "points": to_points(points),
            "share": result.share,
            "steps": result.steps,
        }
        if change:
            values["revision"] = self.revision + 1
        return values

    def _write_changes(self, values):
        changed = {name: value for name, value in values.items() if self[name] != value}
        if changed:
            self.write(changed)

    def _next_state(self, claim, result, points):
        if not claim.active:
            return "withdrawn"
        if points:
            return "earned"
        if self.blocked or not result.earnable:
            return "withdrawn" if self.revision else "nothing"
        return "waiting"
