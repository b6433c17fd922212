from odoo import fields, models


class PosConfig(models.Model):
    _inherit = "pos.config"

    def use_coupon_code(self, code, creation_date, partner_id, pricelist_id):
        """A card under the ledger pays with what it has available, on the days on which it can be used."""
        result = super().use_coupon_code(code, creation_date, partner_id, pricelist_id)
        if not result["successful"]:
            return result
        card = self.env["loyalty.card"].browse(result["payload"]["coupon_id"])
        if not card.ledgered:
            return result
        points = card._spendable_points()
        if not card._is_usable(fields.Date.to_date(creation_date[:10])):
            message = self.env._("Card %s is closed, not valid yet or expired.", code)
        elif not any(reward.required_points <= points for reward in card.program_id.reward_ids):
            message = self.env._(
                "No reward can be claimed with card %(code)s: %(points)g points available.", code=code, points=points
            )
        else:
            result["payload"]["points"] = points
            return result
        return {"successful": False, "payload": {"error_message": message}}
