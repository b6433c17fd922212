"""What people see of the ledger on a program."""

from odoo import fields, models


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    # Orders and tills are counted for everybody who may read the program, whatever documents they may read.
    total_order_count = fields.Integer(compute_sudo=True)
    has_entries = fields.Boolean("Has Transactions", compute="_compute_ledger_totals")
    outstanding_points = fields.Float("Outstanding", digits=(16, 4), compute="_compute_ledger_totals")
    debt_points = fields.Float("Owed", digits=(16, 4), compute="_compute_ledger_totals")
    reserved_points = fields.Float("Reserved", digits=(16, 4), compute="_compute_ledger_totals")
    open_exception_count = fields.Integer("Exceptions to Review", compute="_compute_open_exception_count")

    def _compute_ledger_totals(self):
        # Totals of whole programs, for people who may read the program whatever cards they see.
        sudo = self.sudo().with_context(active_test=False)
        # Cards tell who has transactions much faster than the transactions themselves.
        used = dict(
            sudo.env["loyalty.card"]._read_group(
                [("program_id", "in", self.ids), ("ledger_revision", ">", 0)], ["program_id"], ["__count"]
            )
        )
        cards = {
            program: values
            for program, *values in sudo.env["loyalty.card"]._read_group(
                [("program_id", "in", self.ids), ("ledgered", "=", True)],
                ["program_id"],
                ["points:sum", "debt_points:sum"],
            )
        }
        holds = dict(
            sudo.env["loyalty.hold"]._read_group(
                [("program_id", "in", self.ids), ("is_active", "=", True)], ["program_id"], ["points:sum"]
            )
        )
        for program in self:
            key = program._origin
            program.has_entries = bool(used.get(key))
            program.outstanding_points, program.debt_points = cards.get(key, (0.0, 0.0))
            program.reserved_points = holds.get(key, 0.0)

    def _compute_open_exception_count(self):
        counts = dict(
            self.env["loyalty.exception"]
            .sudo()
            ._read_group([("program_id", "in", self.ids), ("state", "=", "open")], ["program_id"], ["__count"])
        )
        for program in self:
            program.open_exception_count = counts.get(program._origin, 0)

    def _ledger_action(self, xmlid, **context):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(f"loyalty_ledger.{xmlid}")
        action["domain"] = [("program_id", "=", self.id)]
        action["context"] = context
        return action

    def action_view_transactions(self):
        """Open the transactions of the program."""
        return self._ledger_action("loyalty_ledger_entry_action")

    def action_view_exceptions(self):
        """Open the exceptions of the program that nobody looked at yet."""
        return self._ledger_action("loyalty_exception_action", search_default_open=True)

    def action_view_register(self):
        """Open the cards of the program in the register."""
        return self._ledger_action(
            "loyalty_card_register_action", default_program_id=self.id, search_default_active=True
        )

    def action_view_owing(self):
        """Open the cards of the program that owe points."""
        action = self._ledger_action("loyalty_card_register_action", loyalty_register=True)
        action["domain"] = [*action["domain"], ("debt_points", ">", 0)]
        return action

    def action_view_reserved(self):
        """Open what reserves points of the program."""
        return self._ledger_action("loyalty_hold_action", search_default_active=True)
