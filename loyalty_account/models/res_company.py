from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    loyalty_close_schedule = fields.Selection(
        [("off", "By hand"), ("monthly", "Monthly")],
        "Loyalty Close",
        required=True,
        default="off",
        help="Monthly: a job runs the close of last month. Where it stops, the responsible gets an activity.",
    )
    loyalty_close_delay = fields.Integer(
        "Days after the End of the Month",
        default=3,
        help="How many days late documents of the month are waited for before the job closes it.",
    )
    loyalty_close_user_id = fields.Many2one(
        "res.users", "Responsible for the Loyalty Close", help="Gets an activity when the automatic close stops."
    )

    _check_loyalty_close_delay = models.Constraint(
        "CHECK (loyalty_close_delay BETWEEN 0 AND 27)", "The loyalty close can wait for 0 to 27 days."
    )
