{
    "name": "Loyalty Ledger - Revenue Deferral",
    "summary": "IFRS 15 and ASC 606: part of each sale's price is deferred until its points are redeemed or lapse",
    "category": "Accounting/Accounting",
    "version": "19.0.1.0.0",
    "author": "Loyalty Ledger",
    "license": "LGPL-3",
    "depends": ["loyalty_account"],
    "data": [
        "security/ir.model.access.csv",
        "security/loyalty_deferral_rules.xml",
        "views/loyalty_cohort_views.xml",
        "views/loyalty_deferral_switch_views.xml",
        "views/loyalty_program_views.xml",
        "views/loyalty_account_setup_views.xml",
        "report/loyalty_disclosure_views.xml",
    ],
    "uninstall_hook": "uninstall_hook",
}
