{
    "name": "Loyalty Ledger - Point of Sale",
    "summary": "Points spent and earned at the till, safe with many tills, retries and no network",
    "category": "Sales/Point of Sale",
    "version": "19.0.1.0.0",
    "author": "Loyalty Ledger",
    "license": "LGPL-3",
    "depends": ["loyalty_ledger", "loyalty_account", "pos_loyalty"],
    "data": [
        "security/ir.model.access.csv",
        "data/loyalty_pos_data.xml",
        "views/pos_payment_method_views.xml",
        "views/res_config_settings_views.xml",
    ],
    "demo": ["demo/loyalty_pos_demo.xml"],
    "auto_install": ["loyalty_ledger", "pos_loyalty"],
    "assets": {
        "point_of_sale._assets_pos": ["loyalty_pos/static/src/app/**/*"],
        "point_of_sale.customer_display_assets": ["loyalty_pos/static/src/customer_display/**/*"],
        "web.assets_tests": ["loyalty_pos/static/tests/tours/**/*"],
        "web.assets_unit_tests": ["loyalty_pos/static/tests/unit/**/*"],
    },
}
