"""What points are worth as a means of payment, and how many may be taken."""

from odoo import models
from odoo.exceptions import UserError

from odoo.addons.loyalty_ledger.tools.words import say_points

from ..books import points as rates


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    # --- points and money (books/points.py) ----------------------------------------------------------------------

    def _points_to_money(self, points, date):
        """Return what ``points`` pay on ``date``, in the currency of the program, rounded down to its unit (C10, C19)."""
        self.ensure_one()
        return rates.points_to_money(points, self._point_value_at(date)[0], self.currency_id.rounding)

    def _money_to_points(self, amount, date):
        """Return the smallest whole number of points that pays at least ``amount`` on ``date`` (C20)."""
        self.ensure_one()
        return rates.money_to_points(amount, self._point_value_at(date)[0], self.currency_id.rounding)

    def _points_for_import(self, amount, date):
        """Return the smallest number of points that pays an amount in a file: nobody loses by the change of system."""
        if len(self) != 1 or self.program_type != "loyalty" or not self._point_value_at(date)[0]:
            return super()._points_for_import(amount, date)
        points = self._money_to_points(abs(amount), date)
        return -points if amount < 0 else points

    def _points_within(self, amount, date, available=None):
        """Return the whole points that cover as much of ``amount`` as points can on ``date``, never more (C21).

        That is what can be offered at most; of the numbers that pay the same it is the smallest.

        :param available: points that there are at most, also with decimals
        """
        self.ensure_one()
        return rates.points_within(amount, self._point_value_at(date)[0], self.currency_id.rounding, available)

    def _points_typed(self, amount, due, date):
        """Return the whole points for an amount that somebody typed while ``due`` can be paid (C20, C21)."""
        self.ensure_one()
        return rates.points_typed(amount, due, self._point_value_at(date)[0], self.currency_id.rounding)

    def _least_points(self, date):
        """Return how many points it takes to pay the smallest unit of the currency on ``date``."""
        return self._money_to_points(self.currency_id.rounding, date)

    def _too_few_points(self, points, date):
        """Say that ``points`` pay nothing because they are worth less than the currency's unit, or return False."""
        self.ensure_one()
        if points <= 0 or self._points_to_money(points, date):
            return False
        return self.env._(
            "Redeem at least %(least)s points, which are worth %(unit)s: %(points)s would be worth nothing.",
            least=say_points(self.env, self._least_points(date)),
            unit=self.currency_id.format(self.currency_id.rounding),
            points=say_points(self.env, points),
        )

    def _redemption_problem(self, company):
        """Say why points of the program cannot pay documents of ``company``, or return False (M3, S3).

        Without policy, VAT mode, journal or redemption account there is no redemption; earning goes on.
        """
        self.ensure_one()
        if self.program_type != "loyalty":
            return self.env._("%s is not a loyalty program: its points cannot be redeemed on invoices.", self.name)
        if not self.active:
            return self.env._("Program %s is archived.", self.name)
        if self.company_id and self.company_id not in company.parent_ids:
            return self.env._(
                "Program %(program)s belongs to company %(company)s; this document to %(other)s.",
                program=self.name,
                company=self.company_id.name,
                other=company.name,
            )
        missing = [
            self._fields[name]._description_string(self.env)
            for name in ("vat_mode", "loyalty_journal_id", "cost_account_id")
            if not self[name]
        ]
        if self.accounting_policy == "none":
            return self.env._(
                "Points of program %s are not a means of payment yet: choose an accounting policy on its tab Accounting.",
                self.name,
            )
        if missing:
            return self.env._(
                "Points of program %(program)s cannot be redeemed as payment yet. Enter on its tab Accounting: "
                "%(fields)s.",
                program=self.name,
                fields=", ".join(missing),
            )
        if self.currency_id != company.currency_id:
            return self.env._(
                "Program %(program)s counts in %(currency)s and company %(company)s in %(other)s. "
                "Points can be redeemed in the company's currency only.",
                program=self.name,
                currency=self.currency_id.name,
                company=company.name,
                other=company.currency_id.name,
            )
        return False

    def _loyalty_method_line(self, payment_type, journal=None):
        """Return the payment method Loyalty Points of a journal, by default the program's, for one direction."""
        self.ensure_one()
        journal = journal or self.loyalty_journal_id
        lines = journal[f"{payment_type}_payment_method_line_ids"].filtered(lambda line: line.code == "loyalty")
        if not lines:
            raise UserError(
                self.env._(
                    "Journal %(journal)s has no payment method Loyalty Points for %(direction)s payments. "
                    "Add it on the journal.",
                    journal=journal.name,
                    direction=self.env._("incoming") if payment_type == "inbound" else self.env._("outgoing"),
                )
            )
        return lines[0]
