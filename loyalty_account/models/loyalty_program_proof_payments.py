"""The proof of payments: the money of redeemed points by the ledger, against what the books say was paid with them.

Ledger money is read from transactions only: points times the value that a point had when they were redeemed, or the money
that was fixed when they were reserved. Books are journal items, lines of documents and payments of tills. Neither side looks
at the amounts or points that a document claims for itself.
"""

from decimal import Decimal

from odoo import models
from odoo.tools import SQL

from odoo.addons.loyalty_ledger.ledger.rounding import round_to, to_decimal
from odoo.addons.loyalty_ledger.tools.sql_files import read_sql

from .loyalty_program_proof import NAMED, Part

PROOF_MONEY = read_sql(__file__, "proof_money")

PROOF_REDUCED_DOCUMENTS = read_sql(__file__, "proof_reduced_documents")


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    def _proof_payments(self, date):
        """What redemptions are worth by the ledger, net of returns, document by document, against the books.

        What further checks find (:meth:`_payment_checks`) has a size of its own: it is no part of the difference.
        """
        if self._keeps_stored_value():
            return self._proof_overdrawn(date)
        rows = self._redemption_rows(date)
        part = Part(
            sum((to_decimal(row["ledger"]) for row in rows), Decimal(0)),
            sum((to_decimal(row["books"]) for row in rows), Decimal(0)),
            self._proof_rounding(),
        )
        for row in rows:
            difference = to_decimal(row["ledger"]) - to_decimal(row["books"])
            if abs(difference) >= part.rounding / 2:
                explained = row.get("explained", False)
                part.add(row["model"], row["id"], self._redemption_problem_text(row), difference, explained)
        for check in self._payment_checks():
            found = check(date)
            for item in found[:NAMED]:
                part.add(**item)
            if len(found) > NAMED:
                rest = sum(to_decimal(item["size"]) for item in found[NAMED:] if not item.get("explained"))
                part.add(self._name, self.id, self.env._("%s more of this kind.", len(found) - NAMED), size=rest)
        return part

    def _payment_checks(self):
        """Return methods that take the date and return what is wrong: dicts of arguments of :meth:`Part.add`, with a
        ``size`` in money. Override to add checks."""
        return [
            self._check_returns,
            self._check_relief,
            self._check_moved_relief,
            self._check_relief_of_sales,
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
                "%(name)s returned points: they are worth %(ledger)s in the ledger, but %(books)s in the books.",
                name=name,
                **amounts,
            )
        if not row["books"]:
            return _("%(name)s redeemed points for %(ledger)s, but nothing was paid with them.", name=name, **amounts)
        if not row["points"]:
            return _(
                "%(name)s shows %(books)s paid with points, but no points were redeemed for it.", name=name, **amounts
            )
        return _(
            "%(name)s shows %(books)s paid with points, but its points are worth %(ledger)s.", name=name, **amounts
        )

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
            PROOF_REDUCED_DOCUMENTS,
            program=self.id,
            date=date,
            rounding=self._proof_rounding(),
        )

    def _money_rows(self, date, condition, documents, key=None):
        """Compare transactions with documents, key by key.

        Whole points cover an amount: without a reservation that fixed their money they may be worth more than it by
        less than a point. A return gives the money back that its points paid at first. It may give cents back before a whole point
        is due: all returns of one redemption together may be off by less than a point.

        :param condition: SQL of the transactions that count
        :param documents: SQL with ``model``, ``id``, ``key``, ``origin`` (``res_id`` of the transactions that are given
            back), ``books``, ``slack`` (rounding between currencies), ``day``, ``explained`` and ``is_waiting``
        :param key: SQL of what says which document a transaction belongs to, default its ``res_id``
        :return: rows that differ, and one row of the program for all others
        """
        self.env.cr.execute(
            SQL(
                PROOF_MONEY,
                program=self.id,
                name=self._name,
                date=date,
                condition=condition,
                key=key or SQL("res_id::text"),
                documents=documents,
                rounding=self._proof_rounding(),
                value=to_decimal(self._point_value_at(date)[0]),
                worth=self._sql_worth(),
            )
        )
        rows = [self._judge_again(row) for row in self.env.cr.dictfetchall()]
        for row in rows:
            for side in ("ledger", "books"):
                row[side] = round_to(to_decimal(row[side]), self._proof_rounding())
            if not row["books"] and row["entry_id"]:
                row["model"], row["id"] = "loyalty.ledger.entry", row["entry_id"]
        return rows

    def _judge_again(self, row):
        """Points cover what they were worth on the day of the document; a locked period may have moved its entry
        since."""
        if row["day"] and row["points"] > 0 and row["entry_id"]:
            row["points"] = to_decimal(row["points"])
            worth = to_decimal(row["points"]) * to_decimal(self._point_value_at(row["day"])[0])
            if 0 <= worth - to_decimal(row["books"]) < max(self._proof_rounding(), worth / row["points"]):
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
