"""Two customers on account: what they bought, paid with points and brought back, relative to today."""

from dateutil.relativedelta import relativedelta

from odoo import fields
from odoo.fields import Command

from odoo.addons.loyalty_ledger.demo.telling import as_office

from . import year


def tell(env):
    """Give the demo program its books; a second call changes nothing.

    One invoice of 115.00 stays open, for anybody who wants to pay 50.00 of it with points.
    """
    program = env.ref("loyalty_account.demo_program_trade")
    company = program.company_id
    if program._has_entries() or not company.chart_template:
        return
    env = as_office(env, company)
    program = program.with_env(env)
    env["loyalty.account.setup"].create(
        {"program_id": program.id, "accounting_policy": "accrual", "vat_mode": "input_tax"}
    ).action_set_up()
    program.point_value_ids = [
        Command.clear(),
        Command.create({"date": fields.Date.today() - relativedelta(years=1), "point_value": 1, "vat_rate": 15}),
    ]
    story = Story(env, program)
    year.tell(env, program, story.month_end)
    story.tell()


class Story:
    def __init__(self, env, program):
        self.env = env
        self.program = program
        self.today = fields.Date.today()
        self.month_end = self.today.replace(day=1) - relativedelta(days=1)
        self.hotel = env.ref("loyalty_account.demo_card_hotel")
        self.bistro = env.ref("loyalty_account.demo_card_bistro")
        self.product = env.ref("loyalty_account.demo_product_grinder")
        self.bank = env["account.journal"].search(
            [("type", "=", "bank"), ("company_id", "=", program.company_id.id)], order="id", limit=1
        )

    def tell(self):
        last_month = self.month_end.replace(day=10)
        first = self.invoice(self.hotel, 900, last_month)
        self.pay(first, last_month + relativedelta(days=8))
        self.pay(self.invoice(self.bistro, 600, last_month), last_month + relativedelta(days=12))
        self.env.cr.flush()
        run = self.env["loyalty.accrual.run"].create({"program_id": self.program.id, "date_to": self.month_end})
        run.action_post()
        # Paid partly with points; then half of it came back, and half of the points with it.
        mixed = self.invoice(self.bistro, 200, self.today)
        mixed._apply_loyalty_points(self.bistro, 40)
        self.pay(mixed, self.today)
        self.env.cr.flush()
        self.credit_half(mixed)
        self.env.cr.flush()
        self.invoice(self.hotel, 100, self.today)  # waits for points

    def invoice(self, card, price, date):
        invoice = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": card.partner_id.id,
                "invoice_date": date,
                "loyalty_card_id": card.id,
                "invoice_line_ids": [
                    Command.create(
                        {
                            "product_id": self.product.id,
                            "quantity": 1,
                            "price_unit": price,
                            "tax_ids": [Command.set(self.program.company_id.account_sale_tax_id.ids)],
                        }
                    )
                ],
            }
        )
        invoice.action_post()
        return invoice

    def pay(self, invoice, date):
        self.env["account.payment.register"].with_context(active_model="account.move", active_ids=invoice.ids).create(
            {"journal_id": self.bank.id, "payment_date": date}
        )._create_payments()

    def credit_half(self, invoice):
        wizard = (
            self.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create({"journal_id": invoice.journal_id.id, "date": self.today, "reason": "One of two was faulty"})
        )
        note = self.env["account.move"].browse(wizard.refund_moves()["res_id"])
        note.invoice_line_ids.price_unit /= 2
        note.action_post()
