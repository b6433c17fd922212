"""Leaving: without this add-on no order can use its reserved points, or give them up."""


def uninstall_hook(env):
    """Free what waits for invoices of orders; drafts keep theirs, as drafts of other invoices do."""
    env["loyalty.hold"].search([("res_model", "=", "sale.order"), ("state", "=", "active")])._release()
