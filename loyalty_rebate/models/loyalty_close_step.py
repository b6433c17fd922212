from odoo import models


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
        points = sum(self.program_id._roll_over(end)[1] for __, end in self._periods())
        return {"points": points, "amount": points * self.program_id._point_value_at(self.close_id.date_to)[0]}
