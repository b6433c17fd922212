"""What stays in the database when an add-on of the suite is removed."""


def keep_demo_records(env, module):
    """Make the demonstration records of ``module`` ordinary ones.

    Odoo deletes what an add-on brought. Cards that are in use would lose their balances with it, and customers and
    products that documents name cannot go at all.
    """
    env["ir.model.data"].search([("module", "=", module), ("name", "=like", r"demo\_%")]).unlink()
