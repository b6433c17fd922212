from odoo import api, models
from odoo.fields import Domain


class LoyaltyCard(models.Model):
    _inherit = "loyalty.card"

    @api.model
    def name_search(self, name="", domain=None, operator="ilike", limit=100):
        """On a customer's document, offer the cards of the customer's family, and any card by its full number.

        The document says whose by ``loyalty_family_of`` in the context; the domain still holds.
        """
        if "loyalty_family_of" in self.env.context:
            domain = Domain(domain or Domain.TRUE)
            scanned = super().name_search(name.strip(), domain, "=", limit) if name.strip() else []
            if scanned:
                return scanned
            partner = self.env["res.partner"].browse(self.env.context["loyalty_family_of"] or [])
            domain &= Domain("partner_id.commercial_partner_id", "in", partner.commercial_partner_id.ids)
        return super().name_search(name, domain, operator, limit)
