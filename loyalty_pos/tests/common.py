from uuid import uuid4

from freezegun import freeze_time

from odoo import Command, fields
from odoo.tests import new_test_user

from odoo.addons.loyalty_account.tests.common import LoyaltyAccountCommon, ReadyCompanyCase

#: The day on which these tests happen.
TODAY = "2026-03-15"


def make_order_data(session, method, lines, partner=None, paid=None, uuid=None, payments=None, **values):
    """What a till sends for an order: ``lines`` are dicts of line values, totals are calculated from them.

    :param payments: dicts of payment values; by default one of ``paid`` (the total) with ``method``
    """
    rows, total = [], 0.0
    for line in lines:
        amount = line.get("qty", 1) * line["price_unit"]
        total += line.get("price_subtotal_incl", amount)
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
    if payments is None:
        paid = total if paid is None else paid
        payments = [{"amount": paid, "payment_method_id": method.id}] if paid else []
    paid = sum(payment["amount"] for payment in payments)
    payments = [Command.create({"name": fields.Datetime.now(), "uuid": str(uuid4()), **vals}) for vals in payments]
    return {
        "amount_paid": paid,
        "amount_return": 0,
        "amount_tax": 0,
        "amount_total": total,
        "date_order": fields.Datetime.to_string(fields.Datetime.now()),
        "lines": rows,
        "name": "Order",
        "partner_id": partner.id if partner else False,
        "payment_ids": payments,
        "pricelist_id": session.config_id.pricelist_id.id,
        "session_id": session.id,
        "state": "paid",
        "to_invoice": False,
        "user_id": session.user_id.id,
        "uuid": uuid or str(uuid4()),
        **values,
    }


class TillVerbs:
    """What tests of the till say: sell, confirm, and what came of it."""

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
        """Compare the points of the claims that were reduced."""
        self.assertEqual(self.exceptions_of(order).mapped("points"), points)


class TillCase(TillVerbs, ReadyCompanyCase):
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
    def make_card(cls, partner, points=0, program=None, **values):
        card = cls.env["loyalty.card"].create(
            {"program_id": (program or cls.program).id, "partner_id": partner.id, **values}
        )
        if points:
            cls.env["loyalty.card"]._post_entries(
                [{"card_id": card.id, "kind": "opening", "points": points, "key": f"test-opening:{card.id}"}]
            )
        return card


class TillPointsCase(TillVerbs, LoyaltyAccountCommon):
    """An open till where points of a program with accounting pay: cash, bank and points as means of payment.

    Ann's card has 1,000 points worth 1.00 each.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["loyalty.program"].search([("id", "!=", cls.program.id)]).active = False
        cls.cashier = new_test_user(
            cls.env,
            "points_cashier",
            groups="base.group_user,point_of_sale.group_pos_user",
            tz="UTC",
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )
        cls.program.pos_ok = True
        Method = cls.env["pos.payment.method"]
        cls.cash_method = Method.create({"name": "Cash", "journal_id": cls.company_data["default_journal_cash"].id})
        cls.method = Method.create({"name": "Bank", "journal_id": cls.bank_journal.id})
        cls.points_method = Method.browse()
        if cls.vat_mode != "price_reduction":
            cls.points_method = Method.create({"name": "Points", "loyalty_program_id": cls.program.id})
        cls.config = cls.make_config("Till")
        cls.pos_session = cls.open_session(cls.config)
        cls.pen = cls.make_product("Pen")
        cls.ann = cls.customer
        cls.bob = cls.env["res.partner"].create({"name": "Bob"})
        cls.as_till = cls.env["loyalty.card"].with_user(cls.cashier)
        cls.receivable_pos = cls.company.account_default_pos_receivable_account_id

    @classmethod
    def get_default_groups(cls):
        """Who sets things up manages tills too."""
        return super().get_default_groups() | cls.quick_ref("point_of_sale.group_pos_manager")

    @classmethod
    def make_config(cls, name):
        methods = cls.cash_method | cls.method | cls.points_method
        return cls.env["pos.config"].create({"name": name, "payment_method_ids": [Command.set(methods.ids)]})

    @classmethod
    def open_session(cls, config):
        session = super().open_session(config)
        session.with_user(cls.cashier).set_opening_control(0, None)
        return session

    def taxed(self, untaxed, rate, qty=1, **values):
        """A line of the till with a sales tax that is not in its price."""
        subtotal = untaxed * qty
        return self.line(
            price=untaxed,
            qty=qty,
            tax_ids=[Command.set(self.sale_taxes[rate].ids)],
            price_subtotal=subtotal,
            price_subtotal_incl=self.company.currency_id.round(subtotal * (100 + rate) / 100),
            **values,
        )

    def pay_points(self, amount, card=None, **values):
        """A payment with the points of a card, as the till sends it."""
        card = self.card if card is None else card
        return {
            "amount": amount,
            "payment_method_id": self.points_method.id,
            "loyalty_card_id": card.id,
            "loyalty_card_code": card.code,
            **values,
        }

    def pay(self, amount, method=None, **values):
        return {"amount": amount, "payment_method_id": (method or self.method).id, **values}

    def hold(self, points, uuid, card=None, order_uuid="order"):
        return self.as_till.pos_hold(self.config.id, (card or self.card).id, points, uuid, order_uuid)
