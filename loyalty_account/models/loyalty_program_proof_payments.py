"""The proof of payments: the money of redeemed points by the ledger, against what the books say was paid with them.

Ledger money is read from transactions only: points times the value that a point had when they were redeemed, or the money
that was fixed when they were reserved. Books are journal items, lines of documents and payments of tills. Neither side looks
at the amounts or points that a document claims for itself.
"""

from decimal import Decimal

from odoo import models
from odoo.tools import SQL

from ..books import valuation
from .loyalty_program_proof import NAMED, Part


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    def _proof_payments(self, date):
        """What redemptions are worth by the ledger, net of returns, document by document, against the books.

        What further checks find (:meth:`_payment_checks`) has a size of its own: it is no part of the difference.
        """
        rows = self._redemption_rows(date)
        part = Part(
            sum((valuation.exact(row["ledger"]) for row in rows), Decimal(0)),
            sum((valuation.exact(row["books"]) for row in rows), Decimal(0)),
            self._proof_rounding(),
        )
        for row in rows:
            difference = valuation.exact(row["ledger"]) - valuation.exact(row["books"])
            if abs(difference) >= part.rounding / 2:
                explained = row.get("explained", False)
                part.add(row["model"], row["id"], self._redemption_problem_text(row), difference, explained)
        for check in self._payment_checks():
            found = check(date)
            for item in found[:NAMED]:
                part.add(**item)
            if len(found) > NAMED:
                rest = sum(valuation.exact(item["size"]) for item in found[NAMED:] if not item.get("explained"))
                part.add(self._name, self.id, self.env._("%s more of this kind.", len(found) - NAMED), size=rest)
        return part

    def _payment_checks(self):
        """Return methods that take the date and return what is wrong: dicts of arguments of :meth:`Part.add`, with a
        ``size`` in money. Override to add checks."""
        return [
            self._check_returns,
            self._check_relief,
            self._check_redemption_account,
            self._check_stored_value,
            self._check_holds,
        ]

    def _redemption_problem_text(self, row):
        _ = self.env._
        amounts = {
            "ledger": self.currency_id.format(abs(float(row["ledger"]))),
            "books": self.currency_id.format(abs(float(row["books"]))),
        }
        record = self.env[row["model"]].browse(row["id"]).exists()
        name = record.display_name if record else f"#{row['id']}"
        if min(row["ledger"], row["books"]) < 0:
            return _(
                "%(name)s gave points back: they are worth %(ledger)s by the ledger, but the books say %(books)s.",
                name=name,
                **amounts,
            )
        if not row["books"]:
            return _("%(name)s redeemed points for %(ledger)s, but nothing was paid with them.", name=name, **amounts)
        if not row["points"]:
            return _("%(name)s paid %(books)s, but no points were redeemed for it.", name=name, **amounts)
        return _("%(name)s paid %(books)s, its points are worth %(ledger)s.", name=name, **amounts)

    def _redemption_rows(self, date):
        """Return dicts ``model``, ``id``, ``ledger`` and ``books`` of documents that redeemed points or gave them back.

        Rows that are ``explained`` are named and no fault. Documents that fit are one row of the program together.
        Override to add documents of other kinds; :meth:`_money_rows` compares them.
        """
        return [
            *self._money_rows(date, SQL("res_model = 'account.payment'"), self._paid_documents(date)),
            *self._money_rows(date, SQL("res_model = 'account.move'"), self._reduced_documents(date)),
        ]

    def _paid_documents(self, date):
        """SQL of payments with points: what they credited to receivables, less what reversed them."""
        return SQL(
            """
            SELECT 'account.payment' AS model, p.id, p.id::text AS key, p.loyalty_origin_id AS origin,
                   COALESCE(b.books, 0) AS books, 0 AS slack, p.date AS day, FALSE AS explained, FALSE AS is_waiting
              FROM account_payment p JOIN loyalty_card c ON c.id = p.loyalty_card_id
              LEFT JOIN (SELECT i.payment_id, -sum(l.balance) AS books
                           FROM (SELECT p.id AS payment_id, p.move_id FROM account_payment p
                                  WHERE p.loyalty_card_id IS NOT NULL
                                  UNION ALL
                                 SELECT p.id, r.id FROM account_payment p JOIN account_move r
                                        ON r.reversed_entry_id = p.move_id
                                  WHERE p.loyalty_card_id IS NOT NULL) i
                           JOIN account_move_line l ON l.move_id = i.move_id
                           JOIN account_account a ON a.id = l.account_id AND a.account_type = 'asset_receivable'
                          WHERE l.parent_state = 'posted' AND l.date <= %(date)s
                          GROUP BY 1) b ON b.payment_id = p.id
             WHERE c.program_id = %(program)s
            """,
            program=self.id,
            date=date,
        )

    def _reduced_documents(self, date):
        """SQL of documents whose price points lowered, or that take such a reduction back.

        Credit notes of points and entries say it on the receivable; invoices and credit notes of goods by their lines.
        """
        return SQL(
            """
            WITH own AS MATERIALIZED (
                 SELECT m.id, m.loyalty_redeem_origin_id AS origin FROM account_move m
                   JOIN loyalty_card c ON c.id = m.loyalty_redeem_card_id
                  WHERE c.program_id = %(program)s),
            moves AS (
                 SELECT id, origin FROM own UNION ALL
                SELECT r.id, r.reversed_entry_id FROM own JOIN account_move r ON r.reversed_entry_id = own.id
                 WHERE r.move_type = 'out_refund' AND r.loyalty_redeem_card_id IS NULL),
            standing AS (
                 SELECT m.id, moves.origin, m.move_type, m.date,
                        COALESCE(NULLIF(m.invoice_currency_rate, 0), 1) AS rate,
                        m.currency_id <> k.currency_id AS is_foreign,
                        m.move_type = 'entry' OR m.move_type = 'out_refund' AND moves.origin IS NULL AS by_items
                   FROM moves JOIN account_move m ON m.id = moves.id JOIN res_company k ON k.id = m.company_id
                  WHERE m.state = 'posted' AND m.date <= %(date)s AND NOT EXISTS (
                        SELECT 1 FROM account_move r WHERE r.reversed_entry_id = m.id AND r.state = 'posted'
                           AND r.move_type = 'entry' AND r.date <= %(date)s)),
            amounts AS (
                 SELECT s.id, s.origin, s.date, s.is_foreign, s.rate,
                        CASE WHEN s.by_items THEN -sum(l.balance) FILTER (WHERE a.account_type = 'asset_receivable')
                             ELSE CASE WHEN s.move_type = 'out_refund' THEN 1 ELSE -1 END
                                  * sum(l.price_total) FILTER (WHERE l.is_loyalty_reduction) / s.rate END AS books
                   FROM standing s JOIN account_move_line l ON l.move_id = s.id
                   LEFT JOIN account_account a ON a.id = l.account_id
                  GROUP BY s.id, s.origin, s.date, s.is_foreign, s.rate, s.by_items, s.move_type)
            SELECT 'account.move' AS model, id, id::text AS key, origin,
                   round(COALESCE(books, 0), 6) AS books,
                   CASE WHEN is_foreign THEN %(rounding)s * (1 + 2 / rate) ELSE 0 END AS slack, date AS day,
                   FALSE AS explained, FALSE AS is_waiting
              FROM amounts
            """,
            program=self.id,
            date=date,
            rounding=self._proof_rounding(),
        )

    def _money_rows(self, date, condition, documents, key=None):
        """Compare transactions with documents, key by key.

        Whole points pay an amount: without a reservation that fixed their money they may be worth more than it by less than
        a point. A return gives the money back that its points paid at first. It may give cents back before a whole point
        is due: all returns of one redemption together may be off by less than a point.

        :param condition: SQL of the transactions that count
        :param documents: SQL with ``model``, ``id``, ``key``, ``origin`` (``res_id`` of the transactions that are given
            back), ``books``, ``slack`` (rounding between currencies), ``day``, ``explained`` and ``is_waiting``
        :param key: SQL of what says which document a transaction belongs to, default its ``res_id``
        :return: rows that differ, and one row of the program for all others
        """
        self.env.cr.execute(
            SQL(
                """
                WITH entries AS MATERIALIZED (
                     SELECT id, kind, points, reversed_entry_id, effective_date, %(key)s AS key,
                            res_id AS source
                       FROM loyalty_ledger_entry
                      WHERE program_id = %(program)s AND is_redemption AND kind IN ('redeem', 'reversal')
                        AND effective_date <= %(date)s AND %(condition)s),
                taken AS MATERIALIZED (
                     SELECT e.id, e.key, e.source, -e.points AS points, COALESCE(h.amount, %(worth)s) AS money,
                            h.amount IS NULL AS is_free
                       FROM entries e
                       LEFT JOIN (SELECT entry_id, sum(amount) AS amount FROM loyalty_hold
                                   WHERE program_id = %(program)s AND entry_id IS NOT NULL AND amount <> 0
                                   GROUP BY entry_id) h ON h.entry_id = e.id
                      WHERE e.kind = 'redeem'),
                back AS MATERIALIZED (
                     SELECT e.id, e.key, e.points, e.reversed_entry_id, t.key AS from_key, t.source,
                            COALESCE(t.money / NULLIF(t.points, 0), %(value)s) AS value
                       FROM entries e LEFT JOIN taken t ON t.id = e.reversed_entry_id WHERE e.kind = 'reversal'),
                undone AS (
                     SELECT reversed_entry_id, sum(points) AS points FROM back WHERE from_key = key GROUP BY 1),
                debits AS (
                     SELECT t.key, t.source, max(t.id) AS entry_id, sum(t.points - COALESCE(u.points, 0)) AS points,
                            sum(t.money * (t.points - COALESCE(u.points, 0)) / NULLIF(t.points, 0)) AS money,
                            bool_or(t.is_free) AS is_free
                       FROM taken t LEFT JOIN undone u ON u.reversed_entry_id = t.id GROUP BY t.key, t.source),
                sources AS (SELECT source, sum(points) AS points, sum(money) AS money FROM debits GROUP BY source),
                credits AS (
                     SELECT key, max(id) AS entry_id, sum(points) AS points, sum(points * value) AS money,
                            CASE WHEN count(DISTINCT source) = 1 THEN max(source) END AS origin
                       FROM back WHERE from_key IS DISTINCT FROM key GROUP BY key),
                ledger AS (
                     SELECT COALESCE(c.key, d.key) AS key, GREATEST(c.entry_id, d.entry_id) AS entry_id, c.origin,
                            COALESCE(d.points, 0) - COALESCE(c.points, 0) AS points,
                            CASE WHEN c.points > 0
                                 THEN (COALESCE(d.points, 0) - c.points) * c.money / c.points ELSE d.money END AS money,
                            d.is_free, CASE WHEN c.origin IS NULL THEN c.money / NULLIF(c.points, 0) END AS unit
                       FROM debits d FULL JOIN credits c ON c.key = d.key),
                documents AS (%(documents)s),
                pairs AS (
                     SELECT d.model, d.id, COALESCE(d.key, l.key) AS key,
                            CASE WHEN l.unit IS NULL THEN COALESCE(l.origin, d.origin) END AS origin,
                            l.entry_id, COALESCE(l.points, 0) AS points, COALESCE(l.money, 0) AS ledger,
                            COALESCE(d.books, 0) AS books, COALESCE(d.slack, 0) AS slack, d.day,
                            COALESCE(l.is_free, FALSE) AS is_free, COALESCE(l.unit, 0) AS unit,
                            COALESCE(d.explained, FALSE) AND l.entry_id IS NULL AS explained,
                            COALESCE(d.is_waiting, FALSE) AS is_waiting
                       FROM ledger l FULL JOIN documents d ON d.key = l.key
                      WHERE COALESCE(l.points, 0) <> 0 OR COALESCE(l.money, 0) <> 0 OR COALESCE(d.books, 0) <> 0),
                running AS (
                     SELECT p.*, o.money AS whole, o.money / NULLIF(o.points, 0) AS value,
                            sum(p.points) OVER w AS all_points, sum(p.books) OVER w AS all_books
                       FROM pairs p LEFT JOIN sources o ON o.source = p.origin
                     WINDOW w AS (PARTITION BY p.origin ORDER BY p.day, COALESCE(p.entry_id, 0), p.id)),
                judged AS (
                     SELECT r.*, COALESCE(CASE WHEN origin IS NULL OR value IS NULL OR books > 0
                            THEN abs(ledger - books) < %(rounding)s / 2.0 + slack OR is_free AND points > 0
                                 AND books <= ledger + slack AND books > ledger * (points - 1) / points - slack
                                 OR points < 0 AND abs(ledger - books) < unit + slack
                            ELSE abs(all_points * value - all_books) < GREATEST(value, %(rounding)s / 2.0) + slack
                                 AND -all_books < whole + %(rounding)s / 2.0 + slack
                            END, FALSE) AS fits
                       FROM running r)
                SELECT COALESCE(model, 'loyalty.ledger.entry') AS model, COALESCE(id, entry_id) AS id, entry_id, points,
                       ledger, books, day, explained, is_waiting
                  FROM judged WHERE NOT fits
                 UNION ALL
                SELECT %(name)s, %(program)s, NULL, 0, COALESCE(sum(books), 0), COALESCE(sum(books), 0), NULL, FALSE, FALSE
                  FROM judged WHERE fits HAVING count(*) > 0
                 ORDER BY 1, 2
                """,
                program=self.id,
                name=self._name,
                date=date,
                condition=condition,
                key=key or SQL("res_id::text"),
                documents=documents,
                rounding=self._proof_rounding(),
                value=valuation.exact(self._point_value_at(date)[0]),
                worth=self._sql_worth(),
            )
        )
        rows = [self._judge_again(row) for row in self.env.cr.dictfetchall()]
        for row in rows:
            for side in ("ledger", "books"):
                row[side] = valuation.round_to(valuation.exact(row[side]), self._proof_rounding())
            if not row["books"] and row["entry_id"]:
                row["model"], row["id"] = "loyalty.ledger.entry", row["entry_id"]
        return rows

    def _judge_again(self, row):
        """Points pay what they were worth on the day of the document; a locked period may have moved its entry since."""
        if row["day"] and row["points"] > 0 and row["entry_id"]:
            row["points"] = valuation.exact(row["points"])
            worth = valuation.exact(row["points"]) * valuation.exact(self._point_value_at(row["day"])[0])
            if 0 <= worth - valuation.exact(row["books"]) < max(self._proof_rounding(), worth / row["points"]):
                row["ledger"] = row["books"]
        return row

    def _sql_worth(self):
        """SQL of what the points of a redemption ``e`` paid: the value of a point in force then, rounded down (N4)."""
        return SQL(
            """
            (SELECT floor(-e.points * x.point_value / %(rounding)s + 0.000001) * %(rounding)s
               FROM (SELECT date, point_value, last_entry_id FROM loyalty_point_value_log
                      WHERE program_id = %(program)s AND last_entry_id >= e.id
                      UNION ALL
                     SELECT date, point_value, NULL FROM loyalty_point_value WHERE program_id = %(program)s
                      UNION ALL
                     SELECT '-infinity'::date, 0.01, NULL) x
              WHERE x.date <= e.effective_date ORDER BY x.date DESC, x.last_entry_id NULLS LAST LIMIT 1)
            """,
            program=self.id,
            rounding=self._proof_rounding(),
        )
