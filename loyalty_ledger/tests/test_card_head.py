from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged

from .register_common import RegisterCase


@tagged("post_install", "-at_install")
class TestCardHead(RegisterCase):
    """What the form of a card shows first, and the lost card."""

    def replace(self, code=None, card=None, user=None):
        wizard = (
            self.env["loyalty.replace.wizard"]
            .with_user(user or self.manager)
            .create({"card_id": (card or self.card).id, "new_code": code})
        )
        wizard.action_confirm()
        return wizard

    def test_next_level(self):
        """N22, N29: a card says how many points are missing to the next level, by the basis of its program."""
        levels = self.make_levels()
        self.card.level_id = levels[0]
        self.assertEqual(self.card.with_user(self.user).level_progress, "101 Points to Two")
        self.earn(38)
        self.card.invalidate_recordset()
        self.assertEqual(self.card.with_user(self.user).level_progress, "63 Points to Two")
        self.redeem(30)  # spent points count: the basis is what was ever earned
        self.card.invalidate_recordset()
        self.assertEqual(self.card.level_progress, "63 Points to Two")
        self.program.level_basis = "balance"
        self.card.invalidate_recordset()
        self.assertEqual(self.card.level_progress, "93 Points to Two")
        self.earn(600)
        self.card.invalidate_recordset()
        self.assertEqual(self.card.level_progress, "Highest level")
        self.assertFalse(self.make_card(self.make_program()).level_progress)

    def test_next_level_by_purchases(self):
        """N22: levels by the number of purchases count purchases."""
        self.make_levels()
        self.program.level_basis = "invoices"
        self.post(self.card, "earn", 5, document=("res.partner", self.partner.id))
        self.card.invalidate_recordset()
        self.assertEqual(self.card.level_progress, "100 purchases to Two")

    def test_head(self):
        """N29, S12: the newest ten transactions, with their documents; what expires next; the barcode."""
        self.program.write({"expiry_policy": "lot", "expiry_delay": 1, "expiry_unit": "month"})
        for __ in range(12):
            self.earn(10)
        self.redeem(15)
        card = self.card.with_user(self.user)
        card.invalidate_recordset()
        entries = self.Entry.search([("card_id", "=", card.id)], limit=10)
        self.assertEqual(card.last_entry_ids.ids, entries.ids)
        self.assertEqual(card.last_entry_ids[0].points, -15)
        self.assertEqual(card.next_expiry, "105 Points on 04/15/2026")
        self.assertTrue(card.barcode_image)

    def test_transactions_of_others_stay_hidden(self):
        """N29: a user who may see cards but no transactions sees the card, and none of them."""
        self.earn(10)
        clerk = self.make_user("no_ledger", "base.group_user")
        self.assertFalse(self.card.with_user(clerk).last_entry_ids)

    def test_reserved_points_name_their_document(self):
        """N29: reserved points say which document reserves them, and until when."""
        self.earn(100)
        hold = self.card._hold(30, "order:1", document=("res.partner", self.partner.id))
        self.card._hold(20, "order:2")._release()
        self.assertRecordValues(
            self.card.with_user(self.user).active_hold_ids,
            [{"id": hold.id, "document_name": self.partner.display_name, "points": 30, "expires_at": hold.expires_at}],
        )

    # --- replace -------------------------------------------------------------------------------------------------

    def test_lost_card(self):
        """N29, H18, H25: a lost card gets a new number in one step; points, level and what is reserved stay."""
        levels = self.make_levels()
        self.earn(120)
        hold = self.card._hold(30, "order:1")
        self.card.is_default = True
        old = self.card.code
        self.replace("NEW-0001")
        self.card.invalidate_recordset()
        self.assertRecordValues(
            self.card,
            [
                {
                    "code": "NEW-0001",
                    "points": 120,
                    "available_points": 90,
                    "level_id": levels[1].id,
                    "is_default": True,
                    "closed": False,
                    "partner_id": self.partner.id,
                }
            ],
        )
        self.assertEqual(hold.card_id, self.card)
        lost = self.Card.search([("code", "=", old)])
        self.assertRecordValues(
            lost,
            [
                {
                    "points": 0,
                    "closed": True,
                    "status": "closed",
                    "points_to_id": self.card.id,
                    "partner_id": self.partner.id,
                    "is_default": False,
                }
            ],
        )
        self.assertIn("NEW-0001", self.card.message_ids[0].body)
        with self.assertRaisesRegex(ValidationError, "closed"):
            self.redeem(10, card=lost)
        self.assertClean()

    def test_number_is_generated(self):
        """N29: without a new number one is generated; a second click replaces nothing again."""
        old = self.card.code
        wizard = self.replace()
        new = self.card.code
        self.assertNotEqual(new, old)
        wizard.action_confirm()
        self.assertEqual(self.card.code, new)
        self.replace()  # lost again
        self.assertEqual(self.Card.search_count([("points_to_id", "=", self.card.id), ("closed", "=", True)]), 2)

    def test_two_windows(self):
        """N29: of two windows for the same lost card the second one replaces nothing."""
        first, second = (
            self.env["loyalty.replace.wizard"]
            .with_user(self.manager)
            .create([{"card_id": self.card.id, "new_code": code} for code in ("NEW-0011", "NEW-0012")])
        )
        first.action_confirm()
        with self.assertRaisesRegex(UserError, "its number is NEW-0011 now"):
            second.action_confirm()
        self.assertEqual(self.card.code, "NEW-0011")

    def test_linked_card(self):
        """N29, H18: a lost card that is linked to another one stays linked to it, with its new number."""
        self.other.points_to_id = self.card
        old = self.other.code
        self.replace("NEW-0002", card=self.other)
        self.assertEqual((self.other.code, self.other.points_to_id), ("NEW-0002", self.card))
        self.assertRecordValues(
            self.Card.search([("code", "=", old)]), [{"closed": True, "points_to_id": self.card.id}]
        )

    def test_replaced_card_is_linked(self):
        """N29, H18: a card that was replaced can be linked to another one; its lost number follows."""
        self.earn(120)
        old = self.card.code
        self.replace("NEW-0004")
        self.card.with_user(self.manager).points_to_id = self.other
        lost = self.Card.search([("code", "=", old)])
        self.assertRecordValues(
            self.card | lost | self.other,
            [
                {"points": 0, "points_to_id": self.other.id, "closed": False},
                {"points": 0, "points_to_id": self.other.id, "closed": True},
                {"points": 120, "points_to_id": False, "closed": False},
            ],
        )
        self.assertClean()

    def test_gift_card(self):
        """N29: a lost gift card keeps its money under a new number; the old number is worth nothing."""
        card = self.make_card(self.make_program(name="Gifts", program_type="gift_card"), partner_id=False)
        self.earn(50, card)
        old = card.code
        self.replace("GIFT-00001", card=card)
        self.assertRecordValues(card, [{"code": "GIFT-00001", "points": 50, "closed": False}])
        lost = self.Card.search([("code", "=", old)])
        self.assertRecordValues(lost, [{"points": 0, "closed": True, "points_to_id": card.id}])
        with self.assertRaisesRegex(ValidationError, "closed"):
            self.redeem(10, card=lost)

    def test_refused(self):
        """N29: closed cards, numbers that are taken, and users without the right are refused."""
        with self.assertRaises(AccessError):
            self.card.with_user(self.user)._replace("NEW-0003")
        with self.assertRaises(ValidationError), self.env.cr.savepoint():
            self.replace("é")
        with self.assertRaises(UserError), self.env.cr.savepoint():
            self.replace(self.card.code)
        self.card.closed = True
        with self.assertRaisesRegex(UserError, "Reopen"):
            self.replace("NEW-0003")
