"""Roll-over: credits of a period reach the cards, once, in batches, through the gateway."""

from collections import defaultdict

from odoo import models
from odoo.exceptions import UserError
from odoo.tools import SQL, split_every
from odoo.tools.json import scriptsafe as json

#: Customers that are posted together.
BATCH = 10_000


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
        self.ensure_one()
        program = self.sudo()  # the close checked the right to run; the ledger writes
        start, end = program._period_bounds(day)
        later = program._last_period()
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
        period_id = program._open_period(start, end)
        program._lapse_unused(start, end)
        rows = program._period_sales(day)
        by_partner = defaultdict(list)
        for row in rows:
            by_partner[row["partner_id"]].append({**row, "period_id": row["period_id"] or period_id})
        points, done = 0.0, 0
        for number, ids in enumerate(split_every(BATCH, list(by_partner), list)):
            if batches is not None and number >= batches:
                break
            points += program._post_credits({partner_id: by_partner[partner_id] for partner_id in ids}, start, end)
            done += len(ids)
        return len(by_partner) - done, points

    def _open_period(self, start, end):
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO loyalty_period (program_id, company_id, date_from, date_to, create_uid, create_date)
                VALUES (%s, %s, %s, %s, %s, now() AT TIME ZONE 'UTC') ON CONFLICT (program_id, date_from) DO NOTHING
                """,
                self.id,
                self.company_id.id,
                start,
                end,
                self.env.uid,
            )
        )
        self.env["loyalty.period"].invalidate_model(flush=False)
        return self.env["loyalty.period"].search([("program_id", "=", self.id), ("date_from", "=", start)]).id

    def _lapse_unused(self, start, end):
        """Take what was left of earlier credits off the cards, where the program says so (bM5); once for a period."""
        if self.unused_credits != "zero" or self.settlement != "payment":
            return
        cards = self.env["loyalty.card"].search([("program_id", "=", self.id), ("points", ">", 0)])
        keys = {card.id: f"period-lapse:{self.id}:{start}:{card.id}" for card in cards}
        entries = self.env["loyalty.ledger.entry"]
        earned = [f"period:{self.id}:{start}:{card.id}" for card in cards]
        known = entries.search([("idempotency_key", "in", [*keys.values(), *earned])]).card_id
        reason = self.env._("Credits of earlier periods lapsed at the roll-over of %s", self._name_period(start))
        self.env["loyalty.card"]._post_entries(
            [
                {
                    "card_id": card.id,
                    "kind": "adjust",
                    "points": -card.available_points,
                    "key": keys[card.id],
                    "effective_date": end,
                    "reason": reason,
                    "overdraw": "clamp",
                }
                for card in cards - known
                if card.available_points > 0
            ]
        )

    def _post_credits(self, by_partner, start, end):
        """Post what is missing of these customers and note it; return the points."""
        value = self._point_value_at(end)[0]
        net = {
            partner_id: self.currency_id.round(sum(row["credit"] - float(row["posted"]) for row in rows))
            for partner_id, rows in by_partner.items()
        }
        cards = self._period_cards(list(by_partner))
        missing = [partner_id for partner_id, amount in net.items() if amount > 0 and partner_id not in cards]
        if missing:
            new = self.env["loyalty.card"].create(
                [{"program_id": self.id, "partner_id": partner_id} for partner_id in missing]
            )
            cards.update(zip(missing, new.ids))
        owners = [partner_id for partner_id, amount in net.items() if amount > 0]
        keys = self._credit_keys([cards[partner_id] for partner_id in owners], start)
        ops = [
            {
                "card_id": cards[partner_id],
                "kind": "earn",
                "points": net[partner_id] / value,
                "key": keys[cards[partner_id]],
                "effective_date": end,
            }
            for partner_id in owners
        ]
        entries = self.env["loyalty.card"]._post_entries(ops)
        posted = dict(zip(owners, entries.ids))
        for partner_id, rows in by_partner.items():
            self._settle_rows(rows, net[partner_id])
            if net[partner_id] < 0:
                self._report_overpaid(rows, -net[partner_id], cards.get(partner_id), end)
        self._write_lines([row for rows in by_partner.values() for row in rows], cards, posted, start)
        return sum(entries.mapped("points"))

    def _credit_keys(self, card_ids, start):
        """Return ``{card id: key}`` of the credits of a period; what comes after its first roll-over has a key of its own."""
        keys = {card_id: f"period:{self.id}:{start}:{card_id}" for card_id in card_ids}
        known = self.env["loyalty.ledger.entry"].search([("idempotency_key", "in", list(keys.values()))])
        for entry in known:
            card_id = int(entry.idempotency_key.rsplit(":", 1)[1])
            keys[card_id] += f":{self.env['loyalty.card'].browse(card_id).ledger_revision}"
        return keys

    def _settle_rows(self, rows, net):
        """Note what of each row is posted now. What is missing of one period was offset with another's."""
        spare = sum(max(0.0, row["credit"] - float(row["posted"])) for row in rows) if net < 0 else None
        for row in rows:
            difference = row["credit"] - float(row["posted"])
            if spare is None or difference >= 0:
                row["posted"] = row["credit"]
            else:
                part = min(spare, -difference)
                row["posted"] = self.currency_id.round(float(row["posted"]) - part)
                spare -= part

    def _write_lines(self, rows, cards, posted, start):
        """Insert or update the lines of the periods, set-based."""
        self.env["loyalty.period.line"].flush_model()
        columns = {
            "id": [row["line_id"] for row in rows],
            "period_id": [row["period_id"] for row in rows],
            "partner_id": [row["partner_id"] for row in rows],
            "card_id": [cards.get(row["partner_id"]) for row in rows],
            "entry_id": [posted.get(row["partner_id"]) if row["start"] == start else None for row in rows],
            "sales": [row["sales"] for row in rows],
            "credit": [row["credit"] for row in rows],
            "posted": [float(row["posted"]) for row in rows],
            "gross": [float(row["gross"]) for row in rows],
            "skipped": [bool(row["is_skipped"]) for row in rows],
            "terms": [json.dumps(row["terms"]) for row in rows],
            "base": [json.dumps({key: float(amount) for key, amount in (row["base"] or {}).items()}) for row in rows],
        }
        self.env.cr.execute(
            SQL(
                """
                WITH rows AS (
                     SELECT * FROM unnest(%(id)s::int[], %(period_id)s::int[], %(partner_id)s::int[], %(card_id)s::int[],
                                          %(entry_id)s::int[], %(sales)s::numeric[], %(credit)s::numeric[],
                                          %(posted)s::numeric[], %(gross)s::numeric[], %(skipped)s::bool[],
                                          %(terms)s::text[], %(base)s::text[])
                            AS r (id, period_id, partner_id, card_id, entry_id, sales, credit, posted, gross, skipped, terms,
                                  base)),
                changed AS (
                     UPDATE loyalty_period_line l
                        SET sales = r.sales, credit_amount = r.credit, posted_amount = r.posted, gross = r.gross,
                            base = r.base::jsonb, card_id = COALESCE(l.card_id, r.card_id),
                            entry_id = COALESCE(l.entry_id, r.entry_id)
                       FROM rows r WHERE l.id = r.id)
                INSERT INTO loyalty_period_line (period_id, program_id, company_id, date_from, date_to, partner_id, card_id,
                                                 entry_id, sales, credit_amount, posted_amount, gross, is_skipped, terms, base)
                SELECT p.id, p.program_id, p.company_id, p.date_from, p.date_to, r.partner_id, r.card_id, r.entry_id, r.sales,
                       r.credit, r.posted, r.gross, r.skipped, r.terms::jsonb, r.base::jsonb
                  FROM rows r JOIN loyalty_period p ON p.id = r.period_id
                 WHERE r.id IS NULL
                """,
                **columns,
            )
        )
        self.env["loyalty.period.line"].invalidate_model(flush=False)
        self.env["loyalty.period"].invalidate_model(flush=False)

    def _report_overpaid(self, rows, amount, card_id, end):
        """List what later credit notes cost and no new credits cover: the next roll-over takes it off."""
        note = self.env._(
            "%(customer)s was credited %(amount)s more than the sales are worth by now, because documents of earlier "
            "periods came later. The next roll-over takes it off; nothing is taken off the card.",
            customer=self.env["res.partner"].browse(rows[0]["partner_id"]).display_name,
            amount=self.currency_id.format(amount),
        )
        exceptions = self.env["loyalty.exception"]
        same = [("card_id", "=", card_id), ("kind", "=", "overpaid"), ("state", "=", "open"), ("note", "=", note)]
        if not exceptions.search_count(same, limit=1):
            exceptions.create(
                {
                    "kind": "overpaid",
                    "program_id": self.id,
                    "company_id": self.company_id.id,
                    "card_id": card_id,
                    "note": note,
                    "res_model": "loyalty.card",
                    "res_id": card_id,
                }
            )
