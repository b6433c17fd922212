"""Eight tills sell at once over HTTP, one family's card among all of them, against one till (target: p95 at most 2x).

A real server with worker processes, started for each database in turn: first one till sells alone, then eight tills,
each with a cashier, a login and a session of its own. Every order earns and redeems; every fourth one is on the
family's card, whichever till it is. Time of an order is what its cashier waits for: all its calls, retries on the
server included.

Eight tills that never pause would measure how many processors there are. So each till pauses between its orders,
three seconds on average, at random: ten times as busy as a supermarket's till, of which one sells every half a minute.
Plain Odoo under the same load stands beside it, for comparison only.
"""

import contextlib
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

from bench import common, till_order
from bench.till_common import Shop
from devtools import session

TARGET = 2.0
TILLS = 8
FAMILY = 100_000


class CashierError(Exception):
    """What a cashier sees instead of an answer."""


@contextlib.contextmanager
def server(database, workers, port):
    """An Odoo server of its own for a database; returns its address."""
    # A file, because the server starts one of its processes by the name that it was started with.
    launcher = Path(tempfile.mkdtemp(), "odoo-bench")
    launcher.write_text("from odoo.cli.command import main\nmain()\n")
    command = [
        *(sys.executable, launcher, "--config", os.environ["ODOO_RC"], "-d", database, f"--db-filter=^{database}$"),
        *(f"--workers={workers}", "--max-cron-threads=0", "--http-interface=127.0.0.1", f"--http-port={port}"),
        *(f"--gevent-port={port + 1}", "--log-level=error", "--limit-time-real=600", "--limit-time-cpu=600"),
    ]
    process = subprocess.Popen(command)
    address = f"http://127.0.0.1:{port}"
    try:
        while True:
            if process.poll() is not None:
                raise RuntimeError("The server did not start: is the port taken? See --port.")
            with contextlib.suppress(OSError, urllib.error.URLError):
                urllib.request.urlopen(f"{address}/web/health", timeout=2)
                break
            time.sleep(0.2)
        yield address
    finally:
        process.terminate()
        process.wait(60)
        shutil.rmtree(launcher.parent)


class Seller:
    """A till in a thread of its own: a logged-in cashier who sells to customers in turn."""

    def __init__(self, shop, number, cards, address):
        import requests

        self.shop = shop
        self.till = shop.tills[number]
        self.random = random.Random(number)
        self.cards = cards
        self.address = address
        self.http = requests.Session()
        self.times, self.errors = [], []
        login = self.till.login
        self._post("/web/session/authenticate", {"db": shop.database, "login": login, "password": login})

    def _post(self, path, params):
        answer = self.http.post(
            self.address + path, json={"jsonrpc": "2.0", "method": "call", "params": params}, timeout=120
        ).json()
        if "error" in answer:
            raise CashierError(answer["error"]["data"]["message"])
        return answer["result"]

    def rpc(self, model, method, *args):
        params = {"model": model, "method": method, "args": list(args), "kwargs": {}}
        return self._post(f"/web/dataset/call_kw/{model}/{method}", params)

    def sell(self, card, keep=True):
        sell = till_order.pay_with_points if self.shop.ours else till_order.sell_with_odoo
        start = time.perf_counter()
        try:
            sell(self.rpc, self.shop, self.till, card)
        except (CashierError, AssertionError) as error:
            self.errors.append(str(error))
        if keep:
            self.times.append(time.perf_counter() - start)

    def work(self, orders, pause, family):
        for number in range(orders):
            time.sleep(self.random.expovariate(1 / pause))
            self.sell(family if number % 4 == 3 else self.cards[number % len(self.cards)])


def p95(times):
    return statistics.quantiles(times, n=20)[-1]


def together(works):
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


class Side:
    """What came of one database: the times of one till alone and of all tills, and what went wrong."""

    def __init__(self, shop, options, port):
        self.shop = shop
        family, *cards = shop.cards
        size = len(cards) // TILLS
        with server(shop.database, options.workers, port) as address:
            tills = [Seller(shop, n, cards[n * size : (n + 1) * size], address) for n in range(TILLS)]
            # Each worker has loaded everything before anything is measured.
            for __ in range(3):
                together([lambda till=till: till.sell(till.cards[0], keep=False) for till in tills])
            tills[0].work(options.orders * 2, options.pause / 3, family)
            self.alone, tills[0].times = tills[0].times, []
            together([lambda till=till: till.work(options.orders, options.pause, family) for till in tills])
            self.crowd = [seconds for till in tills for seconds in till.times]
            self.errors = [error for till in tills for error in till.errors]
        self.orders = TILLS * 3 + options.orders * (2 + TILLS)

    @property
    def ratio(self):
        return p95(self.crowd) / p95(self.alone)

    def say(self):
        for name, times in (("one till", self.alone), (f"{TILLS} tills", self.crowd)):
            common.say(
                f"{self.shop.name:<17} {name:<8} median {statistics.median(times) * 1000:.0f} ms, "
                f"p95 {p95(times) * 1000:.0f} ms, slowest {max(times) * 1000:.0f} ms ({len(times)} orders)"
            )
        common.say(f"   {len(self.errors)} errors to a cashier; p95 {self.ratio:.2f}x that of one till")
        for error in self.errors[:3]:
            common.say(f"   {error}")


def give_to_family(shop):
    """Put enough points on the family's card for all tills."""
    card = shop.env["loyalty.card"].browse(shop.cards[0].id)
    if shop.ours:
        card._post_entries([{"card_id": card.id, "kind": "earn", "points": FAMILY, "key": "bench:family"}])
    else:
        card.points = FAMILY
    shop.env.cr.commit()


def count_orders(shop):
    """Return how many orders of the tills are paid and have their points settled."""
    shop.env.cr.commit()
    shop.env.cr.execute(
        "SELECT count(*) FROM pos_order WHERE session_id = ANY(%s) AND state = 'paid' AND loyalty_settled",
        ([till.session_id for till in shop.tills],),
    )
    return shop.env.cr.fetchone()[0]


def main(options):
    with contextlib.ExitStack() as stack:
        for position, (name, plain) in enumerate((("plain Odoo", True), ("with our add-ons", False))):
            env = stack.enter_context(session.environment(plain=plain))
            shop = Shop(name, env, not plain, 1 + TILLS * 8, TILLS)
            give_to_family(shop)
            side = Side(shop, options, options.port + 2 * position)
            side.say()
        settled = count_orders(shop)
        problems = shop.env["loyalty.card"].browse([card.id for card in shop.cards])._verify_ledger()
        common.say(f"   {settled} of {side.orders} orders are settled; {len(problems)} problems in the ledger")
        missed = common.verdict(f"p95 of {TILLS} tills", side.ratio, TARGET)
        return missed or int(bool(side.errors or problems or settled != side.orders))


if __name__ == "__main__":
    common.finish([main(common.arguments(__doc__, orders=20, pause=3.0, workers=4, port=8975))])
