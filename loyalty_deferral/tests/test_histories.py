import random

from dateutil.relativedelta import relativedelta

from odoo import fields
from odoo.tests import tagged

from .common import DeferralCase

#: Months of random business; `bench/deferral.py` does 36.
MONTHS = 5


@tagged("post_install", "-at_install")
class TestHistories(DeferralCase):
    """Random business with a close each month: sales paid or not, returns, redemptions, lapses, grants, new estimates."""

    def test_shared_account(self):
        """N1, N2: a program that accrues shares the liability account with one that defers: neither is named in the other's
        proof."""
        other = self.make_program(
            name="Accrues",
            **{
                **self.accounting_values(),
                "accounting_policy": "accrual",
                "cost_account_id": self.make_account("Points Given", "610950", "expense").id,
            },
        )
        self.sell(1000.0, day="2026-02-03")
        self.close("2026-02-28")
        self.assertTrue(self.liability())
        proof = self.prove("2026-02-28", program=other)
        self.assertEqual((proof["value"]["items"], proof["residual"]), ([], 0.0))

    def test_history(self):
        """N2, N1: after every close nothing is unexplained, a second run posts nothing, and the disclosure is the balance."""
        chance = random.Random(52)
        begin = fields.Date.to_date("2025-10-01")
        cards = [self.card, self.make_card(self.env["res.partner"].create({"name": "Bob"}))]
        sold, spent, rate = [], [], 95.0
        for number in range(MONTHS):
            month = begin + relativedelta(months=number)
            end = month + relativedelta(months=1, days=-1)
            for day in (3, 9, 15):
                self._sell(chance, cards, sold, month.replace(day=day))
            self._move_points(chance, cards, sold, spent, month)
            if number == 2:
                rate = 97.0
                self.estimate(rate, month.replace(day=20))
            if number == 3:
                self.company.sudo().fiscalyear_lock_date = month - relativedelta(days=1)
                self._sell(chance, cards, sold, month.replace(day=27))
            run = self.defer(end)
            self.assertFalse(self.defer(end).move_id, month)
            self.assertSound(end)
            self._check_figures(run)

    def _sell(self, chance, cards, sold, day):
        card = chance.choice(cards)
        amount = float(chance.randint(20, 900))
        invoice = self.sell(
            self.line(amount, 15), day=day, pay=chance.random() < 0.8, partner=card.partner_id, loyalty_card_id=card.id
        )
        sold.append((invoice, amount))

    def _move_points(self, chance, cards, sold, spent, month):
        for card in cards:
            card.invalidate_recordset()
            if card.available_points > 4:
                points = chance.randint(1, int(card.available_points * 0.6))
                spent.append((self.redeem(points, card, day=month.replace(day=18)), points))
        if chance.random() < 0.5:
            self.post("adjust", chance.randint(5, 30), chance.choice(cards), day=month.replace(day=19))
        card = chance.choice(cards)
        card.invalidate_recordset()
        if card.available_points > 3:
            self.post("adjust", -1, card, day=month.replace(day=21))
        if spent and chance.random() < 0.5:
            entry, points = spent.pop()
            self.reverse(entry, max(1, points // 2), day=month.replace(day=22))
        invoice, amount = sold.pop(chance.randrange(len(sold)))
        self.credit(invoice, self.line(amount if chance.random() < 0.5 else amount / 2, 15), day=month.replace(day=25))

    def _check_figures(self, run):
        program = self.program
        lines = self.env["loyalty.cohort.line"].search([("program_id", "=", program.id)])
        self.assertAlmostEqual(sum(lines.mapped("amount")), self.liability(), 2)
        self.assertAlmostEqual(sum(program.cohort_ids.mapped("deferred_amount")), self.liability(), 2)
        found = program._deferral_disclosure(run.date_to.replace(day=1), run.move_id.date or run.date_to)
        self.assertAlmostEqual(float(found["rollforward"]["closing"]), self.liability(), 2)
        self.assertAlmostEqual(float(sum(amount for __, amount in found["outlook"])), self.liability(), 2)
        for cohort in program.cohort_ids:
            self.assertGreaterEqual(cohort.deferred_amount, 0.0)
            self.assertAlmostEqual(
                cohort.issued_points, cohort.redeemed_points + cohort.lapsed_points + cohort.open_points, 4
            )
