"""Paying credits out, in money or as a gift card (M4)."""

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command, Domain

from odoo.addons.loyalty_ledger.tools.today import loyalty_today
from odoo.addons.loyalty_ledger.tools.words import say_points


class LoyaltyPayout(models.TransientModel):
    """Pay credits of a card out.

    Money: they go to the customer's account, and an outgoing payment takes them from there. Gift card: their amount moves
    from one card to another, from one liability account to another, without VAT.
    """

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
    pay_as = fields.Selection(
        [("money", "Money"), ("gift_card", "Gift Card")], "Pay Out As", default="money", required=True
    )
    gift_program_id = fields.Many2one(
        "loyalty.program",
        "Gift Card Program",
        domain="[('program_type', '=', 'gift_card'), ('accounting_policy', '=', 'stored_value'), "
        "('company_id', '=', company_id)]",
        help="Only gift card programs with accounting. Their mail at creation tells the customer the code.",
    )
    journal_id = fields.Many2one(
        "account.journal",
        "Pay From",
        domain="[('type', 'in', ('bank', 'cash')), ('company_id', '=', company_id)]",
    )

    is_paid = fields.Boolean(readonly=True)

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
        """Take the credits off the card and pay their amount; return the payment, or the gift card."""
        self.check_access("write")
        self.env["account.payment"].check_access("create")
        self.ensure_one()
        self.card_id.check_access("read")
        if self.is_paid:  # a second click pays nothing
            return {"type": "ir.actions.act_window_close"}
        self._check_payout()
        self.is_paid = True
        self.flush_recordset()  # who clicked at the same time waits, and then finds it
        return self._pay_gift_card() if self.pay_as == "gift_card" else self._pay_money()

    def _pay_gift_card(self):
        """Redeem the credits for a card: Dr liability / Cr cost here, Dr cost / Cr liability there.

        The card is worth the full amount. With input tax the credits were carried without the VAT that a redemption would
        recover; a gift card recovers none, so that VAT stays as cost.
        """
        key = f"payout:{self.card_id.id}:{self.card_id.ledger_revision}"
        # The entries are those of the programs; the right to pay out was checked.
        gift = (
            self.gift_program_id.sudo()
            .with_company(self.company_id)
            .with_context(loyalty_no_mail=True)  # the mail goes out below, when the card has its balance
            ._issue_stored_cards(
                [
                    {
                        "partner_id": self.partner_id.id,
                        "amount": self.amount,
                        "key": f"{key}:gift",
                        "document": ("loyalty.card", self.card_id.id),
                        "reason": self.env._("Payout of loyalty credits, card %s", self.card_id._shown_code()),
                    }
                ]
            )
        )
        self.card_id.sudo()._post_entries(
            [
                {
                    "card_id": self.card_id.id,
                    "kind": "redeem",
                    "points": -self.points,
                    "key": key,
                    "document": ("loyalty.card", gift.id),
                    "reason": self.env._("Paid out as gift card %s", gift._shown_code()),
                }
            ]
        )
        gift.with_context(loyalty_no_mail=False)._send_creation_communication()
        return gift.with_env(self.env)._get_records_action()

    def _pay_money(self):
        day = loyalty_today(self.env, self.company_id)
        # The entry is the program's; the right to make payments was checked.
        program = self.program_id.sudo().with_company(self.company_id)
        credit = program._make_account_credits([(self.card_id.sudo(), self.points, self.amount)], day)
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
        journal = self.journal_id
        if self.pay_as == "money" and (
            journal.type not in ("bank", "cash")
            or journal.company_id != self.company_id
            or journal in self.env["loyalty.program"].sudo().search(Domain.TRUE).loyalty_journal_id  # compared only
        ):
            raise UserError(_("Choose under Pay From the bank or cash journal that pays."))
        gifts = self.gift_program_id
        if self.pay_as == "gift_card" and (
            gifts.program_type != "gift_card"
            or gifts.accounting_policy != "stored_value"
            or gifts.company_id != self.company_id
        ):
            raise UserError(
                _(
                    "Choose a gift card program of %(company)s that has accounting. If there is none, use Set Up Accounting "
                    "on the tab Accounting of a gift card program.",
                    company=self.company_id.name,
                )
            )
        if not self.partner_id:
            raise UserError(_("The card has no customer. Enter one before you pay its credits out."))
        if self.points <= 0 or self.points > self.card_id.available_points or not self.amount:
            raise UserError(
                _(
                    "Card %(code)s has %(available)s credits available. Enter a number above 0, at most as many.",
                    code=self.card_id._shown_code(),
                    available=say_points(self.env, self.card_id.available_points),
                )
            )
