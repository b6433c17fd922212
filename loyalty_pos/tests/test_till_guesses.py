from datetime import timedelta

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import UserError
from odoo.service.model import call_kw
from odoo.tests import new_test_user, tagged

from .common import TillPointsCase


@tagged("post_install", "-at_install")
class TestTillGuesses(TillPointsCase):
    """Numbers are no riddle: a till does not answer guesses without end."""

    def find(self, code, user=None):
        return call_kw(self.as_till.with_user(user or self.cashier), "pos_find_card", [self.config.id, code], {})

    def use_code(self, code):
        config = self.config.with_user(self.cashier)
        return config.use_coupon_code(code, fields.Datetime.to_string(fields.Datetime.now()), False, False)

    def guess(self, count, name="guess"):
        for number in range(count):
            answer = self.find(f"{name}-{number}")
        return answer

    def test_guesses_end(self):
        """N29, P4: after ten unknown numbers within ten minutes a cashier waits, and a manager finds an exception."""
        Miss, Exception_ = self.env["loyalty.till.miss"], self.env["loyalty.exception"]
        self.assertIn("No loyalty card has the number", self.guess(9)["error"])
        self.assertTrue(self.find(self.card.code)["card"])
        self.assertFalse(Exception_.search([("kind", "=", "guess")]))
        self.assertIn("A manager was told", self.find("guess-9")["error"])
        answer = self.find(self.card.code)
        self.assertIn("A manager was told", answer["error"])
        self.assertFalse(answer["card"] or answer["partner"])
        self.assertFalse(self.use_code(self.card.code)["successful"])
        exception = Exception_.search([("kind", "=", "guess")])
        self.assertEqual(len(exception), 1)
        self.assertIn(self.cashier.name, exception.note)
        self.assertEqual(exception.activity_ids.user_id, exception._damage_reviewer())
        misses = Miss.search([("user_id", "=", self.cashier.id)])
        self.assertEqual(misses.mapped("number"), [f"guess-{number}" for number in range(9, -1, -1)])
        self.assertEqual((misses.config_id, misses.company_id), (self.config, self.company))
        other = new_test_user(
            self.env,
            "second_cashier",
            groups="point_of_sale.group_pos_user",
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )
        self.assertTrue(self.find(self.card.code, other)["card"])
        with freeze_time(fields.Datetime.now() + timedelta(minutes=11)):
            self.assertTrue(self.find(self.card.code)["card"])

    def test_one_number_many_times(self):
        """N29: a scanner that reads one unknown number again and again blocks nobody."""
        for __ in range(15):
            answer = self.find("broken")
        self.assertIn("No loyalty card has the number broken", answer["error"])
        self.assertTrue(self.find(self.card.code)["card"])

    def test_issuing_is_no_way_to_guess(self):
        """N29, P4: "belongs to another card" tells that a number exists: issuing counts the same as looking up."""
        bob = self.env["res.partner"].create({"name": "Bob's friend"})
        cards = self.env["loyalty.card"].create(
            [
                {"program_id": self.program.id, "partner_id": self.card.partner_id.id, "code": f"0447000{number:03}"}
                for number in range(11)
            ]
        )

        def issue(code):
            args = [self.config.id, bob.id, code]
            return call_kw(self.as_till.with_user(self.cashier), "pos_issue_card", args, {})

        for card in cards[:9]:
            self.assertIn("belongs to another card", issue(card.code)["error"])
        self.assertIn("A manager was told", issue(cards[9].code)["error"])
        self.assertIn("A manager was told", issue(cards[10].code)["error"])
        self.assertIn("A manager was told", issue("0449999999")["error"])
        self.assertFalse(self.env["loyalty.card"].search([("partner_id", "=", bob.id)]))
        self.assertEqual(len(self.env["loyalty.till.miss"].search([("user_id", "=", self.cashier.id)])), 10)
        self.assertEqual(self.env["loyalty.exception"].search_count([("kind", "=", "guess")]), 1)

    def test_codes_of_gift_cards(self):
        """N29, P4: guesses of gift card codes count too, and tell no balance."""
        gift = self.env["loyalty.program"].create(
            {"name": "Gift", "program_type": "gift_card", "pos_config_ids": [(6, 0, self.config.ids)]}
        )
        card = self.env["loyalty.card"].create({"program_id": gift.id})
        card._post_entries([{"card_id": card.id, "kind": "opening", "points": 50, "key": "gift"}])
        self.assertFalse(self.find(card.code)["card"])
        self.assertNotIn("50", self.find(card.code)["error"].replace(card.code, ""))
        as_till = self.as_till.with_user(self.cashier)
        for number in range(11):
            self.assertTrue(as_till.get_gift_card_status(f"new-{number}", self.config.id)["status"])  # to be sold
        for number in range(9):
            self.assertFalse(self.use_code(f"gift-{number}")["successful"])
        self.assertFalse(as_till.get_loyalty_card_partner_by_code("gift-9"))
        with self.assertRaisesRegex(UserError, "A manager was told"):
            as_till.get_loyalty_card_partner_by_code(self.card.code)
        self.assertEqual(as_till.get_gift_card_status(card.code, self.config.id)["data"], {"loyalty.card": []})
        answer = self.use_code(card.code)
        self.assertFalse(answer["successful"])
        self.assertNotIn("points", answer["payload"])

    def test_list_is_not_edited(self):
        """N29: nobody edits the list of misses; old ones go."""
        self.guess(1)
        Miss = self.env["loyalty.till.miss"]
        row = Miss.search([("user_id", "=", self.cashier.id)])
        for records in (row, row.sudo()):
            for name, args in (("write", [{"number": "x"}]), ("unlink", [])):
                with self.assertRaises(UserError):
                    getattr(records, name)(*args)
        with freeze_time(fields.Datetime.now() + timedelta(days=91)):
            Miss._gc_old()
        self.assertFalse(row.exists())

    def test_scan_is_no_miss(self):
        """N29: a number that a card has is no miss."""
        self.find(self.card.code)
        self.env.flush_all()
        before = self.env["loyalty.till.miss"].search_count([])
        self.find(self.card.code)
        self.assertEqual(self.env["loyalty.till.miss"].search_count([]), before)

    def test_number_of_something_else(self):
        """N29, S9, S17: a number that is a gift card's, an eWallet's or a promotion's says what it is and where it is
        used, tells no balance, is no miss and cannot be issued; one of another company stays unknown."""
        Program, Card = self.env["loyalty.program"], self.env["loyalty.card"]
        of_till = {"company_id": self.company.id, "pos_ok": True, "pos_config_ids": [(6, 0, self.config.ids)]}
        gift = Program.create({"name": "Gift Cards", "program_type": "gift_card", **of_till})
        wallet = Program.create({"name": "Wallet", "program_type": "ewallet", **of_till})
        promo = Program.create({"name": "Spring", "program_type": "promo_code", "trigger": "with_code", **of_till})
        rule = self.env["loyalty.rule"].create({"program_id": promo.id, "mode": "with_code", "code": "SPRING"})
        other = Program.create({**of_till, "name": "Elsewhere", "program_type": "gift_card", "pos_ok": False})
        foreign = Program.create(
            {
                "name": "Foreign",
                "program_type": "gift_card",
                "company_id": self.env["res.company"].create({"name": "Stranger Inc"}).id,
            }
        )
        cards = Card.create(
            [
                {"program_id": gift.id, "code": "044-gift"},
                {"program_id": wallet.id, "code": "044-wallet", "partner_id": self.ann.id},
                {"program_id": other.id, "code": "044-other"},
                {"program_id": foreign.id, "code": "044-foreign"},
            ]
        )
        cards[0]._post_entries([{"card_id": cards[0].id, "kind": "opening", "points": 77, "key": "gift"}])
        before = self.env["loyalty.till.miss"].search_count([])
        expected = {
            "044-gift": "044-gift is a gift card (Gift Cards), not a loyalty card. To pay with it, press Enter Code",
            "044-wallet": "044-wallet is an eWallet (Wallet), not a loyalty card. To pay with it, choose its customer",
            "044-other": "044-other belongs to Elsewhere (Gift Card), which is not offered at",
            rule.code: "SPRING is a code of Spring (Discount Code), not a loyalty card. To use it, press Enter Code",
        }
        for code, words in expected.items():
            answer = self.find(code)
            self.assertIn(words, answer["error"])
            self.assertNotIn("77", answer["error"])
            self.assertEqual((answer["card"], answer["taken"]), (False, True))
        self.assertEqual(self.env["loyalty.till.miss"].search_count([]), before)
        answer = self.find("044-foreign")
        self.assertIn("No loyalty card has the number", answer["error"])
        self.assertFalse(answer["taken"])
        self.assertTrue(self.find(self.card.code)["taken"])
