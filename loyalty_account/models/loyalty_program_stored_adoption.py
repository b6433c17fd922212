"""Taking the balances of gift cards and wallets into the books, once, as of a day."""

from decimal import Decimal

from odoo import models
from odoo.exceptions import UserError
from odoo.tools import SQL, format_date

from odoo.addons.loyalty_ledger.ledger.rounding import round_to, to_decimal
from odoo.addons.loyalty_ledger.tools.today import loyalty_today
from odoo.addons.loyalty_ledger.tools.trusted import by_server

from ..books.lots import lots_on
from .loyalty_ledger_entry import post_moves

#: Documents that a refusal names.
NAMED = 5


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    def _adoption_figures(self, date, account):
        """Return what the adoption as of a day would book: ``(balances, already on the account, difference)``."""
        self.env.flush_all()
        ((balances,),) = self.env.execute_query(
            SQL(
                "SELECT COALESCE(sum(points), 0) FROM loyalty_ledger_entry WHERE program_id = %s AND effective_date <= %s",
                self.id,
                date,
            )
        )
        ((booked,),) = self.env.execute_query(
            SQL(
                """
                SELECT COALESCE(-sum(balance), 0) FROM account_move_line
                 WHERE account_id = %s AND parent_state = 'posted' AND date <= %s AND company_id = ANY(%s)
                """,
                account.id or None,
                date,
                self._companies_of_books().ids,
            )
        )
        balances = round_to(to_decimal(balances), self._proof_rounding())
        return balances, to_decimal(booked), balances - to_decimal(booked)

    def _adopt_balances(self, date, values, counterpart):
        """Begin to keep stored value: book the difference between balances and account, and value every balance.

        Posts Dr ``counterpart`` / Cr liability account as of ``date``, and what was given away or expired since.

        :param values: values of the program, with its three accounts
        :param counterpart: account, needed when balances and liability account differ on that day
        :raises odoo.exceptions.UserError: when the day is locked or in the future, or documents wait to be booked
        """
        self.ensure_one()
        program = self.sudo()  # accountants may not write ledger rows; their right to set up was checked
        self._check_adoption_date(date)
        # Nobody moves points while they are taken over.
        self.env.cr.execute("LOCK TABLE loyalty_ledger_entry IN SHARE ROW EXCLUSIVE MODE")
        ((entry_id, item_id),) = self.env.execute_query(
            SQL(
                """
                SELECT COALESCE((SELECT max(id) FROM loyalty_ledger_entry WHERE program_id = %s), 0),
                       COALESCE((SELECT max(id) FROM account_move_line), 0)
                """,
                self.id,
            )
        )
        by_server(program).write(
            {
                **values,
                "accounting_policy": "stored_value",
                "stored_since": date,
                "stored_last_entry_id": entry_id,
                "stored_last_item_id": item_id,
            }
        )
        program._check_nothing_waits(date)
        __, __, difference = program._adoption_figures(date, program.liability_account_id)
        move = program._post_adoption(date, difference, counterpart)
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                WITH %(lots)s
                INSERT INTO loyalty_valuation (program_id, company_id, lot_id, move_id, account_id, date, effective_date,
                                               kind, amount, points)
                SELECT %(program)s, %(company)s, id, %(move)s, %(account)s, %(date)s, %(date)s, 'opening',
                       round(remaining / %(rounding)s::numeric) * %(rounding)s::numeric, remaining
                  FROM state WHERE remaining > 0 ORDER BY id
                """,
                lots=lots_on(program, date),
                program=program.id,
                company=program.company_id.id,
                move=move.id or None,
                account=program.liability_account_id.id,
                date=date,
                rounding=str(program._proof_rounding()),
            )
        )
        self.env["loyalty.valuation"].invalidate_model(flush=False)
        later = self.env["loyalty.ledger.entry"].sudo()
        later = later.search([("program_id", "=", self.id), ("effective_date", ">", date)], order="id")
        later._book_values()
        return move

    def _check_adoption_date(self, date):
        _ = self.env._
        if date > loyalty_today(self.env, self.company_id):
            raise UserError(_("Balances cannot be taken into the books as of a day to come."))
        journal = self._books_journal()
        locks = self.company_id._get_violated_lock_dates(date, False, journal)
        if locks:
            raise UserError(
                _(
                    "The books of %(company)s are locked until %(lock)s, so balances cannot be taken over as of %(date)s. "
                    "Choose a later day.",
                    company=self.company_id.name,
                    lock=format_date(self.env, max(lock for lock, __ in locks)),
                    date=format_date(self.env, date),
                )
            )

    def _check_nothing_waits(self, date):
        """What a later entry will book must not be booked by the opening entry too."""
        documents = {}
        rows = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT res_model, res_id FROM loyalty_ledger_entry
                 WHERE program_id = %s AND effective_date <= %s AND res_id IS NOT NULL
                """,
                self.id,
                date,
            )
        )
        for model, res_id in rows:
            documents.setdefault(model, set()).add(res_id)
        waiting = {node: row for node, row in self._stored_waiting(documents, date).items() if row[0]}
        if waiting:
            names = [f"{self.env[model].browse(res_id).display_name}" for model, res_id in list(waiting)[:NAMED]]
            raise UserError(
                self.env._(
                    "%(count)s documents sold or spent balances up to %(date)s and are not on the books yet: %(names)s. "
                    "Invoice the orders and close the register sessions first, or choose an earlier day.",
                    count=len(waiting),
                    date=format_date(self.env, date),
                    names=", ".join(names),
                )
            )

    def _post_adoption(self, date, difference, counterpart):
        if not difference:
            return self.env["account.move"]
        if not counterpart:
            raise UserError(
                self.env._(
                    "Balances and Liability Account differ by %s. Choose the Counter-account of the opening entry, for "
                    "example the account on which gift cards were booked until now.",
                    self.currency_id.format(float(difference)),
                )
            )
        vals = self._prepare_books_move(date, {"opening": Decimal(difference)}, counterparts={"opening": counterpart})
        return post_moves(self.env, [vals])
