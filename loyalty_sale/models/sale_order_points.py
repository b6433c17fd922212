"""What orders redeemed, earned and can earn, as their Loyalty tab shows it (P14, P21-P23)."""

from odoo import api, fields, models

from odoo.addons.loyalty_ledger.earning.basket import Settlement
from odoo.addons.loyalty_ledger.earning.claim import Claim, ClaimLine
from odoo.addons.loyalty_ledger.ledger.rounding import to_points


class SaleOrder(models.Model):
    _inherit = "sale.order"

    loyalty_points_redeemed = fields.Float(
        "Redeemed Points",
        digits=(16, 4),
        compute="_compute_loyalty_points_moved",
        compute_sudo=True,
        help="Points of the card redeemed on this order, by its rewards and its invoices, less returned points.",
    )
    loyalty_points_earned = fields.Float(
        "Earned Points",
        digits=(16, 4),
        compute="_compute_loyalty_points_moved",
        compute_sudo=True,
        help="Points that the order and its invoices brought to the card, less what was taken back.",
    )
    loyalty_points_earnable = fields.Float(
        "Earnable Points",
        digits=(16, 4),
        compute="_compute_loyalty_points_earnable",
        compute_sudo=True,
        help="Points that the whole order earns, as currently expected. They are awarded once the order is invoiced "
        "and paid in full in ways that earn points.",
    )
    loyalty_explanation = fields.Text(
        "Why This Many Points?", compute="_compute_loyalty_points_earnable", compute_sudo=True
    )

    @api.depends("state", "invoice_ids.loyalty_points_redeemed", "invoice_ids.loyalty_points_earned")
    def _compute_loyalty_points_moved(self):
        stored = self.filtered(lambda order: isinstance(order.id, int))
        opened = stored._open_loyalty_entries() if stored else []
        for order in self:
            card = order.loyalty_card_id
            # Points of other programs are other points; what a card sends on counts as its own.
            cards = (card | card.points_to_id).ids or [row.card_id for row in opened]
            rows = [row for row in opened if row.order_id == order.id and row.card_id in cards]
            moves = order.invoice_ids.filtered(lambda move, card=card: not card or move.loyalty_card_id == card)
            notes = moves.filtered(lambda move: move.move_type == "out_refund")
            order.loyalty_points_redeemed = (
                to_points(-sum(row.units for row in rows if row.kind == "redeem"))
                + sum((moves - notes).mapped("loyalty_points_redeemed"))
                - sum(notes.mapped("loyalty_points_redeemed"))
            )
            order.loyalty_points_earned = to_points(sum(row.units for row in rows if row.kind == "earn")) + sum(
                (moves - notes).mapped("loyalty_points_earned")
            )

    @api.depends_context("lang")
    @api.depends(
        "state",
        "invoice_status",
        "coupon_point_ids.points",
        "loyalty_card_id",
        "partner_id",
        "pricelist_id",
        "date_order",
        "order_line.price_total",
        "order_line.product_id",
        "invoice_ids.loyalty_points_earnable",
    )
    def _compute_loyalty_points_earnable(self):
        """What the order earns, and why: by its invoices, by a preview of the same rules, or by Odoo's own rules."""
        waiting = {}
        self.loyalty_explanation = False
        for order in self:
            moves = order.invoice_ids.filtered(lambda move: move.move_type == "out_invoice" and move.state != "cancel")
            if order.state == "cancel":
                order.loyalty_points_earnable = 0.0
            elif order.state == "sale" and order.invoice_status == "invoiced" and moves.loyalty_earning_id:
                order.loyalty_points_earnable = sum(moves.mapped("loyalty_points_earnable"))
                order.loyalty_explanation = "\n".join(filter(None, moves.mapped("loyalty_explanation")))
            elif order.loyalty_card_id and order._defers_points(order.loyalty_card_id):
                waiting[order] = order._prepare_loyalty_claim()
            else:
                order.loyalty_points_earnable = order._points_by_rules()
                order.loyalty_explanation = order.loyalty_points_earnable and self.env._(
                    "The rules of the program give these points when the order is confirmed."
                )
        previews = self.env["loyalty.earning"]._preview(list(waiting.values())) if waiting else {}
        for order, claim in waiting.items():
            order.loyalty_points_earnable = to_points(previews[claim].earnable)
            order.loyalty_explanation = previews[claim].words

    def _points_by_rules(self):
        """Return what Odoo's rules give to the order's card; without one, to cards of loyalty programs."""
        card = self.loyalty_card_id
        return sum(
            line.points
            for line in self.coupon_point_ids
            if (line.coupon_id == card or not card and line.coupon_id.program_type == "loyalty")
            and not self._why_no_earning(line.coupon_id)
        )

    def _prepare_loyalty_claim(self):
        """Return what the order tells the earning engine: as if it were invoiced and paid in full."""
        card = self.loyalty_card_id._origin
        program, company = card.program_id, self.company_id
        day = fields.Date.context_today(self, self.date_order or fields.Datetime.now())
        lines = [
            ClaimLine(line.product_id._origin.id or 0, line.product_uom_qty, line.price_subtotal, line.price_total)
            for line in self.order_line
            if not line.display_type and not line.is_downpayment
        ]
        return Claim(
            (self._name, self._origin.id or 0),
            card,
            day,
            lines=lines,
            settlement=Settlement(due=1),
            rate=self.currency_id._get_conversion_rate(self.currency_id, program.currency_id, company, day),
            customer=self.partner_id,
            pricelist=self.pricelist_id,
        )

    def _points_earned_on(self, card):
        """Return what this order and its invoices brought to ``card``: it never pays for the order itself (P20)."""
        rows = self._open_loyalty_entries() if isinstance(self.id, int) else []
        own = to_points(sum(row.units for row in rows if row.kind == "earn" and row.card_id == card.id))
        moves = self.invoice_ids.filtered(lambda move: move.loyalty_card_id == card)
        return own + sum(moves.mapped("loyalty_points_earned"))
