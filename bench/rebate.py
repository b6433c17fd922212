"""Roll-over of 100,000 customers against the bare SQL that reads the same sales and writes the same rows (target: 2x).

Each customer has a card, and three invoices of one line in the month, by which all reach the target. The
roll-over finds the sales, compares them with the tiers, posts the credits through the gateway, and notes every customer.

The floor sums the same invoice lines by customer, writes the same transactions, lots and cards as `bench/bulk.py` does, and
inserts the same lines of the period, each with the indexes and constraints that the tables have.
"""

import datetime
import tempfile

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
    """Copy a row many times; ``columns`` are SQL expressions of ``n``. Returns the first of the new ids."""
    env.cr.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_name = %s AND column_name <> 'id'"
        " AND is_generated = 'NEVER'",
        (table,),
    )
    names = [name for (name,) in env.cr.fetchall()]
    values = ", ".join(columns.get(name, f'r."{name}"') for name in names)
    quoted = ", ".join(f'"{name}"' for name in names)
    env.cr.execute(f"SELECT COALESCE(max(id), 0) + 1 FROM {table}")
    (first,) = env.cr.fetchone()
    env.cr.execute(
        f"INSERT INTO {table} (id, {quoted}) SELECT {first} + n, {values} FROM {table} r, generate_series(0, {count - 1}) n"
        " WHERE r.id = %s",
        (row_id,),
    )
    env.cr.execute("SELECT setval(pg_get_serial_sequence(%s, 'id'), %s)", (table, first + count))
    return first


def fill(env, program, invoice, customers):
    """Customers with cards, and their invoices, by SQL: what is measured only reads them."""
    partner = copy_rows(
        env,
        "res_partner",
        invoice.partner_id.id,
        customers,
        commercial_partner_id="(SELECT max(id) + 1 FROM res_partner) + n",
    )
    cards = common.make_cards(env, program, customers)
    env.cr.execute("UPDATE loyalty_card SET partner_id = %s + id - %s WHERE id = ANY(%s)", (partner, cards[0], cards))
    for number in range(INVOICES):
        amount = f"{350 + 50 * number} + (n & 1) * 300"
        move = copy_rows(
            env,
            "account_move",
            invoice.id,
            customers,
            partner_id=f"{partner} + n",
            commercial_partner_id=f"{partner} + n",
            name=f"'BENCH/{invoice.id}/{number}/' || n",
            sequence_prefix=f"'BENCH/{invoice.id}/{number}/'",
            sequence_number="n",
        )
        for line in invoice.line_ids:
            sign = "-1 *" if line.display_type == "product" else ""
            copy_rows(
                env,
                "account_move_line",
                line.id,
                customers,
                move_id=f"{move} + n",
                partner_id=f"{partner} + n",
                balance=f"{sign} ({amount})",
                amount_currency=f"{sign} ({amount})",
                debit="0" if sign else amount,
                credit=amount if sign else "0",
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
            "SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute"
            " WHERE attrelid = 'loyalty_period_line'::regclass AND attnum > 0 AND NOT attisdropped"
            " AND attname NOT IN ('period_id', 'entry_id')"
        )
        (self.columns,) = cr.fetchone()
        cr.copy_expert(
            f"COPY (SELECT {self.columns} FROM loyalty_period_line WHERE program_id = {program.id} ORDER BY id) TO STDOUT",
            self.file,
        )
        self.count = cr.rowcount

    def run(self, company_id, program_id, times):
        """Sum the sales, and write the lines from a staging table; return the clock."""
        connection = session.connect()
        clock = common.Clock()
        with connection.cursor() as cr:
            cr.execute(f"CREATE TEMP TABLE stage AS SELECT {self.columns} FROM loyalty_period_line LIMIT 0")
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
                    cr.execute(
                        f"INSERT INTO loyalty_period_line ({self.columns}, period_id) SELECT s.*, {period_id} FROM stage s"
                    )
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
