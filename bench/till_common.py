"""What the benchmarks of the till share: a shop with a till, its cashier, and what a till sends for an order."""

import contextlib
from types import SimpleNamespace
from uuid import uuid4

from bench import common

PRICE = 40.0
#: One line each of one, two and three pieces.
QUANTITIES = (1, 2, 3)
#: What an order redeems: points, and the money that they pay.
POINTS, MONEY = 50, 5.0
#: What each card has at first.
BALANCE = 1_000


def method_of(env, name, journal_type):
    journal = env["account.journal"].search(
        [*env["account.journal"]._check_company_domain(env.company), ("type", "=", journal_type)], limit=1
    )
    if journal_type == "cash":
        journal = env["account.journal"].create(
            {"name": name, "type": "cash", "code": name[:3].upper() + uuid4().hex[:2]}
        )
    return env["pos.payment.method"].create({"name": name, "journal_id": journal.id})


class Shop:
    """One database with a loyalty program, customers with cards, and open tills.

    Plain Odoo: its own loyalty program, whose reward of 5.00 costs 50 points. With our add-ons the program gives
    points when an order is paid; 50 points pay 5.00 as a means of payment, or are spent on the same reward.
    """

    def __init__(self, name, env, ours, customers=0, tills=1):
        self.name = name
        self.ours = ours
        self.env = env(context={**env.context, "tracking_disable": True, "loyalty_no_mail": True})
        env = self.env
        env["loyalty.program"].search([]).active = False
        self.program = env["loyalty.program"].create(self._program_values(env))
        self.reward = self.program.reward_ids
        self.cash = method_of(env, "Bench", "bank")
        methods = self.cash
        self.points_method = env["pos.payment.method"]
        if ours:
            self.points_method = self.points_method.create(
                {"name": "Points", "loyalty_program_id": self.program.id, "company_id": env.company.id}
            )
            methods |= self.points_method
        self.product = env["product.product"].create(
            {"name": "Benchmark", "list_price": PRICE, "available_in_pos": True, "is_storable": False}
        )
        self.tax = self.product.taxes_id.filtered(lambda tax: tax.company_id == env.company)
        self.cashiers, self.sessions = [], []
        for number in range(tills):
            config = env["pos.config"].create(
                {"name": f"Till {number + 1}", "payment_method_ids": [(6, 0, methods.ids)]}
            )
            cashier = env["res.users"].create(
                {
                    "name": f"Cashier {number + 1}",
                    "login": f"bench-cashier-{number + 1}",
                    "password": f"bench-cashier-{number + 1}",
                    "group_ids": [(6, 0, [env.ref(g).id for g in ("base.group_user", "point_of_sale.group_pos_user")])],
                }
            )
            config.with_user(cashier).open_ui()
            session = config.current_session_id
            session.with_user(cashier).set_opening_control(0, None)
            self.cashiers.append(cashier)
            self.sessions.append(session)
        partners = env["res.partner"].create([{"name": f"Customer {n}"} for n in range(customers)])
        self.cards = env["loyalty.card"].create(
            [{"program_id": self.program.id, "partner_id": partner.id, "points": BALANCE} for partner in partners]
        )
        env.cr.commit()

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

    # --- what a till sends ---------------------------------------------------------------------------------------

    def totals(self):
        """Return what the goods of an order cost: untaxed, with tax."""
        untaxed = PRICE * sum(QUANTITIES)
        taxes = self.tax.compute_all(PRICE, quantity=sum(QUANTITIES)) if self.tax else {"total_included": untaxed}
        return taxes.get("total_excluded", untaxed), taxes["total_included"]

    def goods(self):
        untaxed, total = self.totals()
        pieces = sum(QUANTITIES)
        return [
            self._line(self.product, PRICE, number, untaxed * number / pieces, total * number / pieces)
            for number in QUANTITIES
        ]

    def _line(self, product, price, quantity, untaxed, total, taxes=True, **values):
        return [
            0,
            0,
            {
                "uuid": str(uuid4()), "product_id": product.id, "full_product_name": product.name, "qty": quantity,
                "price_unit": price, "price_subtotal": untaxed, "price_subtotal_incl": total, "discount": 0,
                "tax_ids": [[6, False, self.tax.ids if taxes else []]], "price_extra": 0, "price_type": "original",
                "customer_note": "", "note": "[]", "pack_lot_ids": [], "attribute_value_ids": [],
                "custom_attribute_value_ids": [], "is_edited": False, **values,
            },
        ]  # fmt: skip

    def _reward_line(self, card):
        return self._line(
            self.reward.discount_line_product_id, -MONEY, 1, -MONEY, -MONEY, taxes=False, is_reward_line=True,
            reward_id=self.reward.id, coupon_id=card.id, points_cost=POINTS, reward_identifier_code=uuid4().hex[:8],
        )  # fmt: skip

    def _payment(self, method, amount, **values):
        return [
            0,
            0,
            {
                "uuid": str(uuid4()), "name": False, "payment_method_id": method.id, "amount": amount,
                "payment_date": "2026-01-01 10:00:00", "is_change": False, "ticket": "", "card_type": "",
                "payment_status": "", **values,
            },
        ]  # fmt: skip

    def order(self, session, card, tender=False, reward=False):
        """Return what a till sends for an order of a card's customer that earns, and redeems one way or the other."""
        untaxed, total = self.totals()
        lines, due = self.goods(), total
        payments = []
        if reward:
            lines.append(self._reward_line(card))
            total = due = total - MONEY
        if tender:
            payments.append(
                self._payment(self.points_method, MONEY, loyalty_card_id=card.id, loyalty_card_code=card.code)
            )
            due -= MONEY
        payments.append(self._payment(self.cash, due))
        values = {
            "uuid": str(uuid4()), "name": "Order", "state": "paid", "access_token": str(uuid4()),
            "session_id": session.id, "user_id": self.env.uid, "partner_id": card.partner_id.id,
            "pricelist_id": session.config_id.pricelist_id.id, "date_order": "2026-01-01 10:00:00",
            "amount_total": total, "amount_paid": total, "amount_tax": total - untaxed, "amount_return": 0,
            "to_invoice": False, "lines": lines, "payment_ids": payments, "nb_print": 0, "is_tipped": False,
            "tip_amount": 0, "floating_order_name": False, "general_customer_note": "", "internal_note": "[]",
            "last_order_preparation_change": "{}", "fiscal_position_id": False, "shipping_date": False,
            "ticket_code": uuid4().hex[:5], "pos_reference": str(uuid4()), "sequence_number": 1,
            "tracking_number": "1", "relations_uuid_mapping": {},
        }  # fmt: skip
        if self.ours:
            values["loyalty_card_id"] = card.id
        return values

    def claim(self, card, data):
        """Return what Odoo's till claims for an order in its second call."""
        total = sum(command[2]["price_subtotal_incl"] for command in data["lines"] if command[2]["price_unit"] > 0)
        reward = data["lines"][-1][2]
        return {
            str(card.id): {
                "points": total - POINTS, "program_id": self.program.id, "coupon_id": card.id, "barcode": False,
                "partner_id": card.partner_id.id, "line_codes": [reward["reward_identifier_code"]],
            }
        }  # fmt: skip

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
        _request_stack.push(SimpleNamespace(env=env, db=cr.dbname))
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


__all__ = ["BALANCE", "MONEY", "POINTS", "Shop", "call", "common"]
