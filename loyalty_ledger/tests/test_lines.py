from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from odoo.addons.loyalty_ledger.tools.lines import fetch_lines

from .common import LedgerCase


@tagged("post_install", "-at_install")
class TestLines(LedgerCase):
    def test_same_lines_as_odoo(self):
        """C2: lines read together with their columns are those that Odoo reads, in its order, archived ones included."""
        reward = {"discount": 10, "discount_mode": "percent"}
        self.program.reward_ids = [Command.create({"required_points": points, **reward}) for points in (30, 10, 20)]
        self.program.reward_ids.sorted("required_points")[1].active = False
        other = self.make_program(name="Another program")
        programs = self.program | other
        for active_test in (True, False):
            programs = programs.with_context(active_test=active_test)
            self.env.invalidate_all()
            expected = [(program.reward_ids.ids, program.reward_ids.mapped("discount")) for program in programs]
            self.env.invalidate_all()
            with self.assertQueryCount(1):
                fetch_lines(programs, "reward_ids")
            with self.assertQueryCount(0):
                found = [(program.reward_ids.ids, program.reward_ids.mapped("discount")) for program in programs]
            self.assertEqual(found, expected)
            self.assertEqual(len(self.program.with_context(active_test=False).reward_ids), 4)

    def test_pending_changes(self):
        """C2: lines that are known already, and those of a program that is not saved, stay as they are."""
        self.program.reward_ids = [Command.create({"required_points": 5, "discount": 5})]
        rewards = self.program.reward_ids
        rewards[0].discount = 7
        fetch_lines(self.program, "reward_ids")
        self.assertEqual(self.program.reward_ids, rewards)
        self.assertEqual(rewards[0].discount, 7)
        draft = self.program.new(origin=self.program)
        fetch_lines(draft, "reward_ids")
        self.assertEqual(draft.reward_ids._origin, rewards)

    def test_reading_ahead_refuses_nothing(self):
        """C2: anybody who may not read the lines gets no error before asking for them."""
        stranger = new_test_user(self.env, "lines_stranger", groups="base.group_user")
        program = self.program.with_user(stranger)
        self.env.invalidate_all()
        fetch_lines(program, "reward_ids")
        with self.assertRaises(AccessError):
            program.reward_ids.mapped("discount")
