"""A coffee shop whose subscribers collect points: a year of sales, of which a part is deferred, closed month by month."""

from dateutil.relativedelta import relativedelta

from odoo import fields
from odoo.fields import Command

from odoo.addons.loyalty_ledger.demo.telling import as_office

#: What the three customers bought in each of twelve months, and how many points the first two redeemed. The third never does.
MONTHS = [
    ((800, 450, 200), (0, 0)),
    ((650, 500, 200), (20, 0)),
    ((900, 300, 200), (35, 15)),
    ((700, 550, 200), (40, 20)),
    ((850, 400, 200), (30, 35)),
    ((600, 650, 250), (55, 20)),
    ((950, 500, 250), (40, 30)),
    ((750, 450, 200), (50, 45)),
    ((800, 600, 250), (65, 25)),
    ((700, 350, 200), (45, 50)),
    ((1200, 900, 350), (60, 30)),
    ((900, 500, 250), (80, 60)),
]
#: From the month on that is this many months ago, fewer points are expected to be redeemed.
ESTIMATES = ((12, 92), (3, 88))


def tell(env):
    """Give the demo program its accounting, sales and entries; a second call changes nothing."""
    program = env.ref("loyalty_deferral.demo_program_subscription")
    company = program.company_id
    if program.accounting_policy != "none" or not company.chart_template:
        return
    env = as_office(env, company)
    program = program.with_env(env)
    cards = env["loyalty.card"].browse(
        [env.ref(f"loyalty_deferral.demo_card_{name}").id for name in ("studio", "library", "gallery")]
    )
    begin = fields.Date.today() + relativedelta(day=1)
    program.point_value_ids = [
        Command.clear(),
        *(
            Command.create({"date": begin - relativedelta(months=count), "point_value": 0.5, "redemption_rate": rate})
            for count, rate in ESTIMATES
        ),
    ]
    env["loyalty.account.setup"].create(
        {
            "program_id": program.id,
            "accounting_policy": "deferral",
            "vat_mode": "tender",
            "redemption_rate": ESTIMATES[-1][1],
        }
    ).action_set_up()
    months = [begin - relativedelta(months=count) for count in range(len(MONTHS), 0, -1)]
    pay(sell(env, cards, months))
    for (__, redeemed), month in zip(MONTHS, months):
        redeem(cards, redeemed, month + relativedelta(days=19))
        end = month + relativedelta(months=1, days=-1)
        env["loyalty.accrual.run"].create({"program_id": program.id, "date_to": end}).action_post()


def sell(env, cards, months):
    """Invoice each customer in each month."""
    product, taxes = env.ref("loyalty_deferral.demo_product_subscription"), env.company.account_sale_tax_id
    invoices = env["account.move"].create(
        [
            {
                "move_type": "out_invoice",
                "partner_id": card.partner_id.id,
                "loyalty_card_id": card.id,
                "invoice_date": month + relativedelta(days=6),
                "invoice_line_ids": [
                    Command.create(
                        {
                            "product_id": product.id,
                            "quantity": amount / 50,
                            "price_unit": 50,
                            "tax_ids": [Command.set(taxes.ids)],
                        }
                    )
                ],
            }
            for (amounts, __), month in zip(MONTHS, months)
            for card, amount in zip(cards, amounts)
        ]
    )
    invoices.action_post()
    return invoices


def pay(invoices):
    """Register that each of them was paid on its day: all at once, since a dialog for each takes most of the time."""
    env = invoices.env
    bank = env["account.journal"].search(
        [("type", "=", "bank"), ("company_id", "=", env.company.id)], order="id", limit=1
    )
    payments = env["account.payment"].create(
        [
            {
                "payment_type": "inbound",
                "partner_type": "customer",
                "partner_id": invoice.partner_id.id,
                "amount": invoice.amount_total,
                "date": invoice.invoice_date,
                "journal_id": bank.id,
                "memo": invoice.name,
                "invoice_ids": [Command.link(invoice.id)],
            }
            for invoice in invoices
        ]
    )
    payments.action_post()
    for invoice, payment in zip(invoices, payments):
        lines = (invoice | payment.move_id).line_ids
        lines.filtered(lambda line: line.account_id.account_type == "asset_receivable").reconcile()
    env.cr.flush()


def redeem(cards, points, day):
    """Redeem points at the counter."""
    cards._post_entries(
        [
            {
                "card_id": card.id,
                "kind": "redeem",
                "points": -number,
                "key": f"demo:subscription:{card.id}:{day}",
                "effective_date": day,
                "reason": "Redeemed at the counter",
            }
            for card, number in zip(cards, points)
            if number
        ]
    )
