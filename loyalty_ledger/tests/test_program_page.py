from odoo.fields import Command
from odoo.tests import Form, HttpCase, new_test_user, tagged


@tagged("post_install", "-at_install")
class TestProgramPage(HttpCase):
    """The page of a program that everybody may read."""

    def setUp(self):
        super().setUp()
        self.program = self.env["loyalty.program"].create(
            {
                "name": "Wine Club",
                "program_type": "loyalty",
                "issue_on": "paid",
                "portal_point_name": "corks",
                "public_introduction": "<p>Good wine, <b>good prices</b>.</p>",
                "rule_ids": [
                    Command.clear(),
                    Command.create({"reward_point_mode": "money", "reward_point_amount": 2, "minimum_amount": 30}),
                    Command.create({"reward_point_mode": "order", "reward_point_amount": 5}),
                ],
                "reward_ids": [Command.clear(), Command.create({"required_points": 1500, "discount": 10})],
                "level_ids": [
                    Command.create({"name": "Guest", "min_points": 0}),
                    Command.create({"name": "Sommelier", "min_points": 1000, "multiplier": 1.5}),
                ],
                "expiry_policy": "lot",
                "expiry_delay": 18,
                "expiry_unit": "month",
                "vesting_days": 14,
            }
        )
        new_test_user(self.env, "page_manager", "loyalty_ledger.group_loyalty_manager", password="page_manager")
        new_test_user(self.env, "page_customer", "base.group_portal", password="page_customer")

    def page(self, url=None):
        self.env.flush_all()
        return self.url_open(url or self.program._public_path())

    def test_published(self):
        """bP11: name, introduction, earning, worth, levels and expiry, for visitors who are not logged in."""
        self.program.public_page = True
        path = self.program.action_open_public_page()["url"]
        self.assertIn("wine-club", path)
        self.assertTrue(self.program.public_url.startswith("http") and self.program.public_url.endswith(path))
        for url in (path, f"/loyalty/program/{self.program.id}"):
            answer = self.page(url)
            self.assertEqual(answer.status_code, 200)
            for text in (
                "Wine Club",
                "Good wine, <b>good prices</b>.",
                "2 corks for every $",
                "30.00 on",
                "5 corks for every purchase",
                "used 14 days later",
                "1,500 corks:",
                "Sommelier",
                "from 1,000 corks",
                "×1.5",
                "18 months after you earned",
            ):
                self.assertIn(text, answer.text)
            self.assertNotIn("not published", answer.text)

    def test_multipliers_of_odoos_timing(self):
        """N29, bS1: with Odoo's own timing, which knows no levels, nobody is promised a multiplier; the form says why."""
        self.program.public_page = True
        gold = self.program.level_ids.sorted("min_points")[1]
        card = self.env["loyalty.card"].create({"program_id": self.program.id, "level_id": gold.id})
        self.assertRecordValues(gold, [{"multiplier_used": True, "multiplier_notice": False}])
        self.assertEqual((self.program.ignores_multipliers, card.level_multiplier), (False, 1.5))
        self.program.issue_on = "order"
        self.assertEqual([level["multiplier"] for level in self.program._public_levels()], [False, False])
        text = self.page().text
        self.assertIn("from 1,000 corks", text)
        self.assertNotIn("×1.5", text)
        self.assertEqual((self.program.ignores_multipliers, card.level_multiplier), (True, 1.0))
        self.assertRecordValues(
            self.program.level_ids.sorted("min_points"),
            [
                {"multiplier_used": False, "multiplier_notice": False},
                {
                    "multiplier_used": False,
                    "multiplier_notice": "Not used: points are given when the order is confirmed.",
                },
            ],
        )
        with Form(self.program.with_user(self.env.ref("base.user_admin"))) as form:
            self.assertTrue(form.ignores_multipliers)
            form.issue_on = "paid"
            self.assertFalse(form.ignores_multipliers)

    def test_unpublished(self):
        """bP11: unpublished, archived and unknown programs are not found; only managers see a preview."""
        self.assertFalse(self.program.public_page, "by default")
        self.assertEqual(self.page().status_code, 404)
        self.authenticate("page_customer", "page_customer")
        self.assertEqual(self.page().status_code, 404)
        self.authenticate("page_manager", "page_manager")
        self.assertIn("not published", self.page().text)
        self.authenticate(None, None)
        self.program.public_page = True
        self.assertEqual(self.page().status_code, 200)
        self.assertEqual(self.page("/loyalty/program/wine-club-999999").status_code, 404)
        self.assertEqual(self.page("/loyalty/program/nonsense").status_code, 404)
        self.program.active = False
        self.assertEqual(self.page().status_code, 404)
        coupons = self.env["loyalty.program"].create(
            {"name": "Coupons", "program_type": "coupons", "public_page": True}
        )
        self.assertEqual(self.page(coupons._public_path()).status_code, 404)

    def test_no_customers(self):
        """bP11: nothing about customers, cards and balances is on the page."""
        self.program.public_page = True
        partner = self.env["res.partner"].create({"name": "Ann Secret"})
        card = self.env["loyalty.card"].create({"program_id": self.program.id, "partner_id": partner.id})
        card._post_entries([{"card_id": card.id, "kind": "earn", "points": 7654, "key": "page"}])
        text = self.page().text
        for secret in ("Ann Secret", card.code, "7654", "7,654"):
            self.assertNotIn(secret, text)

    def test_words(self):
        """bP11, bP2: what the page says follows the program, in the reader's language."""
        self.env["res.lang"]._activate_lang("de_DE")
        self.program.with_context(lang="de_DE").public_introduction = "<p>Guter Wein.</p>"
        self.assertEqual(self.program.with_context(lang="de_DE").public_introduction, "<p>Guter Wein.</p>")
        self.program.accumulates = False
        self.assertEqual(len(self.program._public_earning()), 1)
        self.program.expiry_policy = "never"
        self.assertEqual(self.program._public_expiry(), "Points do not expire.")
        self.program.expiry_policy = "rolling"
        self.assertIn("each time you earn", self.program._public_expiry())
        self.program.level_basis = "invoices"
        self.assertEqual(self.program._public_levels()[1]["start"], "from 1,000 purchases")
