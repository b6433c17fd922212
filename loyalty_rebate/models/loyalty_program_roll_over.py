"""Roll-over: credits of a period reach the cards, once, in batches, through the gateway."""

from collections import defaultdict

from odoo import models
from odoo.exceptions import UserError
from odoo.tools import SQL, split_every
from odoo.tools.json import scriptsafe as json

from odoo.addons.loyalty_ledger.ledger import arrays
from odoo.addons.loyalty_ledger.ledger.rounding import as_points
from odoo.addons.loyalty_ledger.tools.sql_files import read_sql

from ..tools.credits import in_units

PERIOD_LINES = read_sql(__file__, "period_lines")
#: Customers that are posted together.
BATCH = 20_000


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    def _periods_ending(self, date_from, date_to):
        """Return ``[(first day, last day)]`` of the periods whose last day lies between two days."""
        found, (start, end) = [], self._period_bounds(date_from)
        while end <= date_to:
            found.append((start, end))
            start, end = self._period_bounds(self._next_day(end))
        return found

    def _roll_over(self, day, batches=None):
        """Post the credits of the period of ``day``: target minus posted, on the terms that the period began with.

        Each batch is complete, so that what was interrupted goes on behind the last one, and a second run posts nothing.

        :param batches: how many batches at most, default all
        :return: ``(customers that are left, points posted)``
        """
        left, points, __ = self._roll_over_after(day, 0, batches)
        return left, points

    def _roll_over_after(self, day, last_id, batches=None):
        """Roll over the customers behind ``last_id``, as :meth:`_roll_over` does.

        Where unused credits lapse, that comes first, in batches of its own.

        :param last_id: id of the last card, as long as credits lapse
        :return: ``(how many are left, points posted, id of the last customer, or card, that was looked at)``
        """
        self.ensure_one()
        program = self.sudo()  # the close checked the right to run; the ledger writes
        period = program._open_period(*program._period_bounds(day))
        start, end = period.date_from, period.date_to
        if program._must_lapse(period):
            left, last_id = program._lapse_unused(period, last_id, batches)
            if left:
                return left, 0.0, last_id
        by_partner = defaultdict(list)
        for row in program._period_sales(day):
            if row["partner_id"] > last_id:
                by_partner[row["partner_id"]].append({**row, "period_id": row["period_id"] or period.id})
        points, done = 0.0, 0
        for number, ids in enumerate(split_every(BATCH, list(by_partner), list)):
            if batches is not None and number >= batches:
                break
            points += program._post_credits({partner_id: by_partner[partner_id] for partner_id in ids}, start, end)
            done += len(ids)
            last_id = ids[-1]
        return len(by_partner) - done, as_points(points), last_id

    def _open_period(self, start, end):
        """Return the period, made when its roll-over begins, with what counts in it."""
        later = self._last_period()
        if later and later.date_from > start:
            raise UserError(
                self.env._(
                    "%(program)s is rolled over until %(last)s already. What changed in %(period)s since is part of the next "
                    "roll-over.",
                    program=self.name,
                    last=later.display_name,
                    period=self._name_period(start),
                )
            )
        periods = self.env["loyalty.period"]
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO loyalty_period (program_id, company_id, date_from, date_to, is_lapsed, create_uid, create_date)
                VALUES (%s, %s, %s, %s, %s, %s, now() AT TIME ZONE 'UTC') ON CONFLICT (program_id, date_from) DO NOTHING
                RETURNING id
                """,
                self.id,
                self.company_id.id,
                start,
                end,
                not self._lapses_unused(),
                self.env.uid,
            )
        )
        row = self.env.cr.fetchone()
        periods.invalidate_model(flush=False)
        if row:
            self._freeze_marks(periods.browse(row[0]))
        return periods.search([("program_id", "=", self.id), ("date_from", "=", start)])

    # --- unused credits ------------------------------------------------------------------------------------------

    def _lapses_unused(self):
        """Return whether unused credits lapse, as the program is set now."""
        return self.unused_credits == "zero" and self.settlement == "payment"

    def _must_lapse(self, period):
        """Return whether unused credits are still to lapse in this period: as it began, and as the program is set now.

        Periods from before this was noted (NULL) are over.
        """
        self.env.cr.execute(SQL("SELECT is_lapsed IS FALSE FROM loyalty_period WHERE id = %s", period.id))
        must = self.env.cr.fetchone()[0]
        if must and not self._lapses_unused():  # they are kept since, so this period takes no more of them
            self._note_lapsed(period)
        return must and self._lapses_unused()

    def _note_lapsed(self, period):
        self.env.cr.execute(SQL("UPDATE loyalty_period SET is_lapsed = TRUE WHERE id = %s", period.id))
        period.invalidate_recordset(["is_lapsed"], flush=False)

    def _lapse_unused(self, period, last_id=0, batches=None):
        """Take what was left at the end of the period off the cards, before new credits are added (bM5); once.

        Cards that cannot give it back, being closed or reserved, keep it.

        :param last_id: only cards behind it
        :return: ``(how many cards are left, id of the last one that was looked at, 0 when there are no more)``
        """
        cards, number = self._cards_with_points(period.date_to, last_id), 0
        keys = {card_id: f"period-lapse:{self.id}:{period.date_from}:{card_id}" for card_id in cards}
        known = self._known_keys(keys.values())
        todo = [card_id for card_id in cards if keys[card_id] not in known]
        reason = self.env._(
            "Credits of earlier periods lapsed at the roll-over of %s", self._name_period(period.date_from)
        )
        done = 0
        for number, ids in enumerate(split_every(BATCH, todo, list)):
            if batches is not None and number >= batches:
                return len(todo) - done, last_id
            self.env["loyalty.card"]._post_entries(
                [
                    {
                        "card_id": card_id,
                        "kind": "adjust",
                        "points": -points,
                        "lots": lots,
                        "key": keys[card_id],
                        "effective_date": period.date_to,
                        "reason": reason,
                        "overdraw": "clamp",
                    }
                    for card_id, points, lots in self._free_points(ids, cards)
                ]
            )
            done += len(ids)
            last_id = ids[-1]
        self._note_lapsed(period)
        return 0, 0

    def _cards_with_points(self, day, last_id=0, limit=None):
        """Return ``{card id: (points that are left of those until a day, ids of their lots)}``, by id; one query.

        :param last_id: only cards behind it
        :param limit: how many at most, default all
        """
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                SELECT card_id, sum(remaining)::float, array_agg(id ORDER BY id) FROM loyalty_lot
                 WHERE program_id = %s AND remaining > 0 AND date <= %s AND COALESCE(available_from, date) <= %s AND card_id > %s
                 GROUP BY card_id ORDER BY card_id LIMIT %s
                """,
                self.id,
                day,
                day,
                last_id,
                limit,
            )
        )
        return {card_id: (points, lots) for card_id, points, lots in self.env.cr.fetchall()}

    def _free_points(self, card_ids, found):
        """Return ``[(card id, points, ids of lots)]``: of what was found on cards, what no document reserves."""
        free = []
        for card in self.env["loyalty.card"].browse(card_ids):
            points, lots = found[card.id]
            points = as_points(min(points, card.available_points))
            if points > 0:
                free.append((card.id, points, lots))
        return free

    def _known_keys(self, keys):
        self.env.cr.execute(
            SQL(
                "SELECT idempotency_key FROM loyalty_ledger_entry WHERE idempotency_key = ANY(%s::text[])",
                arrays.texts(list(keys)),
            )
        )
        return {key for (key,) in self.env.cr.fetchall()}

    # --- new credits ---------------------------------------------------------------------------------------------

    def _net_credit(self, rows):
        """Return what a customer is missing: the credits of all periods that changed, less what is posted of them."""
        return in_units(sum(row["credit"] - row["posted"] for row in rows), self.currency_id.rounding)

    def _post_credits(self, by_partner, start, end):
        """Post what is missing of these customers and note it; return the points.

        A customer whose card takes no credits is listed in Exceptions, and tried again with the next roll-over.
        """
        net = {partner_id: self._net_credit(rows) for partner_id, rows in by_partner.items()}
        cards = self._period_cards(list(by_partner))
        owners = [partner_id for partner_id, amount in net.items() if amount > 0]
        value = self._point_value_at(end)[0]
        points = {partner_id: as_points(net[partner_id] / value) for partner_id in owners}
        posted, problems = {}, {}

        def post(partner_ids):
            posted.update(self._post_credits_of(partner_ids, points, cards, start, end))

        for partner_id, reason in self._do_possible(owners, post, cards):
            problems[partner_id] = ("unposted", self._say_unposted(partner_id, net[partner_id], reason))
        for partner_id, rows in by_partner.items():
            if partner_id not in problems:
                self._settle_rows(rows, net[partner_id])
            if net[partner_id] < 0:
                problems[partner_id] = ("overpaid", self._say_overpaid(partner_id, -net[partner_id]))
        self._report_credits(by_partner, problems, cards)
        self._write_lines([row for rows in by_partner.values() for row in rows], cards, posted, start)
        return sum(points[partner_id] for partner_id in posted)

    def _post_credits_of(self, partner_ids, points, cards, start, end):
        """Post credits of these customers, with new cards where they have none; return ``{customer id: entry id}``."""
        missing = [partner_id for partner_id in partner_ids if partner_id not in cards]
        made = {}
        if missing:
            new = self.env["loyalty.card"].create(
                [{"program_id": self.id, "partner_id": partner_id} for partner_id in missing]
            )
            made = dict(zip(missing, new.ids))
        own = {partner_id: made.get(partner_id) or cards[partner_id] for partner_id in partner_ids}
        keys = self._credit_keys(own.values(), start)
        entries = self.env["loyalty.card"]._post_entries(
            [
                {
                    "card_id": own[partner_id],
                    "kind": "earn",
                    "points": points[partner_id],
                    "key": keys[own[partner_id]],
                    "effective_date": end,
                }
                for partner_id in partner_ids
            ]
        )
        cards.update(made)
        return dict(zip(partner_ids, entries.ids))

    def _do_possible(self, ids, do, cards):
        """Do something for all, or, where that is refused, for each half: those who remain are returned with the reason.

        :param do: function of a list of ids; what it did is undone when it raises
        :param cards: ``{id: card id}`` of the cards that it changes
        :return: list of pairs of id and reason
        """
        if not ids:
            return []
        try:
            with self.env.cr.savepoint():
                do(ids)
            return []
        except UserError as error:
            self.env["loyalty.card"].browse([cards[one] for one in ids if one in cards])._forget_contents()
            if len(ids) == 1:
                return [(ids[0], str(error))]
        middle = len(ids) // 2
        return self._do_possible(ids[:middle], do, cards) + self._do_possible(ids[middle:], do, cards)

    def _credit_keys(self, card_ids, start):
        """Return ``{card id: key}`` of the credits of a period; what comes after its first roll-over has a key of its own."""
        keys = {card_id: f"period:{self.id}:{start}:{card_id}" for card_id in card_ids}
        known = self._known_keys(keys.values())
        again = [card_id for card_id, key in keys.items() if key in known]
        for card in self.env["loyalty.card"].browse(again):
            keys[card.id] += f":{card.ledger_revision}"
        return keys

    def _settle_rows(self, rows, net):
        """Note what of each row is posted now. What is missing of one period was offset with another's."""
        spare = sum(max(0.0, row["credit"] - row["posted"]) for row in rows) if net < 0 else None
        for row in rows:
            difference = row["credit"] - row["posted"]
            if spare is None or difference >= 0:
                row["posted"] = row["credit"]
            else:
                part = min(spare, -difference)
                row["posted"] = self.currency_id.round(row["posted"] - part)
                spare -= part

    def _write_lines(self, rows, cards, posted, start):
        """Insert or update the lines of the periods, set-based."""
        self.env["loyalty.period.line"].flush_model()
        terms = {id(row["terms"]): row["terms"] for row in rows}  # most customers share them
        places = {key: place for place, key in enumerate(terms, 1)}
        columns = {
            "id": arrays.numbers([row["line_id"] for row in rows]),
            "period_id": arrays.numbers([row["period_id"] for row in rows]),
            "partner_id": arrays.numbers([row["partner_id"] for row in rows]),
            "card_id": arrays.numbers([cards.get(row["partner_id"]) for row in rows]),
            "entry_id": arrays.numbers(
                [posted.get(row["partner_id"]) if row["start"] == start else None for row in rows]
            ),
            "sales": arrays.numbers([row["sales"] for row in rows]),
            "credit": arrays.numbers([row["credit"] for row in rows]),
            "posted": arrays.numbers([row["posted"] for row in rows]),
            "gross": arrays.numbers([row["gross"] for row in rows]),
            "skipped": arrays.numbers([bool(row["is_skipped"]) for row in rows]),
            "terms": arrays.numbers([places[id(row["terms"])] for row in rows]),
            "all_terms": arrays.texts([json.dumps(one) for one in terms.values()]),
            "base": arrays.texts([row["base"] or "{}" for row in rows]),
            "merged": arrays.numbers([id_ for row in rows for id_ in row["line_ids"] or () if id_ != row["line_id"]]),
        }
        self.env.cr.execute(SQL(PERIOD_LINES, **columns))
        self.env["loyalty.period.line"].invalidate_model(flush=False)
        self.env["loyalty.period"].invalidate_model(flush=False)
