from lxml import etree
from psycopg2 import DatabaseError

from odoo.exceptions import AccessError, UserError
from odoo.service.model import call_kw
from odoo.tests import tagged
from odoo.tools import mute_logger
from odoo.tools.safe_eval import safe_eval

from .register_common import RegisterCase


@tagged("post_install", "-at_install")
class TestRegisterBalances(RegisterCase):
    def setUp(self):
        super().setUp()
        self.earn(1000)
        self.redeem(200)
        self.hold = self.card._hold(300, "test:hold", None)

    def test_outstanding_and_available(self):
        """C28, S18: outstanding is accumulated less redeemed, reserved not deducted; available is what can be spent."""
        form = self.card_form(self.card, self.user)
        shown = [
            form[name]
            for name in ("accumulated_points", "redeemed_points", "points", "reserved_points", "available_points")
        ]
        self.assertEqual(shown, [1000, 200, 800, 300, 500])

    def test_balance_is_read_only_in_the_form(self):
        """H17, P4, S18: no balance can be typed into the form, by a manager neither."""
        for name in ("points", "available_points", "accumulated_points"):
            with self.assertRaises(AssertionError), self.card_form(self.card) as form:
                form[name] = 5000
        self.assertBalances(points=800)

    def test_balance_cannot_be_imported(self):
        """P4: an import file with balances is refused with the reason, and changes nothing."""
        result = (
            self.Card.with_user(self.manager)
            .with_context(import_file=True)
            .load([".id", "points"], [[str(self.card.id), "5000"]])
        )
        self.assertFalse(result["ids"])
        self.assertIn("points ledger", result["messages"][0]["message"])
        self.assertBalances(points=800)

    def test_balance_cannot_be_written_remotely(self):
        """P4, H17: remote calls to write or create a balance are refused, whatever the role."""
        for user in (self.user, self.manager, self.auditor):
            cards = self.Card.with_user(user)
            with self.assertRaises(AccessError):
                call_kw(cards, "write", [[self.card.id], {"points": 5000}], {})
            with self.assertRaises(AccessError):
                call_kw(cards, "create", [[{"program_id": self.program.id, "points": 5000}]], {})
            with self.assertRaises(UserError):
                call_kw(cards, "write", [[self.card.id], {"accumulated_points": 5000}], {})
        self.assertBalances(points=800)

    def test_transactions_are_complete_and_in_order(self):
        """S12, S15, S19: Show Transactions lists every movement with the balance after it, newest first."""
        self.hold._consume()
        action = self.card.with_user(self.user).action_view_transactions()
        entries = self.Entry.with_user(self.user).search(action["domain"])
        self.assertEqual(
            [(entry.kind, entry.points, entry.balance_after) for entry in entries],
            [("redeem", -300, 500), ("redeem", -200, 800), ("earn", 1000, 1000)],
        )
        self.assertEqual(self.card.with_user(self.user).entry_count, 3)

    def test_transactions_cannot_be_rewritten(self):
        """S12: write and unlink raise for every role, in sudo and in SQL."""
        entry = self.card.entry_ids[:1]
        for env_entry in (entry, entry.sudo(), *(entry.with_user(u) for u in (self.user, self.manager, self.auditor))):
            for attempt in (lambda e: e.write({"points": 1}), lambda e: e.unlink(), lambda e: e.copy()):
                with self.assertRaises(UserError):
                    attempt(env_entry)
        for statement in (
            "UPDATE loyalty_ledger_entry SET points = 1 WHERE id = %s",
            "DELETE FROM loyalty_ledger_entry WHERE id = %s",
        ):
            with mute_logger("odoo.sql_db"), self.assertRaises(DatabaseError), self.env.cr.savepoint(flush=False):
                self.env.cr.execute(statement, [entry.id])

    def test_views_of_transactions_offer_no_editing(self):
        """S12: no view of the transactions offers to create, edit or delete."""
        views = self.env["ir.ui.view"].search(
            [("model", "=", "loyalty.ledger.entry"), ("type", "in", ("list", "form", "kanban"))]
        )
        self.assertTrue(views)
        for view in views.filtered(lambda view: view.mode == "primary"):
            root = etree.fromstring(view.arch)
            self.assertEqual({root.get(name) for name in ("create", "edit", "delete")}, {"false"}, view.name)

    def test_outstanding_balances_equal_the_ledger(self):
        """P3: the report of outstanding balances adds up to the ledger, archived and closed cards included."""
        self.hold._release()
        self.earn(70, self.other)
        self.other.with_user(self.manager).action_archive()
        debtor = self.make_card(partner_id=False)
        given = self.earn(30, debtor)
        self.redeem(30, debtor)
        self.reverse(given)
        self.card.with_user(self.manager).action_close()
        action = self.env["ir.actions.act_window"]._for_xml_id("loyalty_ledger.loyalty_card_outstanding_action")
        context = safe_eval(action["context"])
        cards = self.Card.with_user(self.user).with_context(**context)
        program = [("program_id", "=", self.program.id)]
        groups = cards._read_group(safe_eval(action["domain"]) + program, ["partner_id"], ["points:sum"])
        ((ledger,),) = self.Entry._read_group(program, [], ["points:sum"])
        self.assertEqual(ledger, 840)
        self.assertEqual(sum(points for __, points in groups), ledger)
        self.assertEqual(dict(groups)[self.partner], 870)

    def test_overview_names_who_owes(self):
        """What customers owe opens the cards that owe it, also those that have points again that are pending."""
        earned = self.earn(60, self.other)
        self.redeem(60, self.other)
        self.reverse(earned)
        self.earn(100, self.other, available_from="2199-01-01")
        program = self.program.with_user(self.user)
        self.assertEqual((program.debt_points, self.other.points), (60, 40))
        action = program.action_view_owing()
        self.assertEqual(self.Card.with_user(self.user).search(action["domain"]), self.other.with_user(self.user))

    def test_customers_who_redeemed(self):
        """C29: customers who redeemed are listed with what they can spend, their multiplier and the full log."""
        self.program.issue_on = "paid"  # Odoo's own timing knows no multipliers
        self.make_levels().multiplier = 1.5
        self.hold._consume()
        self.earn(70, self.other)
        action = self.env["ir.actions.act_window"]._for_xml_id("loyalty_ledger.loyalty_card_redeemed_action")
        cards = self.Card.with_user(self.user).search(
            safe_eval(action["domain"]) + [("program_id", "=", self.program.id)]
        )
        self.assertRecordValues(
            cards,
            [{"partner_id": self.partner.id, "redeemed_points": 500, "available_points": 500, "level_multiplier": 1.5}],
        )
        log = self.Entry.with_user(self.user).search(cards.action_view_transactions()["domain"])
        self.assertEqual(log.mapped("points"), [-300, -200, 1000])

    def test_filters_of_the_register(self):
        """S4, C28: the filters of the list find what they name, and the groups work. A closed card cannot be used."""
        self.other.with_user(self.manager).expiration_date = "2026-04-01"
        negative = self.make_card()
        given = self.earn(10, negative)
        self.redeem(10, negative)
        self.reverse(given)
        unusable = self.make_card(closed=True)
        unusable |= self.make_card(points_to_id=self.card.id)
        unusable |= self.make_card(start_date="2026-03-16") | self.make_card(expiration_date="2026-03-14")
        arch = etree.fromstring(self.Card.with_user(self.user).get_view(view_type="search")["arch"])
        found = {}
        for node in arch.iter("filter"):
            if node.get("domain"):
                found[node.get("name")] = self.Card.with_user(self.user).search(
                    safe_eval(node.get("domain")) + [("program_id", "=", self.program.id)]
                )
            elif node.get("context"):
                group = safe_eval(node.get("context"))["group_by"]
                self.assertTrue(self.Card.with_user(self.user).formatted_read_group([], [group], ["points:sum"]), group)
        self.assertEqual(found["inactive"], unusable)
        self.assertEqual(found["active"] | unusable, self.program.coupon_ids)
        self.assertFalse(found["active"] & unusable)
        self.assertEqual(found["reserved"], self.card)
        self.assertEqual(found["negative"], negative)
        self.assertEqual(found["expiring"], self.other)
        self.assertFalse(found["idle"])
        with self.on("2027-06-01"):
            idle = next(node for node in arch.iter("filter") if node.get("name") == "idle").get("domain")
            self.assertEqual(self.Card.search(safe_eval(idle) + [("id", "=", self.card.id)]), self.card)

    def test_inquiry_groups(self):
        """P3: the inquiry groups transactions by program, level, type, month and customer."""
        entries = self.Entry.with_user(self.user)
        for group in ("program_id", "level_id", "kind", "effective_date:month", "partner_id"):
            rows = entries.formatted_read_group([("card_id", "=", self.card.id)], [group], ["points:sum"])
            self.assertEqual(sum(row["points:sum"] for row in rows), 800, group)

    def test_screens_add_points_of_one_program_only(self):
        """N29, P3: a total on a screen is empty where it would add points of different programs."""
        club = self.make_program(name="Wine Club")
        self.earn(9, self.make_card(club))
        domain = [("program_id", "in", (self.program | club).ids)]
        for model, measure, first in (
            ("loyalty.ledger.entry", "points:sum", 800),
            ("loyalty.card", "points:sum", 800),
            ("loyalty.lot.report", "remaining:sum", 800),
        ):
            with self.subTest(model):
                rows = self.env[model].with_user(self.user)
                (mixed,) = rows.formatted_read_group(domain, [], [measure, "__count"])
                self.assertIs(mixed[measure], False)
                by_program = rows.formatted_read_group(domain, ["program_id"], [measure])
                self.assertEqual(
                    {row["program_id"][0]: row[measure] for row in by_program}, {self.program.id: first, club.id: 9}
                )
                total, parts = rows.formatted_read_grouping_sets(domain, [[], ["program_id"]], [measure])
                self.assertIs(total[0][measure], False)
                self.assertEqual(sorted(part[measure] for part in parts), [9, first])
                # What code adds up for itself is not touched.
                self.assertEqual(rows._read_group(domain, [], [measure]), [(first + 9,)])

    def test_reserved_points_are_released_by_managers(self):
        """S18: a manager releases reserved points from their list; a user cannot."""
        with self.assertRaises(AccessError):
            call_kw(self.hold.with_user(self.user), "action_release", [self.hold.ids], {})
        self.hold.with_user(self.manager).action_release()
        self.assertEqual(self.hold.state, "released")
        self.assertBalances(available=800)
