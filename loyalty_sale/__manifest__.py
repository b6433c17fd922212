{
    "name": "Loyalty Ledger - Sales",
    "summary": "Points on orders and carts: earned and redeemed in the points ledger, reserved until the order is invoiced",
    "category": "Sales",
    "version": "19.0.1.0.0",
    "author": "Loyalty Ledger",
    "license": "LGPL-3",
    "depends": ["loyalty_ledger", "loyalty_account", "sale_loyalty"],
    "data": ["views/sale_order_views.xml", "views/sale_order_templates.xml"],
    "demo": ["demo/loyalty_sale_demo.xml"],
    "auto_install": ["loyalty_ledger", "sale_loyalty"],
    "uninstall_hook": "uninstall_hook",
}
