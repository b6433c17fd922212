from datetime import date

from odoo.fields import Domain
from odoo.tests import tagged

from .common import LedgerCase


@tagged("post_install", "-at_install")
class TestCustomerCard(LedgerCase):
    """Which card of a customer: one order of preference, in one query."""

    def setUp(self):
        super().setUp()
        self.firm = self.env["res.partner"].create({"name": "Acme", "is_company": True})
        self.eve = self.env["res.partner"].create({"name": "Eve", "parent_id": self.firm.id})

    def test_order_of_preference(self):
        """N29, H2, H8, H10, H18, H25: usable first, then one's own, the default one, the oldest; then what dates, a master
        or a manager keep from use."""
        make, eve = self.make_card, self.eve.id
        master = make(partner_id=self.partner.id)
        closed = make(partner_id=eve, closed=True)
        linked = make(partner_id=eve, points_to_id=master.id)
        expired = make(partner_id=eve, expiration_date=date(2026, 3, 14))
        firms = make(partner_id=self.firm.id, is_default=True)
        second, third = make(partner_id=eve), make(partner_id=eve)
        default = make(partner_id=eve, is_default=True)
        expected = default | second | third | firms | expired | linked | closed
        domain = Domain("program_id", "=", self.program.id)
        self.assertEqual(self.Card._cards_of(self.eve, domain)[self.eve].ids, expected.ids)
        left = expected
        for card in expected[:5]:
            self.assertEqual(self.Card._default_card(self.eve, self.program), left[:1])
            self.assertEqual(self.Card._earning_card(self.eve, self.program), (left - expired)[:1])
            card.closed = True
            left -= card
        self.assertFalse(self.Card._default_card(self.eve, self.program))
        self.assertEqual(self.Card._earning_card(self.eve, self.program), linked)
        master.closed = True
        self.assertEqual(self.Card._earning_card(self.eve, self.program), linked, "it says why it earns nothing")
        nobody = self.env["res.partner"]
        self.assertFalse(self.Card._default_card(nobody, self.program) | self.Card._earning_card(nobody, self.program))

    def test_many_customers_at_once(self):
        """N29: the cards of ten customers in two programs take as many queries as those of two."""
        other = self.make_program()
        partners = self.env["res.partner"].create([{"name": f"Customer {n}"} for n in range(10)])
        for partner in partners:
            for program in (self.program, other):
                self.make_card(program, partner_id=partner.id)
        counts = []
        for some in (partners[:2], partners):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            found = self.Card._default_cards(some, self.program | other)
            counts.append(self.cr.sql_log_count - before)
            self.assertEqual(len(found), 2 * len(some))
        self.assertEqual(counts[0], counts[1])
        for (partner, program), card in found.items():
            self.assertEqual((card.partner_id, card.program_id), (partner, program))
