from odoo import fields, models


class ResPartner(models.Model):
    _inherit = "res.partner"

    loyalty_payment_count = fields.Integer(
        "Payments with Points",
        compute="_compute_loyalty_payment_count",
        groups="account.group_account_invoice,account.group_account_readonly",
    )

    def _compute_loyalty_payment_count(self):
        customers = self.commercial_partner_id
        counts = dict(
            self.env["account.payment"]._read_group(
                [("partner_id", "in", customers.ids), ("loyalty_card_id", "!=", False)], ["partner_id"], ["__count"]
            )
        )
        for partner in self:
            partner.loyalty_payment_count = counts.get(partner.commercial_partner_id, 0)

    def action_view_loyalty_payments(self):
        """Show the customer's transactions with points, open and closed ones (C24)."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("loyalty_account.account_payment_loyalty_action")
        action["domain"] = [("partner_id", "=", self.commercial_partner_id.id), ("loyalty_card_id", "!=", False)]
        action["display_name"] = self.env._("Payments with Points of %s", self.name)
        return action
