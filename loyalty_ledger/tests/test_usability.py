from datetime import date

from odoo.tests import tagged

from odoo.addons.loyalty_ledger.models.loyalty_card_usability import WORDS

from .common import LedgerCase
from .usability_common import UsabilityVerbs


@tagged("post_install", "-at_install")
class TestUsability(UsabilityVerbs, LedgerCase):
    """One question, "may this card be used, and if not, why": the same words wherever somebody is refused."""

    def setUp(self):
        super().setUp()
        self.earn(100)

    def test_all_say_the_same(self):
        """N29, H8, H10, H18, H25: register, gateway, reservation, statement, adjustment and transfer say why alike."""
        wizard = self.env["loyalty.transfer.wizard"]
        card = self.card
        for status, redeem, earn in self.states(card, self.other):
            self.assertEqual(card.status, status)
            self.assertEqual((card._unusable_reason(), card._is_usable()), (redeem, False))
            self.assertEqual((card._unusable_reason(None, "earn"), card._is_usable(None, "earn")), (earn, not earn))
            self.assertEqual(self.refusal(self.redeem, 1), redeem)
            self.assertEqual(self.refusal(card._hold, 1, "hold"), redeem)
            self.assertEqual(self.refusal(self.earn, 1), earn)
            statement = self.env["loyalty.statement"].create({"card_ids": card.ids, "detail": "summary"})
            self.assertEqual(statement._values(card, "en_US")[0][1]["notice"], redeem)
            plan = card._plan_adjustment("add", 5)
            self.assertEqual(plan[0]["problem"], earn)
            self.assertEqual(self.refusal(self.post, card, "adjust", 5), earn)
            self.assertEqual(card.available_points, 0)
            if not earn:
                continue
            values = {"card_id": self.other.id, "target_card_id": card.id, "everything": True, "reason": "Moved"}
            self.assertEqual(self.refusal(wizard.create(values).action_confirm), earn)
            self.assertNotIn(card, self.Card.search(card._usable_domain(date(2026, 3, 15))))

    def test_archived(self):
        """N29, H25: an archived card neither earns nor redeems; a correction is possible."""
        self.card.active = False
        words = f"Card {self.card.code} is archived. Unarchive it, or use another card."
        self.assertEqual((self.card.status, self.card._unusable_reason()), ("archived", words))
        self.assertEqual(self.refusal(self.redeem, 1), words)
        self.assertEqual(self.refusal(self.earn, 1), words)
        self.assertFalse(self.refusal(self.post, self.card, "adjust", 5))
        self.assertFalse(self.card._plan_adjustment("add", 5)[0]["problem"])

    def test_linked_to_an_unusable_card(self):
        """N29, H18, H25: what is earned on a linked card needs its master: that one is named."""
        self.card.points_to_id = self.other
        self.other.action_close()
        words = f"Card {self.other.code} is closed. Reopen it, or use another card."
        self.assertEqual(self.card._unusable_reason(None, "earn"), words)
        self.assertEqual(self.refusal(self.earn, 1), words)
        self.assertEqual(self.card._plan_adjustment("add", 5)[0]["problem"], words)

    def test_words_are_translated(self):
        """N29: every code of the engine has words with the facts that they need."""
        card = self.card
        for code in WORDS:
            words = card._say_unusable(code, customer="Eve", other="Elsewhere")
            self.assertIn(card.code, words)
            self.assertNotIn("%(", words)

    def test_whose_card(self):
        """N29, H6: a personal card is its owner's; a company's is its contacts' too, and a blank one anybody's."""
        eve = self.env["res.partner"].create({"name": "Eve", "parent_id": self.partner.id})
        bob = self.env["res.partner"].create({"name": "Bob"})
        self.partner.is_company = True
        self.program.applies_on = "both"
        blank = self.make_card(partner_id=False)
        words = f"Card {self.card.code} belongs to Ann. Use a card of Bob."
        for card, customer, problem in (
            (self.card, self.partner, False),
            (self.card, eve, False),
            (self.card, bob, words),
            (blank, bob, False),
        ):
            self.assertEqual(card._unusable_for(customer), problem)
            self.assertEqual(card._belongs_to(customer), not problem)
