"""The columns of a file: what the import takes them for, which the user can change."""

from odoo import api, fields, models
from odoo.exceptions import UserError

from .loyalty_card_adjust import MANAGER

ROLES = [
    ("card", "Card Number"),
    ("customer", "Customer (reference, e-mail, phone or name)"),
    ("email", "E-mail"),
    ("phone", "Phone"),
    ("name", "Customer Name"),
    ("first_name", "First Name"),
    ("last_name", "Last Name"),
    ("program", "Program"),
    ("points", "Points"),
    ("mode", "Mode (add or set)"),
    ("expiration_date", "Expiry Date"),
    ("level", "Level (not imported)"),
    ("reason", "Reason"),
    ("key", "Key (unique number of the line)"),
]


class LoyaltyBalanceImportColumn(models.Model):
    """One column of a file: its name, what its first cells say, and what it is read as."""

    _name = "loyalty.balance.import.column"
    _description = "Column of a Loyalty Import"
    _order = "position"
    _log_access = False

    import_id = fields.Many2one("loyalty.balance.import", required=True, ondelete="cascade", index=True)
    position = fields.Integer("Position", readonly=True)
    name = fields.Char("Column in File", readonly=True)
    # Numbers of gift cards stand there, whatever the column is called.
    sample = fields.Char("First Values", readonly=True, groups=MANAGER)
    role = fields.Selection(ROLES, "Read As", help="Empty: the column is not read.")

    def write(self, vals):
        """Users say what a column is, before the import only; the rest is what the file says."""
        if not self.env.su:
            if vals.keys() - {"role"}:
                raise UserError(self.env._("Only “Read As” can be changed on a column."))
            self.import_id._change_columns()
        return super().write(vals)

    @api.depends("name", "role")
    def _compute_display_name(self):
        for column in self:
            column.display_name = column.name
