"""What a payment with points must be before it is saved, confirmed or changed."""

from odoo import api, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import format_date

from odoo.addons.loyalty_ledger.tools.words import say_points

from .account_payment import LOYALTY_FIELDS


class AccountPayment(models.Model):
    _inherit = "account.payment"

    @api.constrains("payment_method_line_id", "payment_type", "journal_id", "currency_id", "amount", *LOYALTY_FIELDS)
    def _check_loyalty(self):
        for payment in self:
            if not payment.is_loyalty:
                if any(payment[name] for name in LOYALTY_FIELDS):
                    raise ValidationError(
                        self.env._(
                            "To redeem points, choose the payment method Loyalty Points. Otherwise leave card and "
                            "points empty."
                        )
                    )
            elif payment.payment_type == "inbound":
                payment._check_loyalty_redemption()
            else:
                payment._check_loyalty_return()

    def _check_loyalty_redemption(self):
        """A payment with points has a usable card, whole points, their money value and an invoice that needs it."""
        # Users may lack access to the program (another company); the card was checked by the form.
        card = self.loyalty_card_id.sudo()
        move, program = self.loyalty_move_id, card.program_id
        if not card or not move:
            raise ValidationError(
                self.env._("To redeem points, choose the invoice and the card, and enter the number of points.")
            )
        hold = self.loyalty_hold_id.sudo()  # reservations have no write access and are read here only
        if problem := card._payment_problem(self.company_id, hold):
            raise ValidationError(problem)
        if self.journal_id != program.loyalty_journal_id:
            raise ValidationError(
                self.env._(
                    "Points of program %(program)s are paid in the journal %(journal)s. Choose that journal.",
                    program=program.name,
                    journal=program.loyalty_journal_id.name,
                )
            )
        if program.vat_mode == "price_reduction":
            raise ValidationError(
                self.env._(
                    "Points of program %s lower the price and are no payment. Use Apply Loyalty Points on the invoice.",
                    program.name,
                )
            )
        if move.move_type not in ("out_invoice", "out_receipt") or (
            move.commercial_partner_id != self.partner_id.commercial_partner_id
        ):
            raise ValidationError(
                self.env._("Points can be redeemed on invoices of the same customer only. Choose another invoice.")
            )
        if self.loyalty_points <= 0 or self.loyalty_points != int(self.loyalty_points):
            raise ValidationError(
                self.env._("Enter a whole number of points, not %s.", say_points(self.env, self.loyalty_points))
            )
        if not hold and (problem := program._too_few_points(self.loyalty_points, self.date)):
            raise ValidationError(problem)
        if hold and not self._owns_hold(hold):
            raise ValidationError(self.env._("The reserved points belong to another document."))
        value = hold.amount if hold else program._points_to_money(self.loyalty_points, self.date)
        if self.currency_id != program.currency_id or self.currency_id.compare_amounts(self.amount, value):
            raise ValidationError(
                self.env._(
                    "%(points)s points are worth %(value)s, not %(amount)s.",
                    points=say_points(self.env, self.loyalty_points),
                    value=program.currency_id.format(value),
                    amount=self.currency_id.format(self.amount),
                )
            )

    def _owns_hold(self, hold):
        """Whether ``hold`` was placed for this payment or for its invoice, with its card and points."""
        documents = {("account.payment", self.id), ("account.move", self.loyalty_move_id.id)}
        return (
            (hold.res_model, hold.res_id) in documents
            and hold.card_id == self.loyalty_card_id
            and hold.points == self.loyalty_points
        )

    @api.constrains("state", "move_id", "outstanding_account_id", "loyalty_card_id")
    def _check_loyalty_has_entry(self):
        """Odoo lets payments without outstanding account pay invoices without journal entry; points never do."""
        for payment in self:
            if payment.loyalty_card_id and payment.state in ("in_process", "paid") and not payment.move_id:
                raise ValidationError(
                    self.env._(
                        "A payment with points needs a journal entry: delete %s and apply points again.",
                        payment.display_name,
                    )
                )

    def _check_loyalty_frozen(self, vals):
        """A payment with points that has a journal entry, or gave points back, no longer changes."""
        names = {*self._get_trigger_fields_to_synchronize(), *LOYALTY_FIELDS, "payment_method_line_id"}
        changed = names & vals.keys()
        if not changed:
            return
        for payment in self.filtered(lambda payment: payment.loyalty_card_id and payment.move_id):
            for name in changed:
                field = payment._fields[name]
                if field.convert_to_write(payment[name], payment) != field.convert_to_write(
                    field.convert_to_record(field.convert_to_cache(vals[name], payment), payment), payment
                ):
                    raise UserError(
                        self.env._(
                            "%(payment)s was paid with points, so %(field)s cannot change. Cancel the payment, which "
                            "returns the points, and apply points again.",
                            payment=payment.display_name,
                            field=field._description_string(self.env),
                        )
                    )

    def _check_not_locked(self):
        """What lies behind a lock date is undone by an entry of today: say how, where Odoo would name the lock only."""
        for payment in self.filtered(lambda payment: payment.loyalty_card_id and payment.move_id.state == "posted"):
            move = payment.move_id
            has_tax = any(line._affect_tax_report() for line in move.line_ids)
            if move._get_violated_lock_dates(move.date, has_tax):
                raise UserError(
                    self.env._(
                        "%(payment)s of %(date)s is in a locked period and cannot be reset to draft. Cancel it "
                        "instead: the points are returned by an entry of today.",
                        payment=payment.display_name,
                        date=format_date(self.env, move.date),
                    )
                )

    def _check_loyalty_due(self, together=None):
        """Points never cover more than the invoice still needs; a draft may have waited for long.

        :param together: other payments for the invoice that are confirmed at the same time and come before this one
        """
        if not self.loyalty_move_id:
            raise UserError(
                self.env._(
                    "The invoice that %s paid was deleted. Apply the points to another invoice.", self.display_name
                )
            )
        if self.loyalty_move_id.state != "posted":
            raise UserError(self.env._("Confirm %s before you redeem points on it.", self.loyalty_move_id.display_name))
        # Users may lack access to the program (another company); the payment was checked.
        program = self.loyalty_card_id.sudo().program_id
        # Others that are confirmed with this one have not taken their points yet.
        amount = self.amount + sum(together.mapped("amount")) if together else self.amount
        if problem := self.loyalty_move_id._say_payable(program, amount):
            raise UserError(problem)
