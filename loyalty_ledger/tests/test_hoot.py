from odoo.tests import HttpCase, no_retry, tagged

from odoo.addons.web.tests import test_js


@tagged("post_install", "-at_install")
class TestHoot(HttpCase):
    @no_retry
    def test_unit_tests_of_the_office(self):
        """N27: our unit tests of lists, graphs and fields pass."""
        suite = test_js.HOOTCommon._generate_hash(self, "@loyalty_ledger")
        self.browser_js(
            f"/web/tests?headless&loglevel=2&preset=desktop&timeout=15000&id={suite}",
            "",
            login="admin",
            timeout=600,
            success_signal="[HOOT] Test suite succeeded",
            error_checker=test_js.unit_test_error_checker,
        )
