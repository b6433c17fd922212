from odoo.tests import tagged

from .common import TillPointsCase


@tagged("post_install", "-at_install")
class TestTillProgress(TillPointsCase):
    """What customers are told besides their balance."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.program.write({"issue_on": "paid", "expiry_policy": "lot", "expiry_delay": 6, "expiry_unit": "month"})
        cls.program.level_ids.unlink()
        Level = cls.env["loyalty.level"]
        cls.silver, cls.gold = Level.create(
            [
                {"name": "Silver", "program_id": cls.program.id, "min_points": 0},
                {"name": "Gold", "program_id": cls.program.id, "min_points": 2000},
            ]
        )

    def found(self, card):
        return self.as_till.pos_find_card(self.config.id, card.code)["card"]

    def test_basis_of_each_kind(self):
        """N22, N29: the till knows by which number the level is decided, for each basis, and where levels begin."""
        card = self.make_card()
        self.sell([self.line(price=30)], self.ann, loyalty_card_id=card.id, payments=[self.pay(30)])
        self.env["loyalty.card"]._post_entries(
            [{"card_id": card.id, "kind": "redeem", "points": -10, "key": "spent", "overdraw": "debt"}]
        )
        for basis, value in (("lifetime", 30), ("balance", 20), ("last_12_months", 30), ("invoices", 1)):
            self.program.level_basis = basis
            self.env.invalidate_all()
            self.assertEqual((basis, self.found(card)["level_basis_value"]), (basis, value))
        values = self.program._load_pos_data_read(self.program, self.config)[0]
        self.assertEqual(
            values["_levels"],
            [
                {"id": self.silver.id, "name": "Silver", "least": 0},
                {"id": self.gold.id, "name": "Gold", "least": 2000},
            ],
        )

    def test_next_expiry(self):
        """N29: the till knows which points of a card expire next; nothing is asked where nothing expires."""
        card = self.make_card()
        for points, date in ((40, "2026-12-31"), (70, "2027-01-31")):
            self.env["loyalty.card"]._post_entries(
                [
                    {
                        "card_id": card.id,
                        "kind": "opening",
                        "points": points,
                        "key": f"opening {date}",
                        "expiration_date": date,
                    }
                ]
            )
        found = self.found(card)
        self.assertEqual((str(found["next_expiry_date"]), found["next_expiry_points"]), ("2026-12-31", 40))
        self.program.expiry_policy = "never"
        self.env.invalidate_all()
        self.assertEqual(self.found(card)["next_expiry_points"], 0)

    def test_reading_costs_no_query(self):
        """N29: what a register shows of levels and expiry costs it no query, where levels count what the card knows."""
        card = self.make_card()
        self.program.expiry_policy = "never"
        names = card._load_pos_data_fields(self.config)
        progress = {"level_basis_value", "lifetime_points", "next_expiry_date", "next_expiry_points"}
        self.assertLess(progress, set(names))

        def count_queries(names):
            self.env.flush_all()
            self.env.invalidate_all()
            card.program_id._read_for_till()
            before = self.env.cr.sql_log_count
            card.read(names)
            return self.env.cr.sql_log_count - before

        count_queries(names)  # what is remembered across transactions
        plain = count_queries([name for name in names if name not in progress])
        self.assertEqual(count_queries(names), plain)

    def test_balance_of_the_own_card(self):
        """N29: where two cards pay, the balance after the order is that of the order's card, on the invoice as well."""
        other = self.make_card(self.ann)
        self.grant(100, other)
        order = self.sell(
            [self.taxed(100, 15)],
            self.ann,
            loyalty_card_id=other.id,
            to_invoice=True,
            payments=[self.pay(55.0), self.pay_points(40, uuid="one"), self.pay_points(20, other, uuid="two")],
        )
        self.assertEqual(order.loyalty_balance_after, other.points)
        lines = order.account_move.sudo()._loyalty_statement()
        amount = order.currency_id.format
        self.assertIn(f"Redeemed from card ending in {self.card.code[-4:]}: 40 points, worth {amount(40)}", lines)
        self.assertIn(f"Redeemed from card ending in {other.code[-4:]}: 20 points, worth {amount(20)}", lines)
