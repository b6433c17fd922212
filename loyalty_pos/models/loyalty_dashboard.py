from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL


class LoyaltyDashboard(models.AbstractModel):
    """The dashboard by shop: what was issued, redeemed and expired by orders of its register."""

    _inherit = "loyalty.dashboard"

    def _shops(self):
        """Return the shops, for loyalty users who may have no right in the Point of Sale: their names are shown."""
        return self.env["pos.config"].sudo().search([("company_id", "in", self.env.companies.ids)])

    @api.model
    def _scope(self, options):
        scope = super()._scope(options)
        # The browser remembers the choice: it may be of another company, or gone.
        if scope.shop_id not in self._shops().ids:
            scope.shop_id = 0
        return scope

    def _options(self, scope):
        return {**super()._options(scope), "shops": [[shop.id, shop.name] for shop in self._shops()]}

    def _shop_condition(self, scope):
        return SQL("r.config_id = %s", scope.shop_id) if scope.shop_id else super()._shop_condition(scope)

    def _shop_domain(self, scope):
        if not scope.shop_id:
            return super()._shop_domain(scope)
        return Domain("loyalty_shop_id", "=", scope.shop_id)
