from collections import defaultdict
from copy import deepcopy
from datetime import timedelta

from freezegun import freeze_time
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import SQL, mute_logger

from .common import LedgerCase
from .points_model import Ledger, Refused, Rules

NAMES = ("a", "b", "c")
UNIT = 10_000

pick = st.integers(0, 11)
points = st.one_of(st.integers(1, 120).map(lambda n: n * UNIT), st.integers(1, 60 * UNIT))
#: Per cent of what the card can spend at that moment.
share = st.sampled_from([10, 33, 50, 75, 100, 100, 120])
EARN = st.tuples(st.just("earn"), pick, points, st.integers(-3, 2), st.sampled_from([None, None, None, 4, 12, 40]))
REDEEM = st.tuples(st.just("redeem"), pick, share)
REVERSE = st.tuples(st.just("reverse"), pick, st.integers(1, 4))
MOVEMENTS = (
    EARN,
    REDEEM,
    REVERSE,
    st.tuples(st.just("grant"), pick, points),
    st.tuples(st.just("withdraw"), pick, share),
    st.tuples(st.just("external"), pick, points, st.booleans()),
    st.tuples(st.just("transfer"), pick, pick, share),
)
HOLD = st.tuples(st.just("hold"), pick, share, st.sampled_from([None, None, 3]))
STEP = st.one_of(
    *MOVEMENTS,
    EARN,
    EARN,
    REDEEM,
    REVERSE,
    st.tuples(st.just("batch"), st.lists(st.one_of(*MOVEMENTS), min_size=2, max_size=5)),
    HOLD,
    HOLD,
    st.tuples(st.just("consume"), pick),
    st.tuples(st.just("release"), pick),
    st.tuples(st.just("days"), st.sampled_from([1, 3, 8, 19, 33])),
    st.tuples(st.just("date_lots"), pick, st.integers(-2, 30)),
    st.tuples(st.just("date_card"), pick, st.integers(0, 40)),
    st.tuples(st.sampled_from(["close", "points_to", "purge", "again"]), pick),
)
RULES = st.builds(
    Rules,
    policy=st.sampled_from(["never", "lot", "rolling"]),
    days=st.just(20),
    vesting=st.sampled_from([0, 0, 5]),
    negative=st.sampled_from(["debt", "clamp"]),
    grace=st.just(6),
)


@tagged("post_install", "-at_install")
class TestProperties(LedgerCase):
    @mute_logger("odoo.sql_db")
    @settings(
        max_examples=100,
        deadline=None,
        database=None,
        derandomize=True,
        # Shrinking replays the database hundreds of times; the message tells the whole story anyway.
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(rules=RULES, steps=st.lists(STEP, min_size=30, max_size=30))
    def test_random_sequences(self, rules, steps):
        """N4, N6, N9, N11, C18, C28: after each of 30 random steps, batches among them, ledger and plain model agree."""
        savepoint = self.env.cr.savepoint()
        try:
            _Run(self, rules).play(steps)
        finally:
            savepoint.close(rollback=True)
            self.env.clear()


class _Run:
    """One example: the same steps on the model and on the real ledger."""

    def __init__(self, test, rules):
        self.test = test
        self.env = test.env
        self.model = Ledger(rules, NAMES)
        self.clock = freeze_time(self.model.now)
        self.clock.start()
        self.program = test.make_program(
            expiry_policy=rules.policy,
            expiry_delay=rules.days,
            expiry_unit="day",
            vesting_days=rules.vesting,
            negative_policy=rules.negative,
            reversal_grace_days=rules.grace,
        )
        self.cards = {name: test.make_card(self.program, code=f"property-{name}") for name in NAMES}
        self.entries = {}
        self.ops = []
        self.holds = []
        self.records = []
        self.trail = []
        self.batch = None
        self.amounts = {}

    def play(self, steps):
        try:
            for number, step in enumerate(steps):
                self.trail.append(step)
                self.do(number, *step)
                self.compare()
            problems = self.env["loyalty.card"]._verify_ledger()
            self.test.assertEqual(problems, [], self.story())
        finally:
            self.clock.stop()

    def story(self):
        return "\n".join([repr(self.model.rules), *map(repr, self.trail)])

    def do(self, number, verb, *args):
        key = f"p{number}"
        before = deepcopy((self.model, self.holds))
        try:
            getattr(self, f"in_model_{verb}")(key, *args)
            refused = False
        except Refused:
            refused = True
            self.model, self.holds = before
        try:
            with self.env.cr.savepoint():
                getattr(self, f"in_ledger_{verb}")(key, *args)
                self.test.assertFalse(refused, f"posted, but the model refuses it:\n{self.story()}")
        except UserError as error:
            self.env.invalidate_all()
            self.test.assertTrue(refused, f"refused, but the model posts it: {error}\n{self.story()}")

    def compare(self):
        self.env.invalidate_all()
        lots = defaultdict(lambda: defaultdict(int))
        keys = {entry.id: key for key, entry in self.entries.items()}
        query = SQL(
            """
            SELECT l.card_id, COALESCE(o.entry_id, l.entry_id), l.available_from, l.expiration_date, l.remaining * 10000
              FROM loyalty_lot l LEFT JOIN loyalty_lot o ON o.id = l.origin_lot_id
             WHERE l.program_id = %s AND l.remaining > 0
            """,
            self.program.id,
        )
        for card_id, root, opens, ends, remaining in self.env.execute_query(query):
            lots[card_id][keys.get(root), opens, ends] += int(remaining)
        together = self.env["loyalty.card"].browse(card.id for card in self.cards.values())
        for name, real in zip(NAMES, together):
            model = self.model.cards[name]
            expected_lots = defaultdict(int)
            for lot in model.lots:
                if lot.remaining:
                    expected_lots[lot.root, lot.opens, lot.ends] += lot.remaining
            found = {
                "points": round(real.points * UNIT),
                "available": round(real.available_points * UNIT),
                "reserved": round(real.reserved_points * UNIT),
                "pending": round(real.pending_points * UNIT),
                "debt": round(real.debt_points * UNIT),
                "redeemed": round(real.redeemed_points * UNIT),
                "accumulated": round(real.accumulated_points * UNIT),
                "lifetime": round(real.lifetime_points * UNIT),
                "lots": dict(lots[real.id]),
            }
            expected = {
                "points": model.points,
                "available": self.model.available(model),
                "reserved": self.model.reserved(model),
                "pending": self.model.pending(model),
                "debt": model.debt,
                "redeemed": model.redeemed,
                "accumulated": model.points + model.redeemed,
                "lifetime": model.lifetime,
                "lots": dict(expected_lots),
            }
            self.test.assertEqual(found, expected, f"card {name} on {self.model.today}\n{self.story()}")

    # steps on both sides

    def post(self, key, **op):
        op["key"] = f"property:{key}"
        if self.batch is not None:
            self.batch.append((key, op))
            return
        entry = self.env["loyalty.card"]._post_entries([op])
        self.entries[key] = entry
        self.ops.append((op, entry))

    @staticmethod
    def name(pick):
        return "aaaaaabbbbcc"[pick]

    @classmethod
    def pair(cls, pick, other):
        return cls.name(pick), NAMES[(NAMES.index(cls.name(pick)) + 1 + other % 2) % 3]

    def amount(self, key, pick, share):
        """So many per cent of what the card can spend; something that will be refused if that is nothing."""
        model = self.model
        spendable = model.spendable(model.cards[self.name(pick)], model.today)
        self.amounts[key] = max(1, spendable * share // 100) if spendable else share
        return self.amounts[key]

    def in_model_earn(self, key, pick, points, shift, life):
        day = self.model.today + timedelta(days=shift)
        self.model.credit(self.name(pick), key, "earn", points, day, ends=day + timedelta(days=life) if life else None)

    def in_ledger_earn(self, key, pick, points, shift, life):
        day = self.model.today + timedelta(days=shift)
        self.post(
            key,
            card_id=self.cards[self.name(pick)].id,
            kind="earn",
            points=points / UNIT,
            effective_date=day,
            expiration_date=day + timedelta(days=life) if life else None,
        )

    def in_model_redeem(self, key, pick, share):
        self.model.debit(self.name(pick), key, "redeem", self.amount(key, pick, share))

    def in_ledger_redeem(self, key, pick, share):
        points = -self.amounts.get(key, 1) / UNIT
        self.post(key, card_id=self.cards[self.name(pick)].id, kind="redeem", points=points)

    def in_model_grant(self, key, pick, points):
        self.model.credit(self.name(pick), key, "adjust", points, self.model.today)

    def in_ledger_grant(self, key, pick, points):
        self.post(key, card_id=self.cards[self.name(pick)].id, kind="adjust", points=points / UNIT, reason="Random")

    def in_model_withdraw(self, key, pick, share):
        self.model.debit(self.name(pick), key, "adjust", self.amount(key, pick, share))

    def in_ledger_withdraw(self, key, pick, share):
        points = -self.amounts.get(key, 1) / UNIT
        self.post(key, card_id=self.cards[self.name(pick)].id, kind="adjust", points=points, reason="Random")

    def in_model_external(self, key, pick, points, up):
        if up:
            self.model.credit(self.name(pick), key, "external", points, self.model.today)
        else:
            self.model.debit(self.name(pick), key, "external", points, "debt")

    def in_ledger_external(self, key, pick, points, up):
        sign = 1 if up else -1
        self.post(key, card_id=self.cards[self.name(pick)].id, kind="external", points=sign * points / UNIT)

    def in_model_hold(self, key, pick, share, days):
        until = self.model.now + timedelta(days=days) if days else None
        self.holds.append(self.model.hold(self.name(pick), self.amount(key, pick, share), until))

    def in_ledger_hold(self, key, pick, share, days):
        ttl = timedelta(days=days) if days else None
        points = self.amounts[key]
        self.records.append(self.cards[self.name(pick)]._hold(points / UNIT, f"property:{key}", ttl=ttl))

    def in_model_release(self, key, pick):
        if self.holds:
            self.model.release(self.holds[pick % len(self.holds)])

    def in_ledger_release(self, key, pick):
        if self.records:
            self.records[pick % len(self.records)]._release()

    def in_model_consume(self, key, pick):
        if self.holds:
            self.model.consume(self.holds[pick % len(self.holds)], key)

    def in_ledger_consume(self, key, pick):
        if not self.records:
            return
        hold = self.records[pick % len(self.records)]
        entry = hold._consume()
        if entry not in self.entries.values():
            self.entries[key] = entry

    def reversible(self):
        return [
            key
            for key, movement in self.model.movements.items()
            if key in self.entries and movement.kind in ("earn", "redeem", "external", "adjust") and movement.points
        ]

    def in_model_reverse(self, key, pick, quarter):
        keys = self.reversible()
        if keys:
            of = keys[-1 - pick % len(keys)]
            self.model.reverse(of, key, abs(self.model.movements[of].points) * quarter // 4)

    def in_ledger_reverse(self, key, pick, quarter):
        keys = self.reversible()
        if not keys:
            return
        entry = self.entries[keys[-1 - pick % len(keys)]]
        units = round(abs(entry.points) * UNIT) * quarter // 4
        self.post(
            key,
            card_id=entry.card_id.id,
            kind="reversal",
            points=(-1 if entry.points > 0 else 1) * units / UNIT,
            reversed_entry_id=entry.id,
        )

    def in_model_batch(self, key, steps):
        for number, (verb, *args) in enumerate(steps):
            getattr(self, f"in_model_{verb}")(f"{key}.{number}", *args)

    def in_ledger_batch(self, key, steps):
        """All in one call: they see each other, and are posted together or not at all."""
        self.batch = []
        try:
            for number, (verb, *args) in enumerate(steps):
                getattr(self, f"in_ledger_{verb}")(f"{key}.{number}", *args)
            batch = self.batch
        finally:
            self.batch = None
        entries = self.env["loyalty.card"]._post_entries([op for __, op in batch])
        for (part, op), entry in zip(batch, entries):
            self.entries[part] = entry
            self.ops.append((op, entry))

    def in_model_transfer(self, key, pick, other, share):
        self.model.transfer(*self.pair(pick, other), self.amount(key, pick, share))

    def in_ledger_transfer(self, key, pick, other, share):
        source, target = (self.cards[name] for name in self.pair(pick, other))
        points = -self.amounts.get(key, 1) / UNIT
        self.post(key, card_id=source.id, kind="transfer", points=points, target_card_id=target.id)

    def in_model_points_to(self, key, pick):
        self.model.points_to(*self.pair(11 - pick, pick))

    def in_ledger_points_to(self, key, pick):
        source, target = (self.cards[name] for name in self.pair(11 - pick, pick))
        source.points_to_id = target

    def in_model_days(self, key, days):
        self.model.now += timedelta(days=days)

    def in_ledger_days(self, key, days):
        self.clock.stop()
        self.clock = freeze_time(self.model.now)
        self.clock.start()

    def in_model_date_lots(self, key, pick, days):
        self.model.date_lots(self.name(pick), self.model.today + timedelta(days=days))

    def in_ledger_date_lots(self, key, pick, days):
        self.post(
            key,
            card_id=self.cards[self.name(pick)].id,
            kind="redate",
            points=0,
            expiration_date=self.model.today + timedelta(days=days),
            reason="Random",
        )

    def in_model_date_card(self, key, pick, days):
        self.model.date_card(self.name(pick), self.model.today + timedelta(days=days))

    def in_ledger_date_card(self, key, pick, days):
        self.cards[self.name(pick)].expiration_date = self.model.today + timedelta(days=days)

    def in_model_close(self, key, pick):
        for card in self.model.cards.values():
            card.closed = not card.closed and card.name == self.name(pick) and pick % 2 == 0

    def in_ledger_close(self, key, pick):
        for name, card in self.cards.items():
            card.closed = self.model.cards[name].closed

    def in_model_purge(self, key, pick):
        self.model.purge()

    def in_ledger_purge(self, key, pick):
        self.env["loyalty.card"]._purge(programs=self.program, commit=False)

    def in_model_again(self, key, pick):
        """The same events once more: nothing happens."""

    def in_ledger_again(self, key, pick):
        if self.ops:
            op, entry = self.ops[pick % len(self.ops)]
            self.test.assertEqual(self.env["loyalty.card"]._post_entries([op]), entry)
