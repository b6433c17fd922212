{
    "name": "Loyalty Ledger - Point of Sale",
    "summary": "Guards and provenance for loyalty cards, eWallets and gift cards at the till",
    "category": "Sales/Point of Sale",
    "version": "19.0.1.0.0",
    "author": "Loyalty Ledger",
    "license": "LGPL-3",
    "depends": ["loyalty_ledger", "loyalty_account", "pos_loyalty"],
    "data": ["security/ir.model.access.csv"],
    "demo": ["demo/loyalty_pos_demo.xml"],
    "auto_install": ["loyalty_ledger", "pos_loyalty"],
    "assets": {
        "point_of_sale._assets_pos": ["loyalty_pos/static/src/**/*"],
        "web.assets_unit_tests": ["loyalty_pos/static/tests/unit/**/*"],
    },
}
