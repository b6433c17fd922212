from freezegun import freeze_time

from odoo.fields import Command
from odoo.tests import TransactionCase, new_test_user

NOW = "2026-03-10 10:00:00"


class OrderCase(TransactionCase):
    """A loyalty program of one point per unit of currency, a reward of 10.00 for 100 points, and a salesperson."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        clock = freeze_time(NOW)
        clock.start()
        cls.addClassCleanup(clock.stop)
        cls.env["loyalty.program"].search([]).active = False
        cls.salesperson = new_test_user(cls.env, "loyalty_salesperson", groups="sales_team.group_sale_salesman")
        cls.manager = new_test_user(cls.env, "loyalty_sales_manager", groups="sales_team.group_sale_manager")
        cls.customer = cls.env["res.partner"].create({"name": "Ada"})
        cls.stranger = cls.env["res.partner"].create({"name": "Bob"})
        cls.product = cls.env["product.product"].create(
            {"name": "Kettle", "type": "service", "list_price": 100.0, "taxes_id": False, "invoice_policy": "order"}
        )
        cls.program = cls._program()
        cls.reward = cls.program.reward_ids

    @classmethod
    def _program(cls, **values):
        return cls.env["loyalty.program"].create(
            {
                "name": "Points",
                "program_type": "loyalty",
                "trigger": "auto",
                "applies_on": "both",
                "rule_ids": [Command.create({"reward_point_mode": "money", "reward_point_amount": 1})],
                "reward_ids": [
                    Command.create(
                        {
                            "reward_type": "discount",
                            "discount": 10,
                            "discount_mode": "per_order",
                            "discount_applicability": "order",
                            "required_points": 100,
                        }
                    )
                ],
                **values,
            }
        )

    def _gift_cards(self):
        """A program that issues one gift card for each unit of a product of 50.00, and the product."""
        product = self.env["product.product"].create(
            {"name": "Gift card", "type": "service", "list_price": 50.0, "taxes_id": False}
        )
        rule = {
            "product_ids": product.ids,
            "reward_point_mode": "money",
            "reward_point_amount": 1,
            "reward_point_split": True,
        }
        program = self._program(
            name="Gift cards",
            program_type="gift_card",
            applies_on="future",
            rule_ids=[Command.create(rule)],
            reward_ids=[Command.create(self._per_point())],
        )
        return program, product

    def _per_point(self):
        return {
            "reward_type": "discount",
            "discount": 1,
            "discount_mode": "per_point",
            "discount_applicability": "order",
            "required_points": 1,
        }

    def _card(self, points=0, partner=None, program=None, **values):
        card = self.env["loyalty.card"].create(
            {"program_id": (program or self.program).id, "partner_id": (partner or self.customer).id, **values}
        )
        if points:
            card._post_entries([{"card_id": card.id, "kind": "opening", "points": points, "key": f"opening:{card.id}"}])
        return card

    def _order(self, quantity=1, partner=None, user=None, **values):
        return (
            self.env["sale.order"]
            .with_user(user or self.salesperson)
            .create(
                {
                    "partner_id": (partner or self.customer).id,
                    "order_line": [Command.create({"product_id": self.product.id, "product_uom_qty": quantity})],
                    **values,
                }
            )
        )

    def _claim(self, order, reward=None, times=1):
        """Claim the reward as the wizard does."""
        for __ in range(times):
            wizard = (
                self.env["sale.loyalty.reward.wizard"]
                .with_user(order.env.user)
                .create({"order_id": order.id, "selected_reward_id": (reward or self.reward).id})
            )
            wizard.action_apply()

    def _card_of(self, partner=None, program=None):
        return self.env["loyalty.card"].search(
            [("partner_id", "=", (partner or self.customer).id), ("program_id", "=", (program or self.program).id)]
        )

    def _entries(self, orders):
        return self.env["loyalty.ledger.entry"].search(
            [("res_model", "=", "sale.order"), ("res_id", "in", orders.ids)], order="id"
        )

    def assertPosted(self, orders, expected):
        """Check card, type and points of all entries of the orders, in order; and that the ledger is intact."""
        found = [(entry.card_id, entry.kind, entry.points) for entry in self._entries(orders)]
        self.assertEqual(found, expected)
        self.assertEqual(self.env["loyalty.card"]._verify_ledger(), [])
