from odoo import api, fields, models
from odoo.fields import Command


class PosOrder(models.Model):
    _inherit = "pos.order"

    @api.model
    def _load_demo_loyalty_sales(self):
        """Sell in Odoo's demo shop, with a reward and without, and close the till; only the demo data calls it."""
        self = self.with_user(self.env.ref("base.user_admin")).with_context(loyalty_no_mail=True, tracking_disable=True)
        config = self.env.ref("point_of_sale.pos_config_main", raise_if_not_found=False)
        method = config and config.payment_method_ids.filtered(lambda method: method.type == "bank")[:1]
        if not method or config.current_session_id:
            return
        config.open_ui()
        session = config.current_session_id
        if session.state == "opening_control":
            session.set_opening_control(0, None)
        beans, machine = (self.env.ref(f"loyalty_ledger.demo_product_{name}") for name in ("beans", "machine"))
        self._demo_sale(session, method, "carla_new", [(beans, 24.0, 2)])
        self._demo_sale(session, method, "grace", [(machine, 349.0, 1), (beans, 24.0, 1)], spend=True)
        session.action_pos_session_closing_control()
        # Closed: the till's payment methods can change.
        program = self.env.ref("loyalty_account.demo_program_trade")
        if program.accounting_policy != "none" and program.company_id == config.company_id:
            program.pos_config_ids = [Command.link(config.id)]
            self.env["pos.payment.method"].create(
                {
                    "name": self.env._("Trade Club Points"),
                    "loyalty_program_id": program.id,
                    "company_id": program.company_id.id,
                    "config_ids": [Command.link(config.id)],
                }
            )

    def _demo_sale(self, session, method, card_name, products, spend=False):
        """Send what the till sends for a sale and its card."""
        card = self.env.ref(f"loyalty_ledger.demo_card_{card_name}")
        total = sum(price * quantity for __, price, quantity in products)
        lines = [
            self._demo_line(product, price, quantity, f"demo-{card_name}-{number}")
            for number, (product, price, quantity) in enumerate(products)
        ]
        points = total
        reward = card.program_id.reward_ids[:1]
        if spend:
            discount = -round(total * reward.discount / 100, 2)
            values = {
                "is_reward_line": True,
                "reward_id": reward.id,
                "coupon_id": card.id,
                "points_cost": reward.required_points,
                "reward_identifier_code": "demo",
            }
            lines.append(
                self._demo_line(reward.discount_line_product_id, discount, 1, f"demo-{card_name}-reward", **values)
            )
            points -= reward.required_points
            total += discount
        uuid = f"demo-loyalty-{card_name}"
        self.sync_from_ui(
            [
                {
                    "uuid": uuid,
                    "name": "Order",
                    "state": "paid",
                    "session_id": session.id,
                    "user_id": self.env.uid,
                    "partner_id": card.partner_id.id,
                    "pricelist_id": session.config_id.pricelist_id.id,
                    "date_order": fields.Datetime.to_string(fields.Datetime.now()),
                    "amount_total": total,
                    "amount_paid": total,
                    "amount_tax": 0,
                    "amount_return": 0,
                    "to_invoice": False,
                    "lines": lines,
                    "payment_ids": [self._demo_payment(method, total, f"{uuid}-payment")],
                }
            ]
        )
        order = self.search([("uuid", "=", uuid)])
        claim = {
            "points": points,
            "program_id": card.program_id.id,
            "coupon_id": card.id,
            "partner_id": card.partner_id.id,
        }
        order.confirm_coupon_programs({str(card.id): claim})

    def _demo_payment(self, method, amount, uuid):
        return Command.create(
            {
                "name": fields.Datetime.now(),
                "amount": amount,
                "payment_method_id": method.id,
                "uuid": uuid,
            }
        )

    def _demo_line(self, product, price, quantity, uuid, **values):
        amount = price * quantity
        return Command.create(
            {
                "product_id": product.id,
                "full_product_name": product.display_name,
                "qty": quantity,
                "price_unit": price,
                "price_subtotal": amount,
                "price_subtotal_incl": amount,
                "tax_ids": [Command.clear()],
                "uuid": uuid,
                **values,
            }
        )
