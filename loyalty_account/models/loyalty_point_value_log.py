from odoo import api, fields, models
from odoo.tools import SQL


class LoyaltyPointValueLog(models.Model):
    """What a point was worth before its dated value was entered or changed.

    The proof asks for the value that was in force when points were redeemed; a value that is changed twice on one day
    would no longer say it. Written by the server only.
    """

    _name = "loyalty.point.value.log"
    _description = "Former Value of a Loyalty Point"
    _order = "id desc"

    program_id = fields.Many2one(
        "loyalty.program", "Program", required=True, readonly=True, ondelete="cascade", index=True
    )
    date = fields.Date("From", required=True, readonly=True)
    point_value = fields.Float("Point Value", digits=(16, 6), required=True, readonly=True)
    last_entry_id = fields.Integer(
        "Last Transaction",
        required=True,
        readonly=True,
        help="Transactions up to this one were posted while the former value was in force.",
    )

    @api.model
    def _note(self, program, date):
        """Remember the value that ``program`` has on ``date`` until now."""
        ((last,),) = self.env.execute_query(SQL("SELECT last_value FROM loyalty_ledger_entry_id_seq"))
        # Nobody has write access to the log; write access to the value was checked.
        self.sudo().create(
            {
                "program_id": program.id,
                "date": date,
                "point_value": program._point_value_at(date)[0],
                "last_entry_id": last,
            }
        )
