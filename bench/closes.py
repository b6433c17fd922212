"""A year of real purchases, closed month by month: each close must leave nothing unexplained.

The purchases of 1997 of CDNOW (package lifetimes). Most go through the gateway day by day, with redemptions and returns;
those of every ``--sample``-th customer are real documents: invoices paid with money and points, credit notes over the
whole or half, gift cards that an order sells, that another spends, that are given away and that expire. Points of a
customer who earns nothing for six months expire. After each month the guided close runs: write-off, accrual,
reconciliation, report pack. Then the books are compared once more with what plain SQL reads of cards and journal items.
"""

import datetime
import itertools
import random
from collections import defaultdict

from dateutil.relativedelta import relativedelta
from freezegun import freeze_time

from bench import common, replay
from devtools import session

YEAR = 1997
REWARD = 100
POINT_VALUE = 0.05


class Shop:
    """A company of its own, with a points program on accrual and gift cards, both with books."""

    def __init__(self, env):
        company = env["res.company"].create({"name": "Record Shop", "country_id": env.ref("base.us").id})
        env.user.company_ids |= company
        context = {
            **env.context,
            "allowed_company_ids": company.ids,
            "tracking_disable": True,
            "loyalty_no_mail": True,
            "mail_notrack": True,
        }
        env.cr.precommit.run()  # the chart of accounts comes with the country
        self.env = env = env(context=context)
        self.company = company.with_env(env)
        self.random = random.Random(YEAR)
        self.programs = self.make_points() | self.make_gift_cards()
        self.points, self.gifts = self.programs
        self.product = env["product.product"].create(
            {"name": "Record", "type": "service", "invoice_policy": "order", "company_id": company.id}
        )
        self.returns = defaultdict(list)  # day -> what comes back on it
        self.codes = []

    def make_points(self):
        env = self.env
        program = common.make_program(
            env,
            company_id=self.company.id,
            currency_id=self.company.currency_id.id,
            expiry_policy="rolling",
            expiry_delay=6,
            expiry_unit="month",
            rule_ids=[(5,), (0, 0, {"reward_point_mode": "money", "reward_point_amount": 1})],
        )
        env["loyalty.account.setup"].create(
            {"program_id": program.id, "accounting_policy": "accrual", "vat_mode": "input_tax"}
        ).action_set_up()
        program.point_value_ids = [
            (5,),
            (0, 0, {"date": f"{YEAR - 1}-01-01", "point_value": POINT_VALUE, "vat_rate": 15}),
        ]
        return program

    def make_gift_cards(self):
        env = self.env
        self.voucher = env["product.product"].create(
            {
                "name": "Gift Card",
                "type": "service",
                "invoice_policy": "order",
                "taxes_id": [(5,)],
                "company_id": self.company.id,
            }
        )
        program = env["loyalty.program"].create(
            {
                "name": "Gift Cards",
                "program_type": "gift_card",
                "trigger": "auto",
                "applies_on": "future",
                "company_id": self.company.id,
                "currency_id": self.company.currency_id.id,
                "rule_ids": [
                    (5,),
                    (
                        0,
                        0,
                        {
                            "reward_point_mode": "money",
                            "reward_point_amount": 1,
                            "reward_point_split": True,
                            "product_ids": self.voucher.ids,
                        },
                    ),
                ],
                "reward_ids": [(5,), (0, 0, {"required_points": 1, "discount_mode": "per_point", "discount": 1})],
            }
        )
        wizard = env["loyalty.account.setup"].create({"program_id": program.id})
        wizard.action_set_up()
        wizard.action_correct()
        return program

    # --- what goes through the gateway ---------------------------------------------------------------------------

    def post(self, day, purchases, cards):
        """Book the purchases of a day, and what comes back on it, in one call."""
        env, operations = self.env, []
        env.cr.execute(
            "SELECT id, points FROM loyalty_card WHERE id = ANY(%s) AND last_earning_date > %s",
            ([cards[customer] for __, customer, __, __ in purchases], day - datetime.timedelta(days=150)),
        )
        balances = defaultdict(float, env.cr.fetchall())
        for __, customer, dollars, number in purchases:
            card, base = cards[customer], {"effective_date": day, "document": ("res.partner", 1)}
            base["card_id"] = card
            if balances[card] >= REWARD:
                balances[card] -= REWARD
                operations.append({**base, "kind": "redeem", "points": -REWARD, "key": f"{number}:redeem"})
            if dollars:
                operations.append({**base, "kind": "earn", "points": dollars, "key": f"{number}:earn"})
                if self.random.random() < 0.05:
                    part = dollars if self.random.random() < 0.5 else max(1, dollars // 2)
                    later = day + datetime.timedelta(days=self.random.randint(1, 45))
                    self.returns[later].append((f"{number}:earn", part))
        operations += self.come_back(day)
        self.env["loyalty.card"]._post_entries(operations)

    def come_back(self, day):
        parts = dict(self.returns.pop(day, ()))
        entries = self.env["loyalty.ledger.entry"].search([("idempotency_key", "in", list(parts))])
        return [
            {
                "card_id": entry.card_id.id,
                "kind": "reversal",
                "points": -parts[entry.idempotency_key],
                "reversed_entry_id": entry.id,
                "key": f"{entry.idempotency_key}:back",
                "effective_date": day,
                "overdraw": "debt",
            }
            for entry in entries
        ]

    # --- real documents ------------------------------------------------------------------------------------------

    def sell(self, day, partner, dollars, number):
        """An invoice that points and money pay; one of six comes back, one of four has to do with a gift card."""
        card = partner.loyalty_card_ids.filtered(lambda card: card.program_id == self.points)
        order = self.order(partner, self.product, dollars or 1)
        if number % 4 == 1:
            order = self.order(partner, self.voucher, 25)
        elif number % 4 == 3 and self.codes:
            for found, rewards in order._try_apply_code(self.codes.pop(0)).items():
                order._apply_program_reward(rewards, found)
        order.action_confirm()
        invoice = order._create_invoices()
        invoice.action_post()
        if number % 4 == 1:
            self.codes += self.new_codes(order)
            if number % 8 == 1:
                self.give_away(partner, day, number)
        elif card.points >= REWARD and invoice.amount_residual >= REWARD * POINT_VALUE:
            invoice._apply_loyalty_points(card, REWARD)
        if invoice.amount_residual:
            self.env["account.payment.register"].with_context(
                active_model="account.move", active_ids=invoice.ids
            ).create({})._create_payments()
        if number % 6 == 2:
            self.credit(invoice, whole=number % 4 == 0)

    def order(self, partner, product, price):
        order = self.env["sale.order"].create(
            {
                "partner_id": partner.id,
                "order_line": [(0, 0, {"product_id": product.id, "price_unit": price})],
            }
        )
        order._update_programs_and_rewards()
        return order

    def new_codes(self, order):
        cards = self.env["loyalty.card"].search([("order_id", "=", order.id), ("program_id", "=", self.gifts.id)])
        return cards.mapped("code")

    def give_away(self, partner, day, number):
        cards = self.gifts._issue_stored_cards(
            [{"partner_id": partner.id, "amount": 5, "key": f"given:{number}", "reason": "Christmas"}]
        )
        cards.expiration_date = day + datetime.timedelta(days=40)

    def credit(self, invoice, whole):
        wizard = (
            self.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create({"journal_id": invoice.journal_id.id})
        )
        note = self.env["account.move"].browse(wizard.refund_moves()["res_id"])
        if not whole and not invoice.line_ids.sale_line_ids.order_id.order_line.filtered("is_reward_line"):
            note.invoice_line_ids.filtered("product_id").quantity = 0.5
        note.action_post()

    # --- month end -----------------------------------------------------------------------------------------------

    def close(self, first):
        """Close a month; return what is wrong."""
        last = first + relativedelta(months=1, days=-1)
        clock = common.Clock()
        with clock:
            close = self.env["loyalty.close"].create(
                {"company_id": self.company.id, "date_from": first, "date_to": last}
            )
            close._run()
        differences = [(proof.program_id.name, proof.state) for proof in close.step_ids.proof_id if proof.state != "ok"]
        books = {program: self.balance(program, last) for program in self.programs}
        points = self.sum_of_cards(self.points)
        value = self.sum_of_cards(self.gifts)
        if abs(books[self.gifts] - value) > 0.001:
            differences.append(("gift cards by SQL", value - books[self.gifts]))
        common.say(
            f"{first:%Y-%m}: {close.state}, unexplained {close.residual:.2f}; {points:,.0f} points on the books at "
            f"{books[self.points]:,.2f}; gift cards {value:,.2f} at {books[self.gifts]:,.2f}; close in {clock.last:.1f} s"
        )
        if close.state != "done" or close.residual or differences:
            common.say(f"   {close.problem or ''} {differences}")
            return 1
        return 0

    def balance(self, program, date):
        self.env.cr.execute(
            """
            SELECT COALESCE(-sum(balance), 0)::float8 FROM account_move_line
             WHERE account_id = %s AND parent_state = 'posted' AND date <= %s
            """,
            (program.liability_account_id.id, date),
        )
        return self.env.cr.fetchone()[0]

    def sum_of_cards(self, program):
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT COALESCE(sum(points), 0)::float8 FROM loyalty_card WHERE program_id = %s", (program.id,)
        )
        return self.env.cr.fetchone()[0]


def main(options):
    rows = [row for row in replay.purchases() if row[0].year == YEAR]
    if options.customers:
        rows = [row for row in rows if row[1] <= options.customers]
    wrong = 0
    with session.environment() as env, freeze_time(f"{YEAR}-01-01 12:00:00") as clock:
        shop = Shop(env)
        env = shop.env
        customers = sorted({row[1] for row in rows})
        cards = dict(zip(customers, common.make_cards(env, shop.points, len(customers))))
        partners = {
            customer: env["res.partner"].create({"name": f"Customer {customer}"})
            for customer in customers
            if customer % options.sample == 0
        }
        for customer, partner in partners.items():
            env["loyalty.card"].browse(cards[customer]).partner_id = partner
        env.cr.commit()
        common.vacuum()
        documents = sum(row[1] in partners for row in rows)
        common.say(f"{len(rows):,} purchases of {len(customers):,} customers, {documents:,} of them as documents")
        for month, of_month in itertools.groupby(rows, key=lambda row: row[0].replace(day=1)):
            for day, of_day in itertools.groupby(of_month, key=lambda row: row[0]):
                clock.move_to(f"{day} 12:00:00")
                of_day = list(of_day)
                shop.post(day, [row for row in of_day if row[1] not in partners], cards)
                for __, customer, dollars, number in of_day:
                    if customer in partners:
                        shop.sell(day, partners[customer], dollars, number)
            env.cr.flush()
            env.cr.commit()
            clock.move_to(f"{month + relativedelta(months=1)} 12:00:00")
            wrong += shop.close(month)
            env.cr.flush()
            env.cr.commit()
        problems = env["loyalty.card"]._verify_ledger()
        common.say(f"months that were not even: {wrong}; problems that Verify finds: {len(problems)}")
    return int(bool(wrong or problems))


if __name__ == "__main__":
    common.finish([main(common.arguments(__doc__, customers=0, sample=60))])
