from odoo import api, fields, models
from odoo.exceptions import UserError

from .pos_payment_method import LOYALTY

#: What decides whose points paid how much.
ESSENTIAL = frozenset(("amount", "loyalty_card_id", "loyalty_points", "payment_method_id", "pos_order_id", "uuid"))


class PosPayment(models.Model):
    _inherit = "pos.payment"

    loyalty_card_id = fields.Many2one("loyalty.card", "Loyalty Card", index="btree_not_null", ondelete="restrict")
    loyalty_card_code = fields.Char("Card Number")
    loyalty_points = fields.Float(
        "Points", digits=(16, 4), help="Points that this payment took from the card; negative when it gave them back."
    )
    loyalty_debt_id = fields.Many2one(
        "account.move.line",
        "Debt of the Customer",
        index="btree_not_null",
        ondelete="set null",
        copy=False,
        readonly=True,
        groups="base.group_system",
        help="Journal item of the closing entry that says what the customer owes for this payment on account.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        """A payment by points that is added to a paid order takes its points like any other."""
        payments = super().create(vals_list)
        payments.filtered(
            lambda payment: payment.payment_method_id.loyalty_program_id and payment.pos_order_id.loyalty_settled
        ).pos_order_id._loyalty_settle()
        return payments

    def write(self, vals):
        if not self.env.su and vals.keys() & ESSENTIAL:
            self._check_loyalty_editable(vals)
        return super().write(vals)

    def _check_loyalty_editable(self, vals):
        """Refuse to change whose points paid how much once they are spent: the server wrote it down."""
        method = self.env["pos.payment.method"].browse(vals.get("payment_method_id"))
        for payment in self:
            if payment.pos_order_id.loyalty_settled and LOYALTY in (payment.payment_method_id.type, method.type):
                raise UserError(
                    self.env._(
                        "Order %s is paid: its payments by points can no longer change. Return the goods to give "
                        "the points back.",
                        payment.pos_order_id.name,
                    )
                )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_spent_points(self):
        for payment in self:
            if payment.pos_order_id.loyalty_settled and payment.payment_method_id.type == LOYALTY:
                raise UserError(
                    self.env._(
                        "Order %s is paid: its payments by points can no longer be removed. Return the goods to "
                        "give the points back.",
                        payment.pos_order_id.name,
                    )
                )
