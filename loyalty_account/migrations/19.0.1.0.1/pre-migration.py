"""A button of the form of programs has a new name: views are validated together, before the last of them is loaded."""


def migrate(cr, version):
    """Call the method by its new name in views that exist, those of customers too."""
    old = "action_mend_stored_products"
    cr.execute(
        "UPDATE ir_ui_view SET arch_db = replace(arch_db::text, %s, %s)::jsonb WHERE arch_db::text LIKE %s",
        (old, "action_correct_stored_products", f"%{old}%"),
    )
