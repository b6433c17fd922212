from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command
from odoo.tools import format_date

from odoo.addons.loyalty_ledger.tools.today import loyalty_today
from odoo.addons.loyalty_ledger.tools.trusted import trusted_defaults
from odoo.addons.loyalty_ledger.tools.words import say_points

from ..books.return_terms import ReturnTerms
from ..books.vat_split import part_of
from .account_payment_method import LOYALTY

#: How long a document that is not final keeps points.
HOLD_TIME = timedelta(days=7)
#: What makes a payment with points: all of it is frozen together.
LOYALTY_FIELDS = ("loyalty_card_id", "loyalty_points", "loyalty_move_id", "loyalty_origin_id")


class AccountPayment(models.Model):
    """A payment whose method is Loyalty Points redeems points of a card, or gives them back.

    Its journal entry is built here and not by Odoo: Dr redemption account (net, one line per rate), Dr input VAT,
    Cr receivable (DESIGN: part T). Odoo rebuilds the lines of a draft payment from its amount and would lose the VAT,
    so such a payment is cancelled or reversed, never edited (account/models/account_payment.py, _synchronize_to_moves).
    """

    _name = "account.payment"
    _inherit = ["loyalty.values.mixin", "account.payment", "loyalty.redemption.mixin"]
    _limits_numbers = False

    loyalty_card_id = fields.Many2one(
        "loyalty.card",
        "Loyalty Card",
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        help="Card whose points pay.",
    )
    loyalty_points = fields.Float(
        "Points", digits=(16, 4), copy=False, help="Whole points that this payment redeems, or gives back."
    )
    loyalty_points_signed = fields.Float(
        "Signed Points",
        digits=(16, 4),
        compute="_compute_loyalty_points_signed",
        help="Points that this payment redeems; negative where it gives them back.",
    )
    loyalty_move_id = fields.Many2one(
        "account.move",
        "Invoice Paid with Points",
        copy=False,
        index="btree_not_null",
        check_company=True,
        help="Invoice whose lines and taxes the points pay; for points given back, the credit note.",
    )
    loyalty_origin_id = fields.Many2one(
        "account.payment",
        "Gives Back",
        copy=False,
        index="btree_not_null",
        readonly=True,
        ondelete="restrict",
        help="Payment with points of which this one gives some back.",
    )
    loyalty_return_ids = fields.One2many("account.payment", "loyalty_origin_id", "Given Back By")
    loyalty_hold_id = fields.Many2one("loyalty.hold", "Reservation", copy=False, readonly=True, ondelete="restrict")
    loyalty_points_reserved = fields.Float(
        "Reserved Points",
        digits=(16, 4),
        compute="_compute_loyalty_points_reserved",
        compute_sudo=True,
        help="Points set aside on the card until the payment is confirmed or cancelled.",
    )
    loyalty_entry_id = fields.Many2one(
        "loyalty.ledger.entry",
        "Points Transaction",
        compute="_compute_loyalty_entry_id",
        compute_sudo=True,
        help="Latest transaction of this payment in the points ledger.",
    )
    loyalty_available_points = fields.Float(related="loyalty_card_id.available_points", string="Available Points")
    is_loyalty = fields.Boolean("Paid with Points", compute="_compute_is_loyalty")

    # --- fields --------------------------------------------------------------------------------------------------

    @api.depends("payment_method_line_id")
    def _compute_is_loyalty(self):
        for payment in self:
            payment.is_loyalty = payment.payment_method_line_id.code == LOYALTY

    @api.depends("loyalty_points", "payment_type")
    def _compute_loyalty_points_signed(self):
        for payment in self:
            payment.loyalty_points_signed = payment.loyalty_points * (1 if payment.payment_type == "inbound" else -1)

    @api.depends("loyalty_hold_id.state", "loyalty_hold_id.expires_at")
    def _compute_loyalty_points_reserved(self):
        for payment in self:
            hold = payment.loyalty_hold_id
            payment.loyalty_points_reserved = hold.points if hold and hold._is_active() else 0

    @api.depends("state", "move_id.state")
    def _compute_loyalty_entry_id(self):
        entries = self.env["loyalty.ledger.entry"].search(
            [("res_model", "=", "account.payment"), ("res_id", "in", self.ids)], order="id"
        )
        last = {entry.res_id: entry for entry in entries}
        for payment in self:
            payment.loyalty_entry_id = last.get(payment.id)

    @api.depends("loyalty_card_id")
    def _compute_outstanding_account_id(self):
        """The money of points lies on the redemption account; confirming a payment needs an account here."""
        super()._compute_outstanding_account_id()
        for payment in self.filtered("loyalty_card_id"):
            program = payment.loyalty_card_id.sudo().program_id  # the account is the program's, whoever pays
            payment.outstanding_account_id = program.cost_account_id

    def _compute_amount_company_currency_signed(self):
        """Gross, whatever part of it is VAT; Odoo would show the net line only."""
        loyalty = self.filtered("loyalty_card_id")
        super(AccountPayment, self - loyalty)._compute_amount_company_currency_signed()
        for payment in loyalty:
            payment.amount_company_currency_signed = payment.amount_signed

    @api.onchange("loyalty_move_id", "loyalty_card_id")
    def _onchange_loyalty_move_id(self):
        """Offer what can be used: as many points as the card has and the invoice still needs."""
        if not (self.is_loyalty and self.loyalty_card_id and self.loyalty_move_id):
            return
        program = self.loyalty_card_id.program_id
        due = self.loyalty_move_id._loyalty_payable_amount(program)
        self.loyalty_points = program._points_within(due, self.date, self.loyalty_card_id.available_points)
        self.amount = program._points_to_money(self.loyalty_points, self.date)

    @api.onchange("partner_id", "payment_method_line_id")
    def _onchange_loyalty_partner_id(self):
        """Take the customer's card and oldest open invoice (C17)."""
        if not self.is_loyalty or self.loyalty_origin_id or not self.partner_id:
            return
        if not self.loyalty_move_id or self.loyalty_move_id.commercial_partner_id != self.partner_id:
            self.loyalty_move_id = self._oldest_open_invoice()
        if not self.loyalty_card_id:
            self.loyalty_card_id = self.loyalty_move_id.loyalty_card_id or self.env["loyalty.card"].search(
                [
                    ("partner_id", "in", (self.partner_id | self.partner_id.commercial_partner_id).ids),
                    ("program_id.loyalty_journal_id", "=", self.journal_id.id),
                    ("closed", "=", False),
                    ("points_to_id", "=", False),
                ],
                order="is_default DESC, id",
                limit=1,
            )

    @api.onchange("loyalty_points")
    def _onchange_loyalty_points(self):
        """Points to money (C19)."""
        if self.is_loyalty and self.loyalty_card_id:
            self.amount = self.loyalty_card_id.program_id._points_to_money(self.loyalty_points, self.date)

    @api.onchange("amount")
    def _onchange_loyalty_amount(self):
        """Money to whole points, and back to what these points pay (C20, C21)."""
        if self.is_loyalty and self.loyalty_card_id and not self.loyalty_origin_id:
            program = self.loyalty_card_id.program_id
            due = self.loyalty_move_id._loyalty_payable_amount(program) if self.loyalty_move_id else self.amount
            self.loyalty_points = program._points_typed(self.amount, due, self.date)
            self.amount = program._points_to_money(self.loyalty_points, self.date)

    # --- rules ---------------------------------------------------------------------------------------------------

    @api.constrains("payment_method_line_id", "payment_type", "journal_id", "currency_id", "amount", *LOYALTY_FIELDS)
    def _check_loyalty(self):
        for payment in self:
            if not payment.is_loyalty:
                if any(payment[name] for name in LOYALTY_FIELDS):
                    raise ValidationError(
                        self.env._(
                            "Redeeming points takes the payment method Loyalty Points. Choose it, or leave card and points empty."
                        )
                    )
            elif payment.payment_type == "inbound":
                payment._check_loyalty_redemption()
            else:
                payment._check_loyalty_return()

    def _check_loyalty_redemption(self):
        """A payment with points has a usable card, whole points, their money value and an invoice that needs it."""
        card = self.loyalty_card_id.sudo()  # rules of the card hold whoever pays; access was checked by the form
        move, program = self.loyalty_move_id, card.program_id
        if not card or not move:
            raise ValidationError(
                self.env._("To pay with points, choose the invoice and the card, and enter how many points.")
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
                    "%(points)s points pay %(value)s, not %(amount)s.",
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

    def _check_loyalty_return(self):
        """Points come back only through a credit note: never more than the payment took, with the same card."""
        origin = self.loyalty_origin_id
        if not origin or origin.payment_type != "inbound" or not origin.loyalty_card_id:
            raise ValidationError(
                self.env._(
                    "Points are given back by the credit note of the invoice that they paid, not by a payment of its own."
                )
            )
        if self.loyalty_move_id and self.loyalty_move_id.move_type != "out_refund":
            raise ValidationError(self.env._("Points are given back by a credit note; choose one."))
        if self.loyalty_card_id != origin.loyalty_card_id or self.currency_id != origin.currency_id:
            raise ValidationError(self.env._("Points go back to the card that they came from."))
        posted = (origin.loyalty_return_ids | self).filtered(
            lambda payment: payment == self or payment._redemption_in_force()[0]
        )
        if (
            sum(posted.mapped("loyalty_points")) > origin.loyalty_points
            or origin.currency_id.compare_amounts(sum(posted.mapped("amount")), origin.amount) > 0
        ):
            raise ValidationError(
                self.env._(
                    "%s would give back more than the points paid.", self.display_name or self.env._("This payment")
                )
            )
        points = origin._points_given_back(self.amount, posted - self)
        if self.loyalty_points != points:
            raise ValidationError(
                self.env._(
                    "%(points)s points go back for %(amount)s, not %(other)s.",
                    points=say_points(self.env, points),
                    amount=self.currency_id.format(self.amount),
                    other=say_points(self.env, self.loyalty_points),
                )
            )

    def _points_given_back(self, amount, earlier):
        """Return the points that go back for ``amount`` of this payment, after the returns ``earlier``."""
        self.ensure_one()
        total = part_of(self.loyalty_points, sum(earlier.mapped("amount")) + amount, self.amount, 1.0)
        return round(total - sum(earlier.mapped("loyalty_points")), 4)

    @api.constrains("state", "move_id", "outstanding_account_id", "loyalty_card_id")
    def _check_loyalty_has_entry(self):
        """Odoo lets payments without outstanding account pay invoices without journal entry; points never do."""
        for payment in self:
            if payment.loyalty_card_id and payment.state in ("in_process", "paid") and not payment.move_id:
                raise ValidationError(
                    self.env._(
                        "Points cannot pay without a journal entry: delete %s and apply points again.",
                        payment.display_name,
                    )
                )

    def _check_loyalty_frozen(self, vals):
        """A payment with points that has a journal entry, or gave points back, does not change any more."""
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
                            "%(payment)s was paid with points, so %(field)s cannot change. "
                            "Cancel the payment, which gives the points back, and apply points again.",
                            payment=payment.display_name,
                            field=field._description_string(self.env),
                        )
                    )

    # --- create, write, undo -------------------------------------------------------------------------------------

    @api.model
    def default_get(self, fields):
        """Which reservation a payment uses is the server's, also where a default from a context would say it."""
        return trusted_defaults(self, fields, ("loyalty_hold_id",), super().default_get)

    @api.model_create_multi
    def create(self, vals_list):
        payments = super().create(vals_list)
        used = payments.sudo().filtered(
            lambda payment: payment.loyalty_hold_id and payment.loyalty_hold_id.state not in ("active", "expired")
        )  # reservations are read here only
        if used:
            raise ValidationError(self.env._("The reserved points were used already."))
        payments._reserve_loyalty_points()
        return payments

    def write(self, vals):
        self._check_loyalty_frozen(vals)
        if vals.keys() & {"loyalty_hold_id"}:
            raise UserError(self.env._("Points are reserved by saving a draft payment."))
        replaced = self.browse()
        if vals.keys() & {*LOYALTY_FIELDS, "amount", "payment_method_line_id"}:
            replaced = self.filtered(lambda payment: payment.state == "draft" and not payment.move_id)
            replaced._release_loyalty_points()
        result = super().write(vals)
        replaced._reserve_loyalty_points()
        if vals.get("state") in ("canceled", "rejected"):
            self._release_loyalty_points()
        return result

    def unlink(self):
        self._release_loyalty_points()
        return super().unlink()

    def action_draft(self):
        self._check_not_locked()
        result = super().action_draft()
        self._reserve_loyalty_points()
        return result

    def _check_not_locked(self):
        """What lies behind a lock date is undone by an entry of today: say how, where Odoo would name the lock only."""
        for payment in self.filtered(lambda payment: payment.loyalty_card_id and payment.move_id.state == "posted"):
            move = payment.move_id
            has_tax = any(line._affect_tax_report() for line in move.line_ids)
            if move._get_violated_lock_dates(move.date, has_tax):
                raise UserError(
                    self.env._(
                        "%(payment)s of %(date)s lies in a locked period and cannot be a draft again. Cancel it instead: an "
                        "entry of today gives the points back.",
                        payment=payment.display_name,
                        date=format_date(self.env, move.date),
                    )
                )

    def action_post(self):
        """Confirm. No bank statement will follow: what points paid is paid, also by a payment that was a draft again."""
        result = super().action_post()
        self.filtered(lambda payment: payment.loyalty_card_id and payment.move_id)._compute_state()
        return result

    def action_cancel(self):
        """Cancel. Where a lock, a hash or an accrual run forbids to touch the entry, a dated entry reverses it."""
        undone = self.filtered(
            lambda payment: payment.loyalty_card_id and payment.move_id._loyalty_reversals()
        )  # by a dated entry: what is left is to say so
        undone.write({"state": "canceled"})
        self -= undone
        locked = self.filtered(
            lambda payment: (
                payment.loyalty_card_id and payment.move_id.state == "posted" and payment.move_id._loyalty_must_stay()
            )
        )
        if locked:
            locked.move_id._reverse_moves(
                [
                    {
                        "date": max(move.date, loyalty_today(self.env, move.company_id)),
                        "ref": self.env._("Reversal of %s", move.name),
                    }
                    for move in locked.move_id
                ],
                cancel=True,
            )
            locked.write({"state": "canceled"})
        numbered = (self - locked).filtered(
            lambda payment: (
                payment.loyalty_card_id and payment.move_id.state == "draft" and payment.move_id.posted_before
            )
        )
        if numbered:
            # Odoo would delete the entry, which its number forbids unless it is the last one.
            numbered.move_id.button_cancel()
            numbered.write({"state": "canceled"})
        if self - locked - numbered:
            super(AccountPayment, self - locked - numbered).action_cancel()

    def _undo_loyalty(self):
        """Cancel payments with points because what they paid is gone."""
        returns = self.loyalty_return_ids.filtered(lambda payment: payment._redemption_in_force()[0])
        if returns:
            returns.action_cancel()
        self.filtered(lambda payment: payment.state != "canceled").action_cancel()

    def _synchronize_to_moves(self, changed_fields):
        """Leave the lines of payments with points alone: rebuilt from the amount they would lose the VAT."""
        loyalty = self.filtered("loyalty_card_id")
        return super(AccountPayment, self - loyalty)._synchronize_to_moves(changed_fields)

    # --- reservation ---------------------------------------------------------------------------------------------

    def _reserve_loyalty_points(self):
        """Reserve the points of drafts until they are confirmed, cancelled or deleted (C22)."""
        for payment in self:
            card = payment.loyalty_card_id.sudo()  # the payment was checked; the ledger reserves
            if not card or payment.payment_type != "inbound" or payment.state != "draft":
                continue
            if payment.loyalty_points_reserved:
                continue
            key = f"account.payment:{payment.id}:{card.id}:{card.ledger_revision}"
            hold = card._hold(payment.loyalty_points, key, ("account.payment", payment.id), HOLD_TIME)
            hold._freeze(payment.amount, payment.currency_id)
            payment._set_loyalty_hold(hold)

    def _release_loyalty_points(self):
        holds = self.sudo().loyalty_hold_id  # nobody has write access to reservations
        if holds:
            holds._release()
            self._set_loyalty_hold(holds.browse())

    def _set_loyalty_hold(self, hold):
        models.Model.write(self, {"loyalty_hold_id": hold.id})  # past the guard of write()

    # --- journal entry -------------------------------------------------------------------------------------------

    def _generate_journal_entry(self, write_off_line_vals=None, force_balance=None, line_ids=None):
        """Odoo's engine must not add tax lines of its own to ours."""
        loyalty = self.filtered("loyalty_card_id")
        if loyalty and (write_off_line_vals or force_balance):
            raise UserError(
                self.env._("A payment with points has no payment difference: keep the rest of the invoice open.")
            )
        for payment in loyalty:
            super(AccountPayment, payment.with_context(skip_invoice_sync=True))._generate_journal_entry(
                line_ids=[Command.create(vals) for vals in payment._prepare_loyalty_line_vals()]
            )
            payment.move_id._freeze_loyalty_items()
            if payment.payment_type == "inbound":
                program = payment.loyalty_card_id.sudo().program_id  # its mapping holds, whoever pays
                payment.move_id._freeze_loyalty_sets(program, payment.loyalty_move_id)
        return super(AccountPayment, self - loyalty)._generate_journal_entry(
            write_off_line_vals=write_off_line_vals, force_balance=force_balance, line_ids=line_ids
        )

    def _prepare_loyalty_line_vals(self):
        """Return the journal items: what the points pay, by rate and VAT, against the customer."""
        self.ensure_one()
        card = self.loyalty_card_id.sudo()  # the entry is the same whoever may see the card
        label = self.env._(
            "%(points)s loyalty points of card %(card)s",
            points=say_points(self.env, self.loyalty_points),
            card=card.code,
        )
        if self.payment_type == "inbound":
            self._check_loyalty_due()
            lines = card.program_id._redemption_lines(self.amount, self.loyalty_move_id, self.partner_id, label)
        else:
            lines = self._prepare_return_lines(label)
        counterpart = {
            "name": label,
            "account_id": self.destination_account_id.id,
            "partner_id": self.partner_id.id,
            "currency_id": self.currency_id.id,
            "balance": -self.amount_signed,
            "amount_currency": -self.amount_signed,
            "date_maturity": self.date,
        }
        document = self.loyalty_move_id
        if self.loyalty_origin_id and document.currency_id != self.currency_id and document.amount_residual:
            # As much of the foreign amount as the points paid; what the rate did since is an exchange difference.
            # A credit note that settled the invoice needs nothing: the payment that it set free is undone.
            counterpart["currency_id"] = document.currency_id.id
            counterpart["amount_currency"] = self._foreign_return(document)
        return [*lines, counterpart]

    def _foreign_return(self, document):
        """Return what this payment gives back in the currency of the credit note."""
        if terms := ReturnTerms.of(self.env):
            return terms.foreign
        return self.currency_id._convert(
            self.amount, document.currency_id, self.company_id, self.loyalty_origin_id.date
        )

    def _prepare_return_lines(self, label):
        """Return the part of the redemption's lines that comes back, each set of taxes by what comes back of its goods."""
        booked = self.loyalty_origin_id._loyalty_booked()
        return booked.lines_back(booked.parts(self.amount, ReturnTerms.of(self.env)), label)

    # --- points --------------------------------------------------------------------------------------------------

    def _redemption_terms(self):
        self.ensure_one()
        return {
            "card": self.loyalty_card_id,
            "points": self.loyalty_points,
            "amount": self.amount,
            "move": self.move_id,
            "origin": self.loyalty_origin_id,
            "hold": self.loyalty_hold_id,
        }

    def _redemption_returns(self):
        return self.loyalty_return_ids

    def _check_loyalty_due(self):
        """Points never pay more than the invoice still needs; a draft may have waited for long."""
        if not self.loyalty_move_id:
            raise UserError(
                self.env._(
                    "The invoice that %s paid was deleted. Apply the points to another invoice.", self.display_name
                )
            )
        if self.loyalty_move_id.state != "posted":
            raise UserError(self.env._("Confirm %s before you redeem points on it.", self.loyalty_move_id.display_name))
        program = self.loyalty_card_id.sudo().program_id  # its rules hold, whoever pays
        due = self.loyalty_move_id._loyalty_payable_amount(program)
        if self.currency_id.compare_amounts(self.amount, due) > 0:
            raise UserError(
                self.env._(
                    "Points can cover %(due)s of %(invoice)s, not %(amount)s. Apply fewer points.",
                    due=self.currency_id.format(due),
                    invoice=self.loyalty_move_id.display_name,
                    amount=self.currency_id.format(self.amount),
                )
            )

    def _reconcile_with_loyalty_move(self):
        """Reconcile with the invoice that the points were applied to (C25, C27).

        What gives points back settles first what waits of the payment that took them: no money is owed for that.
        """
        for payment in self:
            payment._reconcile_with(payment.loyalty_origin_id.move_id)
            if payment._reconcile_with(payment.loyalty_move_id):
                payment.loyalty_move_id.matched_payment_ids += payment

    def _reconcile_with(self, move):
        """Match with what is open of ``move``; return whether there was anything."""
        self.ensure_one()
        lines = (self.move_id | move).line_ids.filtered(
            lambda line: (
                line.account_id == self.destination_account_id and line.parent_state == "posted" and not line.reconciled
            )
        )
        if len(lines.move_id) < 2:
            return False
        lines.reconcile()
        return True

    def action_apply_loyalty_points(self):
        """Turn this draft receipt into one that points pay: card, oldest open invoice, as many points as they need."""
        self.ensure_one()
        self.check_access("write")
        partners = self.partner_id | self.partner_id.commercial_partner_id
        invoice = self._oldest_open_invoice()
        if not invoice:
            raise UserError(self.env._("%s has no open invoice that points could pay.", self.partner_id.display_name))
        cards = invoice.loyalty_card_id | self.env["loyalty.card"].search(
            [("partner_id", "in", partners.ids), ("ledgered", "=", True), ("program_type", "=", "loyalty")],
            order="is_default DESC, id",
        )
        problems = {card: card._payment_problem(self.company_id) for card in cards}
        usable = cards.filtered(lambda card: not problems[card])[:1]
        if not usable:
            raise UserError(
                next(iter(problems.values()), False)
                or self.env._("%s has no loyalty card.", self.partner_id.display_name)
            )
        program = usable.sudo().program_id  # rules of the card hold whoever pays
        due = invoice._loyalty_payable_amount(program)
        points = program._points_within(due, self.date, usable.available_points)
        if not points:
            problem = due and program._too_few_points(int(usable.available_points), self.date)
            raise UserError(problem or self.env._("Card %s has no points that could pay.", usable.code))
        self.write(
            {
                "journal_id": program.loyalty_journal_id.id,
                "payment_method_line_id": program._loyalty_method_line("inbound").id,
                "currency_id": program.currency_id.id,
                "loyalty_move_id": invoice.id,
                "loyalty_card_id": usable.id,
                "loyalty_points": points,
                "amount": program._points_to_money(points, self.date),
                "memo": invoice.payment_reference or invoice.name,
            }
        )

    def _oldest_open_invoice(self):
        return self.env["account.move"].search(
            [
                ("commercial_partner_id", "=", self.partner_id.commercial_partner_id.id),
                ("move_type", "in", ("out_invoice", "out_receipt")),
                ("state", "=", "posted"),
                ("payment_state", "in", ("not_paid", "partial")),
                ("company_id", "child_of", self.company_id.id),
            ],
            order="invoice_date_due, id",
            limit=1,
        )

    def action_view_allocation(self):
        """Show what the payment was matched with (C26)."""
        self.ensure_one()
        return self.move_id.open_reconcile_view()

    def action_view_journal_items(self):
        """Show what the points booked: the payment's entry, and the entry of the value that they release (S24)."""
        self.ensure_one()
        # The books of points are named here; their items are read with the reader's own rights.
        values = self.env["loyalty.valuation"].sudo()
        released = values.search([("entry_id.res_model", "=", self._name), ("entry_id.res_id", "=", self.id)])
        return (self.move_id | released.move_id.sudo(False))._action_loyalty_items(self.display_name)
