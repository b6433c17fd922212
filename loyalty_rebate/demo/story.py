"""Two trade customers: what they bought in three months that are closed, and in the current one."""

from dateutil.relativedelta import relativedelta

from odoo.fields import Command

from odoo.addons.loyalty_ledger.demo.telling import as_office

#: Sales by customer, from three months ago until now. The cafe's own target begins at 2,000.00.
SALES = {
    "loyalty_rebate.demo_partner_wholesale": ([6000, 2500], [4200], [15000, 8000], [5600]),
    "loyalty_rebate.demo_partner_cafe": ([1800], [3200], [2600], [1500]),
}


def tell(env):
    """Give the demo rebate its accounting, sales and closes; a second call changes nothing.

    Where a company has closes already, months are left to those who close them.
    """
    program = env.ref("loyalty_rebate.demo_program_rebate")
    company = program.company_id
    if program.accounting_policy != "none" or not company.chart_template:
        return
    env = as_office(env, company)
    program = program.with_env(env)
    env["loyalty.account.setup"].create(
        {"program_id": program.id, "accounting_policy": "accrual", "vat_mode": "tender"}
    ).action_set_up()
    today = program._period_today()
    months = [today.replace(day=1) - relativedelta(months=count) for count in (3, 2, 1, 0)]
    env["loyalty.target"].create(
        {
            "program_id": program.id,
            "partner_id": env.ref("loyalty_rebate.demo_partner_cafe").id,
            "date_from": months[0],
            "tier_ids": [
                Command.create({"threshold": 2000, "percentage": 2, "applies_to": "all"}),
                Command.create({"threshold": 4000, "percentage": 4, "applies_to": "all"}),
            ],
        }
    )
    invoices = env["account.move"].create(
        [
            _invoice(env, env.ref(name), amount, min(month.replace(day=8 + 6 * number), today))
            for name, sales in SALES.items()
            for month, amounts in zip(months, sales)
            for number, amount in enumerate(amounts)
        ]
    )
    invoices.action_post()
    closes = env["loyalty.close"]
    if closes.search_count([("company_id", "=", company.id)], limit=1):
        return
    for month in months[:3]:
        close = closes.create(
            {"company_id": company.id, "date_from": month, "date_to": month + relativedelta(months=1, days=-1)}
        )
        if not close._run():
            return  # the close says why it stopped; the next month waits for it
        env.flush_all()  # it is finished in the database before the next one begins


def _invoice(env, partner, amount, date):
    return {
        "move_type": "out_invoice",
        "partner_id": partner.id,
        "invoice_date": date,
        "invoice_line_ids": [
            Command.create(
                {
                    "product_id": env.ref("loyalty_rebate.demo_product_sack").id,
                    "quantity": amount / 200,
                    "price_unit": 200,
                    "tax_ids": [Command.set(env.company.account_sale_tax_id.ids)],
                }
            )
        ],
    }
