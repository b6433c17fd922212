import json

from odoo.tests import BaseCase, tagged
from odoo.tools import file_open

from odoo.addons.loyalty_ledger.tools.earning import Line, Rule, Settlement, earn
from odoo.addons.loyalty_ledger.tools.units import to_points

CASES = "loyalty_pos/static/tests/unit/utils/earning_cases.js"


@tagged("post_install", "-at_install")
class TestEarningMirror(BaseCase):
    def test_the_till_and_the_server_count_alike(self):
        """C6, bS2: the cases that the till's preview is tested with earn the same by the server's engine."""
        with file_open(CASES) as file:
            text = file.read()
        cases = json.loads(text[text.index("[") : text.rindex("]") + 1])
        self.assertGreater(len(cases), 50)
        for number, case in enumerate(cases):
            terms = case["terms"]
            settlement = terms.get("settlement")
            result = earn(
                [self.rule(values) for values in case["rules"]],
                [self.line(values) for values in case["lines"]],
                [self.line(values) for values in terms["returned"]],
                settlement and Settlement(**settlement),
                terms["multiplier"],
                terms["basis"],
                terms["rounding"],
            )
            self.assertEqual(to_points(result.earnable), case["points"], f"case {number}")

    def rule(self, values):
        return Rule(
            values["mode"],
            values["rate"],
            values["minimumQuantity"],
            values["minimumAmount"],
            values["minimumTax"],
        )

    def line(self, values):
        return Line(values["quantity"], values["untaxed"], values["total"], values["rules"])
