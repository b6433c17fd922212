from freezegun import freeze_time

from odoo.tests import new_test_user

from .common import LoyaltyAccountCommon


class BooksCase(LoyaltyAccountCommon):
    """A program that accrues: 0.10 a point, 15 % VAT expected, input tax recovered; the card starts empty."""

    policy = "accrual"
    point_value = 0.10

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.accountant = cls.make_role("accountant", "account.group_account_user")
        cls.auditor = cls.make_role("auditor", "loyalty_ledger.group_loyalty_auditor")
        cls.counter = 0

    @classmethod
    def make_role(cls, login, groups):
        return new_test_user(
            cls.env, f"books_{login}", groups=groups, company_id=cls.company.id, company_ids=[(6, 0, cls.company.ids)]
        )

    @classmethod
    def accounting_values(cls, **values):
        # The point value holds from long before the tests, so that runs of the past see it too.
        value = values.pop("point_value", cls.point_value)
        vals = super().accounting_values(**values)
        vals.pop("point_value")
        vals["point_value_ids"] = [
            (0, 0, {"date": "2020-01-01", "point_value": value, "vat_rate": 15}),
        ]
        return vals

    @classmethod
    def grant(cls, points, card=None, **values):
        """The card of this case starts without points."""
        return cls.env["loyalty.ledger.entry"]

    def post(self, kind, points, card=None, day=None, **values):
        """Post one movement; ``day`` is its business date."""
        type(self).counter += 1
        card = card or self.card
        values.setdefault("key", f"books:{self.id()}:{self.counter}")
        if kind == "adjust":
            values.setdefault("reason", "Test")
        if day:
            values["effective_date"] = day
        op = {"card_id": card.id, "kind": kind, "points": points, **values}
        return self.env["loyalty.card"]._post_entries([op])

    def earn(self, points=100, card=None, day=None, **values):
        return self.post("earn", points, card, day, **values)

    def redeem(self, points, card=None, day=None, **values):
        return self.post("redeem", -points, card, day, **values)

    def reverse(self, entry, points=None, day=None, **values):
        points = abs(entry.points) if points is None else points
        sign = -1 if entry.points > 0 else 1
        return self.post("reversal", sign * points, entry.card_id, day, reversed_entry_id=entry.id, **values)

    def run_accrual(self, day="2026-03-15", program=None, user=None, **values):
        run = (
            self.env["loyalty.accrual.run"]
            .with_user(user or self.accountant)
            .create({"program_id": (program or self.program).id, "date_to": day, **values})
        )
        run.action_preview()
        run.action_post()
        return run

    def carrying(self, *lots):
        """What lots (default: all of the program, oldest first) carry in the books."""
        lots = lots or self.env["loyalty.lot"].search([("program_id", "=", self.program.id)], order="id")
        groups = dict(
            self.env["loyalty.valuation"]._read_group(
                [("lot_id.program_id", "=", self.program.id)], ["lot_id"], ["amount:sum"]
            )
        )
        return [round(groups.get(lot, 0.0), 2) for lot in lots]

    def liability(self, program=None):
        """Balance of the liability account, as a positive number."""
        account = (program or self.program).liability_account_id
        lines = self.env["account.move.line"].search([("account_id", "=", account.id), ("parent_state", "=", "posted")])
        return round(-sum(lines.mapped("balance")), 2)

    def books_moves(self, program=None):
        return self.env["account.move"].search([("loyalty_program_id", "=", (program or self.program).id)], order="id")

    def assertMove(self, move, *lines, **values):
        """Compare a journal entry exactly: posted, and lines of (account, debit, credit)."""
        self.assertRecordValues(move, [{"state": "posted", **values}])
        self.assertRecordValues(
            move.line_ids,
            [{"account_id": account.id, "debit": debit, "credit": credit} for account, debit, credit in lines],
        )

    def on(self, day):
        return freeze_time(f"{day} 12:00:00")
