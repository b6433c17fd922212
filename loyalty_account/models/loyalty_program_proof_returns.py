"""The proof of returns: what came back of a sale, in money, in points and of what it had earned (N4).

A sale is a document with all its returns, through every link there is. Whatever was returned how often: no more money goes
back than came in, points come back in the share of the money, and goods that came back leave no points earned.
"""

from dataclasses import dataclass

from odoo import models
from odoo.tools import SQL

from odoo.addons.loyalty_ledger.tools.sql_files import read_sql
from odoo.addons.loyalty_ledger.tools.words import say_points

from ..books.families import families

PROOF_RETURN_PAYMENTS = read_sql(__file__, "proof_return_payments")

MOVE = "account.move"


@dataclass
class Figures:
    """What one document says, in its own currency; what it returned is negative."""

    is_return: bool = False
    #: Money that the customer paid or owes for it; what is paid out is negative.
    money: float = 0.0
    #: Goods with tax, whatever points cover of them.
    goods: float = 0.0
    #: Money that points paid.
    covered: float = 0.0
    #: What was written off when it was paid in money.
    written_off: float = 0.0
    points: float = 0.0
    earned: float = 0.0
    #: Points of these that returns left out, and points that expired: mostly the same ones.
    waived: float = 0.0
    expired: float = 0.0
    #: Redemptions that paid it.
    redemptions: int = 0
    #: One unit of the company's currency in this document's.
    rate: float = 1.0
    currency_id: int = 0
    #: How far money may be off, for example by rounding of cash.
    tolerance: float = 0.0
    #: The shares of this document cannot be told: other documents decide, too.
    loose: bool = False
    #: It is in the list of exceptions.
    known: bool = False
    #: The latest of the journal entries by which points paid it.
    last_move: int = 0


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    def _check_returns(self, date):
        """Name the returns that gave back too much money, too few or too many points, or left earned points."""
        found = []
        groups = families(self._return_links(date))
        touched = self._touched_documents([node for group in groups for node in group])
        groups = [group for group in groups if not touched.isdisjoint(group)]
        figures = self._sale_figures([node for group in groups for node in group], date)
        for group in groups:
            nodes = sorted(node for node in group if node in figures)
            if any(figures[node].is_return for node in nodes):
                found += self._check_sale(nodes, figures)
        return found

    def _check_sale(self, nodes, figures):
        """Return what is wrong with one sale and its returns, the gravest only."""
        every = [figures[node] for node in nodes]
        sold = [one for one in every if not one.is_return]
        returns = [one for one in every if one.is_return]
        last = next(node for node in reversed(nodes) if figures[node].is_return)
        if len({one.currency_id for one in every}) > 1:
            for one in every:  # compared in the currency of the company, at the rate of each document
                one.money, one.goods, one.covered, one.written_off = (
                    amount / one.rate for amount in (one.money, one.goods, one.covered, one.written_off)
                )
                one.rate, one.loose, one.tolerance = 1.0, True, one.tolerance / one.rate + 0.02
        rate = max(one.rate for one in every)
        unit = self.currency_id.rounding
        cents = unit / 2 * 1.01 + (0.02 if rate != 1.0 else 0.0)
        tolerance = cents + sum(one.tolerance for one in every)
        money, goods = sum(one.money for one in every), sum(one.goods for one in every)
        known = any(one.known for one in returns)
        excess = -money
        if goods < -cents:
            # More is credited than was sold. That is no matter of points, except for what they had paid.
            excess = min(excess, sum(one.covered for one in every))
        if excess > tolerance and sold:
            return [self._say_cash(last, excess / rate, sold, returns, rate, known)]
        taken, back = sum(one.points for one in sold), -sum(one.points for one in returns)
        problems = []
        if taken > 0 and sold:
            expected = self._points_due_back(nodes, figures, taken, sum(one.covered for one in sold), goods)
            low, high = expected
            if not low <= back <= high:
                value = sum(one.covered for one in sold) / rate / taken
                due = low if back < low else high
                problems.append(self._say_points_back(last, taken, back, due, abs(due - back) * value, known))
        earned = sum(one.earned for one in every)
        earned -= max(sum(one.waived for one in every), sum(one.expired for one in every))
        written_off = sum(one.written_off for one in sold)
        if written_off > tolerance and written_off - money > tolerance:
            problems.append(self._say_written_off(last, min(written_off, written_off - money) / rate))
        if (
            sold
            and not any(one.loose for one in sold)
            and self.currency_id.compare_amounts(goods, 0.0) <= 0
            and earned > 0.00005
        ):
            problems.append(self._say_earned(last, earned))
        return problems

    def _points_due_back(self, nodes, figures, taken, covered, goods):
        """Return the lowest and the highest number of points that may have come back of ``taken``.

        The share of the goods that came back, or more where the money that was paid would not be enough; rounding may be
        off by a point for each redemption. Where several documents share it, only all goods say something: all points.
        A cent that the taxes of part returns lose is neither money nor points that came back.
        """
        sold = [node for node in nodes if not figures[node].is_return]
        returns = [node for node in nodes if figures[node].is_return]
        every = [figures[node] for node in nodes]
        slack = max(1, sum(figures[node].redemptions for node in sold)) + 0.00005
        if any(one.loose for one in every):
            return -0.00005, taken + 0.00005
        if self.currency_id.is_zero(goods):
            return taken - 0.00005, taken + 0.00005
        if len(sold) != 1 or sold[0][0] != MOVE or figures[sold[0]].last_move > min(node[1] for node in returns):
            return -0.00005, taken + 0.00005  # points that paid after a first return are not part of it
        whole = figures[sold[0]].goods
        came_back = whole - goods
        least = (came_back - (whole - covered)) / covered if covered else 0.0

        def bounds(share):
            share = min(1.0, max(share, least, 0.0))
            return taken * share - slack, min(taken, taken * share + slack) + 0.00005

        low, high = bounds(came_back / whole if whole else 1.0)
        back = -sum(figures[node].points for node in returns)
        if not low <= back <= high:
            # What points may not pay counts only here, since it has to be looked up line by line.
            invoice = self.env[MOVE].browse(sold[0][1])
            payable, credited = (
                sum(sum(move._loyalty_payable_lines(self).mapped("price_total")) for move in moves)
                for moves in (invoice, self.env[MOVE].browse([node[1] for node in returns]))
            )
            low, high = bounds(min(1.0, credited / payable) if payable else 1.0)
        return low, high

    # --- what documents say --------------------------------------------------------------------------------------

    def _return_links(self, date):
        """Return pairs of nodes ``(model, id)``: a return, and a document of the sale that it returns. Override to add."""
        return [
            ((MOVE, one), (MOVE, other))
            for one, other in self.env.execute_query(
                SQL(
                    """
                    SELECT r.id, r.reversed_entry_id FROM account_move r JOIN account_move i ON i.id = r.reversed_entry_id
                     WHERE r.move_type IN ('out_refund', 'out_invoice') AND r.state = 'posted' AND r.date <= %s
                       AND r.company_id = ANY(%s)
                       AND (COALESCE(r.loyalty_redeem_points, 0) = 0 OR r.loyalty_redeem_origin_id IS NOT NULL
                            OR r.move_type <> 'out_refund')
                    """,
                    date,
                    self._companies_of_books().ids,
                )
            )
        ]

    def _companies_of_books(self):
        """Return the company of the program and its branches. What one booked before it was archived is still in the books."""
        companies = self.env["res.company"].with_context(active_test=False)
        return companies.search([("id", "child_of", self.company_id.ids)])

    def _touched_documents(self, nodes):
        """Return those of ``nodes`` that earned or redeemed points of this program. Override to add."""
        ids = [res_id for model, res_id in nodes if model == MOVE]
        rows = self.env.execute_query(
            SQL(
                """
                SELECT res_id FROM loyalty_ledger_entry
                 WHERE res_model = 'account.move' AND res_id = ANY(%(ids)s) AND program_id = %(program)s
                 UNION
                SELECT p.loyalty_move_id FROM account_payment p JOIN loyalty_card c ON c.id = p.loyalty_card_id
                 WHERE p.loyalty_move_id = ANY(%(ids)s) AND c.program_id = %(program)s
                 UNION
                SELECT n.reversed_entry_id FROM account_move n JOIN loyalty_card c ON c.id = n.loyalty_redeem_card_id
                 WHERE n.reversed_entry_id = ANY(%(ids)s) AND c.program_id = %(program)s
                """,
                ids=ids,
                program=self.id,
            )
        )
        return {(MOVE, res_id) for (res_id,) in rows}

    def _sale_figures(self, nodes, date):
        """Return ``{node: Figures}`` of the posted documents among ``nodes``. Override to add."""
        ids = [res_id for model, res_id in nodes if model == MOVE]
        if not ids:
            return {}
        result = self._move_figures(ids, date)
        self._add_payments(result, ids, date)
        self._add_reductions(result, ids, date)
        self._add_written_off(result, ids, date)
        self._add_earned(result, MOVE)
        return result

    def _move_figures(self, ids, date):
        """Documents with their own points: lines that lower the price are money that points paid."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT m.id, m.move_type, m.amount_total, m.currency_id, m.reversed_entry_id IS NOT NULL,
                       COALESCE(NULLIF(m.invoice_currency_rate, 0), 1), COALESCE(l.reduced, 0), COALESCE(e.points, 0),
                       EXISTS (SELECT 1 FROM loyalty_exception x WHERE x.res_model = 'account.move' AND x.res_id = m.id
                                  AND x.kind IN ('claim', 'return'))
                  FROM account_move m
                  LEFT JOIN (SELECT move_id, sum(price_total) AS reduced FROM account_move_line
                              WHERE move_id = ANY(%(ids)s) AND is_loyalty_reduction GROUP BY move_id) l ON l.move_id = m.id
                  LEFT JOIN (SELECT res_id, -sum(points) AS points FROM loyalty_ledger_entry
                              WHERE res_model = 'account.move' AND res_id = ANY(%(ids)s) AND program_id = %(program)s
                                AND is_redemption AND effective_date <= %(date)s GROUP BY res_id) e ON e.res_id = m.id
                 WHERE m.id = ANY(%(ids)s) AND m.state = 'posted' AND m.date <= %(date)s
                """,
                ids=ids,
                program=self.id,
                date=date,
            )
        )
        result = {}
        for move_id, kind, total, currency_id, reverses, rate, reduced, points, known in rows:
            sign = -1 if kind == "out_refund" else 1
            result[MOVE, move_id] = Figures(
                is_return=sign < 0,
                money=sign * total,
                goods=sign * (total - reduced),
                covered=-sign * reduced,
                points=points,
                redemptions=1 if sign > 0 and points else 0,
                rate=rate,
                currency_id=currency_id,
                # What restores a credit note is paid again, by whatever it may be.
                loose=sign > 0 and reverses,
                known=known,
                last_move=move_id if reduced else 0,
            )
        return result

    def _add_payments(self, result, ids, date):
        """Add payments with points: money as it was matched with the document, points by the ledger."""
        rows = self.env.execute_query(
            SQL(
                PROOF_RETURN_PAYMENTS,
                ids=ids,
                program=self.id,
                date=date,
            )
        )
        unit = self.currency_id.rounding
        for move_id, kind, amount, in_currency, matched, points, entry_id in rows:
            one = result.get((MOVE, move_id))
            if not one:
                continue
            one.points += points
            if kind == "inbound":
                # What is not matched with the invoice is the customer's credit.
                one.loose |= abs(matched - amount) > unit and one.currency_id == self.currency_id.id or not matched
                one.money -= in_currency
                one.covered += in_currency
                one.redemptions += 1
                one.last_move = max(one.last_move, entry_id)
            else:
                back = in_currency if abs(matched - amount) <= unit else amount * one.rate
                one.money += back
                one.covered -= back

    def _add_written_off(self, result, ids, date):
        """Add what payments in money wrote off as expense or income when they paid a document in full."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT o.move_id, sum(w.amount * r.amount / NULLIF(abs(l.balance), 0))
                  FROM account_move_line o JOIN account_partial_reconcile r ON r.debit_move_id = o.id
                  JOIN account_move_line l ON l.id = r.credit_move_id AND l.parent_state = 'posted' AND l.date <= %(date)s
                  JOIN account_payment p ON p.move_id = l.move_id AND p.loyalty_card_id IS NULL
                  JOIN LATERAL (
                       SELECT sum(x.balance) AS amount FROM account_move_line x
                         JOIN account_account a ON a.id = x.account_id
                        WHERE x.move_id = l.move_id
                          AND (a.account_type LIKE 'income%%' OR a.account_type LIKE 'expense%%')) w ON w.amount > 0
                 WHERE o.move_id = ANY(%(ids)s)
                 GROUP BY o.move_id
                """,
                ids=ids,
                date=date,
            )
        )
        for move_id, amount in rows:
            if one := result.get((MOVE, move_id)):
                one.written_off += float(amount) * one.rate

    def _add_reductions(self, result, ids, date):
        """Add credit notes by which points lowered the price of a posted invoice, and entries that gave that back."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT COALESCE(n.loyalty_redeem_note_id, n.reversed_entry_id), n.move_type, n.amount_total,
                       COALESCE(-sum(e.points), 0), n.id
                  FROM account_move n JOIN loyalty_card c ON c.id = n.loyalty_redeem_card_id
                  LEFT JOIN loyalty_ledger_entry e ON e.res_model = 'account.move' AND e.res_id = n.id
                        AND e.is_redemption AND e.effective_date <= %(date)s
                 WHERE (n.loyalty_redeem_note_id = ANY(%(ids)s) AND n.move_type = 'entry'
                        OR n.reversed_entry_id = ANY(%(ids)s) AND n.move_type = 'out_refund'
                           AND n.loyalty_redeem_origin_id IS NULL)
                   AND n.state = 'posted' AND n.date <= %(date)s AND c.program_id = %(program)s AND NOT EXISTS (
                       SELECT 1 FROM account_move r WHERE r.reversed_entry_id = n.id AND r.state = 'posted'
                          AND r.move_type = 'entry' AND r.date <= %(date)s)
                 GROUP BY n.id ORDER BY n.id
                """,
                ids=ids,
                program=self.id,
                date=date,
            )
        )
        for move_id, kind, total, points, entry_id in rows:
            one = result.get((MOVE, move_id))
            if not one:
                continue
            one.points += points
            sign = 1 if kind == "out_refund" else -1
            amount = total if sign > 0 else total * one.rate
            one.money -= sign * amount
            one.covered += sign * amount
            if sign > 0:
                one.redemptions += 1
                one.last_move = max(one.last_move, entry_id)

    def _add_earned(self, result, model):
        """Add what documents earned, less what was taken back, waived or had expired."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT e.res_id, sum(e.points), sum(e.waived_points), COALESCE(sum(x.points), 0)
                  FROM loyalty_ledger_entry e
                  LEFT JOIN LATERAL (
                       SELECT sum(c.points) AS points FROM loyalty_lot l
                         JOIN loyalty_ledger_consumption c ON c.lot_id = l.id
                         JOIN loyalty_ledger_entry d ON d.id = c.debit_entry_id AND d.kind = 'expire'
                        WHERE l.entry_id = e.id AND e.kind = 'earn') x ON TRUE
                 WHERE e.res_model = %s AND e.res_id = ANY(%s) AND e.program_id = %s
                   AND NOT e.is_redemption AND e.kind IN ('earn', 'reversal')
                 GROUP BY e.res_id
                """,
                model,
                [node[1] for node in result if node[0] == model],
                self.id,
            )
        )
        for res_id, *points in rows:
            one = result[model, res_id]
            one.earned, one.waived, one.expired = points

    # --- words ---------------------------------------------------------------------------------------------------

    def _name_of(self, node):
        return self.env[node[0]].browse(node[1]).display_name

    def _say_cash(self, node, excess, sold, returns, rate, known):
        paid, back = (sum(one.money for one in some) / rate for some in (sold, returns))
        return {
            "model": node[0],
            "res_id": node[1],
            "problem": self.env._(
                "%(name)s: %(back)s go back in money for this sale, but only %(paid)s were paid in money; the rest was "
                "paid with points.",
                name=self._name_of(node),
                back=self.currency_id.format(-back),
                paid=self.currency_id.format(max(paid, 0.0)),
            ),
            "size": excess,
            "explained": known,
        }

    def _say_written_off(self, node, amount):
        return {
            "model": node[0],
            "res_id": node[1],
            "problem": self.env._(
                "%(name)s: %(amount)s of what goes back in money had never been paid: it was written off when the sale was "
                "paid. Lower the credit note, or leave it if that is what you want.",
                name=self._name_of(node),
                amount=self.currency_id.format(amount),
            ),
            "size": 0.0,
            "explained": True,
        }

    def _say_points_back(self, node, taken, back, due, size, known):
        return {
            "model": node[0],
            "res_id": node[1],
            "problem": self.env._(
                "%(name)s: %(back)s of the %(taken)s points redeemed for this sale were returned, but the returned "
                "goods account for %(due)s of them.",
                name=self._name_of(node),
                back=say_points(self.env, back),
                taken=say_points(self.env, taken),
                due=say_points(self.env, max(0.0, round(due))),
            ),
            "size": max(size, self.currency_id.rounding),
            "explained": known,
        }

    def _say_earned(self, node, earned):
        return {
            "model": node[0],
            "res_id": node[1],
            "problem": self.env._(
                "%(name)s: everything of this sale was returned, but %(points)s points that it earned are still on the "
                "card.",
                name=self._name_of(node),
                points=say_points(self.env, earned),
            ),
            "size": earned * self.point_value,
        }
