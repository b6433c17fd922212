"""Leaving: what stays in the database when points can no longer be redeemed at registers."""

from odoo.fields import Domain


def open_sessions_with_points(env):
    """Return the open sessions of tills where points are redeemed, or in which points were spent."""
    sessions = env["pos.session"].sudo()  # the administrator may have no access to the sessions of all companies
    pays = Domain("config_id.payment_method_ids.loyalty_program_id", "!=", False)
    paid = Domain("order_ids.loyalty_points_redeemed", "!=", 0)
    return sessions.search(Domain("state", "!=", "closed") & (pays | paid))


def uninstall_hook(env):
    """Archive payments by points: without this add-on they would turn into sales on the customer's account."""
    methods = env["pos.payment.method"].with_context(active_test=False).search([("loyalty_program_id", "!=", False)])
    methods.write({"active": False, "config_ids": [(5,)]})
    product = env.ref("loyalty_pos.product_redemption", raise_if_not_found=False)
    if product and env["pos.order.line"].search_count([("product_id", "=", product.id)], limit=1):
        # Orders refer to it: it stays, as an archived product of the merchant's own.
        product.active = False
        env["ir.model.data"].search([("module", "=", "loyalty_pos"), ("name", "=like", "product_redemption%")]).unlink()
