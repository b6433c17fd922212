"""The proof of stored value: balances of gift cards and wallets against the items on the liability account (N14).

Documents book the money themselves, so nothing connects a journal item with a card but the document. Whatever belongs to
one business event (an order and its invoices, a session of a register and its closing entry) is compared as a whole.
"""

from collections import defaultdict
from decimal import Decimal

from odoo import models
from odoo.tools import SQL

from odoo.addons.loyalty_ledger.ledger.rounding import to_decimal

from ..books.lots import lots_on
from .loyalty_program_proof import NAMED, Part

MOVE = "account.move"


class Groups:
    """Documents that belong together: each link joins two of them.

    >>> groups = Groups()
    >>> groups.link("order", "invoice")
    >>> groups.head("order") == groups.head("invoice")
    True
    """

    def __init__(self):
        self.parents = {}

    def head(self, node):
        """Return the document that stands for the group of a document."""
        while self.parents.get(node, node) != node:
            node = self.parents[node]
        return node

    def link(self, one, other):
        """Join the groups of two documents."""
        self.parents[self.head(one)] = self.head(other)


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    def _stored_links(self, documents, moves):
        """Return pairs of documents that book together. Override to add those of an add-on.

        :param documents: ``{model: ids}`` of the documents of transactions
        :param moves: ids of journal entries with items on the liability account
        """
        rows = self.env.execute_query(
            SQL(
                """
                SELECT id, reversed_entry_id FROM account_move
                 WHERE reversed_entry_id IS NOT NULL
                   AND (id = ANY(%(moves)s::int[]) OR reversed_entry_id = ANY(%(moves)s::int[]))
                """,
                moves=list({*moves, *documents.get(MOVE, ())}),
            )
        )
        return [((MOVE, one), (MOVE, other)) for one, other in rows]

    def _stored_waiting(self, documents, date):
        """Return ``{(model, id): (amount, text)}`` of money that a later entry will book. Override to add.

        :param documents: ``{model: ids}`` of the documents whose balances and books differ
        """
        return {}

    # --- value: balances = liability account ---------------------------------------------------------------------

    def _proof_balances(self, date):
        """Balances of all cards on the day, against the items on the liability account."""
        if not self.stored_since or date < self.stored_since:
            return Part(0, 0, self._proof_rounding())
        points, booked = self._stored_points(date), self._stored_items(date)
        part = Part(sum(points.values(), Decimal(0)), sum(booked.values(), Decimal(0)), self._proof_rounding())
        groups = Groups()
        documents = defaultdict(set)
        for model, res_id in points:
            documents[model].add(res_id)
        for one, other in self._stored_links(documents, {res_id for __, res_id in booked}):
            groups.link(one, other)
        open_ = defaultdict(Decimal)
        for sums, sign in ((points, 1), (booked, -1)):
            for node, amount in sums.items():
                open_[groups.head(node)] += sign * amount
        self._name_wrong_items(part, date, groups, open_)
        self._name_open_groups(part, date, groups, open_, points, booked)
        self._name_wrong_dates(part, date)
        return part

    def _stored_points(self, date):
        """``{document: points}``: what transactions changed; those that have an entry of their own, under that entry.

        Everything up to the adoption stands under its journal entry. Without a date all transactions.
        """
        rows = self.env.execute_query(
            SQL(
                """
                WITH booked AS (
                     SELECT entry_id, min(move_id) AS move_id FROM loyalty_valuation
                      WHERE program_id = %(program)s AND entry_id IS NOT NULL AND move_id IS NOT NULL GROUP BY 1)
                SELECT e.id <= %(last)s AND e.effective_date <= %(since)s AS adopted, b.move_id,
                       CASE WHEN b.move_id IS NULL THEN e.res_model END, CASE WHEN b.move_id IS NULL THEN e.res_id END,
                       sum(e.points), min(e.id)
                  FROM loyalty_ledger_entry e LEFT JOIN booked b ON b.entry_id = e.id
                 WHERE e.program_id = %(program)s AND e.effective_date <= COALESCE(%(date)s::date, 'infinity')
                   AND e.kind <> 'transfer'
                 GROUP BY 1, 2, 3, 4
                """,
                program=self.id,
                last=self.stored_last_entry_id,
                since=self.stored_since,
                date=date,
            )
        )
        points = defaultdict(Decimal)
        for adopted, move_id, model, res_id, amount, entry_id in rows:
            if adopted:
                node = self._adoption_node()
            elif move_id:
                node = (MOVE, move_id)
            else:
                node = (model, res_id) if res_id else ("loyalty.ledger.entry", entry_id)
            points[node] += to_decimal(amount)
        return points

    def _adoption_node(self):
        ((move_id,),) = self.env.execute_query(
            SQL(
                "SELECT min(move_id) FROM loyalty_valuation WHERE program_id = %s AND kind = 'opening' AND entry_id IS NULL",
                self.id,
            )
        )
        return (MOVE, move_id) if move_id else (self._name, self.id)

    def _stored_items(self, date):
        """``{journal entry: credit on the liability account}``; what was there before, under the adoption."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT l.id <= %(last)s AND l.date <= %(since)s AS adopted,
                       CASE WHEN l.id <= %(last)s AND l.date <= %(since)s THEN NULL ELSE l.move_id END, -sum(l.balance)
                  FROM account_move_line l
                 WHERE l.account_id = %(account)s AND l.parent_state = 'posted'
                   AND l.date <= COALESCE(%(date)s::date, 'infinity') AND l.company_id = ANY(%(companies)s)
                 GROUP BY 1, 2
                """,
                last=self.stored_last_item_id,
                since=self.stored_since,
                account=self.liability_account_id.id,
                date=date,
                companies=self._companies_of_books().ids,
            )
        )
        booked = defaultdict(Decimal)
        for adopted, move_id, amount in rows:
            booked[self._adoption_node() if adopted else (MOVE, move_id)] += to_decimal(amount)
        return booked

    def _name_wrong_items(self, part, date, groups, open_):
        """Name lines of products of the program that are not on the liability account, or that have taxes."""
        lines = self.env["account.move.line"].search(
            [
                ("product_id", "in", self._stored_value_products().ids),
                ("display_type", "=", "product"),
                ("parent_state", "=", "posted"),
                ("date", "<=", date),
                ("company_id", "in", self._companies_of_books().ids),
                ("id", ">", self.stored_last_item_id),
                "|",
                ("account_id", "!=", self.liability_account_id.id),
                ("tax_ids", "!=", False),
            ],
            order="id",
            limit=NAMED,
        )
        for line in lines:
            tax = line.price_total - line.price_subtotal
            if line.price_subtotal:
                tax = line.company_currency_id.round(tax * -line.balance / line.price_subtotal)
            is_elsewhere = line.account_id != self.liability_account_id
            if not is_elsewhere and not tax:
                continue
            amount = to_decimal(tax) + (to_decimal(-line.balance) if is_elsewhere else 0)
            names = {
                "move": line.move_id.name,
                "product": line.product_id.display_name,
                "found": line.account_id.display_name,
                "expected": self.liability_account_id.display_name,
                "amount": self.currency_id.format(float(amount)),
            }
            if is_elsewhere:
                text = self.env._(
                    "%(move)s: %(amount)s of product %(product)s are on %(found)s instead of %(expected)s. Correct the "
                    "income account of the product with Set Up Accounting, and the entry.",
                    **names,
                )
            else:
                text = self.env._(
                    "%(move)s: product %(product)s was sold with %(amount)s of tax, which is not on %(expected)s. VAT of "
                    "a gift card is due when it is spent: remove the tax of the product, and correct the entry.",
                    **names,
                )
            part.add(line._name, line.id, text, amount)
            open_[groups.head((MOVE, line.move_id.id))] -= amount

    def _name_open_groups(self, part, date, groups, open_, points, booked):
        """Name what else differs, and what a later document will book."""
        open_ = {head: amount for head, amount in open_.items() if abs(amount) >= part.rounding / 2}
        members = defaultdict(list)
        documents = defaultdict(set)
        for node in dict.fromkeys([*points, *booked]):
            if groups.head(node) in open_:
                members[groups.head(node)].append(node)
                documents[node[0]].add(node[1])
        # A document that waits may stand between two others without points of its own.
        waiting = self._stored_waiting(documents, date)
        for node, (amount, text) in waiting.items():
            head = groups.head(node)
            if head in open_ and amount:
                part.add(*node, text, amount, explained=True)
                open_[head] -= to_decimal(amount)
        open_ = {head: amount for head, amount in open_.items() if abs(amount) >= part.rounding / 2}
        settled = self._stored_settled_later(groups) if open_ else ()
        for head, amount in sorted(open_.items(), key=str):
            cards = sum((points[node] for node in members[head] if node in points), Decimal(0))
            money = sum((booked[node] for node in members[head] if node in booked), Decimal(0))
            node = next((node for node in members[head] if node in points), members[head][0])
            if cards % part.rounding and abs(amount) < part.rounding:
                part.add(*node, self.env._("Fractions of a unit that stay on the card"), amount, explained=True)
            elif head in settled:
                text = self.env._("Card and books moved on different days, one of them after this day")
                part.add(*node, text, amount, explained=True)
            else:
                part.add(*node, self._say_open_group(node, cards, money), amount)

    def _stored_settled_later(self, groups):
        """Return the groups that are even when what is dated later counts too, such as entries that a lock date moved."""
        sums = defaultdict(Decimal)
        for found, sign in ((self._stored_points(None), 1), (self._stored_items(None), -1)):
            for node, amount in found.items():
                sums[groups.head(node)] += sign * amount
        return {head for head, amount in sums.items() if abs(amount) < self._proof_rounding() / 2}

    def _say_open_group(self, node, cards, money):
        """Return the words for one difference."""
        _ = self.env._
        names = {
            "cards": self.currency_id.format(float(cards)),
            "money": self.currency_id.format(float(money)),
            "account": self.liability_account_id.display_name,
            "name": self.env[node[0]].browse(node[1]).display_name if node[0] in self.env else node[0],
        }
        if not cards:
            return _("%(name)s books %(money)s on %(account)s, but no card changed.", **names)
        if not money:
            return _("%(name)s changed cards by %(cards)s, but nothing was booked on %(account)s.", **names)
        return _("%(name)s changed cards by %(cards)s, but %(money)s were booked on %(account)s.", **names)

    # --- completeness: what is left in lots = value lines ----------------------------------------------------------

    def _proof_balances_completeness(self, date):
        """What is left in each lot on the day, against its value lines: they feed the roll-forward."""
        rounding = self._proof_rounding()
        if not self.stored_since or date < self.stored_since:
            return Part(0, 0, rounding)
        rows = self.env.execute_query(
            SQL(
                """
                WITH %(lots)s
                SELECT s.id, s.remaining, s.amount,
                       EXISTS (SELECT 1 FROM loyalty_valuation v WHERE v.lot_id = s.id AND v.date > %(date)s
                                  AND v.effective_date <= %(date)s)
                  FROM state s
                """,
                lots=lots_on(self, date, "date"),
                date=date,
            )
        )
        part = Part(
            sum((to_decimal(row[1]) for row in rows), Decimal(0)),
            sum((to_decimal(row[2]) for row in rows), Decimal(0)),
            rounding,
        )
        for lot_id, remaining, amount, is_locked in rows:
            difference = to_decimal(remaining) - to_decimal(amount)
            if not difference:
                continue
            text = (
                self.env._("Booked later, because the period was locked")
                if is_locked
                else self.env._(
                    "%(left)s are left of this credit, but %(amount)s are carried: a value line is missing.",
                    left=self.currency_id.format(float(remaining)),
                    amount=self.currency_id.format(float(amount)),
                )
            )
            # Fractions of a unit stay with the card until it is spent.
            is_rounding = abs(difference) < rounding and bool(to_decimal(remaining) % rounding)
            part.add("loyalty.lot", lot_id, text, difference, explained=is_locked or is_rounding)
        return part

    # --- payments: no card paid more than it had --------------------------------------------------------------------

    def _proof_overdrawn(self, date):
        """Cards that paid, or for which was paid out, more than was on them."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT card_id, -sum(points) FROM loyalty_ledger_entry
                 WHERE program_id = %s AND effective_date <= %s GROUP BY card_id HAVING sum(points) < 0 ORDER BY card_id
                """,
                self.id,
                date,
            )
        )
        part = Part(sum((to_decimal(points) for __, points in rows), Decimal(0)), 0, self._proof_rounding())
        for card_id, points in rows:
            text = self.env._(
                "%s more was paid with this card, or paid out for it, than was on it.", self.currency_id.format(points)
            )
            part.add("loyalty.card", card_id, text, points)
        return part
