from odoo import models
from odoo.fields import Domain
from odoo.tools import SQL


class LoyaltyDashboard(models.AbstractModel):
    """The dashboard by shop: what was issued, redeemed and expired by orders of its register."""

    _inherit = "loyalty.dashboard"

    def _options(self, scope):
        options = super()._options(scope)
        # Names of shops, for loyalty users who may have no right in the Point of Sale.
        shops = self.env["pos.config"].sudo().search([("company_id", "in", self.env.companies.ids)])
        return {**options, "shops": [[shop.id, shop.name] for shop in shops]}

    def _shop_condition(self, scope):
        return SQL("r.config_id = %s", scope.shop_id) if scope.shop_id else super()._shop_condition(scope)

    def _shop_domain(self, scope):
        if not scope.shop_id:
            return super()._shop_domain(scope)
        return Domain("loyalty_shop_id", "=", scope.shop_id)
