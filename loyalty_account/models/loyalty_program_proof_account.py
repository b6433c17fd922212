"""The proof of the redemption account: what redemptions cost lies on it, also where programs share it (N1).

Such an account may be any expense or income account, and what else is booked on it is nobody's fault. So each entry of a
redemption is compared with the account that the program had when it was made.
"""

from odoo import models
from odoo.tools import SQL

from odoo.addons.loyalty_ledger.ledger.rounding import to_decimal

from .loyalty_program_proof import NAMED


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    def _check_redemption_account(self, date):
        """Name redemptions whose cost was moved to another account, and the programs to which it went.

        Where programs share the account, what is wrong with another one is named, but counted there.
        """
        found = [self._say_cost(*row) for row in self._cost_elsewhere(date)]
        for other in self._programs_on_redemption_account():
            if rows := other._cost_elsewhere(date):
                found.append(
                    {
                        "model": other._name,
                        "res_id": other.id,
                        "problem": self.env._(
                            "Redemption account %(account)s is shared with program %(other)s, of which %(amount)s are not "
                            "where they belong. Reconcile %(other)s.",
                            account=self.cost_account_id.display_name,
                            other=other.name,
                            amount=self.currency_id.format(sum(abs(row[3]) for row in rows)),
                        ),
                        "explained": True,
                        "size": 0,
                    }
                )
        return found

    def _programs_on_redemption_account(self):
        if not self.cost_account_id:
            return self.browse()
        return self.with_context(active_test=False).search(
            [
                ("cost_account_id", "=", self.cost_account_id.id),
                ("id", "!=", self.id),
                ("accounting_policy", "!=", "none"),
            ]
        )

    def _cost_elsewhere(self, date):
        """Return ``(model, id, account, amount, expected accounts)`` of what is not on the redemption account. Override to
        add documents."""
        return [*self._cost_of_payments_elsewhere(date), *self._cost_of_reductions_elsewhere(date)]

    def _cost_accounts(self):
        """Return ids of the redemption accounts that the program has and had, today's first."""
        return list(dict.fromkeys((self.cost_account_id | self.former_cost_account_ids).ids))

    def _cost_of_payments_elsewhere(self, date):
        rows = self.env.execute_query(
            SQL(
                """
                WITH payments AS MATERIALIZED (
                     SELECT p.id, p.move_id,
                            ARRAY[p.outstanding_account_id, o.outstanding_account_id, %(current)s] AS accounts
                       FROM account_payment p JOIN loyalty_card c ON c.id = p.loyalty_card_id
                       LEFT JOIN account_payment o ON o.id = p.loyalty_origin_id
                      WHERE c.program_id = %(program)s AND p.move_id IS NOT NULL)
                SELECT p.id, l.account_id, sum(l.balance), p.accounts
                  FROM (SELECT id, move_id, accounts FROM payments UNION ALL
                        SELECT p.id, r.id, accounts FROM payments p JOIN account_move r ON r.reversed_entry_id = p.move_id) p
                  JOIN account_move_line l ON l.move_id = p.move_id
                  JOIN account_account a ON a.id = l.account_id AND a.account_type <> 'asset_receivable'
                 WHERE l.parent_state = 'posted' AND l.date <= %(date)s AND l.tax_line_id IS NULL
                   AND l.account_id <> ALL(array_remove(p.accounts, NULL))
                 GROUP BY p.id, l.account_id, p.accounts HAVING sum(l.balance) <> 0 ORDER BY p.id
                """,
                program=self.id,
                date=date,
                current=self.cost_account_id.id or None,
            )
        )
        return [
            ("account.payment", payment_id, account_id, amount, [account for account in accounts if account])
            for payment_id, account_id, amount, accounts in rows
        ]

    def _cost_of_reductions_elsewhere(self, date):
        """Lines by which points lower a price, of documents that redeem or return points."""
        accounts = self._cost_accounts()
        rows = self.env.execute_query(
            SQL(
                """
                WITH own AS MATERIALIZED (
                     SELECT m.id FROM account_move m JOIN loyalty_card c ON c.id = m.loyalty_redeem_card_id
                      WHERE c.program_id = %(program)s)
                SELECT l.move_id, l.account_id, sum(l.balance)
                  FROM (SELECT id FROM own UNION
                        SELECT r.id FROM own JOIN account_move r ON r.reversed_entry_id = own.id) d
                  JOIN account_move_line l ON l.move_id = d.id
                 WHERE l.is_loyalty_reduction AND l.parent_state = 'posted' AND l.date <= %(date)s
                   AND l.account_id <> ALL(%(accounts)s::int[])
                 GROUP BY l.move_id, l.account_id HAVING sum(l.balance) <> 0 ORDER BY l.move_id
                """,
                program=self.id,
                date=date,
                accounts=accounts,
            )
        )
        return [("account.move", move_id, account_id, amount, accounts) for move_id, account_id, amount in rows]

    def _name_value_costs(self, part, date):
        """Name entries of the value of points whose other side is not on a redemption account of the program.

        What an accrual run entered as opening balance is on the account that the run says.
        """
        rows = self.env.execute_query(
            SQL(
                """
                SELECT v.move_id, v.amount, COALESCE(b.amount, 0)
                  FROM (SELECT move_id, min(run_id) AS run_id, sum(amount) AS amount FROM (%(lines)s) n
                         WHERE move_id IS NOT NULL GROUP BY move_id) v
                  JOIN account_move m ON m.id = v.move_id AND m.loyalty_program_id = %(program)s
                       AND m.state = 'posted' AND m.date <= %(date)s
                  LEFT JOIN loyalty_accrual_run r ON r.id = v.run_id
                  LEFT JOIN loyalty_accrual_run u ON u.move_id = m.reversed_entry_id
                  LEFT JOIN LATERAL (
                       SELECT sum(l.balance) AS amount FROM account_move_line l
                        WHERE l.move_id = v.move_id AND l.account_id = ANY(
                              %(accounts)s::int[] || r.opening_account_id || u.opening_account_id)) b ON TRUE
                 WHERE abs(v.amount - COALESCE(b.amount, 0)) >= %(rounding)s / 2.0
                 ORDER BY v.move_id LIMIT %(named)s
                """,
                program=self.id,
                date=date,
                accounts=self._cost_accounts(),
                rounding=self._proof_rounding(),
                lines=self._sql_value_lines(date),
                named=NAMED,
            )
        )
        for move_id, value, booked in rows:
            move = self.env["account.move"].browse(move_id)
            part.add(
                "account.move",
                move_id,
                self.env._(
                    "%(move)s books %(booked)s on redemption account %(account)s, its value lines say %(value)s.",
                    move=move.name,
                    booked=self.currency_id.format(float(booked)),
                    account=self.cost_account_id.display_name,
                    value=self.currency_id.format(float(value)),
                ),
                size=to_decimal(value) - to_decimal(booked),
            )

    def _say_cost(self, model, res_id, account_id, amount, expected):
        """Return the row for ``amount`` on ``account_id`` that belongs on the first of the ``expected`` accounts."""
        _, Account = self.env._, self.env["account.account"]
        names = {
            "name": self.env[model].browse(res_id).display_name,
            "amount": self.currency_id.format(float(amount)),
            "account": Account.browse(account_id).display_name,
            "expected": Account.browse(expected[:1]).display_name,
        }
        others = self.with_context(active_test=False).search(
            [("cost_account_id", "=", account_id), ("id", "!=", self.id)]
        )
        if others:
            problem = _(
                "%(name)s: %(amount)s of its cost are on %(account)s, the redemption account of program %(others)s, instead "
                "of %(expected)s.",
                others=", ".join(others.mapped("name")),
                **names,
            )
        else:
            problem = _("%(name)s: %(amount)s of its cost are on %(account)s instead of %(expected)s.", **names)
        return {"model": model, "res_id": res_id, "problem": problem, "size": abs(float(amount))}
