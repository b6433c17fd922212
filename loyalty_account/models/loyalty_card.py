from odoo import api, fields, models
from odoo.fields import Domain

from odoo.addons.loyalty_ledger.tools.today import loyalty_today


class LoyaltyCard(models.Model):
    _inherit = "loyalty.card"

    available_amount = fields.Monetary(
        "Value",
        compute="_compute_available_amount",
        compute_sudo=True,
        help="Value of the available points today, in whole points.",
    )

    @api.depends("available_points", "program_id.accounting_policy", "program_id.point_value_ids.point_value")
    def _compute_available_amount(self):
        """Money of available points, where points are a means of payment (C29)."""
        for card in self:
            program = card.program_id
            today = loyalty_today(self.env, program.company_id)
            pays = card.ledgered and program.accounting_policy != "none"
            if program._keeps_stored_value():
                card.available_amount = card.available_points
                continue
            card.available_amount = program._points_to_money(int(card.available_points), today) if pays else 0.0

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

    @api.model
    def _daily_models(self):
        return [*super()._daily_models(), "loyalty.value.daily"]
