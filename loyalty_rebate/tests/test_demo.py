from odoo.tests import TransactionCase, tagged
from odoo.tools import mute_logger

from odoo.addons.loyalty_ledger.demo.telling import as_office, tell


@tagged("post_install", "-at_install")
class TestDemo(TransactionCase):
    def test_story_that_fails(self):
        """N29: a demo story that fails, whatever it is, changes nothing and does not stop the installation."""

        def story(env):
            env["res.partner"].create({"name": "Half a Story"})
            raise ZeroDivisionError

        with mute_logger("odoo.addons.loyalty_ledger.demo.telling"):
            tell(self.env, story)
        self.assertFalse(self.env["res.partner"].search_count([("name", "=", "Half a Story")]))
        self.assertEqual(as_office(self.env, self.env.company).user, self.env.ref("base.user_admin"))
