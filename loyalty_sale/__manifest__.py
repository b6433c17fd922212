{
    "name": "Loyalty Ledger - Sales",
    "summary": "Orders and carts post to the points ledger, and points pay for orders: reserved, then settled by their invoices",
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
