"""Roll-over of 100,000 customers against the bare SQL that reads the same sales and writes the same rows (target: 2x).

Each customer has a card, and three invoices of one line in the month, by which all reach the target. The
roll-over finds the sales, compares them with the tiers, posts the credits through the gateway, and notes every customer.

The floor sums the same invoice lines by customer, writes the same transactions, lots and cards as `bench/bulk.py` does, and
inserts the same lines of the period, each with the indexes and constraints that the tables have.
"""

import datetime
import tempfile

from psycopg2 import sql

from odoo.tools import SQL

from bench import common
from devtools import session

TARGET = 2.0
DAY = datetime.date(2015, 2, 10)
END = datetime.date(2015, 2, 28)
INVOICES = 3


def set_up(env):
    program = common.make_program(
        env,
        company_id=env.company.id,
        currency_id=env.company.currency_id.id,
        award_mode="period",
        rule_ids=[(5,), (0, 0, {"reward_point_mode": "money", "reward_point_amount": 1, "minimum_qty": 0})],
        tier_ids=[(0, 0, {"threshold": 1000, "percentage": 10}), (0, 0, {"threshold": 5000, "percentage": 12})],
    )
    product = env["product.product"].create({"name": "Coffee", "taxes_id": [(5,)]})
    line = {"product_id": product.id, "price_unit": 100.0, "tax_ids": [(5,)]}
    invoice = env["account.move"].create(
        {
            "move_type": "out_invoice",
            "partner_id": env["res.partner"].create({"name": "First"}).id,
            "invoice_date": DAY,
            "date": DAY,
            "invoice_line_ids": [(0, 0, line)],
        }
    )
    invoice.action_post()
    env.flush_all()
    return program, invoice


def copy_rows(env, table, row_id, count, **columns):
    """Copy a row many times; ``columns`` are :class:`SQL` expressions of ``n``. Returns the first of the new ids."""
    found = env.execute_query(
        SQL(
            "SELECT column_name FROM information_schema.columns WHERE table_name = %s AND column_name <> 'id' "
            "AND is_generated = 'NEVER'",
            table,
        )
    )
    names = [name for (name,) in found]
    target = SQL.identifier(table)
    ((first,),) = env.execute_query(SQL("SELECT COALESCE(max(id), 0) + 1 FROM %s", target))
    env.cr.execute(
        SQL(
            "INSERT INTO %s (id, %s) SELECT %s + n, %s FROM %s r, generate_series(0, %s) n WHERE r.id = %s",
            target,
            SQL(", ").join(map(SQL.identifier, names)),
            first,
            SQL(", ").join(columns.get(name) or SQL.identifier("r", name) for name in names),
            target,
            count - 1,
            row_id,
        )
    )
    env.cr.execute(SQL("SELECT setval(pg_get_serial_sequence(%s, 'id'), %s)", table, first + count))
    return first


def fill(env, program, invoice, customers):
    """Customers with cards, and their invoices, by SQL: what is measured only reads them."""
    own_id = SQL("(SELECT max(id) + 1 FROM res_partner) + n")
    partner = copy_rows(env, "res_partner", invoice.partner_id.id, customers, commercial_partner_id=own_id)
    cards = common.make_cards(env, program, customers)
    env.cr.execute(
        SQL("UPDATE loyalty_card SET partner_id = %s + id - %s WHERE id = ANY(%s)", partner, cards[0], cards)
    )
    for number in range(INVOICES):
        amount = SQL("(%s + (n & 1) * 300)", 350 + 50 * number)
        prefix = f"BENCH/{invoice.id}/{number}/"
        move = copy_rows(
            env,
            "account_move",
            invoice.id,
            customers,
            partner_id=SQL("%s + n", partner),
            commercial_partner_id=SQL("%s + n", partner),
            name=SQL("%s || n", prefix),
            sequence_prefix=SQL("%s", prefix),
            sequence_number=SQL("n"),
        )
        for line in invoice.line_ids:
            is_product = line.display_type == "product"
            balance = SQL("- %s", amount) if is_product else amount
            copy_rows(
                env,
                "account_move_line",
                line.id,
                customers,
                move_id=SQL("%s + n", move),
                partner_id=SQL("%s + n", partner),
                balance=balance,
                amount_currency=balance,
                debit=SQL("0") if is_product else amount,
                credit=amount if is_product else SQL("0"),
                price_subtotal=amount,
                price_total=amount,
            )


FLOOR_SALES = """
    SELECT m.commercial_partner_id, sum(-l.balance)
      FROM account_move m JOIN account_move_line l ON l.move_id = m.id
     WHERE m.state = 'posted' AND m.move_type IN ('out_invoice', 'out_receipt', 'out_refund') AND m.company_id = %s
       AND m.date BETWEEN %s AND %s AND l.display_type = 'product'
     GROUP BY m.commercial_partner_id
"""


class Lines:
    """The lines of a period, copied out of the transaction that wrote them, to be written once more."""

    def __init__(self, cr, program):
        self.file = tempfile.TemporaryFile()  # noqa: SIM115 - kept until the run
        cr.execute(
            """
            SELECT attname FROM pg_attribute
             WHERE attrelid = 'loyalty_period_line'::regclass AND attnum > 0 AND NOT attisdropped
               AND attname NOT IN ('period_id', 'entry_id') ORDER BY attnum
            """
        )
        self.columns = sql.SQL(", ").join(sql.Identifier(name) for (name,) in cr.fetchall())
        query = sql.SQL("COPY (SELECT {} FROM loyalty_period_line WHERE program_id = {} ORDER BY id) TO STDOUT")
        cr.copy_expert(query.format(self.columns, sql.Literal(program.id)).as_string(cr._cnx), self.file)
        self.count = cr.rowcount

    def run(self, company_id, program_id, times):
        """Sum the sales, and write the lines from a staging table; return the clock."""
        connection = session.connect()
        clock = common.Clock()
        stage = sql.SQL("CREATE TEMP TABLE stage AS SELECT {} FROM loyalty_period_line LIMIT 0").format(self.columns)
        write = sql.SQL("INSERT INTO loyalty_period_line ({}, period_id) SELECT s.*, %s FROM stage s").format(
            self.columns
        )
        with connection.cursor() as cr:
            cr.execute(stage)
            self.file.seek(0)
            cr.copy_expert("COPY stage FROM STDIN", self.file)
            cr.execute("ANALYZE stage")
            connection.commit()
            for __ in range(times):
                cr.execute(
                    "INSERT INTO loyalty_period (program_id, company_id, date_from, date_to)"
                    " VALUES (%s, %s, '1999-01-01', '1999-01-31') RETURNING id",
                    (program_id, company_id),
                )
                (period_id,) = cr.fetchone()
                with clock:
                    cr.execute(FLOOR_SALES, (company_id, DAY.replace(day=1), END))
                    cr.fetchall()
                    cr.execute(write, (period_id,))
                connection.rollback()
        connection.close()
        return clock


def main(options):
    with session.environment() as env:
        env = common.quiet(env)
        common.seed(env)
        program, invoice = set_up(env)
        fill(env, program, invoice, options.customers)
        env.cr.commit()
        env.invalidate_all()
        common.vacuum("account_move", "account_move_line", "res_partner", "loyalty_period_line", *common.TABLES)
        ours = common.Clock()
        for turn in range(options.times):
            floor = common.Floor(env.cr)
            with ours:
                left, points = program._roll_over(END)
            assert not left, left
            if not turn:
                floor.stage(env.cr)
                first, lines = floor, Lines(env.cr, program)
                memory = common.peak_memory()
                again = program._roll_over(END)
            env.cr.rollback()
            env.invalidate_all()
            common.vacuum()
        program_id, company_id = program.id, env.company.id
    read = lines.run(company_id, program_id, options.times)
    raw = first.run(options.times)
    total = raw.median + read.median
    common.say(f"roll-over of {options.customers:,} customers: {first.describe()}, {lines.count:,} lines of the period")
    common.say(
        f"   ours     {ours.median:.2f} s, {points:,.0f} credits, peak {memory} MiB; a second run posts {again[1]:g}"
    )
    common.say(f"   raw SQL  {total:.2f} s, of which {read.median:.2f} s for the sales and the lines of the period")
    return common.verdict("roll-over", ours.median / total, TARGET) or int(bool(again[1]))


if __name__ == "__main__":
    common.finish([main(common.arguments(__doc__, customers=100_000, times=1))])
