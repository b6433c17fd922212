from odoo import fields, models


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    public_join = fields.Boolean(
        "Customers Can Join",
        copy=False,
        help="The public page has a form to join: name, e-mail and consent. A card is issued once the visitor has answered "
        "the confirmation mail. The page must be published.",
    )
    join_consent = fields.Char(
        "Consent",
        translate=True,
        help="What customers agree to when they join; it is kept on the card. Empty: a usual sentence.",
    )

    def _join_consent(self):
        """Return what visitors agree to, in their language."""
        self.ensure_one()
        return self.join_consent or self.env._(
            "I agree that my name, e-mail address and purchases are stored to run this program. I can leave at any time."
        )

    def _can_join(self):
        """Return whether visitors can join now: published, switched on, and a program in which customers earn today."""
        self.ensure_one()
        company = self.company_id or self.env.company
        return bool(
            self.public_page and self.public_join and self in self.env["loyalty.card"]._programs_to_join(company)
        )
