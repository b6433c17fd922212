from odoo.tests import HttpCase, new_test_user, tagged


@tagged("post_install", "-at_install")
class TestPortal(HttpCase):
    """What a customer sees in the portal."""

    def setUp(self):
        super().setUp()
        self.customer = new_test_user(
            self.env, "loyalty_customer", groups="base.group_portal", password="loyalty_customer"
        )
        self.program = self.env["loyalty.program"].create(
            {
                "name": "Portal Club",
                "program_type": "loyalty",
                "portal_point_name": "stars",
                "reward_ids": [
                    (0, 0, {"description": "Small gift", "required_points": 50}),
                    (0, 0, {"description": "Big gift", "required_points": 500}),
                ],
            }
        )
        self.card = self.make_card()

    def make_card(self, **values):
        card = self.env["loyalty.card"].create(
            {"program_id": self.program.id, "partner_id": self.customer.partner_id.id}
        )
        card._post_entries([{"card_id": card.id, "kind": "earn", "points": 777, "key": f"portal:{card.id}", **values}])
        return card

    def home(self):
        return self.url_open("/my").text

    def rewards(self):
        values = self.make_jsonrpc_request(f"/my/loyalty_card/{self.card.id}/values", {"card_id": self.card.id})
        return [reward["description"] for reward in values["rewards"]], values["card"]["points_display"]

    def test_portal_shows_what_can_be_spent(self):
        """P11: the portal shows available points and only rewards that they pay for."""
        self.authenticate("loyalty_customer", "loyalty_customer")
        self.assertIn("777 stars", self.home())
        self.assertEqual(self.rewards(), (["Big gift", "Small gift"], "777 stars"))
        self.card._hold(677, "portal:hold", None)
        self.env.flush_all()
        page = self.home()
        self.assertIn("100 stars", page)
        self.assertNotIn("777 stars", page)
        self.assertEqual(self.rewards(), (["Small gift"], "100 stars"))

    def test_name_of_the_points(self):
        """bP9: home, dialog, page of the card and mails call the points by the name that the program gives them."""
        self.card._post_entries([{"card_id": self.card.id, "kind": "earn", "points": 500.25, "key": "portal:more"}])
        self.authenticate("loyalty_customer", "loyalty_customer")
        self.assertIn("1,277.25 stars", self.home())
        values = self.make_jsonrpc_request(f"/my/loyalty_card/{self.card.id}/values", {"card_id": self.card.id})
        self.assertEqual(values["card"]["points_display"], "1,277.25 stars")
        self.assertEqual(values["rewards"][0]["points"], "500 stars")
        self.assertEqual([line["points"] for line in values["history_lines"]], ["+500.25 stars", "+777 stars"])
        page = self.url_open(f"/my/loyalty_card/{self.card.id}/history").text
        self.assertRegex(page, r"1,277\.25\s*stars")

    def test_expired_points_are_gone_at_once(self):
        """P11: points past their date are not shown to the customer, whether or not the job ran."""
        old = self.make_card(effective_date="2020-01-01", expiration_date="2020-12-31")
        self.assertEqual((old.points, old.lapsed_points), (777, 777))
        self.card.closed = True
        self.env.flush_all()
        self.authenticate("loyalty_customer", "loyalty_customer")
        page = self.home()
        self.assertIn("Portal Club", page)
        self.assertIn("0 stars", page)
        self.assertNotIn("777 stars", page)

    def test_closed_and_foreign_cards_are_not_shown(self):
        """P11, H25: closed cards disappear from the portal; a stranger's card is not served."""
        stranger = self.env["loyalty.card"].create({"program_id": self.program.id})
        self.authenticate("loyalty_customer", "loyalty_customer")
        self.assertEqual(
            self.make_jsonrpc_request(f"/my/loyalty_card/{stranger.id}/values", {"card_id": stranger.id}), {}
        )
        self.card.closed = True
        self.env.flush_all()
        self.assertNotIn("Portal Club", self.home())
