"""Use Loyalty Points: points that cover an order (P14-P20, P24).

A quotation says how many points it will use and holds none. Its confirmation reserves them, its invoices take them over
in proportion, and what none of them needs is free again.
"""

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from odoo.addons.loyalty_ledger.ledger.rounding import part_of, to_points
from odoo.addons.loyalty_ledger.tools.today import loyalty_today
from odoo.addons.loyalty_ledger.tools.words import say_points

#: What only code of the server writes on orders.
SERVER_FIELDS = frozenset(("loyalty_points_applied", "loyalty_amount_applied", "loyalty_hold_id"))


class SaleOrder(models.Model):
    _inherit = "sale.order"

    loyalty_use_points = fields.Boolean(
        "Use Loyalty Points",
        copy=False,
        help="Redeem points of the card on this order. They are reserved when the order is confirmed and redeemed on "
        "its invoices. Their number is calculated when you tick this; if the order changes later, press "
        "Recalculate.",
    )
    loyalty_points_applied = fields.Float(
        "Applied Points",
        digits=(16, 4),
        copy=False,
        readonly=True,
        help="Points calculated when Use Loyalty Points was ticked, or at the latest recalculation.",
    )
    loyalty_amount_applied = fields.Monetary(
        "Amount Covered by Applied Points",
        currency_field="loyalty_currency_id",
        copy=False,
        readonly=True,
        help="Amount covered by the applied points, in the currency of the company.",
    )
    loyalty_currency_id = fields.Many2one(related="company_id.currency_id", string="Currency of Points")
    loyalty_hold_id = fields.Many2one(
        "loyalty.hold",
        "Reservation",
        copy=False,
        readonly=True,
        ondelete="restrict",
        index="btree_not_null",
        help="Points that wait for the invoices of this order.",
    )
    loyalty_points_to_use = fields.Float(
        "Loyalty Points to Use",
        digits=(16, 4),
        compute="_compute_loyalty_points_to_use",
        compute_sudo=True,
        help="Ticked: the points that will be used. Not ticked: the points that could be used now, at most what the card "
        "has available and what the order can be paid with. Points that this order earns are never among them.",
    )
    loyalty_amount_to_use = fields.Monetary(
        "Amount Covered by Points",
        compute="_compute_loyalty_points_to_use",
        compute_sudo=True,
        currency_field="loyalty_currency_id",
        help="Amount covered by these points, in the currency of the company.",
    )
    loyalty_notice = fields.Char(
        "About the Points",
        compute="_compute_loyalty_points_to_use",
        compute_sudo=True,
        help="Why the points no longer match the order, or how many more could be used.",
    )
    loyalty_problem = fields.Char(
        "Why Points Cannot Be Redeemed", compute="_compute_loyalty_points_to_use", compute_sudo=True
    )
    loyalty_misfits = fields.Boolean(compute="_compute_loyalty_points_to_use", compute_sudo=True)
    loyalty_available_points = fields.Float(
        "Available Points",
        digits=(16, 4),
        compute="_compute_loyalty_points_to_use",
        compute_sudo=True,
        help="Points of the card that can be used, those that this order reserved included.",
    )
    loyalty_points_reserved = fields.Float(
        "Reserved Points",
        digits=(16, 4),
        compute="_compute_loyalty_points_reserved",
        compute_sudo=True,
        help="Points set aside for this order and its draft invoices.",
    )

    # --- what the form shows -------------------------------------------------------------------------------------

    @api.depends(
        "loyalty_use_points",
        "loyalty_points_applied",
        "loyalty_amount_applied",
        "loyalty_card_id",
        "company_id",
        "state",
        "loyalty_hold_id.state",
        "loyalty_hold_id.points",
        "amount_total",
        "currency_id",
        "order_line.price_total",
        "order_line.product_id",
        "order_line.points_cost",
        "invoice_ids.state",
        "invoice_ids.amount_total",
        "locked",
        "order_line.qty_invoiced",
        "order_line.qty_delivered",
    )
    def _compute_loyalty_points_to_use(self):
        """What is used if ticked, what could be used if not (P18), and whether that still fits (P15)."""
        for order in self:
            card = order.loyalty_card_id
            points, amount = order._usable_points()
            order.loyalty_problem = order._points_problem() if card else False
            order.loyalty_available_points = order._points_at_hand()
            order.loyalty_notice = order.loyalty_misfits = False
            if order.loyalty_use_points and order.state != "cancel":
                misfit = order._why_misfit()
                order.loyalty_misfits = bool(misfit)
                order.loyalty_notice = misfit or order._say_more_usable(points)
                points, amount = order.loyalty_points_applied, order.loyalty_amount_applied
            order.loyalty_points_to_use = points
            order.loyalty_amount_to_use = amount

    @api.depends("loyalty_hold_id.state", "loyalty_hold_id.points", "invoice_ids.loyalty_hold_id.state")
    def _compute_loyalty_points_reserved(self):
        for order in self:
            drafts = order._invoices_with_points().filtered(lambda move: move.state == "draft")
            order.loyalty_points_reserved = order._held_points() + sum(drafts.mapped("loyalty_points_reserved"))

    def _say_more_usable(self, points):
        """Say that more points could be used than are applied, or return False."""
        used = self._held_points() if self.state == "sale" else self.loyalty_points_applied
        if points <= used:
            return False
        if not used and not self.loyalty_points_applied:
            return self.env._("%s points could be used now. Recalculate to use them.", say_points(self.env, points))
        return self.env._(
            "%s more points could be used now. Recalculate to use them.", say_points(self.env, points - used)
        )

    def _say_points_applied(self):
        """Return what the printed order and the customer's portal say about its points."""
        self.ensure_one()
        order = self.sudo()  # neither the company's currency nor the name of the points is a secret
        values = {
            "points": order.loyalty_card_id._say_points(order.loyalty_points_applied),
            "amount": order.loyalty_currency_id.format(order.loyalty_amount_applied),
        }
        if order.state == "sale":
            return self.env._("%(points)s cover %(amount)s of this order.", **values)
        return self.env._("%(points)s will cover %(amount)s of this order.", **values)

    # --- how many points -----------------------------------------------------------------------------------------

    def _loyalty_payable_lines(self, program):
        """Return the lines that points of ``program`` may pay: no delivery, nothing that product or program keep out
        (bP5, bP6), as on invoices. Override to add."""
        self.ensure_one()
        return self.order_line.filtered(
            lambda line: (
                not line.display_type
                and not line.is_downpayment
                and not ("is_delivery" in line._fields and line.is_delivery)
                and program._may_pay_for(line.product_id, line.price_total)
            )
        )

    def _loyalty_payable_amount(self, program):
        """Return how much points of ``program`` can still pay of the order, in company currency (P19).

        That is what is still to be invoiced, less what was paid in advance: see :meth:`_loyalty_open_amounts`.
        """
        self.ensure_one()
        due, payable = self._loyalty_open_amounts(program)
        amount = self.currency_id.round(max(0.0, min(due, payable)))
        currency = self.loyalty_currency_id
        if not amount or self.currency_id == currency:
            return amount
        return self.currency_id._convert(amount, currency, self.company_id, loyalty_today(self.env, self.company_id))

    def _held_points(self):
        """Return the points that wait for invoices that are not made yet."""
        hold = self.loyalty_hold_id
        return hold.points if hold and hold._is_active() else 0.0

    def _points_at_hand(self):
        """Return the points that the order can use: available ones, its own, less what its rewards cost.

        Never points that it earns itself, whatever its rewards may do with them (P20).
        """
        card = self.loyalty_card_id._origin
        if not card:
            return 0.0
        points = card.available_points + self._held_points()
        if self.state == "sale":
            points -= self._points_earned_on(card)
        else:  # rewards of confirmed orders are paid already
            points -= to_points(self._loyalty_costs().get(card, 0))
        return max(0.0, points)

    def _points_problem(self):
        """Say why points of the card cannot pay this order, or return False."""
        card = self.loyalty_card_id._origin
        return card._unusable_for(self.partner_id) or card._payment_problem(self.company_id, self.loyalty_hold_id)

    def _usable_points(self):
        """Return the points that could be used now, and what they pay in company currency."""
        self.ensure_one()
        card = self.loyalty_card_id._origin
        if not card or self.state == "cancel" or self._points_problem():
            return 0, 0.0
        program, today = card.program_id, loyalty_today(self.env, self.company_id)
        points = program._points_within(self._loyalty_payable_amount(program), today, self._points_at_hand())
        return points, program._points_to_money(points, today)

    def _why_misfit(self):
        """Say why the applied points no longer fit the order, or return False."""
        self.ensure_one()
        points = self._held_points() if self.state == "sale" else self.loyalty_points_applied
        if not points:
            return False
        card, currency = self.loyalty_card_id._origin, self.loyalty_currency_id
        program, today = card.program_id, loyalty_today(self.env, self.company_id)
        if not card:
            return self.env._("The order no longer has a loyalty card.")
        if problem := self._points_problem():
            return problem
        at_hand = self._points_at_hand()
        if points > at_hand:
            return self.env._(
                "Card %(card)s has %(available)s points available, but the order uses %(points)s.",
                card=card._say_code(),
                available=say_points(self.env, at_hand),
                points=say_points(self.env, points),
            )
        amount = self.loyalty_hold_id.amount if self.state == "sale" else self.loyalty_amount_applied
        if self.state != "sale":  # a reservation keeps its money
            worth = program._points_to_money(points, today)
            if currency.compare_amounts(worth, amount):
                return self.env._(
                    "%(points)s points are worth %(now)s now, no longer %(before)s.",
                    points=say_points(self.env, points),
                    now=currency.format(worth),
                    before=currency.format(amount),
                )
        due = self._loyalty_payable_amount(program)
        if currency.compare_amounts(amount, due) > 0:
            return self.env._(
                "%(points)s points are worth %(amount)s, but only %(due)s of the order can be covered by points.",
                points=say_points(self.env, points),
                amount=currency.format(amount),
                due=currency.format(due),
            )
        return False

    # --- ticking and recalculating -------------------------------------------------------------------------------

    @api.onchange("loyalty_use_points")
    def _onchange_loyalty_use_points(self):
        """Show at once what saving calculates (P16)."""
        order = self.sudo()  # salespeople may have no access to the card; the order was read with their rights
        if order.state != "sale":
            points, amount = order._usable_points() if order.loyalty_use_points else (0, 0.0)
            self.loyalty_points_applied, self.loyalty_amount_applied = points, amount

    @api.model
    def _server_fields(self):
        """What an order uses is calculated, never written by who sends fields."""
        return super()._server_fields() | SERVER_FIELDS

    @api.model
    def _say_server_fields(self, names):
        if names & SERVER_FIELDS:
            return self.env._("Tick Use Loyalty Points, or press Recalculate, to redeem points on an order.")
        return super()._say_server_fields(names)

    @api.model_create_multi
    def create(self, vals_list):
        orders = super().create(vals_list)
        orders.filtered("loyalty_use_points")._apply_points()
        return orders

    def write(self, vals):
        """Each tick and untick works the points out again (P16); no other change does (P15)."""
        if "loyalty_use_points" not in vals:
            return super().write(vals)
        changed = self.filtered(lambda order: order.loyalty_use_points != bool(vals["loyalty_use_points"]))
        result = super().write(vals)
        changed._apply_points()
        return result

    def action_recalculate_loyalty_points(self):
        """Calculate again how many points the order uses (P17)."""
        self.check_access("write")
        if cancelled := self.filtered(lambda order: order.state == "cancel"):
            raise UserError(
                self.env._("%s is cancelled and uses no points.", ", ".join(cancelled.mapped("display_name")))
            )
        self.filtered("loyalty_use_points")._apply_points()
        return True

    def _apply_points(self):
        """Calculate the points of quotations; reserve those of confirmed orders anew."""
        # Users who can edit the order have no access to the card; that it is the customer's is checked here.
        for order in self.sudo():
            if order.state == "cancel":
                continue
            points, amount = order._usable_points() if order.loyalty_use_points else (0, 0.0)
            if order.state == "sale" and points != order._held_points():
                order._release_points()
                points, amount = order._usable_points() if points else (0, 0.0)
                if points:
                    order._reserve_points(points, amount)
            taken, worth = order._points_on_invoices()
            order.write({"loyalty_points_applied": points + taken, "loyalty_amount_applied": amount + worth})

    # --- confirming and cancelling -------------------------------------------------------------------------------

    def _check_loyalty_funds(self):
        """Refuse to confirm orders whose points are no longer there or no longer fit, before anything is written."""
        super()._check_loyalty_funds()
        left = {}
        for order in self.sudo():  # salespeople may have no access to the card; that it is the customer's was checked
            points = order.loyalty_use_points and order.loyalty_points_applied
            if order.state not in ("draft", "sent") or not points:
                continue
            problem, card = order._why_misfit(), order.loyalty_card_id
            if problem and (order.amount_paid or order._sold_at_till()):
                # The customer paid already: the order stands, with as many of its points as it still needs and there are.
                fitting, amount = order._usable_points()
                if 0 < fitting < points:
                    order.write({"loyalty_points_applied": fitting, "loyalty_amount_applied": amount})
                    points, problem = fitting, False
            if not problem:
                # Together with other orders of the same card that are confirmed now, and with their rewards.
                left.setdefault(card, card.available_points)
                left[card] -= to_points(order._loyalty_costs().get(card, 0)) + points
                if left[card] < 0:
                    problem = self.env._(
                        "Card %(card)s has fewer points available than these orders use together: %(missing)s are missing.",
                        card=card._say_code(),
                        missing=say_points(self.env, -left[card]),
                    )
            if problem and (order.amount_paid or order._sold_at_till()):
                # Paid already, and no point fits: the order stands without them.
                order.write({"loyalty_use_points": False})
                order._message_log(body=self.env._("No loyalty points are used. %s", problem))
            elif problem:
                raise ValidationError(
                    self.env._(
                        "%(order)s cannot be confirmed with its loyalty points. %(problem)s\n"
                        "Press Recalculate on its Loyalty tab, or untick Use Loyalty Points.",
                        order=order.name,
                        problem=problem,
                    )
                )

    def _post_loyalty_confirmation(self):
        """After the rewards, reserve the points that the orders use (N6)."""
        super()._post_loyalty_confirmation()
        for order in self.sudo():  # reservations have no write access; confirming was allowed
            if order.loyalty_use_points and order.loyalty_points_applied and order._needs_points():
                order._reserve_points(order.loyalty_points_applied, order.loyalty_amount_applied)

    def _reverse_loyalty(self):
        """What is reserved for orders that are cancelled is free again (C18)."""
        super()._reverse_loyalty()
        self.sudo()._release_points()  # reservations have no write access; cancelling was allowed

    def _reserve_points(self, points, amount):
        card = self.loyalty_card_id
        hold = card._hold(points, self._hold_key(), (self._name, self.id))
        hold._freeze(amount, self.loyalty_currency_id)
        self.loyalty_hold_id = hold
        self._message_log(
            body=self.env._(
                "%(points)s loyalty points of card %(card)s are reserved for %(amount)s.",
                points=say_points(self.env, points),
                card=card._say_code(),
                amount=self.loyalty_currency_id.format(amount),
            )
        )

    def _reserve_up_to(self, points, amount):
        """Reserve ``points``, which pay ``amount``, or what the order still needs of them and the card has."""
        self.ensure_one()
        if self.state != "sale" or not self.loyalty_use_points or points <= self._held_points():
            return
        if self._points_problem() or not self._needs_points():
            return
        due = self._loyalty_payable_amount(self.loyalty_card_id.program_id)
        if points > self._points_at_hand() or self.loyalty_currency_id.compare_amounts(amount, due) > 0:
            usable, worth = self._usable_points()
            points, amount = (usable, worth) if usable < points else (0, 0.0)
        if points > self._held_points():
            self._release_points()
            self._reserve_points(points, amount)

    def _hold_key(self):
        card = self.loyalty_hold_id.card_id or self.loyalty_card_id
        return f"{self._name}:{self.id}:{card.id}:{card.ledger_revision}"

    def _release_points(self):
        """Free the points that wait for invoices; those of draft invoices stay with them."""
        for order in self.filtered("loyalty_hold_id"):
            points = order._held_points()
            order.loyalty_hold_id._release()
            order.loyalty_hold_id = False
            if points:
                order._message_log(
                    body=self.env._("%s reserved loyalty points are free again.", say_points(self.env, points))
                )

    # --- invoices ------------------------------------------------------------------------------------------------

    def _prepare_invoice(self):
        values = super()._prepare_invoice()
        order = self.sudo()  # reservations are read here only
        values["loyalty_order_id"] = bool(order._held_points()) and self.id
        return values

    def _get_invoice_grouping_keys(self):
        """Orders that use points have an invoice of their own: it can take the points of one order."""
        return [*super()._get_invoice_grouping_keys(), "loyalty_order_id"]

    def _invoices_with_points(self):
        """Return the invoices that this order's points are shared over."""
        return self.invoice_ids.filtered(
            lambda move: move.loyalty_order_id == self and move.move_type == "out_invoice" and move.state != "cancel"
        )

    def _points_on_invoices(self):
        """Return the points that invoices took over, less those that came back since, and what they pay."""
        invoices = self._invoices_with_points()
        points, amount = sum(invoices.mapped("loyalty_order_points")), sum(invoices.mapped("loyalty_order_amount"))
        posted = self.invoice_ids.filtered(lambda move: move.state == "posted")
        notes = posted.filtered(lambda move: move.move_type == "out_refund")
        redeemed = sum((posted - notes).mapped("loyalty_points_redeemed"))
        left = sum((invoices - posted).mapped("loyalty_order_points"))
        left += max(0.0, redeemed - sum(notes.mapped("loyalty_points_redeemed")))
        left = min(points, left)
        return left, part_of(amount, left, points, self.loyalty_currency_id.rounding) if points else 0.0

    def _points_for_invoice(self, invoice):
        """Return how many of the reserved points a new invoice takes: its part of what points can cover of the order.

        Cumulative rounding over the invoices; the last one takes the remainder.
        """
        hold = self.loyalty_hold_id
        program = hold.card_id.program_id
        sharing = self._invoices_with_points() | invoice

        def payable(moves):
            return sum(sum(move._loyalty_payable_lines(program).mapped("price_total")) for move in moves)

        others = (self.invoice_ids - sharing).filtered(
            lambda move: move.move_type == "out_invoice" and move.state != "cancel"
        )
        whole = self.currency_id.round(
            sum(self._loyalty_payable_lines(program).mapped("price_total")) - payable(others)
        )
        invoiced = self.currency_id.round(payable(sharing))
        taken = sum((sharing - invoice).mapped("loyalty_order_points"))
        total = hold.points + taken
        target = part_of(total, max(0.0, invoiced), whole, 1.0) if whole > 0 else total
        return max(0, min(target - taken, hold.points))
