from odoo.tests import tagged

from .register_common import RegisterCase


@tagged("post_install", "-at_install")
class TestRegisterExpiry(RegisterCase):
    """Between the expiry of points and the nightly write-off."""

    def setUp(self):
        super().setUp()
        self.earn(100, expiration_date="2026-03-31")
        self.earn(40, expiration_date="2026-12-31")

    def test_staff_see_lapsed_points(self):
        """P10: points past their date that the job has not written off are shown to the staff, as expired."""
        self.assertEqual(self.card.lapsed_points, 0)
        with self.on("2026-04-01"):
            form = self.card_form(self.card, self.user)
            self.assertEqual((form.points, form.lapsed_points, form.available_points), (140, 100, 40))
            states = {line.expiration_date.isoformat(): line.state for line in self.card.lot_report_ids}
            self.assertEqual(states, {"2026-03-31": "lapsed", "2026-12-31": "usable"})

    def test_customers_neither_see_nor_spend_them(self):
        """P11: from the moment of expiry the customer's display and spending leave them out."""
        self.assertEqual(self.card.points_display.split()[0], "140")
        with self.on("2026-04-01"):
            self.assertEqual(self.card.points_display.split()[0], "40")
            self.assertEqual(self.card._spendable_points(), 40)
        with self.on("2027-01-01"):
            self.assertEqual(self.card.points_display.split()[0], "0")
            self.assertEqual(self.card.points, 140)

    def test_usable_cards_of_a_customer(self):
        """P11: the customer's number of active cards counts cards with points that can be used."""
        self.assertEqual(self.partner.loyalty_card_count, 1)
        with self.on("2027-01-01"):
            self.assertEqual(self.partner.loyalty_card_count, 0)
        self.card.closed = True
        self.partner.invalidate_recordset()
        self.assertEqual(self.partner.loyalty_card_count, 0)

    def test_mails_show_spendable_points(self):
        """P11: a mail to the customer says what can be spent, in text and in conditions."""
        body = '<p><t t-if="object.points &gt;= 100">Rich</t><t t-out="object.points">0</t></p>'
        Mixin = self.env["mail.template"]

        def render():
            return Mixin._render_template(body, "loyalty.card", self.card.ids, engine="qweb")[self.card.id]

        self.assertIn("Rich140", render())
        with self.on("2026-04-01"):
            self.assertNotIn("Rich", render())
            self.assertIn("40", render())

    def test_points_by_month_of_expiry(self):
        """P10: open points by the month in which they really expire, the card's own date included."""
        report = self.env["loyalty.lot.report"].with_user(self.user)
        domain = [("card_id", "=", self.card.id)]
        groups = report._read_group(domain, ["expiration_date:month"], ["remaining:sum"])
        self.assertEqual(
            [(day.isoformat(), points) for day, points in groups], [("2026-03-01", 100), ("2026-12-01", 40)]
        )
        self.card.with_user(self.manager).expiration_date = "2026-05-31"
        self.env.flush_all()
        groups = report._read_group(domain, ["expiration_date:month"], ["remaining:sum"])
        self.assertEqual(
            [(day.isoformat(), points) for day, points in groups], [("2026-03-01", 100), ("2026-05-01", 40)]
        )

    def test_rolling_expiry_in_the_report(self):
        """P10: with a rolling policy the last earning decides, without any change of the lots."""
        program = self.make_program(name="Rolling", expiry_policy="rolling", expiry_delay=6, expiry_unit="month")
        card = self.make_card(program)
        self.earn(10, card)
        with self.on("2026-05-10"):
            self.earn(10, card)
        self.assertEqual({line.expiration_date.isoformat() for line in card.lot_report_ids}, {"2026-11-10"})
        lots = self.Lot.search([("card_id", "=", card.id), ("effective_expiration_date", ">=", "2026-11-10")])
        self.assertEqual(len(lots), 2)
        self.assertFalse(self.Lot.search([("card_id", "=", card.id), ("effective_expiration_date", "=", False)]))
