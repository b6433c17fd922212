from odoo.tests import HttpCase, no_retry, tagged

from odoo.addons.web.tests import test_js


@tagged("post_install", "-at_install")
class TestHoot(HttpCase):
    @no_retry
    def test_unit_tests_of_the_till(self):
        """C32, C33: our unit tests of the till pass, and Odoo's own of the models that we patch."""
        ids = "".join(
            f"&id={test_js.HOOTCommon._generate_hash(self, suite)}" for suite in ("@loyalty_pos", "@pos_loyalty")
        )
        self.browser_js(
            f"/web/tests?headless&loglevel=2&preset=desktop&timeout=15000{ids}",
            "",
            login="admin",
            timeout=600,
            success_signal="[HOOT] Test suite succeeded",
            error_checker=test_js.unit_test_error_checker,
        )
