"""What an order of the till has to do with points: its card, and what came of it."""

from odoo import api, fields, models
from odoo.fields import Domain

from .pos_order_line import REWARD_FIELDS
from .pos_order_settle import ids_of, values_of

#: What only the server says about an order.
RESULTS = frozenset(
    (
        "loyalty_balance_after",
        "loyalty_items",
        "loyalty_points_earnable",
        "loyalty_points_earned",
        "loyalty_points_redeemed",
        "loyalty_points_taken_back",
        "loyalty_settled",
        "loyalty_unsettled",
    )
)


class PosOrder(models.Model):
    _name = "pos.order"
    _inherit = ["loyalty.server.fields.mixin", "pos.order"]

    loyalty_card_id = fields.Many2one(
        "loyalty.card",
        "Loyalty Card",
        index="btree_not_null",
        ondelete="restrict",
        copy=False,
        help="Card on which the order earns, as scanned or chosen at the register; by default the customer's own card.",
    )
    loyalty_points_earnable = fields.Float(
        "Points Earnable",
        digits=(16, 4),
        readonly=True,
        copy=False,
        help="What the order earns by the rules of the program, as paid.",
    )
    loyalty_points_earned = fields.Float(
        "Points Earned", digits=(16, 4), readonly=True, copy=False, help="Negative when a return took points back."
    )
    loyalty_points_taken_back = fields.Float(
        "Points Taken Back",
        digits=(16, 4),
        readonly=True,
        copy=False,
        help="What returned goods had earned, taken back on the order that sold them.",
    )
    loyalty_points_redeemed = fields.Float(
        "Points Redeemed", digits=(16, 4), readonly=True, copy=False, help="Negative if a return gave points back."
    )
    loyalty_points_reserved = fields.Float(
        "Points Reserved",
        digits=(16, 4),
        compute="_compute_loyalty_points_reserved",
        help="Points reserved for the order until it is paid.",
    )
    loyalty_balance_after = fields.Float("Points After the Order", digits=(16, 4), readonly=True, copy=False)
    # Tills read every field that their user may see, with each order.
    loyalty_explanation = fields.Text(
        "Why This Many Points?",
        compute="_compute_loyalty_explanation",
        groups="loyalty_ledger.group_loyalty_user,loyalty_ledger.group_loyalty_auditor",
    )
    loyalty_note = fields.Text(
        "Changes Before Payment",
        readonly=True,
        copy=False,
        help="How the register reduced redemptions before the order was paid, and why: another customer or card, a "
        "smaller order, other products.",
    )
    loyalty_settled = fields.Boolean("Points Settled", readonly=True, copy=False)
    loyalty_unsettled = fields.Boolean(
        "Points Could Not Be Settled", readonly=True, copy=False, help="The closing of the session tries again."
    )

    def _compute_loyalty_points_reserved(self):
        holds = self.env["loyalty.hold"].sudo()  # cashiers do not see reservations, only what their order reserves
        # What a settled order had reserved is used or free again.
        uuids = [order.uuid for order in self if order.uuid and not order.loyalty_settled]
        domain = [("pos_order_uuid", "in", uuids), ("state", "=", "active")]
        active = holds.search(domain).filtered(lambda hold: hold._is_active()) if uuids else holds
        by_order = active.grouped("pos_order_uuid")
        for order in self:
            order.loyalty_points_reserved = sum(by_order.get(order.uuid, holds).mapped("points"))

    def _points_that_paid(self):
        """Return the points that paid for these orders, by payments or lines, and the money they were worth."""
        payments = self.payment_ids.filtered("loyalty_points")
        lines = self.lines.filtered("loyalty_redeem_uuid")
        points = sum(payments.mapped("loyalty_points")) + sum(lines.mapped("loyalty_points"))
        money = sum(payments.mapped("amount")) - sum(lines.mapped("price_subtotal_incl"))
        return points, money

    def _points_by_card(self):
        """Return ``{card: (points, money)}`` of what paid for these orders, or came back."""
        result = {}
        payments = self.payment_ids.filtered("loyalty_points")
        for payment in payments:
            points, money = result.get(payment.loyalty_card_id, (0.0, 0.0))
            result[payment.loyalty_card_id] = (points + payment.loyalty_points, money + payment.amount)
        for line in self.lines.filtered("loyalty_redeem_uuid"):
            points, money = result.get(line.loyalty_card_id, (0.0, 0.0))
            result[line.loyalty_card_id] = (points + line.loyalty_points, money - line.price_subtotal_incl)
        return result

    @api.depends_context("lang")
    def _compute_loyalty_explanation(self):
        earnings = self._earned_before().grouped("res_id")
        for order in self:
            own = earnings.get(order.id)
            order.loyalty_explanation = "\n".join(own.mapped("explanation")) if own else False

    @api.model
    def _server_fields(self):
        """Results, and the notes of registers."""
        return super()._server_fields() | RESULTS | {"loyalty_note"}

    def _check_server_fields(self, vals):
        """Registers send back results as they were given them: they are left out, not refused, and notes are added up."""

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su:
            vals_list = [self._without_results(vals) for vals in vals_list]
        return super().create(vals_list)

    def write(self, vals):
        """Orders that are cancelled, in whatever way, spend nothing: what they reserved is free again."""
        result = super().write(vals if self.env.su else self._keep_notes(self._without_results(vals)))
        if vals.get("state") == "cancel":
            self._release_holds()
        return result

    @api.model
    def _process_order(self, order, existing_order):
        """What a device sends is a client's word, also where Odoo takes it in sudo, as from a customer's phone."""
        order = self._without_results(order)
        self._forget_missing_cards(order)
        if self._is_sent_by_customer(order):
            self._forget_points_of_self_order(order)
        if order.get("state") == "draft":
            self._move_holds(order, existing_order)
        return super()._process_order(order, existing_order)

    @api.model
    def _forget_missing_cards(self, order):
        """An order is taken although a card that it names was deleted in the meantime: nobody had used that card."""
        rows = [
            order,
            *(values_of(command) for command in [*(order.get("lines") or ()), *(order.get("payment_ids") or ())]),
        ]
        named = ids_of(row.get("loyalty_card_id") for row in rows)
        if not named:
            return
        # Whether they are there, nothing else; in sudo, as the settling needs them.
        cards = (
            self.env["loyalty.card"].sudo().with_context(active_test=False).search_fetch([("id", "in", list(named))])
        )
        for row in rows:
            if row.get("loyalty_card_id") and row["loyalty_card_id"] not in cards.ids:
                row["loyalty_card_id"] = False

    @api.model
    def _move_holds(self, order, existing_order):
        """What is reserved follows its payment to another order: when a bill is split, and when two tills serve a table.

        Restaurants take an order for a table that has an open one already as part of that one.
        """
        rows = (values_of(command) for command in [*(order.get("payment_ids") or ()), *(order.get("lines") or ())])
        named = {row.get("loyalty_redeem_uuid") or row.get("uuid") for row in rows if row.get("loyalty_card_id")}
        sent = order.get("uuid")
        kept = existing_order.uuid if existing_order else sent
        if not named and sent == kept:
            return
        holds = self.env["loyalty.hold"].sudo()  # cashiers have no access to reservations
        moved = Domain("pos_uuid", "in", list(named))
        if sent != kept:
            moved |= Domain("pos_order_uuid", "=", sent)
        for hold in holds.search(moved & Domain("state", "=", "active") & Domain("pos_order_uuid", "!=", kept)):
            hold._settle({"pos_order_uuid": kept})

    @api.model
    def _is_sent_by_customer(self, order):
        """Return whether a customer's own device sent the order: Odoo takes those in sudo.

        Tills send orders that came from there, too, when they are paid at the counter: as their cashier.
        """
        return self.env.su and (order.get("source") or "pos") != "pos"

    @api.model
    def _forget_points_of_self_order(self, order):
        """Leave points and payments out of what customers send from their own devices.

        Nobody has seen their card, and their providers and terminals tell the server what was paid.
        """
        order.pop("loyalty_card_id", None)
        order.pop("loyalty_note", None)
        order["payment_ids"] = []
        if order.get("state") != "cancel":
            order["state"] = "draft"
        order["lines"] = [
            command
            for command in order.get("lines") or []
            if not any(values_of(command).get(name) for name in ("loyalty_redeem_uuid", *REWARD_FIELDS))
        ]

    @api.ondelete(at_uninstall=False)
    def _unlink_release_holds(self):
        self._release_holds()

    def _release_holds(self):
        """Give back what the orders reserved and did not use, such as a payment that was removed offline."""
        holds = self.env["loyalty.hold"].sudo()  # cashiers have no access to reservations
        uuids = [uuid for uuid in self.mapped("uuid") if uuid]
        holds.search([("pos_order_uuid", "in", uuids), ("state", "=", "active")])._release()

    def _keep_notes(self, vals):
        """Let a register add to what it noted, until the order is paid: what stands there nobody changes or takes away.

        Of a text without the earlier lines, such as of a second register that did not know them, the new ones are added.
        """
        if "loyalty_note" not in vals:
            return vals
        vals = dict(vals)
        note = vals.pop("loyalty_note") or ""
        if len(self) == 1 and self.state == "draft" and isinstance(note, str):
            lines = (self.loyalty_note or "").splitlines()
            added = [line for line in note.splitlines() if line not in lines]
            if added:
                vals["loyalty_note"] = "\n".join([*lines, *added])
        return vals

    @api.model
    def _without_results(self, vals):
        """Leave out what only the server says: tills send back whatever they were given."""
        if vals.keys().isdisjoint(RESULTS):
            return vals
        return {name: value for name, value in vals.items() if name not in RESULTS}
