from odoo import fields, models


class LoyaltyLedgerEntry(models.Model):
    _inherit = "loyalty.ledger.entry"

    loyalty_shop_id = fields.Many2one(
        "pos.config",
        "Point of Sale",
        compute="_compute_loyalty_shop_id",
        search="_search_loyalty_shop_id",
        compute_sudo=True,
        help="The shop whose order moved the points.",
    )

    def _compute_loyalty_shop_id(self):
        of_till = self.filtered(lambda entry: entry.res_model == "pos.order")
        orders = self.env["pos.order"].browse(of_till.mapped("res_id")).exists()
        shops = {order.id: order.config_id for order in orders}
        for entry in self:
            entry.loyalty_shop_id = shops.get(entry.res_id) if entry in of_till else False

    def _search_loyalty_shop_id(self, operator, value):
        """Find the transactions of orders of these shops."""
        if operator != "in":
            return NotImplemented
        orders = self.env["pos.order"].sudo()._search([("config_id", "in", [shop for shop in value if shop])])
        return [("res_model", "=", "pos.order"), ("res_id", "in", orders)]

    def _defer_release(self):
        """The value of points that till orders use is released when their session is closed, together (part R)."""
        deferred = super()._defer_release() or self.browse()
        of_till = self.filtered(lambda entry: entry.res_model == "pos.order")
        if not of_till:
            return deferred
        orders = self.env["pos.order"].sudo().browse(of_till.mapped("res_id"))  # cashiers of other tills, too
        open_ids = set(orders.filtered(lambda order: order.session_id.state not in (False, "closed")).ids)
        return deferred | of_till.filtered(lambda entry: entry.res_id in open_ids)

    def _money_documents(self):
        return super()._money_documents() | {"pos.order"}
