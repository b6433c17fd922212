"""Paying credits out in money (M4)."""

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command

from odoo.addons.loyalty_ledger.tools.today import loyalty_today


class LoyaltyPayout(models.TransientModel):
    """Pay credits of a card out: they go to the customer's account, and an outgoing payment takes them from there."""

    _name = "loyalty.payout"
    _inherit = ["loyalty.values.mixin"]
    _description = "Pay Out Loyalty Credits"

    card_id = fields.Many2one("loyalty.card", "Card", required=True)
    program_id = fields.Many2one(related="card_id.program_id")
    company_id = fields.Many2one(related="program_id.company_id")
    currency_id = fields.Many2one(related="program_id.currency_id")
    partner_id = fields.Many2one(related="card_id.partner_id", string="Customer")
    available_points = fields.Float(related="card_id.available_points", string="Available")
    points = fields.Float(
        "Credits", digits=(16, 4), compute="_compute_points", store=True, readonly=False, precompute=True
    )
    amount = fields.Monetary("Amount", compute="_compute_amount")
    journal_id = fields.Many2one(
        "account.journal",
        "Pay From",
        required=True,
        domain="[('type', 'in', ('bank', 'cash')), ('company_id', '=', company_id)]",
    )

    @api.depends("card_id")
    def _compute_points(self):
        for payout in self:
            payout.points = payout.card_id.available_points

    @api.depends("card_id", "points")
    def _compute_amount(self):
        for payout in self:
            program = payout.program_id
            day = loyalty_today(self.env, program.company_id)
            payout.amount = program and program._points_to_money(max(0.0, payout.points), day)

    def action_pay_out(self):
        """Redeem the credits and pay their amount with an outgoing payment; return the payment."""
        self.check_access("write")
        self.env["account.payment"].check_access("create")
        self.ensure_one()
        self.card_id.check_access("read")
        self._check_payout()
        day = loyalty_today(self.env, self.company_id)
        # The entry is the program's; the right to make payments was checked.
        program = self.program_id.sudo().with_company(self.company_id)
        credit = program._make_account_credit(self.card_id.sudo(), self.points, self.amount, day)
        credit.filtered(lambda move: move.move_type == "entry")._freeze_loyalty_items()
        credit._post(soft=False)
        customer = self.partner_id.commercial_partner_id
        payment = self.env["account.payment"].create(
            {
                "payment_type": "outbound",
                "partner_type": "customer",
                "partner_id": customer.id,
                "amount": self.amount,
                "currency_id": self.currency_id.id,
                "journal_id": self.journal_id.id,
                "date": day,
                "memo": self.env._("Payout of loyalty credits, %s", credit.name),
                "invoice_ids": [Command.link(credit.id)] if credit.move_type == "out_refund" else [],
            }
        )
        payment.action_post()
        lines = (credit | payment.move_id).line_ids.filtered(
            lambda line: line.account_id.account_type == "asset_receivable" and not line.reconciled
        )
        if len(lines.move_id) == 2:
            lines.reconcile()
        return payment._get_records_action()

    def _check_payout(self):
        _ = self.env._
        if self.program_id.award_mode != "period" or self.program_id.accounting_policy == "none":
            raise UserError(_("Only credits of a program with sales targets and accounting can be paid out."))
        if not self.partner_id:
            raise UserError(_("The card has no customer. Enter one before you pay its credits out."))
        if self.points <= 0 or self.points > self.card_id.available_points or not self.amount:
            raise UserError(
                _(
                    "Card %(code)s has %(available)s credits available. Enter a number above 0, at most as many.",
                    code=self.card_id._shown_code(),
                    available=f"{self.card_id.available_points:g}",
                )
            )
