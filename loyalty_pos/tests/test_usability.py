from odoo.tests import tagged

from odoo.addons.loyalty_ledger.ledger.usability import CODES
from odoo.addons.loyalty_ledger.tests.usability_common import UsabilityVerbs

from .common import TillPointsCase


@tagged("post_install", "-at_install")
class TestUsability(UsabilityVerbs, TillPointsCase):
    vat_mode = "tender"

    def test_tills_say_the_same(self):
        """N29, H8, H10, H18, H25: a till is told in the words of all why a card cannot be used: scanned, as a payment,
        for a paid order, as a claim and offline."""
        master = self.make_card(partner=self.bob)
        paid = self.sell([self.line()], payments=[self.pay(100.0)])
        words = self.config._load_pos_data_read(self.config, self.config)[0]["_loyalty_card_words"]
        self.assertEqual(set(words), set(CODES))
        for status, redeem, earn in self.states(self.card, master):
            found = self.as_till.pos_find_card(self.config.id, self.card.code)
            self.assertEqual(found["error"], earn)
            self.assertEqual(self.refusal(self.hold, 10, "p1"), redeem)
            till = found["card"]
            facts = {"card": till["code"], "master": till["points_to_code"]}
            told = words[status] % {**facts, "date": {"expired": "03/14/2026", "not_started": "03/16/2026"}.get(status)}
            self.assertEqual(told, redeem)
            if earn:
                self.assertEqual(paid.sudo()._no_late_use_of(self.card, self.config), earn)
                self.assertEqual(paid.sudo()._earning_problem(self.card, self.program), earn)

    def test_strangers(self):
        """N29, H6: the card of another customer is refused in the same words for claims and paid orders."""
        order = self.sell([self.line()], self.bob, payments=[self.pay(100.0)]).sudo()
        words = f"Card {self.card.code} belongs to Ann. Use a card of Bob."
        self.assertEqual(order._no_late_use_of(self.card, self.config), words)
        self.assertEqual(order._claim_problem(self.card.id, 10, {}, self.card, self.program), words)
