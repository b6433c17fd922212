"""What redemptions by payment, by credit note and on invoices have in common."""

from collections import defaultdict

from odoo import api, fields, models
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
        """Return the whole points that pay as much of ``amount`` as points can on ``date``, never more (C21).

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
            "Redeem at least %(least)s points: it takes that many to pay %(unit)s, and %(points)s would pay nothing.",
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
            return self.env._("%s is not a loyalty program: its points cannot pay invoices.", self.name)
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
                "Points of program %(program)s cannot pay yet. Enter on its tab Accounting: %(fields)s.",
                program=self.name,
                fields=", ".join(missing),
            )
        if self.currency_id != company.currency_id:
            return self.env._(
                "Program %(program)s counts in %(currency)s and company %(company)s in %(other)s. "
                "Points pay only in the company's currency.",
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


class LoyaltyCard(models.Model):
    _inherit = "loyalty.card"

    @api.model
    def _by_number(self, number):
        """Return the loyalty card with this number, archived ones included, or no card."""
        number = (number or "").strip()
        if not number:
            return self.browse()
        return self.with_context(active_test=False).search(
            [("code", "=", number), ("ledgered", "=", True), ("program_type", "=", "loyalty")], limit=1
        )

    def _preselected(self, partner, company):
        """Return which of these cards a document of ``partner`` preselects, or no card.

        In each program the contact's own card, then the default card, then one with points, then the oldest; never one
        that cannot be used while another can. Of several programs the one whose points can pay documents of ``company``.
        """
        partner = partner._origin or partner
        cards = self.sorted(
            lambda card: (
                not card._is_usable(), card.partner_id != partner, not card.is_default, card.program_id.sequence,
                card.program_id.id, card.id,
            )
        )  # fmt: skip
        if len(cards) < 2:
            return cards
        firsts = cards.browse()
        for siblings in cards.grouped("program_id").values():
            equals = siblings.filtered(
                lambda card, first=siblings[0]: (
                    card._is_usable() == first._is_usable()
                    and (card.partner_id, card.is_default) == (first.partner_id, first.is_default)
                )
            )
            firsts += (len(equals) > 1 and equals.filtered(lambda card: card.available_points > 0) or equals)[:1]
        if len(firsts) == 1:
            return firsts
        places = {card.id: place for place, card in enumerate(cards)}
        return firsts.sorted(
            lambda card: (not card._is_usable(), bool(card._payment_problem(company)), places[card.id])
        )[:1]

    def _payment_problem(self, company, hold=None):
        """Say why the card cannot pay documents of ``company`` today, or return False (S9).

        :param hold: points of this card that were reserved in time: they outlive the card's own expiry
        """
        self.ensure_one()
        if not self.ledgered:
            return self.env._("Card %s keeps no points ledger.", self.code)
        if not (hold and hold._is_active()) and (reason := self._unusable_reason()):
            return reason
        return self.program_id.sudo()._redemption_problem(company)  # rules of the program hold whoever pays


class LoyaltyLedgerEntry(models.Model):
    _inherit = "loyalty.ledger.entry"

    @api.model
    def _open_redemptions(self, model, ids):
        """Return ``[(redemption, points that did not come back)]`` of documents, newest first."""
        # What a document did to points decides what may come back, whoever undoes it.
        redemptions = self.sudo().search(
            [("res_model", "=", model), ("res_id", "in", list(ids)), ("kind", "=", "redeem")], order="id DESC"
        )
        returned = dict(
            self.sudo()._read_group(
                [("reversed_entry_id", "in", redemptions.ids)], ["reversed_entry_id"], ["points:sum"]
            )
        )
        result = [(entry, round(-entry.points - returned.get(entry, 0), 4)) for entry in redemptions]
        return [(entry, points) for entry, points in result if points > 0]

    @api.model
    def _net_points(self, model, ids):
        """Return ``{document id: sum of the points of its redemptions and of the reversals of redemptions}``.

        An invoice that redeems points itself earns some too; what was taken back of these is no redemption.
        """
        # What a document did to points decides what is missing, whoever posts it.
        groups = self.sudo()._read_group(
            [
                ("res_model", "=", model),
                ("res_id", "in", list(ids)),
                ("kind", "in", ("redeem", "reversal")),
                ("is_redemption", "=", True),
            ],
            ["res_id"],
            ["points:sum"],
        )
        return defaultdict(float, {res_id: round(points, 4) for res_id, points in groups})


class LoyaltyHold(models.Model):
    _inherit = "loyalty.hold"

    amount = fields.Monetary("Amount", readonly=True, help="What the points pay, as it was when they were reserved.")
    currency_id = fields.Many2one("res.currency", "Currency", readonly=True)

    def _freeze(self, amount, currency):
        """Note what the reserved points pay, so that a new point value does not change the document."""
        # Reservations have no write access; whoever placed this one fixes its money.
        self.sudo()._settle({"amount": amount, "currency_id": currency.id})

    def _worth(self, points):
        """Return what ``points`` of this hold pay: their part, rounded down, of the money that was fixed for all."""
        self.ensure_one()
        return rates.part_worth(self.amount, points, self.points, self.currency_id.rounding or 0.01)

    def _hand_over(self, points, key, document, into=None, amount=None):
        """The money of the points goes with them: ``amount``, by default what they are worth."""
        amount, currency = self._worth(points) if amount is None else amount, self.currency_id
        left, before = self.amount - amount, into.amount if into else 0.0
        kept = super()._hand_over(points, key, document, into=into)
        if currency:
            kept._freeze(currency.round(before + amount), currency)
            if kept != self:
                self._freeze(currency.round(left), currency)
        return kept


class LoyaltyRedemptionMixin(models.AbstractModel):
    """A document whose journal entry redeems points, or gives them back: points and entry move together (S11)."""

    _name = "loyalty.redemption.mixin"
    _description = "Document That Redeems Points"

    def _redemption_terms(self):
        """Return what the document does to points.

        :return: dict with ``card``, ``points`` (positive), ``amount`` (what they are worth in the document), ``move``
            (the journal entry), ``hold``, and ``origin``: the redemption that this document gives back (same model), or
            no record where it redeems itself
        """
        raise NotImplementedError

    def _redemption_returns(self):
        """Return the documents that give back points of this redemption."""
        raise NotImplementedError

    def _redemption_in_force(self):
        """Return (whether the entry stands, the date on which that became so).

        An entry that was reversed by a dated entry is undone on the date of the reversal (locked periods, hashes).
        """
        self.ensure_one()
        move = self._redemption_terms()["move"].sudo()  # reading its reversals needs no more rights than the entry
        reversals = move._loyalty_reversals()
        if move.state == "posted" and reversals:
            return False, max(reversals.mapped("date"))
        return move.state == "posted", move.date

    def _settle_points(self):
        """Post what is missing so that the card's points say the same as the journal entries.

        Any event may call it, any number of times: it posts target minus posted.
        """
        net = self.env["loyalty.ledger.entry"]._net_points(self._name, self.ids)
        todo = []
        for document in self:
            terms = document._redemption_terms()
            stands, date = document._redemption_in_force()
            sign = 1 if terms["origin"] else -1
            delta = (terms["points"] if stands else 0) - sign * net[document.id]
            if delta:
                todo.append((document, terms, delta, document._settle_date(terms, date, stands, net[document.id])))
        if not todo:
            return
        # All cards at once, in the order of their ids: two batches never wait for each other.
        self.env["loyalty.card"].union(*(terms["card"] for __, terms, __, __ in todo))._ledger_touch()
        for document, terms, delta, date in todo:
            if (delta > 0) == bool(terms["origin"]):
                document._give_back_points(abs(delta), date)
            else:
                document._take_points(abs(delta), date)

    def _settle_date(self, terms, date, stands, net):
        """Return the business date of what is posted now: that of the entry, but what an accrual run has counted is
        undone, and done again, today (S11)."""
        program = terms["card"].sudo().program_id  # the program says it, whoever undoes
        if not program._is_accrued(date):
            return date
        if stands and not net and not self._did_points():
            return date  # a new document of the past; the next run finds it
        return program._undo_date(date)

    def _did_points(self):
        """Return whether this document moved points before."""
        domain = [("res_model", "=", self._name), ("res_id", "=", self.id), ("is_redemption", "=", True)]
        return bool(self.env["loyalty.ledger.entry"].sudo().search_count(domain, limit=1))  # whoever undoes it

    def _take_points(self, points, date):
        """Redeem ``points``, out of the reservation where there is one."""
        terms = self._redemption_terms()
        hold = terms["hold"]
        hold = hold.sudo() if hold and not terms["origin"] else None  # the gateway uses it up
        card = terms["card"].sudo()  # the revision is the ledger's own; the document was checked
        op = {
            "card_id": card.id,
            "kind": "redeem",
            "points": -points,
            "key": f"{self._name}:{self.id}:redeem:{card.id}:{card.ledger_revision}",
            "document": (self._name, self.id),
            "effective_date": date,
        }
        if hold and hold.state in ("active", "expired") and hold.card_id == card and hold.points == points:
            op["hold"] = hold
        card._post_entries([op])

    def _give_back_points(self, points, date):
        """Undo redemptions of the document, or of the one that it returns: the points go to their lots."""
        redemption = self._redemption_terms()["origin"] or self
        if redemption == self:
            self._check_no_returns()
        documents = redemption | redemption._redemption_returns()
        ops = []
        for entry, left in self.env["loyalty.ledger.entry"]._open_redemptions(self._name, documents.ids):
            part = min(left, points)
            if not part:
                break
            ops.append(
                {
                    "card_id": entry.card_id.id,
                    "kind": "reversal",
                    "points": part,
                    "key": f"{self._name}:{self.id}:return:{entry.id}:{entry.card_id.ledger_revision}",
                    "document": (self._name, self.id),
                    "reversed_entry_id": entry.id,
                    "effective_date": date,
                }
            )
            points = round(points - part, 4)
        if points:
            raise UserError(
                self.env._(
                    "%(document)s would give back %(points)s points more than were redeemed. "
                    "Cancel the documents that gave points back already.",
                    document=self.display_name,
                    points=say_points(self.env, points),
                )
            )
        self.env["loyalty.card"]._post_entries(ops)

    def _check_no_returns(self):
        returns = self._redemption_returns().filtered(lambda document: document._redemption_in_force()[0])
        if returns:
            raise UserError(
                self.env._(
                    "Points of %(document)s were given back by %(returns)s already. Cancel that first.",
                    document=self.display_name,
                    returns=", ".join(returns.mapped("display_name")),
                )
            )
