"""Points on invoices: reserved by drafts, settled when these are posted, booked at once on posted ones."""

from odoo import fields, models
from odoo.exceptions import UserError

from odoo.addons.loyalty_ledger.tools.today import loyalty_today
from odoo.addons.loyalty_ledger.tools.trusted import by_server
from odoo.addons.loyalty_ledger.tools.words import say_points

from .account_payment import HOLD_TIME


class AccountMove(models.Model):
    _inherit = "account.move"

    def _apply_loyalty_points(self, card, points):
        """Let ``points`` of ``card`` pay this invoice: reserve them on a draft, book them on a posted one.

        :return: the payment, or the credit note in mode price reduction, or no record for a draft
        """
        self.ensure_one()
        self.check_access("write")
        # Users may have no access to a card that is presented; its rules are checked here, access to the invoice
        # before.
        card = card.sudo()
        self._check_can_pay(card, points)
        program = card.program_id
        amount = program._points_to_money(points, loyalty_today(self.env, self.company_id))
        if self.state == "draft":
            self._remove_loyalty_points()
            self._check_payable(amount, program)
            if program.vat_mode == "price_reduction":
                self._add_reduction_lines(card, points, amount)
            elif program.vat_mode == "input_tax":
                program._map_tax_sets(self._loyalty_tax_sets(program))
            self._reserve_points(card, points, amount)
            return self.env["account.payment"]
        self._check_payable(amount, program)
        if program.vat_mode == "price_reduction":
            return self._reduce_posted_price(card, points, amount)
        vals = self._prepare_loyalty_payment_vals(card, points, amount)
        payment = by_server(self.env["account.payment"]).create(vals).with_env(self.env)
        payment._confirm_for_move()
        return payment

    def _check_can_pay(self, card, points, hold=None):
        if not card:
            raise UserError(self.env._("Choose a card."))
        if problem := card._payment_problem(self.company_id, hold):
            raise UserError(problem)
        if points <= 0 or points != int(points):
            raise UserError(self.env._("Enter a whole number of points, not %s.", say_points(self.env, points)))
        today = loyalty_today(self.env, self.company_id)
        if not hold and (problem := card.program_id._too_few_points(points, today)):
            raise UserError(problem)

    def _check_payable(self, amount, program):
        if problem := self._say_payable(program, amount):
            raise UserError(problem)

    def _reserve_points(self, card, points, amount):
        key = f"account.move:{self.id}:{card.id}:{card.ledger_revision}"
        hold = card._hold(points, key, ("account.move", self.id), HOLD_TIME)
        hold._freeze(amount, self.company_currency_id)
        self.sudo().loyalty_hold_id = hold  # access to the invoice was checked; reservations have no write access
        self.message_post(
            body=self.env._(
                "%(points)s loyalty points of card %(card)s are reserved for %(amount)s.",
                points=say_points(self.env, points),
                card=card._say_code(),
                amount=self.company_currency_id.format(amount),
            )
        )

    def _remove_loyalty_points(self):
        """Give up the reservation of a draft, with the lines that it made."""
        for move in self.filtered(lambda move: move.loyalty_hold_id or move.loyalty_redeem_points):
            hold = move.sudo().loyalty_hold_id  # reservations have no write access
            # Callers may edit the draft; these fields are the server's.
            move.sudo().write(
                {
                    "loyalty_hold_id": False,
                    "loyalty_redeem_card_id": False,
                    "loyalty_redeem_points": 0,
                    "loyalty_redeem_amount": 0,
                }
            )
            hold._release()
            lines = move.line_ids.filtered("is_loyalty_reduction")
            if lines and move.state == "draft":
                move.write({"invoice_line_ids": [fields.Command.delete(line.id) for line in lines]})

    def _prepare_loyalty_payment_vals(self, card, points, amount):
        """Values of the payment with points for this invoice."""
        program = card.program_id
        receivable = self.line_ids.filtered(lambda line: line.display_type == "payment_term").account_id[:1]
        return {
            "payment_type": "inbound",
            "partner_type": "customer",
            "partner_id": self.commercial_partner_id.id,
            "company_id": self.company_id.id,
            "journal_id": program.loyalty_journal_id.id,
            "payment_method_line_id": program._loyalty_method_line("inbound").id,
            "currency_id": self.company_currency_id.id,
            "amount": amount,
            "date": loyalty_today(self.env, self.company_id),
            "memo": self.payment_reference or self.name,
            "destination_account_id": receivable.id,
            "loyalty_card_id": card.id,
            "loyalty_points": points,
            "loyalty_move_id": self.id,
            "loyalty_hold_id": self.loyalty_hold_id.id,
            "write_off_line_vals": [],  # makes the journal entry at once: no draft, no reservation
        }

    def _settle_loyalty_hold(self):
        """Turn the reservation of a draft into a redemption, for the money it was made for."""
        hold = self.sudo().loyalty_hold_id  # reservations are read here only
        if self.loyalty_redeem_points:  # the lines are part of the invoice, its posting redeemed them
            self._freeze_loyalty_sets(hold.program_id, self)
            self.message_post(
                body=self.env._(
                    "%(points)s loyalty points of card %(card)s lowered the price by %(amount)s.",
                    points=say_points(self.env, self.loyalty_redeem_points),
                    card=hold.card_id._say_code(),
                    amount=self.currency_id.format(self.loyalty_redeem_amount),
                )
            )
            return
        self._check_can_pay(hold.card_id, hold.points, hold)
        self._check_payable(hold.amount, hold.program_id)
        vals = self._prepare_loyalty_payment_vals(hold.card_id, hold.points, hold.amount)
        payment = by_server(self.env["account.payment"]).create(vals).with_env(self.env)
        self.sudo().loyalty_hold_id = False  # posting was allowed; the field is the server's
        payment._confirm_for_move()

    def _reserve_again(self, changed):
        """A draft that was posted keeps its points reserved; a cancelled one gives them up."""
        for move in self & changed:
            hold = move.sudo().loyalty_hold_id  # read only: the one that was used says what the points cover
            if move.move_type not in ("out_invoice", "out_receipt") or not hold:
                continue
            if move.state == "draft" and not move.loyalty_points_reserved:
                move._reserve_points(hold.card_id, hold.points, hold.amount)
