from uuid import uuid4

from freezegun import freeze_time

from odoo import Command, fields
from odoo.tests import new_test_user

from odoo.addons.account.tests.common import AccountTestInvoicingCommon

#: The day on which these tests happen.
TODAY = "2026-03-15"


def make_order_data(session, method, lines, partner=None, paid=None, uuid=None, **values):
    """What a till sends for an order: ``lines`` are dicts of line values, totals are worked out from them."""
    rows, total = [], 0.0
    for line in lines:
        amount = line.get("qty", 1) * line["price_unit"]
        total += amount
        rows.append(
            Command.create(
                {
                    "qty": 1,
                    "tax_ids": [Command.clear()],
                    "price_subtotal": amount,
                    "price_subtotal_incl": amount,
                    "uuid": str(uuid4()),
                    **line,
                }
            )
        )
    paid = total if paid is None else paid
    payment = {"amount": paid, "name": fields.Datetime.now(), "payment_method_id": method.id, "uuid": str(uuid4())}
    return {
        "amount_paid": paid,
        "amount_return": 0,
        "amount_tax": 0,
        "amount_total": total,
        "date_order": fields.Datetime.to_string(fields.Datetime.now()),
        "lines": rows,
        "name": "Order",
        "partner_id": partner.id if partner else False,
        "payment_ids": [Command.create(payment)] if paid else [],
        "pricelist_id": session.config_id.pricelist_id.id,
        "session_id": session.id,
        "state": "paid",
        "to_invoice": False,
        "user_id": session.user_id.id,
        "uuid": uuid or str(uuid4()),
        **values,
    }


class TillCase(AccountTestInvoicingCommon):
    """An open till with one cashier, a loyalty program of a point per unit of money, and two customers."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(su=True)
        cls.startClassPatcher(freeze_time(f"{TODAY} 12:00:00"))
        cls.env.company.partner_id.tz = "UTC"
        cls.cashier = new_test_user(
            cls.env, "till_cashier", groups="base.group_user,point_of_sale.group_pos_user", tz="UTC"
        )
        journal = cls.company_data["default_journal_bank"]
        cls.method = cls.env["pos.payment.method"].create({"name": "Till bank", "journal_id": journal.id})
        cls.env["loyalty.program"].search([]).active = False
        cls.config = cls.make_config("Till")
        cls.pos_session = cls.open_session(cls.config)
        cls.pen = cls.make_product("Pen")
        cls.ann = cls.env["res.partner"].create({"name": "Ann"})
        cls.bob = cls.env["res.partner"].create({"name": "Bob"})
        cls.program = cls.make_loyalty_program()
        cls.reward = cls.program.reward_ids

    @classmethod
    def make_config(cls, name):
        return cls.env["pos.config"].create({"name": name, "payment_method_ids": [Command.set(cls.method.ids)]})

    @classmethod
    def open_session(cls, config):
        config.with_user(cls.cashier).open_ui()
        return config.current_session_id

    @classmethod
    def make_product(cls, name, **values):
        return cls.env["product.product"].create(
            {"name": name, "available_in_pos": True, "lst_price": 10, "taxes_id": [Command.clear()], **values}
        )

    @classmethod
    def make_loyalty_program(cls, **values):
        return cls.env["loyalty.program"].create(
            {
                "name": "Points",
                "program_type": "loyalty",
                "applies_on": "both",
                "trigger": "auto",
                "rule_ids": [Command.clear(), Command.create({"reward_point_mode": "money", "reward_point_amount": 1})],
                "reward_ids": [
                    Command.clear(),
                    Command.create({"required_points": 20, "discount_mode": "per_order", "discount": 5}),
                ],
                **values,
            }
        )

    @classmethod
    def make_stored_value(cls, kind, product):
        return cls.env["loyalty.program"].create(
            {
                "name": kind,
                "program_type": kind,
                "applies_on": "future",
                "trigger": "auto",
                "rule_ids": [
                    Command.clear(),
                    Command.create(
                        {
                            "reward_point_mode": "money",
                            "reward_point_amount": 1,
                            "reward_point_split": kind == "gift_card",
                            "product_ids": [Command.set(product.ids)],
                        }
                    ),
                ],
                "reward_ids": [
                    Command.clear(),
                    Command.create({"discount_mode": "per_point", "discount": 1, "required_points": 1}),
                ],
            }
        )

    @classmethod
    def make_card(cls, partner, points=0, program=None, **values):
        card = cls.env["loyalty.card"].create(
            {"program_id": (program or cls.program).id, "partner_id": partner.id, **values}
        )
        if points:
            cls.env["loyalty.card"]._post_entries(
                [{"card_id": card.id, "kind": "opening", "points": points, "key": f"test-opening:{card.id}"}]
            )
        return card

    # --- what a till does ----------------------------------------------------------------------------------------

    def sell(self, lines, partner=None, **values):
        """Sync an order as the cashier's till does; return it as the cashier sees it."""
        data = make_order_data(values.pop("session", self.pos_session), self.method, lines, partner, **values)
        Order = self.env["pos.order"].with_user(self.cashier)
        Order.sync_from_ui([data])
        return Order.search([("uuid", "=", data["uuid"])])

    def line(self, product=None, price=100.0, qty=1, **values):
        return {"product_id": (product or self.pen).id, "price_unit": price, "qty": qty, **values}

    def reward_line(self, card, cost, price, reward=None, code="R", **values):
        """A reward as the till writes it; without card when the till has only a temporary one."""
        reward = reward or self.reward
        return self.line(
            reward.discount_line_product_id,
            price,
            is_reward_line=True,
            reward_id=reward.id,
            coupon_id=card.id if card else False,
            points_cost=cost,
            reward_identifier_code=code,
            **values,
        )

    def confirm(self, order, claims):
        """The till's second call, with keys as JSON makes them."""
        order.env.invalidate_all()
        return order.confirm_coupon_programs({str(key): vals for key, vals in claims.items()})

    def claim(self, points, program=None, card=None, **values):
        program = program or self.program
        return {"points": points, "program_id": program.id, "coupon_id": card.id if card else -1, **values}

    # --- what came of it -----------------------------------------------------------------------------------------

    def assertEntries(self, order, expected):
        """Compare the entries of an order: ``[(card, kind, points)]`` in the order of the ledger."""
        entries = self.env["loyalty.ledger.entry"].search(
            [("res_model", "=", "pos.order"), ("res_id", "=", order.id)], order="id"
        )
        found = [(entry.card_id, entry.kind, entry.points) for entry in entries]
        self.assertEqual(found, expected)

    def exceptions_of(self, order, kind="claim"):
        return self.env["loyalty.exception"].search(
            [("res_model", "=", "pos.order"), ("res_id", "=", order.id), ("kind", "=", kind)], order="id"
        )

    def assertCut(self, order, points):
        """Compare the points of the claims that were cut down."""
        self.assertEqual(self.exceptions_of(order).mapped("points"), points)
