{
    "name": "Loyalty Ledger - Accounting",
    "summary": "Points on paid invoices, redemption as a payment, and a liability that ties to the cards to the cent",
    "category": "Accounting/Accounting",
    "version": "19.0.1.0.0",
    "author": "Loyalty Ledger",
    "license": "LGPL-3",
    "depends": ["loyalty_ledger", "account"],
    "data": [
        "security/ir.model.access.csv",
        "security/loyalty_account_rules.xml",
        "data/account_payment_method.xml",
        "views/loyalty_program_views.xml",
        "views/account_move_views.xml",
        "views/account_move_redemption_views.xml",
        "views/account_payment_views.xml",
        "views/report_invoice.xml",
        "wizard/loyalty_apply_points_views.xml",
    ],
    "assets": {
        "web.assets_backend": ["loyalty_account/static/src/components/*"],
    },
}
