"""What redemptions by payment, by credit note and on invoices have in common."""

from odoo import models
from odoo.exceptions import UserError

from odoo.addons.loyalty_ledger.ledger.rounding import as_points
from odoo.addons.loyalty_ledger.tools.words import say_points


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
        # Users may lack access to the program (another company); the document was checked.
        program = terms["card"].sudo().program_id
        if not program._is_accrued(date):
            return date
        if stands and not net and not self._did_points():
            return date  # a new document of the past; the next run finds it
        return program._undo_date(date)

    def _did_points(self):
        """Return whether this document moved points before."""
        domain = [("res_model", "=", self._name), ("res_id", "=", self.id), ("is_redemption", "=", True)]
        # Users may have no access to the ledger; access to the document was checked.
        return bool(self.env["loyalty.ledger.entry"].sudo().search_count(domain, limit=1))

    def _take_points(self, points, date):
        """Redeem ``points``, out of the reservation where there is one."""
        self.env["loyalty.card"]._post_entries([self._redeem_op(points, date)])

    def _redeem_op(self, points, date):
        """Return the movement that redeems ``points``, for the gateway."""
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
        return op

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
            points = as_points(points - part)
        if points:
            raise UserError(
                self.env._(
                    "%(document)s would return %(points)s points more than were redeemed. Cancel the documents that "
                    "returned points already.",
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
                    "Points of %(document)s were already returned by %(returns)s. Cancel that first.",
                    document=self.display_name,
                    returns=", ".join(returns.mapped("display_name")),
                )
            )
