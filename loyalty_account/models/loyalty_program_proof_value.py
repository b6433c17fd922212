"""The proof of value: value lines against the liability account, each in its own month, no matter who shares the
account (N1)."""

from decimal import Decimal

from odoo import models
from odoo.tools import SQL, format_date

from odoo.addons.loyalty_ledger.ledger.rounding import to_decimal

from .loyalty_program_proof import NAMED, Part

LOCKS = ("fiscalyear_lock_date", "tax_lock_date", "sale_lock_date", "purchase_lock_date", "hard_lock_date")


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    def _proof_value(self, date):
        """Value lines up to the day, against the program's lines on its liability account."""
        if self._keeps_stored_value():
            return self._proof_balances(date)
        account = self.liability_account_id
        companies = self._companies_of_books()
        rows = self.env.execute_query(
            SQL(
                """
                WITH v AS (SELECT move_id, sum(amount) AS amount FROM (%(lines)s) n GROUP BY move_id),
                g AS (
                     SELECT l.move_id, -sum(l.balance) AS amount
                       FROM account_move_line l JOIN account_move m ON m.id = l.move_id
                      WHERE l.account_id = %(account)s AND l.parent_state = 'posted' AND l.date <= %(date)s
                        AND l.company_id = ANY(%(companies)s)
                        AND (m.loyalty_program_id = %(program)s OR m.loyalty_program_id IS NULL)
                      GROUP BY l.move_id)
                SELECT COALESCE(v.move_id, g.move_id) AS move_id, COALESCE(v.amount, 0), COALESCE(g.amount, 0)
                  FROM v FULL JOIN g ON g.move_id = v.move_id
                """,
                program=self.id,
                date=date,
                account=account.id or None,
                companies=companies.ids,
                lines=self._sql_value_lines(date),
            )
        )
        pairs = [(move_id, to_decimal(value), to_decimal(booked)) for move_id, value, booked in rows]
        part = Part(
            sum((value for __, value, __ in pairs), Decimal(0)),
            sum((booked for __, __, booked in pairs), Decimal(0)),
            self._proof_rounding(),
        )
        self._name_moves(part, date, [pair for pair in pairs if abs(pair[1] - pair[2]) >= part.rounding / 2])
        self._name_value_costs(part, date)
        self._name_wrong_dates(part, date)
        self._name_wrong_months(part, date)
        self._name_undone_before(part, date)
        self._name_sharing_programs(part, date, companies)
        return part

    def _sql_value_lines(self, date):
        """Return SQL of what the program says its liability is made of: ``move_id``, ``account_id``, ``run_id``, ``amount``.

        Override to add lines of another kind; leave them in ``former_values`` when the add-on goes.
        """
        return SQL(
            """SELECT move_id, account_id, run_id, amount FROM loyalty_valuation
                WHERE program_id = %(program)s AND date <= %(date)s
                UNION ALL
               SELECT f.move_id, f.account_id, f.run_id, f.amount FROM loyalty_program p
                CROSS JOIN LATERAL jsonb_to_recordset(p.former_values)
                   AS f (move_id int, account_id int, run_id int, date date, amount numeric)
                WHERE p.id = %(program)s AND f.date <= %(date)s""",
            program=self.id,
            date=date,
        )

    def _name_moves(self, part, date, pairs):
        """Name the journal item behind each entry that does not say the same as its value lines."""
        moves = self.env["account.move"].browse([move_id for move_id, __, __ in pairs if move_id])
        former = self._values_on_former_accounts(moves, date)
        for move_id, value, booked in pairs:
            difference = value - booked
            if not move_id:
                text = self.env._("Transfers of points changed the value; their total must be zero.")
                part.add(self._name, self.id, text, difference)
                continue
            move = moves.browse(move_id)
            if elsewhere := former.pop(move_id, None):
                self._name_former_accounts(part, move, elsewhere)
                difference -= sum(elsewhere.values())
                if not difference:
                    continue
            lines = move.line_ids.filtered(lambda line: line.account_id == self.liability_account_id)
            if not value and not move.loyalty_program_id:
                self._name_manual_items(part, move, lines)
                continue
            text = self._move_problem_text(move, date, value, booked)
            is_item = move.state == "posted" and move.date <= date and not self._is_of_another_program(move, value)
            record = lines[:1] if is_item and lines else move
            part.add(record._name, record.id, text, difference)

    def _name_former_accounts(self, part, move, amounts):
        for account, amount in amounts.items():
            text = self.env._(
                "%(move)s booked %(amount)s on %(account)s, the former liability account of the program. "
                "Move the balance to %(current)s with a journal entry.",
                move=move.name,
                amount=self.currency_id.format(float(amount)),
                account=account.display_name,
                current=self.liability_account_id.display_name,
            )
            part.add("account.account", account.id, text, amount)

    def _name_manual_items(self, part, move, lines):
        for line in lines:
            text = self.env._(
                "%(move)s is not an entry of the points ledger: a manual entry of %(amount)s on %(account)s.",
                move=move.name,
                amount=self.currency_id.format(-line.balance),
                account=line.account_id.display_name,
            )
            part.add("account.move.line", line.id, text, line.balance)

    def _is_of_another_program(self, move, value):
        return bool(value and move.loyalty_program_id - self)

    def _move_problem_text(self, move, date, value, booked):
        """Say why a journal entry and its value lines differ."""
        _ = self.env._
        if self._is_of_another_program(move, value):
            return _(
                "%(move)s is an entry of program %(other)s, but %(amount)s of its value lines are of this program.",
                move=move.name,
                other=move.loyalty_program_id.name,
                amount=self.currency_id.format(float(value)),
            )
        if move.state != "posted":
            return _("%s was booked for value lines but is no longer posted.", move.display_name)
        if move.date > date:
            return _(
                "%(move)s is dated %(date)s, its value lines are earlier.",
                move=move.name,
                date=format_date(self.env, move.date),
            )
        return _(
            "%(move)s says %(booked)s on the liability account, its value lines say %(value)s: the journal "
            "item was changed, or a value line is missing.",
            move=move.name,
            booked=self.currency_id.format(float(booked)),
            value=self.currency_id.format(float(value)),
        )

    def _values_on_former_accounts(self, moves, date):
        """``{move id: {account: amount}}`` of journal items of value entries on accounts that the program had before."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT l.move_id, l.account_id, -sum(l.balance) FROM account_move_line l
                 WHERE l.move_id = ANY(%s) AND l.parent_state = 'posted' AND l.date <= %s
                   AND l.account_id IS DISTINCT FROM %s
                   AND (l.move_id, l.account_id) IN (SELECT v.move_id, v.account_id FROM (%s) v)
                 GROUP BY l.move_id, l.account_id HAVING sum(l.balance) <> 0
                """,
                moves.ids,
                date,
                self.liability_account_id.id or None,
                self._sql_value_lines(date),
            )
        )
        found = {}
        for move_id, account_id, amount in rows:
            account = self.env["account.account"].browse(account_id)
            found.setdefault(move_id, {})[account] = to_decimal(amount)
        return found

    def _name_wrong_dates(self, part, date):
        rows = self.env.execute_query(
            SQL(
                """
                SELECT m.id, m.name, m.date, v.date, sum(v.amount)
                  FROM loyalty_valuation v JOIN account_move m ON m.id = v.move_id
                 WHERE v.program_id = %s AND m.date <> v.date AND GREATEST(m.date, v.date) <= %s
                 GROUP BY m.id, m.name, m.date, v.date ORDER BY m.id
                """,
                self.id,
                date,
            )
        )
        for move_id, name, found, expected, amount in rows:
            part.add(
                "account.move",
                move_id,
                self.env._(
                    "%(move)s is dated %(found)s, its value lines %(expected)s.",
                    move=name,
                    found=format_date(self.env, found),
                    expected=format_date(self.env, expected),
                ),
                size=amount,
            )

    def _locked_until(self):
        """Return the last day of the books of the company that some lock date closes, or None."""
        dates = [company[name] for company in self.company_id.parent_ids for name in LOCKS if company[name]]
        return max(dates, default=None)

    def _name_wrong_months(self, part, date):
        """Name entries that put into one month what happened in another, though no lock date moved them."""
        rows = self.env.execute_query(
            SQL(
                """
                WITH lines AS (
                     SELECT v.move_id, v.date, v.effective_date, v.amount,
                            min(date_trunc('month', v.effective_date)) OVER w
                            <> max(date_trunc('month', v.effective_date)) OVER w AS is_mixed
                       FROM loyalty_valuation v
                      WHERE v.program_id = %(program)s AND v.run_id IS NULL AND v.move_id IS NOT NULL
                        AND LEAST(v.date, v.effective_date) <= %(date)s
                     WINDOW w AS (PARTITION BY v.move_id))
                SELECT l.move_id, m.name, l.date, min(l.effective_date), sum(l.amount), bool_or(l.is_mixed)
                  FROM lines l JOIN account_move m ON m.id = l.move_id
                 WHERE date_trunc('month', l.date) <> date_trunc('month', l.effective_date)
                   AND (l.date < l.effective_date OR %(locked)s::date IS NULL OR l.effective_date > %(locked)s::date)
                 GROUP BY l.move_id, m.name, l.date, date_trunc('month', l.effective_date) ORDER BY l.move_id, 4
                 LIMIT %(named)s
                """,
                program=self.id,
                date=date,
                locked=self._locked_until(),
                named=NAMED,
            )
        )
        for move_id, name, booked, happened, amount, is_mixed in rows:
            part.add(
                "account.move",
                move_id,
                self.env._(
                    "%(move)s of %(booked)s books %(amount)s for points that moved on %(happened)s, in another month.",
                    move=name,
                    booked=format_date(self.env, booked),
                    amount=self.currency_id.format(float(amount)),
                    happened=format_date(self.env, happened),
                ),
                size=amount,
                # Of one month only, later: its period was locked then and may be open again now.
                explained=not is_mixed and booked > happened,
            )

    def _name_undone_before(self, part, date):
        """Name redemptions that were undone after an accrual run, but as of a day which that run had covered."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT e.id, e.effective_date, e.date::date, max(r.date_to),
                       (SELECT COALESCE(sum(v.amount), 0) FROM loyalty_valuation v
                         WHERE v.entry_id = e.id AND v.date <= r.date_to)
                  FROM loyalty_ledger_entry e
                  JOIN loyalty_ledger_entry o ON o.id = e.reversed_entry_id AND o.kind = 'redeem'
                       AND o.res_model = e.res_model AND o.res_id = e.res_id
                  JOIN loyalty_accrual_run r ON r.program_id = e.program_id AND r.state = 'posted'
                       AND r.date_to >= e.effective_date AND r.posted_at < e.date
                 WHERE e.program_id = %(program)s AND e.kind = 'reversal' AND e.effective_date <= %(date)s
                   AND date_trunc('month', e.effective_date) < date_trunc('month', e.date)
                 GROUP BY e.id, r.date_to ORDER BY e.id LIMIT %(named)s
                """,
                program=self.id,
                date=date,
                named=NAMED,
            )
        )
        for entry_id, dated, posted, until, amount in rows:
            if not amount:
                continue
            part.add(
                "loyalty.ledger.entry",
                entry_id,
                self.env._(
                    "What was reversed on %(posted)s is dated %(dated)s, in a month that was accrued until "
                    "%(until)s. It belongs to the day of the reversal.",
                    posted=format_date(self.env, posted),
                    dated=format_date(self.env, dated),
                    until=format_date(self.env, until),
                ),
                size=amount,
            )

    def _name_sharing_programs(self, part, date, companies):
        """Where programs share the liability account its balance is the sum of all of them: name the one that differs."""
        account = self.liability_account_id
        others = (
            self.with_context(active_test=False).search(
                [("liability_account_id", "=", account.id), ("id", "!=", self.id), ("accounting_policy", "!=", "none")]
            )
            if account
            else self.browse()
        )
        if not others:
            return
        rows = self.env.execute_query(
            SQL(
                """
                SELECT p.id, COALESCE(v.amount, 0), COALESCE(g.amount, 0)
                  FROM unnest(%(programs)s) p (id)
                  LEFT JOIN (%(values)s) v ON v.program_id = p.id
                  LEFT JOIN (SELECT m.loyalty_program_id AS program_id, -sum(l.balance) AS amount
                               FROM account_move_line l JOIN account_move m ON m.id = l.move_id
                              WHERE l.account_id = %(account)s AND l.parent_state = 'posted' AND l.date <= %(date)s
                                AND l.company_id = ANY(%(companies)s) AND m.loyalty_program_id = ANY(%(programs)s)
                              GROUP BY 1) g ON g.program_id = p.id
                """,
                programs=others.ids,
                values=SQL(" UNION ALL ").join(
                    SQL(
                        "SELECT %s AS program_id, sum(amount) AS amount FROM (%s) n",
                        other.id,
                        other._sql_value_lines(date),
                    )
                    for other in others
                ),
                date=date,
                account=account.id,
                companies=companies.ids,
            )
        )
        for program_id, value, booked in rows:
            difference = to_decimal(value) - to_decimal(booked)
            if abs(difference) < part.rounding / 2:
                continue
            other = self.browse(program_id)
            part.add(
                self._name,
                program_id,
                self.env._(
                    "Account %(account)s is shared with program %(other)s, whose value lines say %(value)s and whose "
                    "entries on it say %(booked)s. Reconcile %(other)s.",
                    account=account.display_name,
                    other=other.name,
                    value=self.currency_id.format(float(value)),
                    booked=self.currency_id.format(float(booked)),
                ),
                explained=True,
            )
