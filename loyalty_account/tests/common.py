from freezegun import freeze_time

from odoo import fields
from odoo.fields import Command
from odoo.tests import new_test_user

from odoo.addons.account.tests.common import AccountTestInvoicingCommon

#: The day on which these tests happen.
TODAY = "2026-03-15"


class LoyaltyAccountCase(AccountTestInvoicingCommon):
    """A program, a customer with a card and short verbs for invoices and payments.

    The clock stands at noon (UTC) of ``TODAY``; an invoicing user does the work.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.startClassPatcher(freeze_time(f"{TODAY} 12:00:00"))
        cls.company = cls.company_data["company"]
        cls.company.partner_id.tz = "UTC"
        cls.env = cls.env(context=dict(cls.env.context, tracking_disable=True, loyalty_no_mail=True))
        cls.clerk = new_test_user(
            cls.env,
            "loyalty_clerk",
            groups="account.group_account_invoice",
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )
        cls.customer = cls.env["res.partner"].create({"name": "Ann", "company_id": False})
        cls.program = cls.make_program()
        cls.card = cls.make_card()
        cls.product = cls.env["product.product"].create(
            {"name": "Coffee", "list_price": 100.0, "taxes_id": [Command.clear()]}
        )

    @classmethod
    def get_default_groups(cls):
        """The accountant who sets things up manages loyalty too."""
        return super().get_default_groups() | cls.quick_ref("loyalty_ledger.group_loyalty_manager")

    @classmethod
    def make_program(cls, **values):
        return cls.env["loyalty.program"].create(
            {
                "name": "Points",
                "program_type": "loyalty",
                "company_id": cls.company.id,
                "currency_id": cls.company.currency_id.id,
                "rule_ids": [
                    Command.clear(),
                    Command.create({"reward_point_amount": 1, "reward_point_mode": "money", "minimum_qty": 0}),
                ],
                "reward_ids": [Command.create({"required_points": 100, "discount": 10})],
                **values,
            }
        )

    @classmethod
    def make_card(cls, partner=None, program=None, **values):
        return cls.env["loyalty.card"].create(
            {"program_id": (program or cls.program).id, "partner_id": (partner or cls.customer).id, **values}
        )

    def make_invoice(self, *lines, partner=None, post=False, move_type="out_invoice", user=None, **values):
        """Create a customer document as the invoicing user.

        :param lines: amounts, or dicts of values of the invoice lines; without tax unless they say otherwise
        """
        commands = []
        for line in lines or (100.0,):
            vals = line if isinstance(line, dict) else {"price_unit": line}
            commands.append(
                Command.create({"product_id": self.product.id, "quantity": 1, "tax_ids": [Command.clear()], **vals})
            )
        move = (
            self.env["account.move"]
            .with_user(user or self.clerk)
            .create(
                {
                    "move_type": move_type,
                    "partner_id": (partner or self.customer).id,
                    "invoice_date": fields.Date.today(),
                    "invoice_line_ids": commands,
                    **values,
                }
            )
        )
        if post:
            move.action_post()
        return move
