"""What the benchmarks of the till share: a shop with a till, its cashier, and what a till sends for an order."""

import contextlib
from types import SimpleNamespace
from typing import NamedTuple
from uuid import uuid4

PRICE = 40.0
#: One line each of one, two and three pieces.
QUANTITIES = (1, 2, 3)
#: What an order redeems: points, and the money that they pay.
POINTS, MONEY = 50, 5.0
#: What each card has at first.
BALANCE = 1_000


class Card(NamedTuple):
    id: int
    code: str
    partner_id: int


class Till(NamedTuple):
    config_id: int
    session_id: int
    pricelist_id: int
    user_id: int
    login: str


class Shop:
    """One database with a loyalty program, customers with cards, and open tills.

    Plain Odoo: its own loyalty program, whose reward of 5.00 costs 50 points. With our add-ons the program gives
    points when an order is paid; 50 points cover 5.00 as a means of payment, or are spent on the same reward.

    What a till sends is made without the database, in any thread.
    """

    def __init__(self, name, env, ours, customers=0, tills=1):
        self.name = name
        self.ours = ours
        self.env = env(context={**env.context, "tracking_disable": True, "loyalty_no_mail": True})
        env = self.env
        self.database, self.registry = env.cr.dbname, env.registry
        env["loyalty.program"].search([]).active = False
        # The demo data of our add-ons has products of its own: both shops sell the same.
        ids = env["ir.model.data"].search([("module", "=like", "loyalty%"), ("model", "=", "product.product")])
        products = env["product.product"].browse(ids.mapped("res_id")).exists()
        products.filtered(
            lambda product: product.available_in_pos and product.type != "service"
        ).available_in_pos = False
        self.program = env["loyalty.program"].create(self._program_values(env))
        journal = env["account.journal"].search([("type", "=", "bank"), ("company_id", "=", env.company.id)], limit=1)
        self.money = env["pos.payment.method"].create({"name": "Bank", "journal_id": journal.id})
        self.points_method = env["pos.payment.method"]
        if ours:
            self.points_method = self.points_method.create(
                {"name": "Points", "loyalty_program_id": self.program.id, "company_id": env.company.id}
            )
        product = env["product.product"].create(
            {"name": "Benchmark", "list_price": PRICE, "available_in_pos": True, "is_storable": False}
        )
        taxes = product.taxes_id.filtered(lambda tax: tax.company_id == env.company)
        untaxed = PRICE * sum(QUANTITIES)
        reward = self.program.reward_ids
        self.facts = SimpleNamespace(
            product_id=product.id,
            tax_ids=taxes.ids,
            untaxed=untaxed,
            total=taxes.compute_all(PRICE, quantity=sum(QUANTITIES))["total_included"] if taxes else untaxed,
            program_id=self.program.id,
            reward_id=reward.id,
            reward_product_id=reward.discount_line_product_id.id,
            money_id=self.money.id,
            points_id=self.points_method.id,
        )
        self.tills = [self._open(config) for config in self.make_configs(tills)]
        partners = env["res.partner"].create([{"name": f"Customer {n}"} for n in range(customers)])
        cards = env["loyalty.card"].create(
            [{"program_id": self.program.id, "partner_id": partner.id, "points": BALANCE} for partner in partners]
        )
        self.cards = [Card(card.id, card.code, card.partner_id.id) for card in cards]
        env.cr.commit()
        self.registry.signal_changes()  # as the end of a request does

    def _open(self, config):
        env = self.env
        login = f"bench-cashier-{config.id}"
        groups = [env.ref(name).id for name in ("base.group_user", "point_of_sale.group_pos_user")]
        cashier = env["res.users"].create(
            {"name": login, "login": login, "password": login, "group_ids": [(6, 0, groups)]}
        )
        config.with_user(cashier).open_ui()
        session = config.current_session_id
        session.with_user(cashier).set_opening_control(0, None)
        return Till(config.id, session.id, config.pricelist_id.id, cashier.id, login)

    def _program_values(self, env):
        values = {
            "name": "Benchmark",
            "program_type": "loyalty",
            "applies_on": "both",
            "trigger": "auto",
            "company_id": env.company.id,
            "rule_ids": [(0, 0, {"reward_point_mode": "money", "reward_point_amount": 1})],
            "reward_ids": [(0, 0, {"required_points": POINTS, "discount": MONEY, "discount_mode": "per_order"})],
        }
        if self.ours:
            account = env["account.account"].create(
                {"name": "Points redeemed", "code": "BENCH1", "account_type": "expense"}
            )
            values.update(
                issue_on="paid",
                accounting_policy="redemption",
                vat_mode="tender",
                cost_account_id=account.id,
                point_value=MONEY / POINTS,
            )
        return values

    def make_configs(self, number):
        """Return new tills, without sessions."""
        methods = self.money | self.points_method
        return self.env["pos.config"].create(
            [{"name": f"Till {n + 1}", "payment_method_ids": [(6, 0, methods.ids)]} for n in range(number)]
        )

    # --- what a till sends ---------------------------------------------------------------------------------------

    def goods(self):
        facts, pieces = self.facts, sum(QUANTITIES)
        return [
            self._line(
                facts.product_id,
                PRICE,
                number,
                facts.untaxed * number / pieces,
                facts.total * number / pieces,
                tax_ids=[[6, False, facts.tax_ids]],
            )
            for number in QUANTITIES
        ]

    def _line(self, product_id, price, quantity, untaxed, total, **values):
        return [
            0,
            0,
            {
                "uuid": str(uuid4()),
                "product_id": product_id,
                "full_product_name": "Benchmark",
                "qty": quantity,
                "price_unit": price,
                "price_subtotal": untaxed,
                "price_subtotal_incl": total,
                "discount": 0,
                "tax_ids": [[6, False, []]],
                "price_extra": 0,
                "price_type": "original",
                "customer_note": "",
                "note": "[]",
                "pack_lot_ids": [],
                "attribute_value_ids": [],
                "custom_attribute_value_ids": [],
                "is_edited": False,
                **values,
            },
        ]

    def _reward_line(self, card):
        return self._line(
            self.facts.reward_product_id,
            -MONEY,
            1,
            -MONEY,
            -MONEY,
            is_reward_line=True,
            reward_id=self.facts.reward_id,
            coupon_id=card.id,
            points_cost=POINTS,
            reward_identifier_code=uuid4().hex[:8],
        )

    def _payment(self, method_id, amount, **values):
        return [
            0,
            0,
            {
                "uuid": str(uuid4()),
                "name": False,
                "payment_method_id": method_id,
                "amount": amount,
                "payment_date": "2026-01-01 10:00:00",
                "is_change": False,
                "ticket": "",
                "card_type": "",
                "payment_status": "",
                **values,
            },
        ]

    def order(self, till, card, tender=False):
        """Return what a till sends for an order of a card's customer that earns and redeems.

        :param tender: points are redeemed as payment; otherwise a reward is taken
        """
        facts, lines, payments = self.facts, self.goods(), []
        total = due = facts.total
        if tender:
            payments.append(
                self._payment(
                    facts.points_id, MONEY, loyalty_card_id=card.id, loyalty_card_code=card.code, loyalty_points=POINTS
                )
            )
            due -= MONEY
        else:
            lines.append(self._reward_line(card))
            total = due = total - MONEY
        payments.append(self._payment(facts.money_id, due))
        values = {
            "uuid": str(uuid4()),
            "name": "Order",
            "state": "paid",
            "access_token": str(uuid4()),
            "session_id": till.session_id,
            "user_id": till.user_id,
            "partner_id": card.partner_id,
            "pricelist_id": till.pricelist_id,
            "date_order": "2026-01-01 10:00:00",
            "amount_total": total,
            "amount_paid": total,
            "amount_tax": facts.total - facts.untaxed,
            "amount_return": 0,
            "to_invoice": False,
            "lines": lines,
            "payment_ids": payments,
            "nb_print": 0,
            "is_tipped": False,
            "tip_amount": 0,
            "floating_order_name": False,
            "general_customer_note": "",
            "internal_note": "[]",
            "last_order_preparation_change": "{}",
            "fiscal_position_id": False,
            "shipping_date": False,
            "ticket_code": uuid4().hex[:5],
            "pos_reference": str(uuid4()),
            "sequence_number": 1,
            "tracking_number": "1",
            "relations_uuid_mapping": {},
        }
        if self.ours:
            values["loyalty_card_id"] = card.id
        return values

    def claim(self, card, data):
        """Return what Odoo's till claims for an order in its second call."""
        total = sum(command[2]["price_subtotal_incl"] for command in data["lines"] if command[2]["price_unit"] > 0)
        reward = data["lines"][-1][2]
        return {
            str(card.id): {
                "points": total - POINTS,
                "program_id": self.facts.program_id,
                "coupon_id": card.id,
                "barcode": False,
                "partner_id": card.partner_id,
                "line_codes": [reward["reward_identifier_code"]],
            }
        }

    def points(self):
        """Return the sum of the points of all cards."""
        self.env.cr.commit()
        self.env.cr.execute("SELECT sum(points) FROM loyalty_card WHERE program_id = %s", (self.program.id,))
        return float(self.env.cr.fetchone()[0])


@contextlib.contextmanager
def remote_call(registry, uid):
    """An environment as the server has it for a remote call: a cursor of its own, nothing cached, the request known."""
    from odoo.http import _request_stack

    with registry.cursor() as cr:
        from odoo.api import Environment

        env = Environment(cr, uid, {"lang": "en_US", "tz": "UTC"})
        _request_stack.push(SimpleNamespace(env=env, db=cr.dbname, session=SimpleNamespace(debug="")))
        try:
            yield env
        finally:
            _request_stack.pop()


def call(registry, uid, model, method, *args):
    """Make a remote call, commit included; return its result."""
    from odoo.service.model import call_kw

    with remote_call(registry, uid) as env:
        result = call_kw(env[model], method, list(args), {})
        env.cr.flush()
        env.cr.commit()
        return result
