from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from odoo.addons.loyalty_ledger.tools.today import loyalty_today
from odoo.addons.loyalty_ledger.tools.trusted import by_server, is_server

from .account_payment_method import LOYALTY

#: How long a document that is not final keeps points.
HOLD_TIME = timedelta(days=7)
#: What makes a payment with points: all of it is frozen together.
LOYALTY_FIELDS = ("loyalty_card_id", "loyalty_points", "loyalty_move_id", "loyalty_origin_id")


class AccountPayment(models.Model):
    """A payment whose method is Loyalty Points redeems points of a card, or gives them back.

    Its journal entry is ours and not Odoo's (`account_payment_entry.py`): Dr redemption account (net, one line per rate),
    Dr input VAT, Cr receivable. Odoo rebuilds the lines of a draft payment from its amount and would lose the VAT, so such
    a payment is cancelled or reversed, never edited (account/models/account_payment.py, _synchronize_to_moves). What must
    hold is in `account_payment_rules.py`, what goes back in `account_payment_return.py`.
    """

    _name = "account.payment"
    _inherit = ["loyalty.server.fields.mixin", "loyalty.values.mixin", "account.payment", "loyalty.redemption.mixin"]
    _limits_numbers = False
    loyalty_card_id = fields.Many2one(
        "loyalty.card",
        "Loyalty Card",
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        help="Card from which points are redeemed.",
    )
    loyalty_points = fields.Float(
        "Points", digits=(16, 4), copy=False, help="Whole points that this payment redeems or returns."
    )
    loyalty_points_signed = fields.Float(
        "Signed Points",
        digits=(16, 4),
        compute="_compute_loyalty_points_signed",
        help="Points that this payment redeems; negative if it returns points.",
    )
    loyalty_move_id = fields.Many2one(
        "account.move",
        "Invoice Paid with Points",
        copy=False,
        index="btree_not_null",
        check_company=True,
        help="Invoice on which the points are redeemed; for returned points, the credit note.",
    )
    loyalty_origin_id = fields.Many2one(
        "account.payment",
        "Gives Back",
        copy=False,
        index="btree_not_null",
        readonly=True,
        ondelete="restrict",
        help="Payment with points that this one returns in part.",
    )
    loyalty_return_ids = fields.One2many("account.payment", "loyalty_origin_id", "Given Back By")
    loyalty_hold_id = fields.Many2one("loyalty.hold", "Reservation", copy=False, readonly=True, ondelete="restrict")
    loyalty_points_reserved = fields.Float(
        "Reserved Points",
        digits=(16, 4),
        compute="_compute_loyalty_points_reserved",
        compute_sudo=True,
        help="Points reserved on the card until the payment is confirmed or cancelled.",
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
            # Users may lack access to the program (another company); the payment was checked.
            program = payment.loyalty_card_id.sudo().program_id
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
            domain = [("program_id.loyalty_journal_id", "=", self.journal_id.id)]
            cards = self.env["loyalty.card"]._cards_of(self.partner_id, domain)[self.partner_id]
            self.loyalty_card_id = self.loyalty_move_id.loyalty_card_id or cards._only_open()[:1]

    @api.onchange("loyalty_points")
    def _onchange_loyalty_points(self):
        """Points to money (C19)."""
        if self.is_loyalty and self.loyalty_card_id:
            self.amount = self.loyalty_card_id.program_id._points_to_money(self.loyalty_points, self.date)

    @api.onchange("amount")
    def _onchange_loyalty_amount(self):
        """Money to whole points, and back to what these points cover (C20, C21)."""
        if self.is_loyalty and self.loyalty_card_id and not self.loyalty_origin_id:
            program = self.loyalty_card_id.program_id
            due = self.loyalty_move_id._loyalty_payable_amount(program) if self.loyalty_move_id else self.amount
            self.loyalty_points = program._points_typed(self.amount, due, self.date)
            self.amount = program._points_to_money(self.loyalty_points, self.date)

    # --- create, write, undo -------------------------------------------------------------------------------------

    @api.model
    def _server_fields(self):
        return super()._server_fields() | {"loyalty_hold_id"}

    @api.model
    def _may_write_server_fields(self):
        """Which reservation a payment uses follows from its points, no matter who saves it, superusers included."""
        return is_server(self)

    @api.model
    def _say_server_fields(self, names):
        return self.env._("Points are reserved by saving a draft payment.")

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
        by_server(self).write({"loyalty_hold_id": hold.id})

    # --- redeeming -----------------------------------------------------------------------------------------------

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

    def action_apply_loyalty_points(self):
        """Turn this draft receipt into a redemption of points: card, oldest open invoice, as many points as they
        need."""
        self.ensure_one()
        self.check_access("write")
        invoice = self._oldest_open_invoice()
        if not invoice:
            raise UserError(
                self.env._("%s has no open invoice on which points can be redeemed.", self.partner_id.display_name)
            )
        domain = [("ledgered", "=", True), ("program_type", "=", "loyalty")]
        cards = invoice.loyalty_card_id | self.env["loyalty.card"]._cards_of(self.partner_id, domain)[self.partner_id]
        problems = {card: card._payment_problem(self.company_id) for card in cards}
        usable = cards.filtered(lambda card: not problems[card])[:1]
        if not usable:
            raise UserError(
                next(iter(problems.values()), False)
                or self.env._("%s has no loyalty card.", self.partner_id.display_name)
            )
        # Users may lack access to the program (another company); the document was checked.
        program = usable.sudo().program_id
        due = invoice._loyalty_payable_amount(program)
        points = program._points_within(due, self.date, usable.available_points)
        if not points:
            problem = due and program._too_few_points(int(usable.available_points), self.date)
            # Points that were taken off the invoice leave nothing for others.
            problem = problem or (not due and invoice._say_outstanding())
            raise UserError(problem or self.env._("Card %s has no points to redeem.", usable._say_code()))
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
