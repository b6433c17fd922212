"""What the jobs find on their desk, on top of the demo data: `./dev jobs` and `./dev screens` run it in a shell of Odoo."""

from odoo import Command, fields

env = env  # noqa: F821 the shell gives it
company = env.ref("base.main_company")
env = env(context={**env.context, "tracking_disable": True, "loyalty_no_mail": True})

# A user whose language is written from right to left.
env["res.lang"]._activate_lang("ar_001")
admin = env.ref("base.user_admin")
admin.copy({"login": "arabic", "password": "arabic", "name": "Noor", "lang": "ar_001"})

# A second manager asked for more than one person may grant: it waits for approval.
company.loyalty_adjustment_limit = 500
mara = admin.copy({"login": "mara", "password": "mara", "name": "Mara Lind"})
grace = env.ref("loyalty_ledger.demo_card_grace")
env["loyalty.adjust.wizard"].with_user(mara).with_company(company).create(
    {
        "card_ids": [Command.set(grace.ids)],
        "mode": "add",
        "points": 600,
        "reason": "Compensation for the flooded shop",
    }
).action_confirm()

# A customer without a card has an invoice; another one has lost hers.
rewards = env.ref("loyalty_ledger.demo_program_rewards")
trade = env.ref("loyalty_account.demo_program_trade")
nora, lena = env["res.partner"].create([{"name": "Nora Berg"}, {"name": "Lena Fuchs", "email": "lena@example.com"}])
invoice = env["account.move"].create(
    {
        "move_type": "out_invoice",
        "partner_id": nora.id,
        "invoice_date": fields.Date.today(),
        "invoice_line_ids": [
            Command.create(
                {"product_id": env.ref("loyalty_account.demo_product_grinder").id, "quantity": 1, "price_unit": 80}
            )
        ],
    }
)
invoice.action_post()
lost = env["loyalty.card"].create({"program_id": rewards.id, "partner_id": lena.id, "code": "0440000007001"})
env["loyalty.card"]._post_entries(
    [{"card_id": lost.id, "kind": "opening", "points": 120, "key": "jobs:lena", "reason": "Balance of the old system"}]
)

# The register is open, and a regular of the shop has points.
config = env.ref("point_of_sale.pos_config_main").with_user(admin)
config.open_ui()
if config.current_session_id.state == "opening_control":
    config.current_session_id.set_opening_control(0, None)
omar = env["res.partner"].create({"name": "Omar Haddad"})
regular = env["loyalty.card"].create({"program_id": trade.id, "partner_id": omar.id, "code": "0440000007018"})
env["loyalty.card"]._post_entries(
    [
        {
            "card_id": regular.id,
            "kind": "opening",
            "points": 300,
            "key": "jobs:omar",
            "reason": "Balance of the old system",
        }
    ]
)
env.cr.commit()
