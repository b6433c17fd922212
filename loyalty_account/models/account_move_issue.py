"""Invoices of customers without a card: say that they earn nothing, and issue a card in one click."""

from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.loyalty_ledger.ledger.rounding import to_points
from odoo.addons.loyalty_ledger.tools.today import loyalty_today
from odoo.addons.loyalty_ledger.tools.words import say_points

#: A sale that was paid longer ago stays without points: nothing is retroactive, and a new card is no way to give points.
JOIN_AFTER_PAYMENT = timedelta(days=30)


class AccountMove(models.Model):
    _inherit = "account.move"

    loyalty_can_issue_card = fields.Boolean(compute="_compute_loyalty_can_issue_card")
    loyalty_has_card = fields.Boolean(
        compute="_compute_loyalty_can_issue_card", help="The customer has a card that is not on the document."
    )
    loyalty_missed_notice = fields.Char(
        "Missed Points",
        compute="_compute_loyalty_missed_notice",
        help="What a posted invoice without a card would earn if the customer had one.",
    )

    @api.depends(
        "loyalty_card_id", "partner_id", "company_id", "state", "payment_state", "amount_total", "invoice_date"
    )
    def _compute_loyalty_can_issue_card(self):
        """Whether the form offers Issue Card, or the customer's card: what the button then does."""
        offers = self._loyalty_offers()
        programs = self.env["loyalty.program"].union(*(program for program, __ in offers.values()))
        families = self.env["loyalty.card"]._family_cards(self.partner_id, programs)
        for move in self:
            program, __ = offers.get(move, (None, 0))
            move.loyalty_can_issue_card = bool(program)
            move.loyalty_has_card = bool(program and program in families[move.partner_id].program_id)

    @api.depends_context("lang")
    @api.depends("loyalty_card_id", "partner_id", "state", "payment_state", "amount_total")
    def _compute_loyalty_missed_notice(self):
        """Say what posted invoices without a card miss; drafts have a button, and nothing to miss yet."""
        self.loyalty_missed_notice = False
        posted = self.filtered(lambda move: move.state == "posted" and isinstance(move.id, int))
        for move, (program, points) in posted._loyalty_offers().items():
            if not points:
                continue
            values = {
                "customer": move.partner_id.display_name,
                "points": say_points(self.env, points),
                "program": program.name,
            }
            if move.payment_state in ("paid", "in_payment"):
                text = self.env._(
                    "No points were earned, since no loyalty card is on this invoice. With a card %(customer)s earns up to "
                    "%(points)s points of program %(program)s.",
                    **values,
                )
            else:
                text = self.env._(
                    "This invoice will earn no points, since no loyalty card is on it. With a card %(customer)s earns up to "
                    "%(points)s points of program %(program)s once it is paid.",
                    **values,
                )
            move.loyalty_missed_notice = text

    def _loyalty_programs_to_join(self):
        """Return ``{document: programs}`` of those without a card whose customers can be given one, or have one by now.

        Programs in which the customer has only cards that cannot be used are left out: somebody closed them.
        """
        Card = self.env["loyalty.card"]
        moves = self.filtered(
            lambda move: (
                not move.loyalty_card_id
                and move.state in ("draft", "posted")
                and move.payment_state != "reversed"
                and Card._may_join(move.partner_id)
                and move._is_earning_document()
                and not move._is_paid_long_ago()
            )
        )
        by_company = {company: Card._programs_to_join(company) for company in moves.company_id}
        families = Card._family_cards(moves.partner_id, self.env["loyalty.program"].union(*by_company.values()))
        found = {}
        for move in moves:
            programs = by_company[move.company_id].filtered(lambda program: program.issue_on == "paid")
            cards = families[move.partner_id]
            usable = cards.filtered(lambda card: card._is_usable()).program_id
            if programs := programs - (cards.program_id - usable):
                found[move] = programs
        return found

    def _is_paid_long_ago(self):
        """Return whether the document is paid, and was so long ago that a card issued now does not count for it."""
        if self.payment_state not in ("paid", "in_payment"):
            return False
        receivable = self.sudo()._loyalty_receivable()  # when it was paid is on the invoice
        paid_on = max(receivable.matched_credit_ids.mapped("max_date"), default=self.invoice_date or self.date)
        return paid_on < loyalty_today(self.env, self.company_id) - JOIN_AFTER_PAYMENT

    def _loyalty_offers(self):
        """Return ``{document: (program, points)}``: whose card the button puts on it, and what that earns, paid as usual.

        The first program in which the document earns; where it earns in none, the first program and 0 points.
        """
        offers, joinable = {}, self._loyalty_programs_to_join()
        Card = self.env["loyalty.card"].sudo()
        families = Card._family_cards(self.partner_id, self.env["loyalty.program"].union(*joinable.values()))
        for move, programs in joinable.items():
            offers[move] = (programs[0], 0)
            cards = families[move.partner_id].grouped("program_id")
            # Readers of the invoice may have no access to programs; the invoice was read with their rights.
            document = move.sudo()
            for program in programs:
                level = program.level_ids.sorted("min_points")[:1]
                values = {"program_id": program.id, "partner_id": move.partner_id.id, "level_id": level.id}
                card = cards.get(program, Card)[:1] or Card.new(values)
                claims = document._loyalty_claims(preview=True, cards={document: card})
                points = sum(result.earnable for result in self.env["loyalty.earning"]._preview(claims).values())
                if points > 0:
                    offers[move] = (program, to_points(points))
                    break
        return offers

    def action_issue_loyalty_card(self):
        """Put the customer's card on the document, a new one where there is none; what the rules allow is earned.

        A paid invoice earns now what it would have earned: once, on the terms of today.
        """
        self.ensure_one()
        self.check_access("write")
        if self.loyalty_card_id:
            raise UserError(self.env._("%s has a loyalty card already.", self.display_name))
        program, __ = self._loyalty_offers().get(self, (None, 0))
        if not program:
            raise UserError(
                self.env._(
                    "No card can be issued for %s: no program of the company awards points for it, it was paid more "
                    "than 30 days ago, the customer does not collect points, or has a card that cannot be used.",
                    self.display_name,
                )
            )
        card = self.env["loyalty.card"]._issue_to(self.partner_id, program)
        # A posted document gets its first card; changing it was allowed, and no other field is.
        self.sudo().loyalty_card_id = card
        self.message_post(body=self.env._("Loyalty card %s was put on this document.", card.sudo().code))
        self._sync_loyalty()
        earned = self.loyalty_points_earned
        return card._notify_issued(earned and self.env._("%s points were earned.", say_points(self.env, earned)) or "")
