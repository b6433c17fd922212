"""Several employees at one till, each with rights of their own (needs pos_hr)."""

from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import tagged

from odoo.addons.loyalty_pos.tests.test_tours import LoyaltyTours


@tagged("post_install", "-at_install")
class TestEmployees(LoyaltyTours):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.user.group_ids += cls.env.ref("hr.group_hr_user")
        contact = cls.env["res.partner"].create({"name": "Emma at Home"})
        cls.emma, cls.max = cls.env["hr.employee"].create(
            [
                {"name": "Emma Cashier", "company_id": cls.env.company.id, "work_contact_id": contact.id},
                {"name": "Max Manager", "company_id": cls.env.company.id},
            ]
        )
        cls.make_card("1000000007", contact)
        cls.main_pos_config.write(
            {
                "module_pos_hr": True,
                "basic_employee_ids": [Command.set(cls.emma.ids)],
                "advanced_employee_ids": [Command.set(cls.max.ids)],
            }
        )

    def test_employees(self):
        """bH7, H2: a cashier is told of her own card and gives no bonus points; her manager does, on the same order."""
        order = self.play("loyalty_employees", login="pos_admin")
        self.assertEqual(order.employee_id, self.emma)
        self.assertPoints(order, earned=190, redeemed=500, after=695)
        self.assertRecordValues(
            self.card.entry_ids.sorted("id"),
            [
                {"kind": "opening", "points": 1000},
                {"kind": "adjust", "points": 5},
                {"kind": "redeem", "points": -500},
                {"kind": "earn", "points": 190},
            ],
        )
        self.assertFalse(self.env["loyalty.hold"].search([("state", "=", "active")]))

    def test_shared_login_without_rights(self):
        """bH7: where a cashier's login is shared, a manager's name opens no door that the server keeps closed."""
        self.play("loyalty_employees_shared_login")
        with self.assertRaises(AccessError):
            self.env["loyalty.card"].with_user(self.pos_user).pos_give_bonus(
                self.main_pos_config.id, self.card.id, 5, "Apology", "bonus"
            )
        self.assertEqual(self.card.points, 1000)
