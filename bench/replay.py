"""A year and a half of real purchases through the gateway, compared with a plain model and with raw SQL.

CDNOW: 69,659 purchases of 23,570 customers in 1997-98 (package lifetimes). Points are whole dollars; they expire
twelve months after the last earning; anybody who can spend 100 points at a purchase does. Fails on any difference.
"""

import datetime
import importlib.metadata
import itertools

from bench import common
from devtools import session

LEVELS = ((0, "Silver"), (101, "Gold"), (501, "Platinum"))
REWARD = 100
#: The night of the last write-off: points last earned before the end of October 1997 are past their date.
END = datetime.date(1998, 11, 1)


def purchases():
    """The purchases in date order: (date, customer, whole dollars, line number)."""
    files = importlib.metadata.files("lifetimes")
    (path,) = [file.locate() for file in files if file.name == "CDNOW_master.txt"]
    rows = []
    with open(path) as lines:
        next(lines)
        for number, line in enumerate(lines):
            customer, day, _discs, dollars = line.split()
            date = datetime.date(int(day[:4]), int(day[4:6]), int(day[6:]))
            rows.append((date, int(customer), int(dollars.partition(".")[0]), number))
    return sorted(rows, key=lambda row: (row[0], row[3]))


class Member:
    """One customer, single-threaded and by the book (docs/architecture.md: order of consumption; rolling expiry, levels)."""

    def __init__(self):
        self.lots = []  # what is left of each earning, oldest first
        self.history = []  # (kind, points, balance after, business date)
        self.balance = self.earned = self.redeemed = self.expired = 0
        self.last_earning = None

    def last_usable_day(self):
        """Twelve months after the last earning."""
        day = self.last_earning
        if (day.month, day.day) == (2, 29):
            day -= datetime.timedelta(days=1)
        return day.replace(year=day.year + 1)

    def note(self, kind, points, date):
        self.balance += points
        self.history.append((kind, points, self.balance, date))

    def expire(self, date):
        """Everything lapses on the day after the last usable one; it is found out at the next event."""
        if self.balance and self.last_usable_day() < date:
            lapsed = self.balance
            self.lots = []
            self.expired += lapsed
            self.note("expire", -lapsed, self.last_usable_day() + datetime.timedelta(days=1))

    def redeem(self, points, date):
        self.redeemed += points
        self.note("redeem", -points, date)
        while points:
            taken = min(points, self.lots[0])
            points -= taken
            self.lots[0] -= taken
            if not self.lots[0]:
                del self.lots[0]

    def earn(self, points, date):
        self.earned += points
        self.last_earning = date
        self.lots.append(points)
        self.note("earn", points, date)

    def level(self):
        return [name for minimum, name in LEVELS if minimum <= self.earned][-1]


def model(rows):
    """Replay in plain Python; return the members and the movements that they asked for."""
    members, movements = {}, []
    for date, customer, dollars, number in rows:
        member = members.setdefault(customer, Member())
        member.expire(date)
        if member.balance >= REWARD:
            member.redeem(REWARD, date)
            movements.append((date, customer, "redeem", -REWARD, f"cdnow:{number}:redeem"))
        if dollars:
            member.earn(dollars, date)
            movements.append((date, customer, "earn", dollars, f"cdnow:{number}:earn"))
    for member in members.values():
        member.expire(END)
    return members, movements


def replay(env, program, cards, movements):
    """Post day by day, as a till's nightly import would, and write off at the end."""
    Card = common.quiet(env)["loyalty.card"]
    for date, of_day in itertools.groupby(movements, key=lambda movement: movement[0]):
        Card._post_entries(
            {
                "card_id": cards[customer],
                "kind": kind,
                "points": points,
                "key": key,
                "effective_date": date,
            }
            for __, customer, kind, points, key in of_day
        )
    Card._purge(programs=program.with_env(Card.env), as_of=END, commit=False)


def found(env, program):
    """What the database says: card id -> the facts that :func:`expected` names."""
    cr = env.cr
    cr.execute(
        """
        SELECT c.id, c.points, c.accumulated_points, c.redeemed_points, c.lifetime_points, l.name ->> 'en_US'
          FROM loyalty_card c JOIN loyalty_level l ON l.id = c.level_id WHERE c.program_id = %s
        """,
        (program.id,),
    )
    facts = {
        card_id: {
            "balance": balance,
            "accumulated": accumulated,
            "redeemed": redeemed,
            "earned": earned,
            "level": level,
            "expired": 0,
            "lots": [],
            "history": [],
        }
        for card_id, balance, accumulated, redeemed, earned, level in cr.fetchall()
    }
    cr.execute(
        "SELECT card_id, remaining FROM loyalty_lot WHERE program_id = %s AND remaining > 0 ORDER BY id", (program.id,)
    )
    for card_id, remaining in cr.fetchall():
        facts[card_id]["lots"].append(remaining)
    cr.execute(
        """
        SELECT card_id, kind, points, balance_after, effective_date FROM loyalty_ledger_entry
         WHERE program_id = %s ORDER BY id
        """,
        (program.id,),
    )
    for card_id, kind, points, balance, date in cr.fetchall():
        facts[card_id]["history"].append((kind, points, balance, date))
        if kind == "expire":
            facts[card_id]["expired"] -= points
    return facts


def expected(member):
    return {
        "balance": member.balance,
        "accumulated": member.earned - member.expired,
        "redeemed": member.redeemed,
        "earned": member.earned,
        "level": member.level(),
        "expired": member.expired,
        "lots": member.lots,
        "history": member.history,
    }


def compare(members, facts, cards):
    """Print the first differences; return their number."""
    differences = 0
    for customer, member in members.items():
        for name, value in expected(member).items():
            if facts[cards[customer]][name] != value:
                differences += 1
                if differences <= 10:
                    common.say(f"customer {customer}: {name} is {facts[cards[customer]][name]}, the model says {value}")
    return differences


def main(options):
    rows = purchases()
    if options.customers:
        rows = [row for row in rows if row[1] <= options.customers]
    members, movements = model(rows)
    with session.environment() as env:
        common.seed(env)
        program = common.make_program(env, levels=LEVELS, expiry_policy="rolling", expiry_delay=12, expiry_unit="month")
        cards = dict(zip(sorted(members), common.make_cards(env, program, len(members))))
        env.cr.commit()
        common.vacuum()
        floor = common.Floor(env.cr)
        clock = common.Clock()
        before = common.peak_memory()
        with clock:
            replay(env, program, cards, movements)
        memory = common.peak_memory()
        differences = compare(members, found(env, program), cards)
        problems = env["loyalty.card"]._verify_ledger()
        floor.stage(env.cr)
        env.cr.rollback()
        common.vacuum()
        raw = floor.run(options.times)
    entries = floor.rows["stage_loyalty_ledger_entry"]
    total = sum(member.expired for member in members.values())
    common.say(
        f"{len(rows):,} purchases of {len(members):,} customers, {len(movements):,} movements on "
        f"{len({row[0] for row in rows})} days: {floor.describe()}"
    )
    common.say(
        f"   earned {sum(m.earned for m in members.values()):,}, redeemed {sum(m.redeemed for m in members.values()):,}, "
        f"expired {total:,}, outstanding {sum(m.balance for m in members.values()):,} points"
    )
    common.say(
        f"   gateway {clock.last:.2f} s, {entries / clock.last:,.0f} rows a second, peak memory {memory} MiB ({before} before)"
    )
    common.say(
        f"   raw SQL {raw.median:.2f} s, {entries / raw.median:,.0f} rows a second; ratio {clock.last / raw.median:.2f}x"
    )
    common.say(f"   differences from the model: {differences}; problems that Verify finds: {len(problems)}")
    return int(bool(differences or problems))


if __name__ == "__main__":
    common.finish([main(common.arguments(__doc__, customers=0, times=3))])
