"""The journal entry of a payment with points: built here, matched with the invoice, never rebuilt by Odoo."""

from odoo import models
from odoo.exceptions import UserError
from odoo.fields import Command

from odoo.addons.loyalty_ledger.tools.words import say_points


class AccountPayment(models.Model):
    _inherit = "account.payment"

    def _synchronize_to_moves(self, changed_fields):
        """Leave the lines of payments with points alone: rebuilt from the amount they would lose the VAT."""
        loyalty = self.filtered("loyalty_card_id")
        return super(AccountPayment, self - loyalty)._synchronize_to_moves(changed_fields)

    def _generate_journal_entry(self, write_off_line_vals=None, force_balance=None, line_ids=None):
        """Odoo's engine must not add tax lines of its own to ours."""
        loyalty = self.filtered("loyalty_card_id")
        if loyalty and (write_off_line_vals or force_balance):
            raise UserError(
                self.env._("A payment with points has no payment difference: keep the rest of the invoice open.")
            )
        plans = loyalty._plan_relief_rows()
        for payment in loyalty:
            rows = plans.get(payment) or payment._plan_returned_rows()
            super(AccountPayment, payment.with_context(skip_invoice_sync=True))._generate_journal_entry(
                line_ids=[Command.create(vals) for vals in payment._prepare_loyalty_line_vals(rows)]
            )
            payment.move_id._freeze_loyalty_items()
            if rows:
                self.env["loyalty.relief"]._keep(payment, rows, move_id=payment.move_id.id, date=payment.date)
            if payment.payment_type == "inbound":
                # Users may lack access to the program (another company); the payment was checked.
                program = payment.loyalty_card_id.sudo().program_id
                payment.move_id._freeze_loyalty_sets(program, payment.loyalty_move_id)
        return super(AccountPayment, self - loyalty)._generate_journal_entry(
            write_off_line_vals=write_off_line_vals, force_balance=force_balance, line_ids=line_ids
        )

    def _prepare_loyalty_line_vals(self, rows=()):
        """Return the journal items: what the points cover, by rate and VAT, against the customer.

        :param rows: values of :class:`loyalty.relief` rows, where the sales that earned decide about VAT
        """
        self.ensure_one()
        card = self.loyalty_card_id.sudo()  # users may have no access to the card; access to the payment was checked
        label = self.env._(
            "%(points)s loyalty points of card %(card)s",
            points=say_points(self.env, self.loyalty_points),
            card=card.code,
        )
        if self.payment_type == "inbound":
            self._check_loyalty_due()
            if rows:
                lines = card.program_id._relief_lines(rows, self.partner_id, label)
            else:
                lines = card.program_id._redemption_lines(self.amount, self.loyalty_move_id, self.partner_id, label)
            distribution = self.loyalty_move_id._loyalty_distribution()
            for vals in lines:
                if not vals.get("tax_repartition_line_id"):
                    vals["analytic_distribution"] = distribution
        else:
            lines = self._prepare_return_lines(label, rows)
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
