"""Programs that end: what customers still have is nobody's to throw away by a click."""

from odoo import api, models
from odoo.exceptions import RedirectWarning, UserError

from ..tools.words import say_points


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    def write(self, vals):
        """A user does not archive a program whose customers still have points; code of the server may."""
        if "active" not in vals or self.env.su:
            return super().write(vals)
        if not vals["active"]:
            self._check_may_end()
        self.check_access("write")
        # Odoo archives the products of discounts with the program, for which managers of programs have no right.
        super(LoyaltyProgram, self.sudo()).write({"active": vals["active"]})
        return super().write({name: value for name, value in vals.items() if name != "active"})

    def _check_may_end(self):
        """Refuse to archive programs while cards have points, and offer what is right instead.

        :raises odoo.exceptions.RedirectWarning: with a button that opens the cards
        """
        groups = (
            self.env["loyalty.card"]
            .sudo()
            ._read_group(
                [("program_id", "in", self.filtered("active").ids), ("ledgered", "=", True), ("points", "!=", 0)],
                ["program_id"],
                ["__count", "points:sum"],
            )
        )
        for program, count, points in groups:
            named = {"count": count, "program": program.name, "points": say_points(self.env, points)}
            raise RedirectWarning(
                (
                    self.env._("One card of %(program)s still has %(points)s points.", **named)
                    if count == 1
                    else self.env._("%(count)s cards of %(program)s still have %(points)s points.", **named)
                )
                + " "
                + self.env._(
                    "Once the program is archived, they can no longer be redeemed.\n\n"
                    "To end the program, clear %(field)s on its form: points are no longer awarded, and customers "
                    "redeem what they have. Archive it when the cards are empty, or set their balances to zero first "
                    "(select the cards, then Adjust Points).",
                    field=self._fields["accumulates"]._description_string(self.env),
                ),
                {
                    "type": "ir.actions.act_window",
                    "name": self.env._("Cards with Points"),
                    "res_model": "loyalty.card",
                    "views": [(False, "list"), (False, "kanban"), (False, "form")],
                    "domain": [("program_id", "=", program.id), ("points", "!=", 0)],
                },
                self.env._("Show the Cards"),
            )

    def copy(self, default=None):
        """A user's copy of a program with a points ledger starts archived: else both would award points for the same
        sales from that moment on. Code of the server knows what it does."""
        copies = super().copy(default)
        if not self.env.su and "active" not in (default or {}):
            for program in copies.filtered(lambda program: program.is_ledgered and program.active):
                named = {} if "name" in (default or {}) else {"name": self.env._("%s (copy)", program.name)}
                # access: who makes a copy may leave it asleep; nobody was promised anything by it, as _check_may_end would ask
                program.sudo().write({"active": False, **named})
        return copies

    def web_read(self, specification):
        """Show the rules and rewards of an archived program, which are archived with it: a copy is checked by them before
        it is activated."""
        archived = self.filtered(lambda program: not program.active)
        if not archived or not {"rule_ids", "reward_ids"} & specification.keys():
            return super().web_read(specification)
        rows = super(LoyaltyProgram, self - archived).web_read(specification)
        rows += super(LoyaltyProgram, archived.with_context(active_test=False)).web_read(specification)
        by_id = {row["id"]: row for row in rows}
        return [by_id[program.id] for program in self if program.id in by_id]

    @api.ondelete(at_uninstall=False)
    def _unlink_a_used_one(self):
        """A program with transactions or reserved points stays: they are the books of what customers were promised.

        The name sorts before Odoo's method, which would ask to archive it first.
        """
        used = self.env["loyalty.ledger.entry"].sudo()._read_group([("program_id", "in", self.ids)], ["program_id"])
        for (program,) in used:
            raise UserError(
                self.env._(
                    "Program %s has transactions in the points ledger and cannot be deleted. Archive it instead: it no "
                    "longer appears anywhere, and its history stays.",
                    program.name,
                )
            )
