"""What people see and press on a card: status, counters, the actions of the form."""

from odoo import api, fields, models
from odoo.exceptions import UserError

from .loyalty_card import PROJECTIONS


class LoyaltyCard(models.Model):
    _name = "loyalty.card"
    _inherit = ["loyalty.server.fields.mixin", "loyalty.card", "loyalty.staff.sums.mixin"]

    uses_ledger = fields.Boolean(related="program_id.is_ledgered", string="Program Has a Ledger")
    can_manage = fields.Boolean("Managed by Me", compute="_compute_can_manage")
    lacks_program = fields.Boolean("No Program to Choose", compute="_compute_lacks_program")
    use_count = fields.Integer(compute_sudo=True)
    # Points past their date are for the staff only (P10).
    lapsed_points = fields.Float(groups="base.group_user")
    level_multiplier = fields.Float(
        "Multiplier",
        digits=(16, 4),
        compute="_compute_level_multiplier",
        compute_sudo=True,
        help="Points on purchases are multiplied by this factor at the level of the card.",
    )
    entry_count = fields.Integer("Transaction Count", compute="_compute_entry_count")
    points_from_count = fields.Integer("Linked Cards", compute="_compute_points_from_count")
    lot_report_ids = fields.One2many("loyalty.lot.report", "card_id", "Open Points by Expiry", readonly=True)

    @api.model
    def default_get(self, fields):
        """Leave the number to the first save, so that two open drafts get two numbers (H5)."""
        values = super().default_get(fields)
        if "default_code" not in self.env.context:
            values.pop("code", None)
        return values

    @api.model
    def _server_fields(self):
        """What the ledger keeps, and for others than managers what a manager decides of a new card.

        ``create`` and ``write`` of cards judge themselves what is written: balances become transactions
        (`loyalty_card_foreign.py`, `loyalty_card_rules.py`). Defaults say none of it.
        """
        names = {*PROJECTIONS, "points", *(() if self._may_manage() else ("points_to_id", "level_id"))}
        return super()._server_fields() | names

    def _check_server_fields(self, vals):
        """See :meth:`_server_fields`."""

    @api.depends("program_id", "code")
    def _compute_display_name(self):
        super()._compute_display_name()
        for card in self.filtered(lambda card: not card.code):
            card.display_name = self.env._("New Card")

    @api.depends("level_id.multiplier", "program_id.issue_on")
    def _compute_level_multiplier(self):
        for card in self:
            card.level_multiplier = card.level_id._multiplier_used()

    @api.depends_context("uid")
    def _compute_can_manage(self):
        self.can_manage = self.env.user.has_group("loyalty_ledger.group_loyalty_manager")

    @api.depends("program_id")
    @api.depends_context("loyalty_register")
    def _compute_lacks_program(self):
        """A new card with nothing to choose; saved cards have their program."""
        self.lacks_program = False
        new = self.filtered(lambda card: not card._origin and not card.program_id)
        if new:
            domain = [("is_ledgered", "=", True)] if self.env.context.get("loyalty_register") else []
            new.lacks_program = not self.env["loyalty.program"].search_count(domain, limit=1)

    def _compute_entry_count(self):
        # Cashiers and salespeople see the number on the card whether or not they may read the transactions.
        counts = dict(
            self.env["loyalty.ledger.entry"].sudo()._read_group([("card_id", "in", self.ids)], ["card_id"], ["__count"])
        )
        for card in self:
            card.entry_count = counts.get(card._origin, 0)

    def _compute_points_from_count(self):
        counts = dict(
            self.with_context(active_test=False)._read_group(
                [("points_to_id", "in", self.ids)], ["points_to_id"], ["__count"]
            )
        )
        for card in self:
            card.points_from_count = counts.get(card._origin, 0)

    # --- buttons -------------------------------------------------------------------------------------------------

    def action_view_transactions(self):
        """Show Transactions (S12): the complete log of the card."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("loyalty_ledger.loyalty_ledger_entry_action")
        action["domain"] = [("card_id", "=", self.id)]
        action["context"] = {"hide_card": True}
        action["display_name"] = self.env._("Transactions of %s", self._say_code())
        return action

    def action_view_card(self):
        """Open the card itself, from a tile that shows it."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "loyalty.card",
            "res_id": self.id,
            "views": [(self.env.ref("loyalty.loyalty_card_view_form").id, "form")],
        }

    def action_view_points_from(self):
        """Show the cards that are linked to this one (H19)."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("loyalty_ledger.loyalty_card_register_action")
        action["domain"] = [("points_to_id", "=", self.id)]
        action["context"] = {"create": False, "active_test": False}
        action["display_name"] = self.env._("Cards Linked to %s", self._say_code())
        return action

    def action_view_reserved(self):
        """Show what reserves points of this card."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("loyalty_ledger.loyalty_hold_action")
        action["domain"] = [("card_id", "=", self.id)]
        return action

    def action_close(self):
        """Close cards: they can neither earn nor redeem points until reopened (H25)."""
        self._check_may_close()
        cards = self.filtered(lambda card: not card.closed)
        reserved = cards.filtered(lambda card: any(hold._is_active() for hold in card.sudo().hold_ids))
        if reserved:
            raise UserError(
                self.env._(
                    "Settle or release the reserved points first, then close: %s.",
                    ", ".join(reserved[:5].mapped("code")),
                )
            )
        cards.write({"closed": True})
        for card in cards:
            card.message_post(
                body=self.env._("Card closed: it can neither earn nor redeem points until it is reopened.")
            )

    def action_reopen(self):
        """Make closed cards usable again, with the balance they had."""
        self._check_may_close()
        cards = self.filtered("closed")
        cards.write({"closed": False})
        for card in cards:
            card.message_post(body=self.env._("Card reopened."))

    def _check_may_close(self):
        self._check_ledger_group("loyalty_ledger.group_loyalty_manager")
        coupons = self.filtered(lambda card: not card.ledgered)
        if coupons:
            raise UserError(
                self.env._("Only cards with a points ledger can be closed: %s.", ", ".join(coupons[:5].mapped("code")))
            )
