"""Gift cards in the books: balances from before, taken over at the end of last month; one expired and one was given away
since. Orders sell and spend one, where there are orders."""

from dateutil.relativedelta import relativedelta

from odoo import fields

from odoo.addons.loyalty_ledger.demo.telling import as_office


def tell(env):
    """Give the demo gift cards their books; a second call changes nothing."""
    program = env.ref("loyalty_account.demo_program_gift_card")
    company = program.company_id
    if program.stored_since or program._has_entries() or not company.chart_template:
        return
    env = as_office(env, company)
    program = program.with_env(env)
    today = fields.Date.today()
    month_end = today.replace(day=1) - relativedelta(days=1)
    card, old = env.ref("loyalty_account.demo_card_gift"), env.ref("loyalty_account.demo_card_gift_expired")
    card._post_entries(
        _op(one, "opening", points, "Sold before the points ledger", month_end.replace(day=5))
        for one, points in ((card, 80), (old, 30))
    )
    old.expiration_date = month_end
    equity = env["account.account"].search(
        [*env["account.account"]._check_company_domain(company), ("account_type", "=", "equity")], limit=1
    )
    wizard = env["loyalty.account.setup"].create(
        {"program_id": program.id, "adoption_date": month_end, "opening_account_id": equity.id}
    )
    wizard.action_set_up()
    wizard.action_correct()
    env["loyalty.card"]._purge(program, commit=False)
    program._issue_stored_cards(
        [
            {
                "partner_id": env.ref("loyalty_account.demo_partner_bistro").id,
                "amount": 25,
                "key": "demo:gift",
                "reason": "Ten years of business",
            }
        ]
    )


def _op(card, kind, points, reason, date):
    return {
        "card_id": card.id,
        "kind": kind,
        "points": points,
        "key": f"demo:gift:{kind}:{card.id}",
        "reason": reason,
        "effective_date": date,
    }
