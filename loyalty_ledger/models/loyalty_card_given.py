"""What one person gives to a customer within a day, through every door: the single-approver limit (N10)."""

from collections import defaultdict
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..ledger import arrays
from ..ledger.rounding import to_units
from ..tools.source import Source
from ..tools.sql_files import read_sql

GIVEN = read_sql(__file__, "given")

#: Time within which what one person gives to a customer counts together.
PERIOD = timedelta(days=1)
NO_CARDS = SQL("SELECT NULL::int WHERE FALSE")


class LoyaltyCard(models.Model):
    _inherit = "loyalty.card"

    # --- the one answer ------------------------------------------------------------------------------------------

    @api.model
    def _sql_given(self, cards, customers=()):
        """Return SQL of ``(customer id, card id, program id, ten-thousandths)``: what the user gave within a day.

        A customer is the commercial entity, with all its cards of all programs; a card without customer counts alone,
        and the customer id is NULL. Counted are adjustments in either direction (also those of bonuses, waived debts,
        Update Balance, generated cards), imported balances, lines of own imports that still run, and what came from a
        card of somebody else, and cards of somebody else that the user gave to the customer with their points. What a second
        person approved does not count.

        :param cards: SQL of the ids of cards that points go to, none that is linked to another
        :param customers: ids of commercial entities that points go to as well
        """
        for model, names in {
            "loyalty.card": ["partner_id", "points_to_id"],
            "res.partner": ["commercial_partner_id"],
            "loyalty.balance.import": ["approver_id", "requester_id", "state"],
            "loyalty.balance.import.line": ["card_id", "change", "program_id", "state"],
        }.items():
            self.env[model].flush_model(names)
        return SQL(
            GIVEN,
            cards=cards,
            customers=arrays.numbers(list(customers)),
            author=self.env.uid,
            since=fields.Datetime.now() - PERIOD,
        )

    @api.model
    def _exceeds_limit(self, giving, cards, customers=(), lock=True):
        """Return whether what the user is about to give needs a second person's approval (N10).

        Counted are the whole operation and what the user gave to its customers before: a large gift in small parts, or
        over several cards of the customer, is a large one.

        :param giving: dict program -> ten-thousandths of points that the operation moves
        :param cards: SQL of the ids of cards that get the points, none that is linked to another
        :param customers: ids of commercial entities that get them, where the cards are not there yet
        :param lock: False for a preview: what posts waits for other operations of the same user
        """
        Company, Program = self.env["res.company"], self.env["loyalty.program"].sudo()
        if not giving or not Company._has_loyalty_limits():
            return False
        if lock:
            self._lock_giver()
        totals = defaultdict(int, {program.sudo(): units for program, units in giving.items()})
        rows = self.env.execute_query(
            SQL("SELECT program_id, sum(units)::bigint FROM (%s) t GROUP BY 1", self._sql_given(cards, customers))
        )
        for program_id, units in rows:
            totals[Program.browse(program_id)] += units
        return Company._exceeds_loyalty_limit(totals)

    @api.model
    def _check_customers_join(self, partners):
        """Refuse to make one customer of several to whom the user gave, together, more than one person may give (N10).

        :param partners: contacts that get one commercial entity
        :raises odoo.exceptions.UserError: with what to do instead
        """
        customers = partners.sudo().commercial_partner_id
        Company = self.env["res.company"]
        if len(customers) < 2 or not Company._has_loyalty_limits():
            return
        self._lock_giver()
        Program, totals, owners = self.env["loyalty.program"].sudo(), defaultdict(int), set()
        for customer_id, __, program_id, units in self.env.execute_query(self._sql_given(NO_CARDS, customers.ids)):
            totals[Program.browse(program_id)] += units
            owners.add(customer_id)
        if len(owners) > 1 and Company._exceeds_loyalty_limit(totals):
            raise UserError(
                self.env._(
                    "Within 24 hours you granted points to these customers: %(names)s. Merged into one customer, "
                    "they exceed the single-approver limit. Ask somebody else to merge them, or merge them tomorrow.",
                    names=", ".join(
                        customers.filtered(lambda customer: customer.id in owners)[:5].mapped("display_name")
                    ),
                )
            )

    def _lock_giver(self):
        """Let operations of one person follow each other: what runs beside this one fails, starts again and counts it.

        Waiting alone is not enough: under REPEATABLE READ the second one would go on with what it saw before.
        """
        self.env.cr.execute(SQL("UPDATE res_users SET share = share WHERE id = %s", self.env.uid))

    # --- doors ---------------------------------------------------------------------------------------------------

    def _exceeds_adjustment_limit(self, changes, lock=True):
        """Return whether adjusting these cards needs a second person's approval (N10).

        :param changes: dict card id -> signed points
        """
        changed = self.sudo().filtered(lambda card: changes.get(card.id))
        giving = defaultdict(int)
        for card in changed:
            giving[card.program_id] += abs(to_units(changes[card.id]))
        cards = changed.filtered(lambda card: not card.points_to_id) | changed.points_to_id
        return self._exceeds_limit(giving, SQL("SELECT unnest(%s::int[])", arrays.numbers(cards.ids)), lock=lock)

    def _exceeds_transfer_limit(self, target, points=0):
        """Return whether moving points of these cards to ``target`` needs a second person's approval (N10).

        Between cards of one customer nothing is given.

        :param points: points of each card; 0: all of them
        """
        target = (target.points_to_id or target).sudo()
        customer = target.partner_id.commercial_partner_id
        given = self.sudo().filtered(
            lambda card: card != target and (not customer or card.partner_id.commercial_partner_id != customer)
        )
        giving = defaultdict(int)
        for card in given:
            giving[card.program_id] += max(to_units(points or card.points), 0)
        giving = {program: units for program, units in giving.items() if units}
        return self._exceeds_limit(giving, SQL("SELECT %s::int", target.id))

    def write(self, vals):
        """A link and another owner hand points over like a transfer: above the limit they are refused."""
        given = self.browse()
        if not self.env.su and not Source.of(self.env):
            if vals.get("points_to_id"):
                self._check_link_limit(self.browse(vals["points_to_id"]))
            if vals.get("partner_id"):
                given = self._check_owner_limit(self.env["res.partner"].browse(vals["partner_id"]))
            elif "partner_id" in vals:
                self._check_owner_stays()
        result = super().write(vals)
        if given:
            self.env["loyalty.card.handover"]._note(given)
        return result

    def _check_link_limit(self, target):
        linked = self.filtered(lambda card: card.ledgered and card.points_to_id != target)
        if linked._exceeds_transfer_limit(target):
            raise UserError(
                self.env._(
                    "Linking moves more points to card %(card)s than the single-approver limit allows within 24 "
                    "hours. Use Transfer Points first, which asks another manager for approval, then link the empty "
                    "card.",
                    card=target.sudo()._say_code(),
                )
            )

    def _check_owner_stays(self):
        """Points that were nobody's for a moment would come to the next owner without being counted."""
        owned = self.sudo().filtered(lambda card: card.ledgered and card.points > 0 and card.partner_id)
        if owned and self.env["res.company"]._has_loyalty_limits():
            raise UserError(
                self.env._(
                    "Card %(card)s has points of %(customer)s, so its customer cannot be removed. To give the points to "
                    "another customer, use Transfer Points.",
                    card=owned[0]._say_code(),
                    customer=owned[0].partner_id.display_name,
                )
            )

    def _check_owner_limit(self, partner):
        """What the user put on cards without customer, and the balance of somebody else's, is given to the customer.

        :return: the cards of somebody else whose balance the customer gets
        """
        customer = partner.sudo().commercial_partner_id
        moved = self.sudo().filtered(
            lambda card: card.ledgered and card.points > 0 and card.partner_id.commercial_partner_id != customer
        )
        if not moved or not self.env["res.company"]._has_loyalty_limits():
            return moved.filtered("partner_id")
        giving, blank = defaultdict(int), moved.filtered(lambda card: not card.partner_id)
        for card in moved - blank:
            giving[card.program_id] += to_units(card.points)
        for __, __, program_id, units in self.env.execute_query(
            self._sql_given(SQL("SELECT unnest(%s::int[])", arrays.numbers(blank.ids)))
        ):
            giving[self.env["loyalty.program"].sudo().browse(program_id)] += units
        if self._exceeds_limit(giving, NO_CARDS, customer.ids):
            raise UserError(
                self.env._(
                    "With these cards, %(customer)s would receive more points than the single-approver limit allows "
                    "within 24 hours. Issue the customer a new card, then use Transfer Points, which asks another "
                    "manager for approval.",
                    customer=partner.display_name,
                )
            )
        return moved - blank
