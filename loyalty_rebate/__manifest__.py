{
    "name": "Loyalty Ledger - Account Rebates",
    "summary": "Sales against target by month, quarter or year: credits rolled over, posted to the customer's account or paid out",
    "category": "Accounting/Accounting",
    "version": "19.0.1.0.0",
    "author": "Loyalty Ledger",
    "license": "LGPL-3",
    "depends": ["loyalty_account"],
    "data": [
        "security/ir.model.access.csv",
        "security/loyalty_rebate_rules.xml",
        "views/loyalty_target_views.xml",
        "views/loyalty_period_views.xml",
        "views/loyalty_program_views.xml",
        "views/res_partner_views.xml",
        "views/loyalty_rebate_menus.xml",
        "wizard/loyalty_payout_views.xml",
    ],
}
