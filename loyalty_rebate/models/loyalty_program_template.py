"""The template of a new program: an account rebate."""

from odoo import api, models
from odoo.fields import Command

from odoo.addons.loyalty_ledger.tools.today import loyalty_today


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    @api.model
    def get_program_templates(self):
        """Offer the account rebate among the templates that an empty list of programs shows (loyalty, get_program_templates)."""
        templates = super().get_program_templates()
        if self.env.context.get("menu_type") == "gift_ewallet":
            return templates
        own = {
            "account_rebate": {
                "title": self.env._("Account Rebate"),
                "description": self.env._("Credit 2% of monthly sales above a target to the customer's account"),
                "icon": "loyalty_cards",
            },
        }
        return own if self.env.context.get("menu_type") == "account_rebate" else {**templates, **own}

    @api.model
    def _get_template_values(self):
        return {**super()._get_template_values(), "account_rebate": self._account_rebate_values()}

    @api.model
    def default_get(self, fields):
        """*New* in the list of account rebates begins as the template does: name it, save it."""
        values = super().default_get(fields)
        if self.env.context.get("menu_type") == "account_rebate":
            template = {**self._account_rebate_values(self.env.company), "point_value": 1.0}
            values.update({name: value for name, value in template.items() if name in fields})
        return values

    @api.model
    def _account_rebate_values(self, company=None):
        """Return the values of a program that credits 2 % of monthly sales above 10,000.00 and 3 % above 25,000.00 to the
        customer's account; every product counts.

        :param company: default the user's
        """
        company = company or self.env.company
        return {
            "name": self.env._("Account Rebate"),
            "program_type": "loyalty",
            "trigger": "auto",
            "applies_on": "both",
            "portal_point_name": company.currency_id.symbol or company.currency_id.name,
            "company_id": company.id,
            "currency_id": company.currency_id.id,
            "award_mode": "period",
            "period_length": "month",
            # Months before this one were sold without these terms: they are not shown with credits that nobody posts.
            "date_from": loyalty_today(self.env, company).replace(day=1),
            "settlement": "account",
            "issue_on": "paid",
            "rule_ids": [
                Command.clear(),
                Command.create({"reward_point_amount": 1, "reward_point_mode": "money", "minimum_qty": 0}),
            ],
            "reward_ids": [
                Command.clear(),
                # Odoo asks for a reward: a credit takes 1.00 off an order.
                Command.create({"required_points": 1, "discount": 1, "discount_mode": "per_point"}),
            ],
            "tier_ids": [
                Command.create({"threshold": 10000.0, "percentage": 2.0, "applies_to": "above"}),
                Command.create({"threshold": 25000.0, "percentage": 3.0, "applies_to": "above"}),
            ],
        }
