"""The proof of closings and invoices: what the points of a session's orders cost is on the account that held when they were
paid, the revenue that it books is that of their lines, and so is what invoices book for points that lowered prices."""

from odoo import models
from odoo.tools import SQL

from odoo.addons.loyalty_ledger.tools.sql_files import read_sql

PROOF_CLOSINGS = read_sql(__file__, "proof_closings")

PROOF_CLOSING_REVENUE = read_sql(__file__, "proof_closing_revenue")

PROOF_INVOICED_REDUCTIONS = read_sql(__file__, "proof_invoiced_reductions")


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    def _cost_elsewhere(self, date):
        """Add closing entries that book something else on a redemption account than their orders wrote down.

        Sessions are left out where the account is also that of goods or of lines of points, whose items the closing adds
        to the same account, and orders that were paid before orders wrote down what they book.
        """
        rows = self.env.execute_query(
            SQL(
                PROOF_CLOSINGS,
                program=self.id,
                date=date,
                rounding=self._proof_rounding(),
            )
        )
        sessions = self.env["pos.session"].browse({row[0] for row in rows})
        incomes = {session.id: self._income_accounts(session) for session in sessions}
        return [
            *super()._cost_elsewhere(date),
            *(
                ("pos.session", session_id, None, amount, [account_id])
                for session_id, account_id, amount in rows
                if account_id not in incomes[session_id]
            ),
        ]

    def _closing_differences(self, date):
        """Add closing entries whose revenue is not that of the lines of their orders."""
        rows = self.env.execute_query(
            SQL(PROOF_CLOSING_REVENUE, program=self.id, date=date, rounding=self._proof_rounding())
        )
        return [*super()._closing_differences(date), *(("pos.session", *row) for row in rows)]

    def _check_invoiced_reductions(self, date):
        """Name invoices that book another amount for points that lowered prices than their orders have, or the wrong way."""
        rows = self.env.execute_query(
            SQL(PROOF_INVOICED_REDUCTIONS, program=self.id, date=date, rounding=self._proof_rounding())
        )
        found = []
        for move_id, booked, sold in rows:
            move = self.env["account.move"].browse(move_id)
            found.append(
                {
                    "model": move._name,
                    "res_id": move.id,
                    "problem": self.env._(
                        "%(name)s books %(booked)s for points that lowered the price, but its orders at the register "
                        "say %(sold)s.",
                        name=move.display_name,
                        booked=move.currency_id.format(float(booked)),
                        sold=move.currency_id.format(float(sold)),
                    ),
                    "size": abs(float(booked) - float(sold)),
                }
            )
        return found

    def _income_accounts(self, session):
        """Return ids of the accounts on which the closing of a session books goods."""
        products = session.order_ids.lines.product_id.with_company(session.company_id)
        accounts = [template.get_product_accounts() for template in products.product_tmpl_id]
        return {account.id for of_one in accounts for account in (of_one["income"], of_one["expense"]) if account}

    def _say_cost(self, model, res_id, account_id, amount, expected):
        if model != "pos.session":
            return super()._say_cost(model, res_id, account_id, amount, expected)
        return {
            "model": model,
            "res_id": res_id,
            "problem": self.env._(
                "The closing entry of %(name)s lacks %(amount)s on %(expected)s, the redemption account when its orders were "
                "paid.",
                name=self.env[model].browse(res_id).display_name,
                amount=self.currency_id.format(float(amount)),
                expected=self.env["account.account"].browse(expected).display_name,
            ),
            "size": abs(float(amount)),
        }
