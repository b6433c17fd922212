"""Part R of the books: the value of points follows them, in the transaction that moves them."""

from collections import defaultdict
from decimal import Decimal

from odoo import models
from odoo.tools import SQL, split_every

from odoo.addons.loyalty_ledger.ledger import arrays
from odoo.addons.loyalty_ledger.ledger.rounding import to_decimal, to_points

from ..books import valuation
from ..books.write_off import WriteOff

CHUNK = 20_000
#: Lines that wait in memory for one journal entry.
PENDING = 200_000
#: What a use of points is called in the value lines, by the kind of the transaction that used them.
USE = {"redeem": "redeem", "expire": "expire", "reversal": "clawback"}


class LoyaltyLedgerEntry(models.Model):
    _inherit = "loyalty.ledger.entry"

    def _entries_posted(self):
        """Release, restore or grant the value of what these entries did, for programs that keep a liability."""
        super()._entries_posted()
        programs = self.program_id.filtered(lambda program: program._values_lots())
        if not programs:
            return
        entries = self
        if deferred := self._defer_release():
            # Money that documents book themselves is not released later.
            entries -= deferred.filtered(lambda entry: not entry.program_id._keeps_stored_value())
        entries._book_values(programs)

    def _defer_release(self):
        """Hook: return those of these entries whose value is released later, by ``_book_values``; False for none.

        Override for documents that are booked together, such as the orders of a session.
        """
        return False

    def _money_documents(self):
        """Return the models whose documents book the money of gift cards and wallets themselves. Override to add."""
        return {"account.move"}

    def _book_values(self, programs=None, document=None):
        """Write and post the value lines of these entries; what has its line already is left alone.

        Only the program's liability and redemption accounts are touched: debits release what the lots they consumed
        carry, reversals give back what that debit released, granted points are valued, transfers take their value
        along. Earned points wait for the accrual run.

        :param document: record under whose name everything is booked together, one journal entry a day, instead of
            one for each document
        """
        if programs is None:
            programs = self.program_id.filtered(lambda program: program._values_lots())
        write_off = WriteOff.of(self.env)
        booking = Booking(self.env, programs, write_off is not None and write_off.is_over, document)
        for ids in split_every(CHUNK, self._ids, list):
            booking.add(ids, None if write_off is None or write_off.is_over else write_off)
            if booking.together and len(booking.lines) > PENDING:
                booking.post()
        booking.post()


class Booking:
    """Value lines of some entries, and the journal entries that they make."""

    def __init__(self, env, programs, together=False, document=None):
        self.env = env
        self.document = document
        self.cr = env.cr
        self.programs = {program.id: program for program in programs}
        self.stored = {program.id for program in programs if program._keeps_stored_value()}
        self.money_documents = env["loyalty.ledger.entry"]._money_documents() if self.stored else set()
        self.together = together
        self.lines = []
        self.entries = {}
        self._units = {}

    # --- reading -------------------------------------------------------------------------------------------------

    def add(self, ids, write_off=None):
        """Plan the lines of the entries with these ids; expiries wait when a ``write_off`` collects them."""
        entries = self._read_entries(ids)
        if write_off is not None:
            write_off.extend(entry_id for entry_id, entry in entries.items() if entry["kind"] == "expire")
            entries = {entry_id: entry for entry_id, entry in entries.items() if entry["kind"] != "expire"}
        # Points that were just earned have no value yet, whatever they paid.
        entries = {
            entry_id: entry
            for entry_id, entry in entries.items()
            if entry["units"] < 0
            or entry["program_id"] in self.stored
            or (entry["units"] > 0 and entry["kind"] in ("adjust", "transfer", "reversal"))
        }
        if not entries:
            return
        self.entries.update(entries)
        lots = self._read_new_lots(entries)
        consumptions = self._read_consumptions(entries)
        if not lots and not consumptions:
            return
        lot_ids = {row["lot_id"] for row in consumptions} | {row["moved_to_lot_id"] for row in consumptions} | set(lots)
        self.carrying = self._read_carrying(lot_ids - {None})
        self.taken = self._read_taken(consumptions)
        self.accounts = self._read_accounts(consumptions)
        self._plan_grants(entries, lots, consumptions)
        self._plan_consumptions(entries, lots, consumptions)

    def _read_entries(self, ids):
        self.cr.execute(
            SQL(
                """
                SELECT id, card_id, program_id, company_id, kind, (points * 10000)::bigint AS units, effective_date,
                       reversed_entry_id, res_model, res_id, idempotency_key AS key
                  FROM loyalty_ledger_entry
                 WHERE id = ANY(%s::int[]) AND program_id = ANY(%s) AND points <> 0 ORDER BY id
                """,
                arrays.numbers(ids),
                list(self.programs),
            )
        )
        return {row["id"]: row for row in self.cr.dictfetchall()}

    def _read_new_lots(self, entries):
        """Lots that a grant or a transfer brought: ``{lot id: (entry id, points)}``."""
        credits_ = [
            entry["id"]
            for entry in entries.values()
            if entry["units"] > 0 and (entry["kind"] in ("adjust", "transfer") or self._is_stored_credit(entry))
        ]
        if not credits_:
            return {}
        self.cr.execute(
            SQL(
                """
                SELECT l.id, l.entry_id, (l.points * 10000)::bigint FROM loyalty_lot l
                 WHERE l.entry_id = ANY(%s::int[])
                   AND NOT EXISTS (SELECT 1 FROM loyalty_valuation v WHERE v.lot_id = l.id AND v.entry_id = l.entry_id
                                      AND v.consumption_id IS NULL)
                """,
                arrays.numbers(credits_),
            )
        )
        return {lot_id: (entry_id, points) for lot_id, entry_id, points in self.cr.fetchall()}

    def _is_stored_credit(self, entry):
        """Whether the entry puts money on a card, so that it is valued at once."""
        return entry["program_id"] in self.stored and entry["kind"] in ("earn", "opening", "external", "adjust")

    def _is_booked_by_document(self, entry):
        return (
            entry["program_id"] in self.stored
            and entry["res_model"] in self.money_documents
            and entry["kind"] != "expire"
        )

    def _read_consumptions(self, entries):
        """What these entries took or gave back, and what new lots paid of older debts; without lines already valued."""
        debits = {entry["id"] for entry in entries.values() if entry["units"] < 0}
        debits |= {entry["reversed_entry_id"] for entry in entries.values() if entry["reversed_entry_id"]}
        credits_ = [entry["id"] for entry in entries.values() if entry["units"] > 0]
        self.cr.execute(
            SQL(
                """
                SELECT c.id, c.debit_entry_id, c.lot_id, (c.points * 10000)::bigint AS units, c.entry_id,
                       (c.remaining_after * 10000)::bigint AS after, c.moved_to_lot_id, d.kind AS debit_kind
                  FROM (SELECT id FROM loyalty_ledger_consumption
                         WHERE debit_entry_id = ANY(%(debits)s::int[]) AND entry_id = ANY(%(all)s::int[])
                         UNION
                        SELECT p.id FROM loyalty_lot l JOIN loyalty_ledger_consumption p ON p.lot_id = l.id
                         WHERE l.entry_id = ANY(%(credits)s::int[]) AND p.entry_id = ANY(%(credits)s::int[])) n
                  JOIN loyalty_ledger_consumption c ON c.id = n.id
                  JOIN loyalty_ledger_entry d ON d.id = c.debit_entry_id
                 WHERE NOT EXISTS (SELECT 1 FROM loyalty_valuation v WHERE v.consumption_id = c.id)
                 ORDER BY c.id
                """,
                debits=arrays.numbers(sorted(debits)),
                credits=arrays.numbers(credits_),
                all=arrays.numbers(list(entries)),
            )
        )
        return self.cr.dictfetchall()

    def _read_carrying(self, lot_ids):
        self.cr.execute(
            SQL(
                "SELECT lot_id, sum(amount) FROM loyalty_valuation WHERE lot_id = ANY(%s::int[]) GROUP BY lot_id",
                arrays.numbers(sorted(lot_ids)),
            )
        )
        return defaultdict(Decimal, ((lot_id, to_decimal(amount)) for lot_id, amount in self.cr.fetchall()))

    def _read_taken(self, consumptions):
        """What each debit still has of each lot: ``{(debit, lot): [points, value]}``, before these consumptions."""
        pairs = {row["debit_entry_id"] for row in consumptions if row["units"] < 0}
        taken = defaultdict(lambda: [0, Decimal(0)])
        if not pairs:
            return taken
        self.cr.execute(
            SQL(
                """
                SELECT c.debit_entry_id, c.lot_id, (sum(c.points) * 10000)::bigint, COALESCE(-sum(v.amount), 0)
                  FROM loyalty_ledger_consumption c LEFT JOIN loyalty_valuation v ON v.consumption_id = c.id
                 WHERE c.debit_entry_id = ANY(%s::int[]) AND c.id <> ALL(%s::int[])
                 GROUP BY c.debit_entry_id, c.lot_id
                """,
                arrays.numbers(sorted(pairs)),
                arrays.numbers([row["id"] for row in consumptions]),
            )
        )
        for debit, lot, points, value in self.cr.fetchall():
            taken[debit, lot] = [points, to_decimal(value)]
        return taken

    def _read_accounts(self, consumptions):
        """On which accounts each debit released the value of a lot: ``{(debit, lot): (liability, redemption account)}``.

        What comes back goes there, whatever accounts the program has by now.
        """
        debits = {row["debit_entry_id"] for row in consumptions if row["units"] < 0}
        if not debits:
            return {}
        self.cr.execute(
            SQL(
                """
                SELECT c.debit_entry_id, c.lot_id, v.account_id,
                       (SELECT min(l.account_id) FROM account_move_line l
                         WHERE l.move_id = v.move_id AND l.account_id <> v.account_id)
                  FROM loyalty_ledger_consumption c
                  JOIN loyalty_valuation v ON v.consumption_id = c.id
                 WHERE c.debit_entry_id = ANY(%s::int[]) AND c.points > 0 AND v.account_id IS NOT NULL
                """,
                arrays.numbers(sorted(debits)),
            )
        )
        return {
            (debit, lot): (liability, cost) for debit, lot, liability, cost in self.cr.fetchall() if liability and cost
        }

    # --- planning ------------------------------------------------------------------------------------------------

    def _plan_grants(self, entries, lots, consumptions):
        """Granted points are valued at once, less what they paid of a debt, which carries no value."""
        paid = defaultdict(int)
        for row in consumptions:
            if row["lot_id"] in lots and row["entry_id"] == lots[row["lot_id"]][0]:
                paid[row["lot_id"]] += row["units"]
        for lot_id, (entry_id, points) in lots.items():
            entry = entries[entry_id]
            if entry["kind"] != "adjust" and not self._is_stored_credit(entry):
                continue
            kind = "adjust" if entry["kind"] == "adjust" else "issue"
            program = self.programs[entry["program_id"]]
            units = points - paid[lot_id]
            amount = valuation.value_of(units, self._unit(program, entry["effective_date"]), self._rounding(program))
            self._add(entry, lot_id, kind, amount, units)

    def _plan_consumptions(self, entries, lots, consumptions):
        credits_ = {entry["key"]: entry["id"] for entry in entries.values() if entry["kind"] == "transfer"}
        arrived = {entry_id: lot_id for lot_id, (entry_id, __) in lots.items()}
        moved = defaultdict(int)
        for row in consumptions:
            entry = entries[row["entry_id"]]
            rounding = self._rounding(self.programs[entry["program_id"]])
            lot_id, units = row["lot_id"], row["units"]
            if entry["program_id"] in self.stored and entry["kind"] != "transfer":
                self._plan_stored(entry, lots, row, rounding)
                continue
            taken = self.taken[row["debit_entry_id"], lot_id]
            if units < 0:
                left = valuation.left_value(taken[1], taken[0], taken[0] + units, rounding)
                back = taken[1] - left
                taken[0] += units
                taken[1] = left
                accounts = self.accounts.get((row["debit_entry_id"], lot_id))
                self._add(entry, row["moved_to_lot_id"] or lot_id, self._use(row), back, -units, row["id"], accounts)
                continue
            if lot_id in lots and lots[lot_id][0] == row["entry_id"] and entry["kind"] == "adjust":
                continue  # granted points that paid a debt were never valued
            carrying = self.carrying[lot_id]
            amount = carrying - valuation.left_value(carrying, row["after"] + units, row["after"], rounding)
            taken[0] += units
            taken[1] += amount
            if entry["kind"] == "transfer" and row["debit_entry_id"] == entry["id"]:
                moved[entry["id"]] += 1
                target = arrived.get(credits_.get(f"{entry['key']}:{moved[entry['id']]}"))
                if target:
                    self._add(entry, lot_id, "transfer", -amount, -units, row["id"])
                    self._add(entry, target, "transfer", amount, units)
                    continue
            self._add(entry, lot_id, self._use(row), -amount, -units, row["id"])

    def _plan_stored(self, entry, lots, row, rounding):
        """Money: a point is worth one, whatever is on the books for it."""
        lot_id, units = row["lot_id"], row["units"]
        if lot_id in lots and lots[lot_id][0] == row["entry_id"]:
            return  # what paid a debt was never carried by the lot
        one = (Decimal(1), Decimal(1))
        # Rounded as a whole: the parts of a credit that is spent piece by piece add up to what it was booked at.
        after = 0 if row["moved_to_lot_id"] else row["after"]
        amount = valuation.value_of(after + units, one, rounding) - valuation.value_of(after, one, rounding)
        kind = "redeem" if row["debit_kind"] == "external" else self._use(row)
        accounts = self.accounts.get((row["debit_entry_id"], lot_id)) if units < 0 else None
        target = row["moved_to_lot_id"] or lot_id if units < 0 else lot_id
        self._add(entry, target, kind, -amount, -units, row["id"], accounts)

    @staticmethod
    def _use(row):
        return USE.get(row["debit_kind"], "adjust")

    def _add(self, entry, lot_id, kind, amount, units, consumption_id=None, accounts=None):
        if not amount:
            return
        self.carrying[lot_id] += amount
        program = self.programs[entry["program_id"]]
        if accounts == (program.liability_account_id.id, program.cost_account_id.id):
            accounts = None  # the usual case: booked together with what else the document does
        self.lines.append((entry["id"], lot_id, consumption_id, kind, amount, units, accounts))

    def _unit(self, program, date):
        key = program.id, date
        if key not in self._units:
            self._units[key] = program._unit_value_at(date)
        return self._units[key]

    def _rounding(self, program):
        return Decimal(str(program.company_id.currency_id.rounding))

    # --- writing -------------------------------------------------------------------------------------------------

    def post(self):
        """Post one journal entry for each program and document, or for each program and month, and write the lines."""
        if not self.lines:
            return
        groups = defaultdict(list)
        for line in self.lines:
            groups[self._group(line)].append(line)
        latest = {}
        if self.together:
            latest = {
                key: max(self.entries[line[0]]["effective_date"] for line in lines) for key, lines in groups.items()
            }
        booked = {}
        for key, lines in groups.items():
            if key[0] not in ("transfer", "document"):
                booked[key] = self._prepare_move(lines, latest.get(key))
        booked = {key: vals for key, vals in booked.items() if vals}
        moves = dict(zip(booked, post_moves(self.env, list(booked.values()))))
        rows = [(line, moves.get(key), latest.get(key)) for key, lines in groups.items() for line in lines]
        self._insert(rows)
        self.lines = []
        self.entries = {}

    def _group(self, line):
        entry = self.entries[line[0]]
        if line[3] == "transfer":
            return "transfer", entry["program_id"], entry["effective_date"]
        if self._is_booked_by_document(entry):
            return "document", entry["program_id"], entry["effective_date"]
        if self.together:
            return "expire", entry["program_id"], entry["effective_date"].replace(day=1), line[6]
        document = self.document and (self.document._name, self.document.id)
        return (
            "move",
            entry["program_id"],
            *(document or (entry["res_model"], entry["res_id"])),
            entry["effective_date"],
            line[6],
        )

    def _prepare_move(self, lines, date=None):
        """Values of the journal entry for these lines, or None when they add up to nothing kind by kind."""
        first = self.entries[lines[0][0]]
        program = self.programs[first["program_id"]]
        totals = defaultdict(Decimal)
        for line in lines:
            totals[line[3]] += line[4]
        cards = {self.entries[line[0]]["card_id"] for line in lines}
        card = self.env["loyalty.card"].browse(cards if len(cards) == 1 else ())
        document = first["res_id"] and self.env["loyalty.ledger.entry"].browse(first["id"]).document_name
        if self.document:
            document = self.document.display_name
        stored = {"expire": program.breakage_account_id} if program.id in self.stored else None
        accounts = self.env["account.account"].browse(lines[0][6] or ())
        return program._prepare_books_move(
            date or first["effective_date"],
            totals,
            partner=card.partner_id.commercial_partner_id,
            document=document,
            counterparts=dict.fromkeys(totals, accounts[1:]) if accounts else stored,
            liability=accounts[:1],
            analytic=any(line[3] == "redeem" for line in lines) and self._analytic_of(first),
        )

    def _analytic_of(self, entry):
        """Return the analytic distribution of the sale that an entry belongs to, so that cost and release meet there."""
        document = self.document
        if not document and entry["res_id"] and entry["res_model"] in ("account.move", "account.payment"):
            # Who redeems points need not see journal entries; the distribution of this document alone is read.
            document = self.env[entry["res_model"]].sudo().browse(entry["res_id"]).exists()
        if document and document._name == "account.payment":
            document = (document.loyalty_origin_id or document).loyalty_move_id
        return document and document._name == "account.move" and document._loyalty_distribution()

    def _insert(self, rows):
        numbers = arrays.numbers
        entries = [self.entries[line[0]] for line, __, __ in rows]
        dates = [
            move.date if move else latest or self.entries[line[0]]["effective_date"] for line, move, latest in rows
        ]
        self.cr.execute(
            SQL(
                """
                INSERT INTO loyalty_valuation (program_id, company_id, lot_id, entry_id, consumption_id, move_id,
                                               account_id, date, effective_date, kind, amount, points)
                SELECT * FROM unnest(%s::int[], %s::int[], %s::int[], %s::int[], %s::int[], %s::int[], %s::int[],
                                     %s::date[], %s::date[], %s::text[], %s::numeric[], %s::numeric[])
                """,
                numbers([entry["program_id"] for entry in entries]),
                numbers([self.programs[entry["program_id"]].company_id.id for entry in entries]),
                numbers([line[1] for line, __, __ in rows]),
                numbers([line[0] for line, __, __ in rows]),
                numbers([line[2] for line, __, __ in rows]),
                numbers([move.id if move else None for __, move, __ in rows]),
                numbers(
                    [
                        (line[6][0] if line[6] else self.programs[entry["program_id"]].liability_account_id.id)
                        if move
                        else None
                        for entry, (line, move, __) in zip(entries, rows)
                    ]
                ),
                numbers(dates),
                numbers([entry["effective_date"] for entry in entries]),
                numbers([line[3] for line, __, __ in rows]),
                numbers([line[4] for line, __, __ in rows]),
                numbers([to_points(line[5]) for line, __, __ in rows]),
            )
        )
        self.env["loyalty.valuation"].invalidate_model(flush=False)


def post_moves(env, vals_list):
    """Create and post journal entries of the books of points, company by company; return them in order.

    In sudo: a cashier or an invoicing user redeems points, and the books follow without rights on journal entries.
    """
    if not vals_list:
        return env["account.move"]
    Move = env["account.move"].sudo().with_context(tracking_disable=True, skip_invoice_sync=True, mail_notrack=True)
    moves = Move.create(vals_list)
    moves._post(soft=False)
    return moves
