"""Opening a session of the till with a million cards, against plain Odoo with as many (target: 1.05x).

Server time of what opening a till calls: the session is made (open_ui) and its page's data is loaded (load_data_params,
load_data, filter_local_data), each call with a cursor and an environment of its own, at another till each time. Both
databases have the same products and programs, 100,000 customers and a million loyalty cards of theirs; with our
add-ons each card has a transaction.
"""

import contextlib
import gc

from bench import common
from bench.till_common import Shop, call
from devtools import session

TARGET = 1.05
#: Movements that one call of the gateway gets.
CALL = 250_000


def make_customers(env, number):
    """Return the ids of customers that are all alike but for their names, made by SQL."""
    model = env["res.partner"].create({"name": "Customer"})
    env.flush_all()
    env.cr.execute(
        "SELECT string_agg(quote_ident(attname), ', ') FROM pg_attribute WHERE attrelid = 'res_partner'::regclass"
        " AND attnum > 0 AND NOT attisdropped AND attname NOT IN ('id', 'name', 'complete_name', 'commercial_partner_id')"
    )
    columns = env.cr.fetchone()[0]
    env.cr.execute(
        f"""
        WITH numbered AS (SELECT nextval('res_partner_id_seq') AS id, n FROM generate_series(1, %s) n)
        INSERT INTO res_partner (id, commercial_partner_id, name, complete_name, {columns})
        SELECT numbered.id, numbered.id, 'Customer ' || n, 'Customer ' || n, {columns}
          FROM numbered, (SELECT {columns} FROM res_partner WHERE id = %s) model
        RETURNING id
        """,
        (number, model.id),
    )
    return [row[0] for row in env.cr.fetchall()]


def make_cards(shop, number, customer_ids):
    """Give the customers cards with points, in turn: by SQL, and by bulk postings where there is a ledger."""
    env = shop.env
    extra = "ledgered, ledger_revision, welcome_sent, " if shop.ours else ""
    env.cr.execute(
        f"""
        INSERT INTO loyalty_card (program_id, company_id, partner_id, code, active, {extra}points,
                                  create_uid, create_date, write_uid, write_date)
        SELECT %s, %s, (%s::int[])[1 + n %% %s], 'bench-' || n, TRUE,
               {"TRUE, 0, TRUE, 0" if shop.ours else "n %% 997"}, 1, now(), 1, now()
          FROM generate_series(1, %s) n
        RETURNING id
        """,
        (shop.program.id, env.company.id, customer_ids, len(customer_ids), number),
    )
    ids = [row[0] for row in env.cr.fetchall()]
    env.cr.commit()
    if shop.ours:
        Card = common.quiet(env)["loyalty.card"]
        for start in range(0, number, CALL):
            Card._post_entries(
                {"card_id": card_id, "kind": "opening", "points": 1 + card_id % 997, "key": f"bench:{card_id}"}
                for card_id in ids[start : start + CALL]
            )
            env.cr.commit()
            env.invalidate_all()


class Side:
    def __init__(self, shop, options):
        self.shop = shop
        self.clock = common.Clock()
        self.loading = common.Clock()
        make_cards(shop, options.cards, make_customers(shop.env, options.customers))
        # All that was filled, so that no vacuum of PostgreSQL's own runs in the middle of an opening.
        tables = common.TABLES if shop.ours else common.TABLES[-1:]
        common.vacuum("res_partner", *tables, database=shop.database)
        self.configs = list(shop.make_configs(options.times + 2))
        shop.env.cr.commit()
        shop.registry.signal_changes()
        self.size = 0

    def open(self, keep=True):
        """Open the next till; return how many records it loaded."""
        registry, uid, config = self.shop.registry, self.shop.tills[0].user_id, self.configs.pop(0)
        with self.clock if keep else common.Clock():
            call(registry, uid, "pos.config", "open_ui", [config.id])
            config.env.cr.commit()
            config.invalidate_recordset()
            session_id = config.current_session_id.id
            call(registry, uid, "pos.session", "load_data_params", [session_id])
            with self.loading if keep else common.Clock():
                data = call(registry, uid, "pos.session", "load_data", [session_id], [])
            call(registry, uid, "pos.session", "filter_local_data", [session_id], {})
        self.size = sum(len(records) for records in data.values())


def main(options):
    with contextlib.ExitStack() as stack:
        plain, ours = (
            Side(Shop(name, stack.enter_context(session.environment(plain=not with_us)), with_us), options)
            for name, with_us in (("plain Odoo", False), ("with our add-ons", True))
        )
        for turn in range(options.times + 2):
            if turn == 2:
                gc.collect()
                gc.freeze()
            for side in (plain, ours) if turn % 2 else (ours, plain):
                side.open(keep=turn >= 2)
        for side in (plain, ours):
            common.say(
                f"{side.shop.name:<17} {side.clock.median * 1000:.0f} ms an opening (median of {len(side.clock.runs)}), "
                f"of which loading {side.loading.median * 1000:.0f} ms; {side.size:,} records"
            )
        return common.verdict("opening", ours.clock.median / plain.clock.median, TARGET)


if __name__ == "__main__":
    common.finish([main(common.arguments(__doc__, cards=1_000_000, customers=100_000, times=20))])
