from odoo import api, models


class SaleOrder(models.Model):
    _inherit = "sale.order"

    @api.model
    def _load_demo_loyalty_orders(self):
        """Let the demo orders earn, spend and give back as a salesperson would; only the demo data calls it.

        A quotation is left whose points are calculated and wait for its confirmation.
        """
        earn, spend, cancelled, wine, quotation, points = (
            self.env.ref(f"loyalty_sale.demo_order_{name}").with_context(loyalty_no_mail=True, tracking_disable=True)
            for name in ("earn", "spend", "cancelled", "wine", "quotation", "points")
        )
        points.loyalty_use_points = True
        for order in (earn, spend, cancelled, wine, quotation):
            if order.state == "draft":
                order._update_programs_and_rewards()
        if spend.state == "draft":
            card = self.env.ref("loyalty_ledger.demo_card_anna")
            reward = card.program_id.reward_ids[:1]
            if reward in spend._get_claimable_rewards().get(card, ()):
                spend._apply_program_reward(reward, card)
        for order in (earn, spend, cancelled, wine):
            if order.state == "draft":
                order.action_confirm()
        if cancelled.state == "sale":
            cancelled._action_cancel()

    @api.model
    def _load_demo_gift_card_orders(self):
        """Sell a gift card of the demo and spend a part of it, with their invoices; only the demo data calls it."""
        program = self.env.ref("loyalty_account.demo_program_gift_card")
        sold, spent = (
            self.env.ref(f"loyalty_sale.demo_order_{name}").with_context(loyalty_no_mail=True, tracking_disable=True)
            for name in ("gift", "gift_spent")
        )
        if not program.stored_since or sold.state != "draft":
            return
        sold._update_programs_and_rewards()
        sold.action_confirm()
        card = sold.coupon_point_ids.coupon_id.filtered(lambda card: card.program_id == program)
        rewards = spent._try_apply_code(card.code).get(card)
        if rewards:
            spent._apply_program_reward(rewards[:1], card)
        spent.action_confirm()
        for order in sold | spent:
            order._create_invoices().action_post()
