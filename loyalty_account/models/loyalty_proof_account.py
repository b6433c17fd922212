"""The proof of the redemption account: what redemptions cost lies on it, also where programs share it (N1).

Such an account may be any expense or income account, and what else is booked on it is nobody's fault. So each entry of a
redemption is compared with the account that the program had when it was made.
"""

from odoo import models
from odoo.tools import SQL


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
