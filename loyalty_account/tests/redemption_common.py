from odoo.fields import Command
from odoo.tests import Form

from .common import LoyaltyAccountCommon


class RedemptionCase(LoyaltyAccountCommon):
    """Short verbs for redemptions."""

    def apply_points(self, move, points=None, amount=None, card=None, user=None):
        """Use the dialog, as the invoicing user does; return it."""
        wizard = Form(
            self.env["loyalty.apply.points"].with_user(user or self.clerk).with_context(default_move_id=move.id)
        )
        if card:
            wizard.card_id = card
        if points is not None:
            wizard.points = points
        if amount is not None:
            wizard.amount = amount
        wizard = wizard.save()
        wizard.action_apply()
        return wizard

    def loyalty_payments(self, move):
        return move.reconciled_payment_ids.filtered("loyalty_card_id")

    def set_value(self, value):
        self.program.point_value = value

    def pay(self, move, amount=None, **values):
        """Pay with money."""
        values = {"journal_id": self.bank_journal.id, **values}
        if amount is not None:
            values["amount"] = amount
        return (
            self.env["account.payment.register"]
            .with_user(self.clerk)
            .with_context(active_model="account.move", active_ids=move.ids)
            .create(values)
            ._create_payments()
        )

    def vat(self, *moves):
        """Net VAT in the books of these documents: output less input; positive is owed."""
        entries = self.env["account.move"].union(*moves)
        lines = entries.line_ids.filtered(lambda line: line.account_id in self.output_vat | self.input_vat)
        return self.company.currency_id.round(-sum(lines.mapped("balance")))

    def assertEntry(self, move, expected):
        """Compare all journal items with ``[(account, balance, tax, tags)]``, whatever their order."""
        none = self.env["account.account.tag"]
        found = [
            (line.account_id.name, round(line.balance, 2), line.tax_tag_ids.sorted("name").mapped("name"))
            for line in move.line_ids
        ]
        wanted = [
            (account.name, balance, none.union(*tags).sorted("name").mapped("name"))
            for account, balance, tags in expected
        ]
        self.assertCountEqual(found, wanted)

    def credit(self, move, *lines, post=True, user=None):
        """Credit an invoice: as a whole, or with these lines only."""
        note = move.with_user(user or self.clerk)._reverse_moves([{"invoice_date": move.invoice_date}])
        if lines:
            note.write(
                {
                    "invoice_line_ids": [
                        Command.clear(),
                        *(Command.create({"product_id": self.product.id, **line}) for line in lines),
                    ]
                }
            )
        if post:
            note.action_post()
        return note
