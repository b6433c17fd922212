from datetime import date

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from odoo.addons.loyalty_ledger.ledger.movements import MOVEMENTS

from .common import LedgerCase


@tagged("post_install", "-at_install")
class TestDashboard(LedgerCase):
    """N27: what the dashboard shows is what its lines add up to."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["loyalty.program"].search([]).active = False
        cls.program.active = True
        cls.program.write(
            {
                "expiry_policy": "lot",
                "expiry_delay": 12,
                "level_ids": [
                    Command.create({"name": "Silver", "min_points": 0}),
                    Command.create({"name": "Gold", "min_points": 500}),
                ],
            }
        )
        cls.user = new_test_user(cls.env, "looks", "loyalty_ledger.group_loyalty_user")
        history = [
            (cls.card, "opening", 100, "2025-02-01"),
            (cls.card, "earn", 400, "2025-03-05"),
            (cls.card, "redeem", -50, "2025-03-14"),
            (cls.other, "earn", 70, "2025-03-20"),  # after the same days of last year
            (cls.card, "earn", 200, "2025-12-24"),
            (cls.card, "earn", 90.5, "2026-03-02"),
            (cls.card, "redeem", -60, "2026-03-03"),
            (cls.other, "adjust", 5, "2026-03-04"),
        ]
        cls.Card._post_entries(
            [
                {
                    "card_id": card.id,
                    "kind": kind,
                    "points": points,
                    "key": f"dash:{number}",
                    "reason": "As told",
                    "effective_date": date.fromisoformat(day),
                }
                for number, (card, kind, points, day) in enumerate(history)
            ]
        )
        cls.Daily = cls.env["loyalty.daily"]
        cls.options = {"program_id": cls.program.id}

    def load(self, **options):
        return self.env["loyalty.dashboard"].with_user(self.user).load_figures({**self.options, **options})

    def figure(self, data, key):
        figures = data["figures"] + data["hero"]["figures"]
        return next(figure for figure in figures if figure["key"] == key)

    def lines(self, figure, value=None, **options):
        action = (
            self.env["loyalty.dashboard"].with_user(self.user).open_lines(figure, {**self.options, **options}, value)
        )
        model = self.env[action["res_model"]].with_user(self.user).with_context(**action["context"])
        return model.search(action["domain"])

    def test_period_is_compared_with_the_same_days_of_last_year(self):
        """N27: points of March 1 to 15, and of the same days of the year before; taken over balances are no sale."""
        data = self.load()
        issued = self.figure(data, "issued")
        self.assertEqual(issued["text"], "90.5 Points")
        self.assertIn("400 Points", issued["sub"])
        self.assertEqual(issued["change"], -77)
        redeemed = self.figure(data, "redeemed")
        self.assertEqual((redeemed["text"], redeemed["change"]), ("60 Points", 20))
        self.assertEqual(self.figure(self.load(period="year"), "issued")["text"], "90.5 Points")
        self.assertEqual(self.figure(self.load(period="last_12_months"), "issued")["text"], "360.5 Points")

    def test_figures_open_their_lines(self):
        """N27: the lines behind a figure add up to it."""
        for movement in ("issued", "redeemed", "expired"):
            for period in ("month", "last_month", "quarter", "year", "last_12_months"):
                shown = self.figure(self.load(period=period), movement)["text"]
                points = abs(sum(self.lines(movement, period=period).mapped("points")))
                self.assertEqual(shown, f"{points:g} Points", f"{movement} in {period}")
        months = self.load()["charts"]["flows"]
        for series in months["series"]:
            for month, value in zip(months["months"], series["values"]):
                self.assertEqual(value, abs(sum(self.lines(series["key"], month).mapped("points"))))
        self.assertEqual(sum(self.lines("outstanding").mapped("points")), 755.5)
        self.assertEqual(self.lines("customer", self.partner.id), self.card | self.other)
        gold = self.program.level_ids.filtered(lambda level: level.name == "Gold")
        self.assertEqual(self.lines("level", gold.id), self.card)

    def test_more_came_back_than_was_issued(self):
        """N27: returns of an earlier month's sales are no points issued."""
        self.reverse(self.Entry.search([("idempotency_key", "=", "dash:4")]), 100)
        data = self.load()
        issued = self.figure(data, "issued")
        self.assertEqual((issued["text"], issued["change"]), ("-9.5 Points", -102))
        self.assertEqual(data["charts"]["flows"]["series"][0]["values"][-1], -9.5)
        self.reverse(self.Entry.search([("idempotency_key", "=", "dash:2")]), 50, key="dash:returned")
        self.assertEqual(self.figure(self.load(), "redeemed")["text"], "10 Points")
        self.reverse(self.Entry.search([("idempotency_key", "=", "dash:6")]), 60, key="dash:all")
        self.assertEqual(self.figure(self.load(), "redeemed")["text"], "-50 Points")

    def test_gift_cards_are_no_members(self):
        """N27: who buys a gift card has not joined a program; looked at alone, its cards are counted."""
        gifts = self.make_program(name="Gifts", program_type="gift_card")
        before = self.load(program_id=0)
        self.earn(50, self.make_card(gifts, start_date="2026-03-02"))
        data = self.load(program_id=0)
        for key in ("active", "joined"):
            self.assertEqual(self.figure(data, key), self.figure(before, key))
            self.assertFalse(self.lines(key, program_id=0).filtered(lambda card: card.program_id == gifts))
        self.assertEqual(data["charts"]["best"], before["charts"]["best"])
        self.assertEqual(self.figure(self.load(program_id=gifts.id), "joined")["text"], "1")
        self.assertEqual(self.lines("joined", program_id=gifts.id), gifts.coupon_ids)

    def test_numbers_are_written_in_the_language_of_the_reader(self):
        """N27: counts, too: 1.234 in German."""
        self.env["res.lang"]._activate_lang("de_DE")
        self.user.lang = "de_DE"
        scope = self.env["loyalty.dashboard"].with_user(self.user).with_context(lang="de_DE")._scope({})
        self.assertEqual(scope.say_count(1234), "1.234")

    def test_outstanding_by_month_ends_with_the_balance(self):
        """N27: the trend is the balance at the end of each month, from what moved before its first month on."""
        (shown,) = self.load()["programs"]
        self.assertEqual(len(shown["labels"]), 12)
        self.assertEqual(shown["values"][0], 520.0)  # April 2025
        self.assertEqual(shown["values"][8], 720.0)  # December 2025
        self.assertEqual(shown["values"][-1], sum((self.card | self.other).mapped("points")))

    def test_members_levels_and_expiry(self):
        """N27: open cards, the pyramid with the highest level on top, and what expires next."""
        new = self.make_card(start_date="2026-03-02")
        data = self.load()
        self.assertEqual(data["charts"]["levels"]["labels"], ["Gold", "Silver"])
        self.assertEqual(data["charts"]["levels"]["values"], [1, 2])
        self.assertIn("of 3", self.figure(data, "active")["sub"])
        self.assertEqual(self.figure(data, "joined")["text"], "1")
        self.assertEqual(self.lines("joined"), new)
        # What was earned on March 20, 2025, lasts until March 20, 2026.
        self.assertEqual(self.figure(data, "expiring_30")["text"], "70 Points")
        self.assertEqual(sum(self.lines("expiring_30").mapped("remaining")), 70)

    def test_folded_sums_show_the_same(self):
        """N27: figures are the same before and after the job added transactions to the sums of their days."""
        before = self.load()
        self.assertGreater(self.Daily._fold(), 0)
        self.assertEqual(self.load(), before)
        self.earn(9.5, effective_date=date(2026, 3, 2))
        self.assertEqual(self.figure(self.load(), "issued")["text"], "100 Points")
        self.Daily._fold()
        self.assertEqual(self.figure(self.load(), "issued")["text"], "100 Points")
        rows = self.Daily.search([("program_id", "=", self.program.id), ("date", "=", "2026-03-02")])
        self.assertRecordValues(rows, [{"movement": "issued", "points": 100.0, "row_count": 2}])
        self.assertEqual(self.Daily._fold(), 0)

    def test_verify_finds_and_mends_wrong_sums(self):
        """N27, N5: Verify Ledger names sums that are not those of their transactions, and they are made again."""
        self.Daily._fold()
        self.assertEqual(self.env["loyalty.card"]._verify_days(), [])
        self.env.cr.execute(
            "UPDATE loyalty_daily SET points = points + 1 WHERE program_id = %s AND date = '2026-03-02'",
            [self.program.id],
        )
        (problem,) = self.env["loyalty.card"]._verify_days()
        self.assertEqual((problem["model"], problem["id"]), ("loyalty.program", self.program.id))
        self.assertIn("2026-03-02", problem["problem"])
        self.assertEqual(self.figure(self.load(), "issued")["text"], "90.5 Points")
        self.Daily._fold()
        self.assertEqual(self.env["loyalty.card"]._verify_days(), [])
        self.env.cr.execute(
            "UPDATE loyalty_daily SET movement = 'adjusted' WHERE program_id = %s AND date = '2026-03-02'",
            [self.program.id],
        )
        problems = self.env["loyalty.card"]._verify_days()
        self.assertEqual({problem["id"] for problem in problems}, {self.program.id})

    def test_programs_are_never_added_in_points(self):
        """N27: of several programs only money is shown; points without a value are left out and named."""
        before = self.figure(self.load(program_id=0), "outstanding")["values"][-1]
        self.earn(30, self.make_card(self.make_program(name="Wallet", program_type="ewallet")))
        self.earn(1000, self.other)
        data = self.load(program_id=0)
        outstanding = self.figure(data, "outstanding")
        value = self.program._value_of_points(1000, date(2026, 3, 15))
        self.assertAlmostEqual(outstanding["values"][-1] - before, 30 + (value or 0), 2)
        self.assertIn(self.env.company.currency_id.symbol, outstanding["text"])
        self.assertEqual("Points" in data["unvalued"], value is None)

    def test_money_of_another_currency(self):
        """N27: what points of several programs are worth is added in the currency of the reader's company."""
        currency = (
            self.env["res.currency"]
            .with_context(active_test=False)
            .search([("id", "!=", self.env.company.currency_id.id)], limit=1)
        )
        currency.active = True
        self.env["res.currency.rate"].create(
            {"currency_id": currency.id, "name": "2026-01-01", "rate": 4.0, "company_id": self.env.company.id}
        )
        before = self.figure(self.load(program_id=0), "outstanding")["values"][-1]
        wallet = self.make_program(name="Wallet", program_type="ewallet", currency_id=currency.id)
        self.earn(100, self.make_card(wallet))
        after = self.figure(self.load(program_id=0), "outstanding")["values"][-1]
        self.assertAlmostEqual(after - before, 25.0, 2)

    def test_by_company(self):
        """N27: of several companies one can be chosen; programs of all companies are part of each."""
        company = self.env["res.company"].create({"name": "Branch abroad"})
        self.user.company_ids = [Command.link(company.id)]
        own = self.make_program(name="Own", company_id=company.id)
        dashboard = self.env["loyalty.dashboard"].with_user(self.user)
        dashboard = dashboard.with_context(allowed_company_ids=[self.user.company_id.id, company.id])
        both, here = dashboard.load_figures({}), dashboard.load_figures({"company_id": self.user.company_id.id})
        names = [{name for __, name in data["options"]["programs"]} for data in (both, here)]
        self.assertLessEqual({"Points", "Own"}, names[0])
        self.assertIn("Points", names[1])
        self.assertNotIn("Own", names[1])
        self.assertIn([company.id, "Branch abroad"], both["options"]["companies"])
        abroad = dashboard.load_figures({"company_id": company.id})
        self.assertIn(own.id, [program["id"] for program in abroad["programs"]])

    def test_large_ledgers_are_read_as_the_job_left_them(self):
        """N27: once a look at every card takes long, a job looks, and the page says as of when."""
        self.assertFalse(self.load()["since"])
        job = self.env["loyalty.dashboard.cards"]
        job._cron_calculate()
        job.search([]).seconds = 2.0
        self.make_card()
        data = self.load()
        self.assertIn("of 2", self.figure(data, "active")["sub"])
        self.assertTrue(data["since"])
        job._cron_calculate()
        self.assertIn("of 3", self.figure(self.load(), "active")["sub"])

    def test_who_sees_it(self):
        """N27: loyalty users and auditors; programs of other companies are not part of it."""
        outsider = new_test_user(self.env, "outsider", "base.group_user")
        with self.assertRaisesRegex(AccessError, "loyalty users"):
            self.env["loyalty.dashboard"].with_user(outsider).load_figures({})
        with self.assertRaisesRegex(AccessError, "loyalty users"):
            self.env["loyalty.dashboard"].with_user(outsider).open_lines("issued", {})
        auditor = new_test_user(self.env, "audits", "loyalty_ledger.group_loyalty_auditor")
        self.assertFalse(self.env["loyalty.dashboard"].with_user(auditor).load_figures({})["may_create"])
        company = self.env["res.company"].create({"name": "Elsewhere"})
        self.make_program(name="Theirs", company_id=company.id)
        self.assertNotIn("Theirs", [name for __, name in self.load()["options"]["programs"]])

    def find(self, text):
        return self.env["loyalty.dashboard"].with_user(self.user).open_lines("find", {}, text)

    def test_card_is_found(self):
        """N27: a card number, in any way of writing it, or a name of one customer opens the card; several are listed."""
        self.card.code, self.other.code = "0440-0099-0017", "0440-0099-0024"
        self.card.partner_id.name, self.other.partner_id = (
            "Zenobia Quill",
            self.partner.create({"name": "Zenobia Dray"}),
        )
        for text in ("0440-0099-0017", " 044000990017 ", "44000990017", "zenobia q"):
            with self.subTest(text):
                action = self.find(text)
                self.assertEqual((action["res_model"], action.get("res_id")), ("loyalty.card", self.card.id))
        several = self.find("Zenobia")
        self.assertEqual(self.Card.search(several["domain"]), self.card | self.other)
        self.card.action_close()
        self.assertEqual(
            self.find("0440-0099-0017").get("res_id"), self.card.id, "what became of a closed card is asked"
        )
        for text in ("Nobody at all", "0440-0099-0099", "", None, 5, {}):
            with self.subTest(text):
                self.assertEqual(self.find(text)["tag"], "display_notification")

    def test_odd_requests(self):
        """N27: what no page sends is refused with words, or read as no choice."""
        for figure, value in (
            ("nothing", None),
            ("task", "nothing"),
            ("task", ["exceptions"]),
            ("issued", "2019-01-01"),
            ("level", "1"),
            ("customer", 2**40),
            ("program", True),
            ("cards", None),
        ):
            with self.subTest(figure=figure, value=value), self.assertRaisesRegex(UserError, "no longer exists"):
                self.lines(figure, value)
        usual = self.env["loyalty.dashboard"].with_user(self.user).load_figures({})
        for odd in (["x"], {"program_id": "1", "shop_id": [], "period": {"a": 1}, "company_id": -4}):
            self.assertEqual(
                self.env["loyalty.dashboard"].with_user(self.user).load_figures(odd)["options"], usual["options"]
            )

    def test_to_do_counts_what_its_list_shows(self):
        """N27: each count is the number of rows that its list opens."""
        self.env["loyalty.exception"].sudo().create(
            {"kind": "debt", "card_id": self.card.id, "program_id": self.program.id}
        )
        self.card._hold(5, "dash:old")
        self.env["loyalty.hold"].search([("key", "=", "dash:old")])
        with self.on("2026-05-20"):
            tasks = {task["key"]: task["count"] for task in self.load()["tasks"]}
            self.assertEqual(tasks, {"exceptions": 1, "reservations": 1})
            for key, count in tasks.items():
                self.assertEqual(len(self.lines("task", key)), count)

    def test_empty_ledger_shows_what_to_do_first(self):
        """N27: no transactions yet: steps instead of empty charts, and templates of programs that have a ledger."""
        fresh = self.make_program(name="Fresh")
        manager = new_test_user(self.env, "founder", "loyalty_ledger.group_loyalty_manager")
        dashboard = self.env["loyalty.dashboard"].with_user(manager)
        scope = dashboard._scope({"program_id": fresh.id})
        steps = dashboard._steps(scope, {fresh: {}})
        self.assertEqual(steps[0]["key"], "program")
        self.assertTrue(steps[0]["done"])
        self.assertEqual(self.load()["steps"], [])
        self.assertLessEqual({"loyalty", "gift_card", "ewallet"}, {one["id"] for one in dashboard.get_templates()})

    def test_first_step_names_who_takes_it(self):
        """A clerk who may not create a program reads who does; a manager gets the button."""
        company = self.env["res.company"].create({"name": "Just Opened"})
        self.program.company_id = self.env.company
        for group, has_button in (("user", False), ("manager", True)):
            user = new_test_user(
                self.env,
                f"opening_{group}",
                f"loyalty_ledger.group_loyalty_{group}",
                company_id=company.id,
                company_ids=[Command.set(company.ids)],
            )
            step = self.env["loyalty.dashboard"].with_user(user).load_figures({})["steps"][0]
            self.assertEqual(bool(step["button"]), has_button)
            self.assertEqual("manager" in step["text"], not has_button)

    def test_movements_cover_every_kind(self):
        """N27: each transaction is one movement, and the domains of movements say the same as their SQL."""
        self.Daily._fold()
        totals = dict(self.Daily._read_group([("program_id", "=", self.program.id)], ["movement"], ["points:sum"]))
        self.assertEqual(totals, {"opening": 100.0, "issued": 760.5, "redeemed": -110.0, "adjusted": 5.0})
        self.assertEqual(sum(totals.values()), sum((self.card | self.other).mapped("points")))
        self.assertLessEqual(set(totals), {*MOVEMENTS, "opening"})
