from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.loyalty_ledger.tools.words import say_points

from ..models.account_payment_method import LOYALTY


class AccountPaymentRegister(models.TransientModel):
    """Register Payment with the method Loyalty Points: the card, its balances, and points that are money (C12)."""

    _name = "account.payment.register"
    _inherit = ["loyalty.values.mixin", "account.payment.register"]
    _limits_numbers = False

    is_loyalty = fields.Boolean(compute="_compute_is_loyalty")
    loyalty_card_number = fields.Char("Card Number")
    loyalty_card_id = fields.Many2one(
        "loyalty.card",
        "Loyalty Card",
        compute="_compute_loyalty_card_id",
        store=True,
        readonly=False,
        domain="[('ledgered', '=', True), ('program_type', '=', 'loyalty')]",
    )
    loyalty_problem = fields.Char(compute="_compute_loyalty_problem")
    loyalty_notice = fields.Char(compute="_compute_loyalty_notice")
    loyalty_points = fields.Float(
        "Points", digits=(16, 4), help="Whole points to redeem. Changing them changes the amount."
    )
    loyalty_accumulated_points = fields.Float(related="loyalty_card_id.accumulated_points", string="Accumulated")
    loyalty_redeemed_points = fields.Float(related="loyalty_card_id.redeemed_points", string="Redeemed")
    loyalty_reserved_points = fields.Float(related="loyalty_card_id.reserved_points", string="Reserved")
    loyalty_available_points = fields.Float(related="loyalty_card_id.available_points", string="Available")

    @api.depends("payment_method_line_id")
    def _compute_is_loyalty(self):
        for wizard in self:
            wizard.is_loyalty = wizard.payment_method_line_id.code == LOYALTY

    @api.depends("is_loyalty", "line_ids")
    def _compute_loyalty_card_id(self):
        for wizard in self:
            move = wizard._loyalty_move()
            offered = move._redeeming_card() if move and wizard.is_loyalty else False
            wizard.loyalty_card_id = wizard.is_loyalty and (wizard.loyalty_card_id or offered)

    @api.depends("is_loyalty", "loyalty_card_id", "loyalty_card_number")
    def _compute_loyalty_problem(self):
        for wizard in self:
            wizard.loyalty_problem = wizard.is_loyalty and wizard._find_loyalty_problem()

    @api.depends("is_loyalty", "loyalty_card_id", "loyalty_points", "loyalty_problem", "payment_date")
    def _compute_loyalty_notice(self):
        """Say at once what the payment would be refused for."""
        for wizard in self:
            wizard.loyalty_notice = False
            if not wizard.is_loyalty or wizard.loyalty_problem:
                continue
            if not wizard.loyalty_card_id:
                wizard.loyalty_notice = self.env._(
                    "%s has no card whose points can be redeemed here. Scan a card, or choose another journal.",
                    wizard.partner_id.display_name,
                )
                continue
            most = wizard._most_loyalty_points()
            if not most:
                wizard.loyalty_notice = self.env._(
                    "Card %s has no points that can be redeemed on this invoice.", wizard.loyalty_card_id.code
                )
            elif wizard.loyalty_points != int(wizard.loyalty_points):
                wizard.loyalty_notice = self.env._("Only whole points can be redeemed.")
            elif problem := wizard._too_few_points():
                wizard.loyalty_notice = problem
            elif wizard.loyalty_points > most:
                wizard.loyalty_notice = self.env._(
                    "At most %s points: the card has no more, or no more is due.", say_points(self.env, most)
                )
            if outstanding := wizard._loyalty_move()._say_outstanding():
                wizard.loyalty_notice = f"{wizard.loyalty_notice or ''} {outstanding}".strip()

    def _most_loyalty_points(self):
        # Users may lack access to the program (another company); the document was checked.
        program = self.loyalty_card_id.sudo().program_id
        due = self._loyalty_move()._loyalty_payable_amount(program)
        return program._points_within(due, self.payment_date, self.loyalty_card_id.available_points)

    def _too_few_points(self):
        # Users may lack access to the program (another company); the document was checked.
        program = self.loyalty_card_id.sudo().program_id
        return program._too_few_points(self.loyalty_points, self.payment_date)

    def _loyalty_move(self):
        moves = self.line_ids.move_id._origin
        return moves if len(moves) == 1 else moves.browse()

    def _find_loyalty_problem(self):
        """Say why this payment cannot be made with points, or return False."""
        move = self._loyalty_move()
        if not move:
            return self.env._("Points can be redeemed on one invoice at a time. Open the invoice, or select only one.")
        if move.move_type not in ("out_invoice", "out_receipt"):
            return self.env._(
                "Points can be redeemed on customer invoices only. A credit note returns points automatically when "
                "it is confirmed."
            )
        if not self.loyalty_card_id:
            if self.loyalty_card_number:
                return self.env._("No loyalty card has the number %s.", self.loyalty_card_number.strip())
            return False
        problem = self.loyalty_card_id._payment_problem(self.company_id)
        # Users may lack access to the program (another company); the document was checked.
        program = self.loyalty_card_id.sudo().program_id
        if not problem and program.loyalty_journal_id != self.journal_id:
            problem = self.env._(
                "Points of program %(program)s are paid in the journal %(journal)s. Choose that journal.",
                program=program.name,
                journal=program.loyalty_journal_id.name,
            )
        if not problem and program.vat_mode == "price_reduction":
            problem = self.env._(
                "Points of program %s lower the price and are no payment. Use Apply Loyalty Points on the invoice.",
                program.name,
            )
        return problem

    @api.onchange("loyalty_card_number")
    def _onchange_loyalty_card_number(self):
        """A scan picks the card (S9)."""
        if self.loyalty_card_number:
            self.loyalty_card_id = self.env["loyalty.card"]._by_number(self.loyalty_card_number)

    @api.onchange("is_loyalty", "loyalty_card_id", "payment_date")
    def _onchange_loyalty_card(self):
        """Offer what can be used."""
        if not self.is_loyalty or not self.loyalty_card_id or self._find_loyalty_problem():
            if self.is_loyalty:
                self.loyalty_points = 0
            return
        self.loyalty_points = self._most_loyalty_points()
        self._set_amount_of_points()

    @api.onchange("loyalty_points")
    def _onchange_loyalty_points(self):
        """Points to money (C19)."""
        if self.is_loyalty and self.loyalty_card_id:
            self._set_amount_of_points()

    @api.onchange("amount")
    def _onchange_amount(self):
        """Money to whole points, and back to what these points cover (C20, C21)."""
        result = super()._onchange_amount()
        if self.is_loyalty and self.loyalty_card_id and self.amount:
            # Users may lack access to the program (another company); the document was checked.
            program = self.loyalty_card_id.sudo().program_id
            if self.currency_id.compare_amounts(
                self.amount, program._points_to_money(self.loyalty_points, self.payment_date)
            ):
                due = self._loyalty_move()._loyalty_payable_amount(program)
                self.loyalty_points = program._points_typed(self.amount, due, self.payment_date)
                self._set_amount_of_points()
        return result

    def _set_amount_of_points(self):
        # Users may lack access to the program (another company); the document was checked.
        program = self.loyalty_card_id.sudo().program_id
        self.currency_id = program.currency_id
        self.amount = program._points_to_money(self.loyalty_points, self.payment_date)
        self.custom_user_amount = self.amount
        self.custom_user_currency_id = self.currency_id
        self.payment_difference_handling = "open"

    def _create_payment_vals_from_wizard(self, batch_result):
        vals = super()._create_payment_vals_from_wizard(batch_result)
        if self.is_loyalty:
            problem = self._find_loyalty_problem()
            if problem or not self.loyalty_card_id:
                raise UserError(problem or self.env._("Scan or choose a card."))
            if vals.get("write_off_line_vals") or "force_balance" in vals:
                raise UserError(
                    self.env._("A payment with points has no payment difference: keep the rest of the invoice open.")
                )
            vals |= {
                "loyalty_card_id": self.loyalty_card_id.id,
                "loyalty_points": self.loyalty_points,
                "loyalty_move_id": self._loyalty_move().id,
                "write_off_line_vals": [],
            }
        return vals

    def _create_payment_vals_from_batch(self, batch_result):
        if self.is_loyalty:
            raise UserError(
                self.env._("Points can be redeemed on one invoice at a time. Open the invoice, or select only one.")
            )
        return super()._create_payment_vals_from_batch(batch_result)

    def _reconcile_payments(self, to_process, edit_mode=False):
        result = super()._reconcile_payments(to_process, edit_mode=edit_mode)
        for values in to_process:
            payment = values["payment"]
            if payment.loyalty_card_id:
                payment._log_redemption(payment.loyalty_move_id)
        return result
