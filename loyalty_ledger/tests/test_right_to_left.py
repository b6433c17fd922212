from odoo.exceptions import ValidationError
from odoo.tests import tagged

from .common import LedgerCase


@tagged("post_install", "-at_install")
class TestRightToLeft(LedgerCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang("ar_001")
        cls.card.code = "0660-beef-4752"
        cls.isolated = f"\u2066{cls.card.code}\u2069"

    def in_arabic(self, card):
        return card.with_context(lang="ar_001")

    def test_numbers_in_sentences(self):
        """In a language from right to left, a number with dashes keeps the order of its parts in explanations and errors."""
        self.card.closed = True
        self.assertIn(self.isolated, self.in_arabic(self.card)._unusable_reason())
        self.assertNotIn("\u2066", self.card._unusable_reason())
        self.card.closed = False
        for card, number in ((self.in_arabic(self.card), self.isolated), (self.card, self.card.code)):
            with self.assertRaisesRegex(ValidationError, f" {number} "):
                card._post_entries([self.op(self.card, "redeem", -5)])
            with self.assertRaisesRegex(ValidationError, f" {number} "), self.cr.savepoint():
                card.write({"start_date": "2027-01-01", "expiration_date": "2026-12-01"})

    def test_names_of_cards(self):
        """The name of a card stands in columns and pickers beside the name of its program, which may be Arabic."""
        self.assertEqual(self.in_arabic(self.card).display_name, f"Points: {self.isolated}")
        self.assertEqual(self.card.display_name, "Points: 0660-beef-4752")
        found = self.in_arabic(self.env["loyalty.card"]).name_search("0660-beef-4752")
        self.assertEqual([id_ for id_, __ in found], self.card.ids)
