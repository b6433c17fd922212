"""The menus of the Loyalty app: what people look for, and never so many that one hides."""

from odoo.tests import TransactionCase, new_test_user, tagged

#: Entries that a laptop shows without hiding one behind "+".
MOST = 7


@tagged("post_install", "-at_install")
class TestMenus(TransactionCase):
    def tops(self, login, groups):
        user = new_test_user(self.env, login, groups=groups)
        root = self.env.ref("loyalty_ledger.menu_loyalty_root")
        visible = self.env["ir.ui.menu"].with_user(user)._visible_menu_ids()
        menus = self.env["ir.ui.menu"].search([("parent_id", "=", root.id), ("id", "in", list(visible))])
        for menu in menus:
            inside = self.env["ir.ui.menu"].search([("id", "child_of", menu.id), ("id", "in", list(visible))])
            self.assertTrue(any(inside.mapped("action")), f"{menu.name} opens nothing")
        return menus.mapped("name")

    def test_seven(self):
        """N29: everybody sees seven entries at most, in the order of the work; To Do holds what waits for somebody."""
        everything = (
            "loyalty_ledger.group_loyalty_manager,loyalty_ledger.group_loyalty_auditor,account.group_account_manager"
        )
        names = self.tops("menu_all", everything)
        self.assertLessEqual(len(names), MOST)
        self.assertEqual(names[1:], ["Cards", "To Do", "Programs", "Reports", "Month End", "Configuration"])
        self.assertEqual(self.tops("menu_user", "loyalty_ledger.group_loyalty_user")[1:], names[1:5])
        todo = self.env.ref("loyalty_ledger.menu_loyalty_todo")
        self.assertEqual(
            todo.child_id.sorted("sequence").mapped("name"),
            ["Exceptions", "Invoice Problems", "Adjustments to Approve", "Import Balances"],
        )
