from odoo import models
from odoo.tools import format_date


class LoyaltyCloseStep(models.Model):
    _inherit = "loyalty.close.step"

    def _periods(self):
        return self.program_id._periods_ending(self.close_id.date_from, self.close_id.date_to)

    def _preview_roll_over(self):
        """What the roll-over would post, summed; earlier periods that changed included."""
        amount = sum(
            row["credit"] - float(row["posted"])
            for __, end in self._periods()
            for row in self.program_id._period_sales(end)
        )
        value = self.program_id._point_value_at(self.close_id.date_to)[0]
        return {"points": amount / value if value else 0.0, "amount": amount}

    def _step_roll_over(self):
        """Post the credits of the periods that end in the close (M13), each dated on the last day of its period."""
        self.program_id._check_credits_can_settle()
        points = sum(self.program_id._roll_over(end)[1] for __, end in self._periods())
        return {"points": points, "amount": points * self.program_id._point_value_at(self.close_id.date_to)[0]}

    def _preview_account_journals(self):
        points = sum(self.program_id.sudo()._cards_to_credit().mapped("available_points"))
        return {"points": points, "amount": self.program_id._points_to_money(points, self.close_id.date_to)}

    def _step_account_journals(self):
        """Post what is on the cards to the customers' accounts (M14), dated on the last day of the close."""
        documents = self.program_id._post_account_credits(self.close_id.date_to)
        moved = documents.filtered(lambda move: move.date != self.close_id.date_to)
        note = moved and self.env._(
            "%(count)s entries are dated %(date)s, because the period is locked.",
            count=len(moved),
            date=format_date(self.env, moved[0].date),
        )
        return {
            "points": sum(documents.mapped("loyalty_redeem_points")),
            "amount": sum(documents.mapped("loyalty_redeem_amount")),
            "note": note or False,
        }
