"""The lines of an import: what each does to a card, and posting them."""

import logging

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import ConcurrencyError, UserError

from ..ledger.settled import misses_entries
from ..tools.balance_checker import Checker
from .loyalty_balance_import import MODES
from .loyalty_card_adjust import MANAGER
from .loyalty_card_code import CardNumber, NumberText

_logger = logging.getLogger(__name__)


class LoyaltyBalanceImportLine(models.Model):
    """What one line of the file does to one card."""

    _name = "loyalty.balance.import.line"
    _description = "Line of a Loyalty Import"
    _order = "id"
    _log_access = False

    import_id = fields.Many2one("loyalty.balance.import", required=True, ondelete="cascade", index=True)
    number = fields.Integer("Line", readonly=True, aggregator=None)
    code = CardNumber("Card Number", readonly=True)
    customer = fields.Char("Customer in File", readonly=True)
    card_id = fields.Many2one(
        "loyalty.card", "Loyalty Card", readonly=True, ondelete="set null", index="btree_not_null"
    )
    partner_id = fields.Many2one("res.partner", "Customer", readonly=True, ondelete="set null")
    program_id = fields.Many2one("loyalty.program", "Program", readonly=True, ondelete="set null")
    card_code = CardNumber("Card", compute="_compute_card_code", compute_sudo=True)
    mode = fields.Selection(MODES, "Mode", readonly=True)
    points = fields.Float("Points in File", digits=(16, 4), readonly=True)
    expiration_date = fields.Date("Expires On", readonly=True)
    reason = fields.Char("Reason", readonly=True)
    who = fields.Json(readonly=True, help="Card and customer as named in the file.", groups=MANAGER)
    key = fields.Char("Key", readonly=True)
    is_new_card = fields.Boolean("New Card", readonly=True)
    before = fields.Float("Before", digits=(16, 4), readonly=True, aggregator=None)
    change = fields.Float("Change", digits=(16, 4), readonly=True)
    after = fields.Float("After", digits=(16, 4), readonly=True, aggregator=None)
    problem = NumberText("Problem", readonly=True)
    note = NumberText("Note", readonly=True)
    remark = NumberText("Remark", compute="_compute_remark", compute_sudo=True)
    state = fields.Selection(
        [("pending", "To import"), ("problem", "Problem"), ("skipped", "Nothing to change"), ("done", "Imported")],
        "Status",
        readonly=True,
        index=True,
    )

    _done_key_idx = models.Index("(key) WHERE state IN ('done', 'skipped')")

    @api.depends("card_id", "code")
    def _compute_card_code(self):
        for line in self:
            line.card_code = line.card_id.code or line.code

    @api.depends("problem", "note")
    def _compute_remark(self):
        for line in self:
            line.remark = line.problem or line.note

    def _read_group_groupby(self, alias, groupby_spec, query):
        self._check_number_expression(groupby_spec)
        return super()._read_group_groupby(alias, groupby_spec, query)

    def _read_group_select(self, aggregate_spec, query):
        self._check_number_expression(aggregate_spec)
        return super()._read_group_select(aggregate_spec, query)

    def _order_field_to_sql(self, alias, field_name, direction, nulls, query):
        if isinstance(self._fields.get(field_name), CardNumber) and not self.env["loyalty.card"]._may_read_codes():
            field_name = "id"
        return super()._order_field_to_sql(alias, field_name, direction, nulls, query)

    def _check_number_expression(self, spec):
        """Groups and sums would tell numbers of gift cards, as on the cards themselves."""
        if isinstance(self._fields.get(spec.partition(":")[0]), CardNumber):
            self.env["loyalty.card"]._check_code_expression("code")

    def _match_again(self, checker):
        """Find cards and customers again, as the check did and with the same rights; return ``{line: problem}``.

        Between check and import, numbers are issued, and cards change hands. No points go where the check did not say.
        """
        _, problems = self.env._, {}
        matches = checker.matcher.match([(line.who or {}, line.program_id.id) for line in self])
        for line, match in zip(self, matches):
            card = line.card_id
            if match.problem:
                problems[line] = match.problem
            elif card and match.card != card:
                problems[line] = _(
                    "Another card matches since the check: %s. Check the file again.", match.card.code or _("none")
                )
            elif line.code and not card and match.card:
                problems[line] = _("Card %s was issued since the check. Check the file again.", match.card.code)
            elif line.partner_id != match.partner and not (line.is_new_card and card):
                problems[line] = _("Another customer matches since the check. Check the file again.")
        return problems

    def _create_cards(self):
        """Create the cards that the check announced; lines of one card share it."""
        waiting = self.filtered(lambda line: not line.card_id)
        groups = waiting.grouped(lambda line: line.code or (line.program_id, line.partner_id))
        if not groups:
            return
        Card = self.env["loyalty.card"].with_context(tracking_disable=True, loyalty_no_mail=True)
        existing = {}
        nameless = waiting.filtered(lambda line: not line.code)
        for (partner, program), card in Card._default_cards(nameless.partner_id, waiting.program_id).items():
            if card.partner_id == partner:  # a card of the firm would be another one than the check announced
                existing[program, partner] = card
        missing = [(key, lines) for key, lines in groups.items() if key not in existing]
        created = Card.create(
            [
                {
                    "program_id": lines[0].program_id.id,
                    "partner_id": lines.partner_id[:1].id,
                    **({"code": key} if isinstance(key, str) else {}),
                }
                for key, lines in missing
            ]
        )
        existing.update((key, card) for (key, __), card in zip(missing, created))
        for key, lines in groups.items():
            lines.card_id = existing[key].id
        self._tell_later_lines(dict(zip(created.mapped("code"), created)))

    def _tell_later_lines(self, created):
        """Let the later lines of the file know the numbers that this import issued: nobody else did."""
        later = self.search(
            [
                ("import_id", "=", self.import_id.id),
                ("state", "=", "pending"),
                ("card_id", "=", False),
                ("code", "in", list(created)),
            ]
        )
        for code, lines in later.grouped("code").items():
            lines.card_id = created[code].id

    def _import(self):
        """Create the missing cards and post the lines in their order.

        Whatever fails is halved until the bad line is alone: the error is written there, and the others are imported.
        Conflicts with other transactions are raised: they are no line's fault.
        """
        try:
            with self.env.cr.savepoint():
                checker = Checker(self.import_id._as_requester())
                problems = self._match_again(checker)
                lines = self.filtered(lambda line: line not in problems)
                lines._create_cards()
                ops, results = lines._plan(checker)
                results.update(
                    (line, {"state": "problem", "problem": problem, "change": 0}) for line, problem in problems.items()
                )
                Card = self.env["loyalty.card"].with_context(tracking_disable=True)
                if self.import_id.kind == "opening":  # what customers had already is no news to them
                    Card = Card.with_context(loyalty_no_mail=True)
                Card._post_entries(ops)
                for line, vals in results.items():
                    line.write(vals)
        except (psycopg2.OperationalError, ConcurrencyError):
            raise
        # Whatever is wrong with one line must not keep the others, and later files, waiting.
        except Exception as error:  # pylint: disable=broad-exception-caught
            if len(self) == 1:
                self._raise_conflict(error)
                self.write({"state": "problem", "problem": self._problem_of(error), "change": 0})
                return
            half = len(self) // 2
            self[:half]._import()
            self[half:]._import()

    def _raise_conflict(self, error):
        """Have the import tried again where a line collides with what others posted since this transaction began.

        It cannot see that: a new try finds it, and the line is none that the database rejects.

        :raises odoo.exceptions.ConcurrencyError: calls and jobs try again by themselves
        """
        if isinstance(error, psycopg2.errors.UniqueViolation):
            programs = self.program_id | self.import_id.program_id
            if any(misses_entries(self.env.cr, self.env.registry, program.id) for program in programs):
                raise ConcurrencyError(f"Import {self.import_id.id} collides with newer transactions") from error

    def _problem_of(self, error):
        """Return what to write on a line that failed."""
        if isinstance(error, UserError):
            return str(error)
        if isinstance(error, psycopg2.IntegrityError):
            return self.env._("The database rejected this line: %s", self._sql_error_to_message(error))
        _logger.exception("Line %s of import %s failed", self.number, self.import_id.id, exc_info=error)
        return self.env._("This line could not be imported (%s). Details are in the log of the server.", error)

    def _plan(self, checker):
        """Return the movements of the lines, and what to write on each line once they are posted."""
        cards = self.card_id
        cards._refresh_ledger()  # locks the cards, so that "set" reaches its balance
        cards.invalidate_recordset(["points"])
        checker.load_cards(cards, refreshed=True)
        done = checker.done_keys(self.mapped("key"))
        ops, results = [], {}
        for line in self:
            if line.key in done:
                results[line] = {"state": "skipped", "change": 0}
                continue
            row = {"mode": line.mode, "points": line.points}
            checker.apply(row, line.card_id)
            if row["problem"]:
                results[line] = {"state": "problem", "problem": row["problem"], "change": 0}
                continue
            results[line] = {name: row[name] for name in ("before", "change", "after")}
            results[line]["state"] = "done"
            if row["change"]:
                ops.append(line._op(row["change"]))
        return ops, results

    def _op(self, change):
        record = self.import_id
        return {
            "card_id": self.card_id.id,
            "kind": record.kind,
            "points": change,
            "key": self.key,
            "document": (record._name, record.id),
            "reason": self.reason or record.reason or self.env._("Imported balance"),
            "overdraw": "refuse",
            **({"expiration_date": self.expiration_date} if change > 0 and self.expiration_date else {}),
        }
