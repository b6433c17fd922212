"""A process of its own that posts to a card, to be killed by test_concurrency.

Usage: posting_process.py DATABASE ADDONS_PATH CARD_ID [wait]. Prints ``posted N`` inside the transaction of event N and
``committed N`` after it; with ``wait``, it commits only after reading a line.
"""

import itertools
import sys


def main(database, addons_path, card_id, wait=False):
    import odoo.tools

    odoo.tools.config.parse_config(
        ["-d", database, f"--addons-path={addons_path}", "--log-level=error"], setup_logging=True
    )
    from odoo.api import SUPERUSER_ID, Environment
    from odoo.modules.registry import Registry

    registry = Registry(database)
    for number in itertools.count(1):
        with registry.cursor() as cr:
            cards = Environment(cr, SUPERUSER_ID, {"tracking_disable": True, "loyalty_no_mail": True})["loyalty.card"]
            cards._post_entries(events(card_id, number))
            say("posted", number)
            if wait:
                sys.stdin.readline()
        say("committed", number)


def say(*words):
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def events(card_id, number):
    """What event ``number`` posts: it earns 5 points and spends 2."""
    return [
        {"card_id": card_id, "kind": "earn", "points": 5, "key": f"killed:{card_id}:{number}:earn"},
        {"card_id": card_id, "kind": "redeem", "points": -2, "key": f"killed:{card_id}:{number}:redeem"},
    ]


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), wait=len(sys.argv) > 4)
