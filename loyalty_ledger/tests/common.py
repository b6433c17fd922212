from contextlib import contextmanager
from datetime import date

from freezegun import freeze_time

from odoo.fields import Command
from odoo.tests import TransactionCase

#: The day on which these tests happen.
TODAY = "2026-03-15"


class LedgerCase(TransactionCase):
    """A program, two cards and short verbs for the gateway. The clock stands at noon (UTC) of ``TODAY``."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.startClassPatcher(freeze_time(f"{TODAY} 12:00:00"))
        cls.env = cls.env(context=dict(cls.env.context, tracking_disable=True, loyalty_no_mail=True))
        cls.env.company.partner_id.tz = "UTC"
        cls.Card = cls.env["loyalty.card"]
        cls.Entry = cls.env["loyalty.ledger.entry"]
        cls.Lot = cls.env["loyalty.lot"]
        cls.partner = cls.env["res.partner"].create({"name": "Ann"})
        cls.program = cls.make_program()
        cls.card = cls.make_card()
        cls.other = cls.make_card()
        cls.counter = 0

    @classmethod
    def make_program(cls, **values):
        return cls.env["loyalty.program"].create(
            {
                "name": "Points",
                "program_type": "loyalty",
                "rule_ids": [Command.clear()],
                "reward_ids": [Command.create({"required_points": 1, "discount": 10})],
                **values,
            }
        )

    @classmethod
    def make_card(cls, program=None, **values):
        return cls.env["loyalty.card"].create(
            {"program_id": (program or cls.program).id, "partner_id": cls.partner.id, **values}
        )

    @contextmanager
    def on(self, day):
        """The clock at noon of ``day``."""
        with freeze_time(f"{day} 12:00:00"):
            # Balances depend on the clock, which no field tells the cache.
            self.env.invalidate_all()
            yield
        self.env.invalidate_all()

    def op(self, card, kind, points, **values):
        type(self).counter += 1
        values.setdefault("key", f"test:{self.id()}:{self.counter}")
        if kind == "adjust":
            values.setdefault("reason", "Test")
        return {"card_id": card.id, "kind": kind, "points": points, **values}

    def post(self, card, kind, points, **values):
        return self.Card._post_entries([self.op(card, kind, points, **values)])

    def earn(self, points, card=None, **values):
        return self.post(card or self.card, "earn", points, **values)

    def redeem(self, points, card=None, **values):
        return self.post(card or self.card, "redeem", -points, **values)

    def reverse(self, entry, points=None, **values):
        """Undo ``points`` (positive; default everything) of ``entry``."""
        points = abs(entry.points) if points is None else points
        sign = -1 if entry.points > 0 else 1
        return self.post(entry.card_id, "reversal", sign * points, reversed_entry_id=entry.id, **values)

    def open_lots(self, card=None):
        """``[(remaining, available from, own expiry)]`` of the card's open lots, oldest first."""
        lots = self.Lot.search([("card_id", "=", (card or self.card).id), ("remaining", ">", 0)], order="date, id")
        return [(lot.remaining, _iso(lot.available_from), _iso(lot.expiration_date)) for lot in lots]

    def assertBalances(self, card=None, **expected):
        """Compare balances by short names: points, accumulated, redeemed, available, reserved, pending, debt, lifetime."""
        card = card or self.card
        card.invalidate_recordset()
        names = {name: name if name == "points" else f"{name}_points" for name in expected}
        found = {name: round(card[names[name]], 4) for name in expected}
        self.assertEqual(found, expected)

    def assertClean(self):
        self.assertEqual(self.Card._verify_ledger(), [])


def _iso(day):
    return day.isoformat() if isinstance(day, date) else None
