import json
from datetime import date

from odoo.fields import Command
from odoo.tests import BaseCase, TransactionCase, tagged
from odoo.tools import file_open

from odoo.addons.loyalty_account.books import points as rates
from odoo.addons.loyalty_ledger.earning.basket import Line, Rule, Settlement, earn
from odoo.addons.loyalty_ledger.ledger.rounding import next_part, to_points
from odoo.addons.loyalty_ledger.ledger.usability import why_unusable

UTILS = "loyalty_pos/static/tests/unit/utils"


def read_cases(name):
    """Return a list that the till's unit tests are written with."""
    with file_open(f"{UTILS}/{name}") as file:
        text = file.read()
    return json.loads(text[text.index("[") : text.rindex("]") + 1])


@tagged("post_install", "-at_install")
class TestEarningMirror(BaseCase):
    def test_the_till_and_the_server_count_alike(self):
        """C6, bS2: the cases that the till's preview is tested with earn the same by the server's engine."""
        cases = read_cases("earning_cases.js")
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


@tagged("post_install", "-at_install")
class TestPointsMirror(BaseCase):
    def test_the_till_and_the_server_round_alike(self):
        """N29, C19-C21: points and money of the till's cases are the server's, to the last digit."""
        cases = read_cases("points_cases.js")
        self.assertGreater(len(cases), 200)
        for number, case in enumerate(cases):
            points, amount, terms = case["points"], case["amount"], (case["value"], case["unit"])
            found = {
                "money": rates.points_to_money(points, *terms),
                "needed": rates.money_to_points(amount, *terms),
                "within": rates.points_within(amount, *terms),
                "most": rates.points_within(amount, *terms, points),
                "typed": rates.points_typed(amount, case["due"], *terms),
            }
            self.assertEqual(found, {name: case[name] for name in found}, f"case {number}")

    def test_the_till_and_the_server_share_alike(self):
        """N29, N4: what comes back of points and money for a part of the goods is the same at the till and on the server."""
        cases = read_cases("share_cases.js")
        self.assertGreater(len(cases), 100)
        for number, (total, before, part, whole, unit, share) in enumerate(cases):
            self.assertEqual(next_part(total, before, part, whole, unit), share, f"case {number}")


@tagged("post_install", "-at_install")
class TestUsabilityMirror(BaseCase):
    def test_the_till_and_the_server_refuse_the_same_cards(self):
        """N29, H8, H10, H18, H25: the till's cases of cards that cannot be used have the server's codes."""
        day = date(2026, 3, 15)
        for number, case in enumerate(read_cases("usability_cases.js")):
            card = {name: fact if fact is True else date.fromisoformat(fact) for name, fact in case["card"].items()}
            found = {purpose: why_unusable(day, purpose, **card) for purpose in ("earn", "redeem")}
            self.assertEqual(found, {name: case[name] for name in found}, f"case {number}")


@tagged("post_install", "-at_install")
class TestProductMirror(TransactionCase):
    def test_the_till_and_the_server_count_the_same_products(self):
        """bH9, C32, C33: products that the till's preview leaves out earn nothing on the server either."""
        Program = self.env["loyalty.program"]
        programs = {
            earns: Program.create(
                {
                    "name": "Points",
                    "program_type": "loyalty",
                    "gift_cards_earn": earns,
                    "rule_ids": [Command.clear(), Command.create({})],
                }
            )
            for earns in (False, True)
        }
        for number, case in enumerate(read_cases("product_cases.js")):
            product = self.env["product.product"].create(
                {"name": f"Product {number}", "available_in_pos": True, "loyalty_no_earn": case["noEarn"]}
            )
            if case["sells"]:
                rules = [Command.clear(), Command.create({"product_ids": product.ids})]
                Program.create({"name": "Prepaid", "program_type": case["sells"], "rule_ids": rules})
            rule = programs[case["giftCardsEarn"]].rule_ids
            found = product.filtered_domain(rule._get_valid_product_domain())
            self.assertEqual(bool(found), case["earns"], f"case {number}: {case}")
            named = rule.copy({"product_ids": [Command.set(product.ids)]})
            self.assertEqual(bool(named.valid_product_ids), case["earns"], f"case {number}: {case}")
            named.unlink()

    def test_rules_that_name_gift_cards(self):
        """bH9: rules of several programs that name the same gift card load it by their own program's setting."""
        card = self.env["product.product"].create({"name": "Gift Card", "available_in_pos": True})
        programs = self.env["loyalty.program"].create(
            [
                {
                    "name": name,
                    "program_type": kind,
                    "gift_cards_earn": earns,
                    "rule_ids": [Command.clear(), Command.create({"product_ids": card.ids})],
                }
                for name, kind, earns in (
                    ("Without", "loyalty", False),
                    ("Gift Cards", "gift_card", False),
                    ("With", "loyalty", True),
                )
            ]
        )
        for rules in (programs.rule_ids, programs.rule_ids[::-1]):
            rules.invalidate_recordset()
            rules.mapped("valid_product_ids")
            counted = [bool(program.rule_ids.valid_product_ids) for program in programs]
            self.assertEqual(counted, [False, True, True])
