"""Balances from a file: checked line by line first, then posted once, in batches."""

import base64
import binascii
import hashlib
import logging
from collections import defaultdict

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import SQL, email_normalize, get_lang, split_every

from ..models.loyalty_card_adjust import MANAGER
from ..tools import balance_file, jobs
from ..tools.today import loyalty_today
from ..tools.units import to_points, to_units
from ..tools.words import say_points

_logger = logging.getLogger(__name__)

#: Lines that one step checks or posts, and lines up to which an import does not wait for the job.
BATCH, AT_ONCE = 2000, 2000
INPUTS = {"data", "delimiter", "program_id", "mode", "kind", "expiration_date", "reason", "client", "create_missing"}
MODES = [("add", "Add"), ("set", "Set")]


class LoyaltyImportWizard(models.Model):
    """A file of balances. It stays, with its lines, as the record of what was imported."""

    _name = "loyalty.import.wizard"
    _description = "Import of Loyalty Balances"
    _inherit = "loyalty.approval.mixin"
    _order = "id desc"
    _rec_name = "file_name"

    file_name = fields.Char("File Name")
    data = fields.Binary("File", attachment=True, required=True)
    digest = fields.Char(readonly=True)
    delimiter = fields.Selection(
        [("auto", "Automatic"), (";", "Semicolon"), (",", "Comma"), ("\t", "Tab"), ("|", "Bar")],
        "Separator", required=True, default="auto",
    )  # fmt: skip
    program_id = fields.Many2one(
        "loyalty.program", "Program", domain=[("is_ledgered", "=", True)], help="For lines that name no program."
    )
    mode = fields.Selection(
        MODES, "Points Are", required=True, default="add", help="For lines that do not say whether to add or to set."
    )
    kind = fields.Selection(
        [("opening", "Opening balances"), ("adjust", "Adjustments")], "Post As", required=True, default="opening",
        help="Opening balances come from an older system; adjustments are corrections and grants.",
    )  # fmt: skip
    expiration_date = fields.Date("Points Expire On", help="For lines without a date. Empty: as the program says.")
    reason = fields.Char("Reason", help="For lines without a reason; the customer may read it: no personal data.")
    client = fields.Char(
        "Source", required=True, default="import",
        help="Name of the system that the keys in the file come from. A key is posted once per source.",
    )  # fmt: skip
    create_missing = fields.Boolean("Create Missing Cards", help="For numbers and customers that have no card yet.")
    skip_problems = fields.Boolean("Leave Out Lines With Problems")
    state = fields.Selection(
        [
            ("draft", "New"),
            ("checked", "Checked"),
            ("waiting", "Waiting for Approval"),
            ("approved", "Importing"),
            ("stopped", "Stopped"),
            ("done", "Done"),
            ("refused", "Refused"),
        ],
        "Status", required=True, default="draft", readonly=True, tracking=True,
    )  # fmt: skip
    has_keys = fields.Boolean(readonly=True)
    row_count = fields.Integer("Lines", readonly=True)
    pending_count = fields.Integer("To Import", readonly=True)
    problem_count = fields.Integer("With Problems", readonly=True)
    skipped_count = fields.Integer("Nothing to Change", readonly=True)
    done_count = fields.Integer("Imported", readonly=True)
    new_card_count = fields.Integer("New Cards", readonly=True)
    total_change = fields.Float("Change in Points", digits=(16, 4), readonly=True)
    progress = fields.Integer("Progress", compute="_compute_progress")
    company_id = fields.Many2one("res.company", readonly=True)
    line_ids = fields.One2many("loyalty.import.line", "import_id", "All Lines", readonly=True)
    problem_line_ids = fields.One2many(
        "loyalty.import.line", "import_id", "Lines With Problems", readonly=True, domain=[("state", "=", "problem")]
    )

    @api.depends("pending_count", "done_count")
    def _compute_progress(self):
        for record in self:
            total = record.pending_count + record.done_count
            record.progress = 100 * record.done_count // total if total else 0

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_inputs(vals)
        # A new import has no name before its file is chosen; a file that came without one has this.
        return super().create([{**vals, "file_name": vals.get("file_name") or "balances.csv"} for vals in vals_list])

    def write(self, vals):
        """What was checked is what gets imported: another file or option needs another check."""
        self._check_inputs(vals)
        if INPUTS & vals.keys():
            if any(record.state not in ("draft", "checked") for record in self):
                raise UserError(self.env._("This file was imported already, or is being imported; start a new import."))
            vals = {**vals, "state": "draft"}
        return super().write(vals)

    def _check_inputs(self, vals):
        """Status, approval and results are not for users to write, by RPC neither."""
        forbidden = vals.keys() & self._server_fields()
        if forbidden and not self.env.su:
            raise AccessError(self.env._("Only the import itself sets: %s.", ", ".join(sorted(forbidden))))

    def _server_fields(self):
        return super()._server_fields() | {"line_ids", "problem_line_ids"}

    @api.ondelete(at_uninstall=False)
    def _unlink_unless_done(self):
        if any(record.state in ("approved", "stopped", "done") for record in self):
            raise UserError(self.env._("Transactions came from this file; it cannot be deleted."))

    def action_view_lines(self):
        """Open the lines with search and groups, for large files."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Lines of %s", self.file_name or ""),
            "res_model": "loyalty.import.line",
            "views": [(False, "list")],
            "domain": [("import_id", "=", self.id)],
        }

    # --- dry run -------------------------------------------------------------------------------------------------

    def action_check(self):
        """Show line by line what the import would do. Cards and ledger are not touched."""
        self.ensure_one()
        self.env["loyalty.card"]._check_ledger_group(MANAGER)
        if self.state not in ("draft", "checked"):
            raise UserError(self.env._("This file was imported already, or is being imported."))
        try:
            content = base64.b64decode(self.with_context(bin_size=False).data or b"")
        except binascii.Error as error:
            raise ValidationError(self.env._("The file did not arrive in one piece; upload it again.")) from error
        self.env.cr.execute(SQL("DELETE FROM loyalty_import_line WHERE import_id = %s", self.id))
        self.env["loyalty.import.line"].invalidate_model(flush=False)
        self.sudo().digest = hashlib.sha256(content).hexdigest()[:24]
        Line = self.env["loyalty.import.line"].sudo()  # lines are written by the check and the import only
        checker = _Checker(self)
        for rows in split_every(BATCH, self._read_file(content), list):
            Line.create(checker.check(rows))
            self.env.invalidate_all()  # a large file must not fill the cache with all its cards
        company = self.env["loyalty.program"].browse(checker.program_ids).company_id
        self.sudo().write(
            {
                "state": "checked",
                "has_keys": checker.has_keys,
                "new_card_count": len(checker.new_cards),
                "company_id": company.id if len(company) == 1 else False,
            }
        )
        self._count()
        return True

    def _read_file(self, content):
        _ = self.env._
        try:
            yield from balance_file.read_rows(content, None if self.delimiter == "auto" else self.delimiter)
        except balance_file.FileError as error:
            code, *details = error.args
            raise ValidationError(
                {
                    "empty": _("The file is empty."),
                    "twice": _("Two columns mean the same: %s.", details),
                    "no_points": _(
                        "No column is named “points”. The first line must name the columns; it is: %s.", details
                    ),
                    "no_card": _(
                        "No column is named “card” or “customer”. The first line must name the columns; it is: %s.",
                        details,
                    ),
                }[code]
            ) from error

    def _count(self):
        counts = dict(
            self.env["loyalty.import.line"]._read_group([("import_id", "=", self.id)], ["state"], ["__count"])
        )
        changes = dict(
            self.env["loyalty.import.line"]._read_group([("import_id", "=", self.id)], ["state"], ["change:sum"])
        )
        self.sudo().write(
            {
                "row_count": sum(counts.values()),
                "pending_count": counts.get("pending", 0),
                "problem_count": counts.get("problem", 0),
                "skipped_count": counts.get("skipped", 0),
                "done_count": counts.get("done", 0),
                "total_change": changes.get("pending", 0) + changes.get("done", 0),
            }
        )

    # --- import --------------------------------------------------------------------------------------------------

    def action_import(self):
        """Import what was checked: at once, by the job for large files, or after a second manager's approval."""
        self.ensure_one()
        self.env["loyalty.card"]._check_ledger_group(MANAGER)
        if self.state == "draft":
            self.action_check()
        if self.state != "checked":
            return True
        if self.problem_count and not self.skip_problems:
            raise ValidationError(
                self.env._(
                    "%s lines have problems. Correct the file, or choose to leave these lines out.", self.problem_count
                )
            )
        if self.kind == "adjust" and not (self.reason or "").strip() and self._lacks_reason():
            raise ValidationError(self.env._("Adjustments need a reason: fill it in here or in the file."))
        record = self.sudo()  # the group was checked; status and requester are not for users to write
        record.requester_id = self.env.user
        if self._needs_approval():
            record.state = "waiting"
            record._ask_approval()
        else:
            record.state = "approved"
            self._approved()
        return True

    def _lacks_reason(self):
        return bool(
            self.env["loyalty.import.line"].search_count(
                [("import_id", "=", self.id), ("state", "=", "pending"), ("reason", "=", False)], limit=1
            )
        )

    def _needs_approval(self):
        """Return whether the lines, with what the user gave to their customers within a day, exceed the limit (N10)."""
        if not self.env["res.company"]._has_loyalty_limits():
            return False
        rows = self.env.execute_query(
            SQL(
                """
                SELECT program_id, (sum(abs(change)) * 10000)::bigint FROM loyalty_import_line
                 WHERE import_id = %s AND state = 'pending' AND change <> 0 GROUP BY program_id
                """,
                self.id,
            )
        )
        Program, Card = self.env["loyalty.program"].sudo(), self.env["loyalty.card"]
        cards = SQL(
            """
            SELECT COALESCE(c.points_to_id, c.id) FROM loyalty_import_line l JOIN loyalty_card c ON c.id = l.card_id
             WHERE l.import_id = %s AND l.state = 'pending' AND l.change <> 0
            """,
            self.id,
        )
        # Lines of a customer who gets a new card have none yet.
        owners = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT p.commercial_partner_id FROM loyalty_import_line l JOIN res_partner p ON p.id = l.partner_id
                 WHERE l.import_id = %s AND l.state = 'pending' AND l.change <> 0 AND l.card_id IS NULL
                """,
                self.id,
            )
        )
        giving = {Program.browse(program_id): units for program_id, units in rows}
        return Card._exceeds_limit(giving, cards, [owner for (owner,) in owners if owner])

    def _approved(self):
        """Post small files at once; large ones go to the job, which can stop and go on."""
        record = self.sudo().with_user(self.requester_id).sudo()  # the ledger names who asked for it
        if record.pending_count <= AT_ONCE:
            while record._import_batch():
                pass
        else:
            self.env.ref("loyalty_ledger.cron_import").sudo()._trigger()

    def action_stop(self):
        """Stop an import that is running in the background. What was imported stays; the rest can go on later."""
        self.env["loyalty.card"]._check_ledger_group(MANAGER)
        self.check_access("write")
        self.sudo().filtered(lambda record: record.state == "approved").state = "stopped"  # the group was checked
        return True

    def action_continue(self):
        """Go on with an import that was stopped, where it stopped."""
        self.env["loyalty.card"]._check_ledger_group(MANAGER)
        self.check_access("write")
        stopped = self.sudo().filtered(lambda record: record.state == "stopped")  # the group was checked
        stopped.state = "approved"
        if stopped:
            self.env.ref("loyalty_ledger.cron_import").sudo()._trigger()
        return True

    @api.model
    def _cron_import(self):
        """Go on with large files, batch by batch; an interrupted run goes on where it stopped.

        What fails lands on its line, and a file that cannot go on now does not keep the others waiting.
        """
        ids = self.search([("state", "=", "approved")], order="id").ids
        self.env["ir.cron"]._commit_progress()
        for record in self.browse(ids):
            try:
                while left := jobs.run_batch(self.env, record._import_in_job):
                    if left < 0:
                        return  # no time is left
            except Exception:  # pylint: disable=broad-exception-caught
                self.env.cr.rollback()
                _logger.exception("Import %s failed, the next run tries again", record.id)
                continue
            if left is None:
                _logger.info("Import %s: others were faster, the next run goes on", record.id)

    def _import_in_job(self):
        """Import and commit the next batch; return how many lines are left, -1 where there is no time for them."""
        if not self.exists() or self.state != "approved":  # somebody stopped it
            return 0
        record = self.with_user(self.requester_id or self.env.user).sudo()  # the ledger names who asked for it
        done = record._import_batch()
        left = record.pending_count
        time = self.env["ir.cron"]._commit_progress(done, remaining=left)
        return left if time or not left else -1

    def _import_batch(self):
        """Post the next lines and return their number; 0 when the import is done."""
        self.ensure_one()
        lines = self.env["loyalty.import.line"].search(
            [("import_id", "=", self.id), ("state", "=", "pending")], limit=BATCH, order="id"
        )
        if lines:
            lines._import()
            self.env.invalidate_all()
        self._count()
        if not self.pending_count:
            self.state = "done"
        return len(lines)


class LoyaltyImportLine(models.Model):
    """What one line of the file does to one card."""

    _name = "loyalty.import.line"
    _description = "Line of a Loyalty Import"
    _order = "id"
    _log_access = False

    import_id = fields.Many2one("loyalty.import.wizard", required=True, ondelete="cascade", index=True)
    number = fields.Integer("Line", readonly=True, aggregator=None)
    code = fields.Char("Card Number", readonly=True)
    customer = fields.Char("Customer in File", readonly=True)
    card_id = fields.Many2one(
        "loyalty.card", "Loyalty Card", readonly=True, ondelete="set null", index="btree_not_null"
    )
    partner_id = fields.Many2one("res.partner", "Customer", readonly=True, ondelete="set null")
    program_id = fields.Many2one("loyalty.program", "Program", readonly=True, ondelete="set null")
    card_code = fields.Char("Card", compute="_compute_card_code")
    mode = fields.Selection(MODES, "Mode", readonly=True)
    points = fields.Float("Points in File", digits=(16, 4), readonly=True)
    expiration_date = fields.Date("Expires On", readonly=True)
    reason = fields.Char("Reason", readonly=True)
    key = fields.Char("Key", readonly=True)
    is_new_card = fields.Boolean("New Card", readonly=True)
    before = fields.Float("Before", digits=(16, 4), readonly=True, aggregator=None)
    change = fields.Float("Change", digits=(16, 4), readonly=True)
    after = fields.Float("After", digits=(16, 4), readonly=True, aggregator=None)
    problem = fields.Char("Problem", readonly=True)
    state = fields.Selection(
        [("pending", "To import"), ("problem", "Problem"), ("skipped", "Nothing to change"), ("done", "Imported")],
        "Status", readonly=True, index=True,
    )  # fmt: skip

    _done_key_idx = models.Index("(key) WHERE state IN ('done', 'skipped')")

    @api.depends("card_id", "code")
    def _compute_card_code(self):
        for line in self:
            line.card_code = line.card_id.code or line.code

    def _create_cards(self):
        """Create the cards that the check announced; lines of one card share it."""
        waiting = self.filtered(lambda line: not line.card_id)
        groups = waiting.grouped(lambda line: line.code or (line.program_id, line.partner_id))
        if not groups:
            return
        Card = self.env["loyalty.card"].with_context(tracking_disable=True, loyalty_no_mail=True)
        codes = [key for key in groups if isinstance(key, str)]
        existing = {card.code: card for card in Card.with_context(active_test=False).search([("code", "in", codes)])}
        partners = waiting.filtered(lambda line: not line.code).partner_id
        programs = waiting.program_id
        for card in Card.search(
            [("partner_id", "in", partners.ids), ("program_id", "in", programs.ids), ("closed", "=", False),
             ("points_to_id", "=", False)], order="is_default, id desc",
        ):  # fmt: skip
            existing[card.program_id, card.partner_id] = card
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

    def _import(self):
        """Create the missing cards and post the lines in their order.

        Whatever fails is halved until the bad line is alone: the error is written there, and the others are imported.
        Conflicts with other transactions are raised: they are no line's fault.
        """
        try:
            with self.env.cr.savepoint():
                self._create_cards()
                ops, results = self._plan()
                self.env["loyalty.card"].with_context(tracking_disable=True)._post_entries(ops)
                for line, vals in results.items():
                    line.write(vals)
        except psycopg2.OperationalError:
            raise
        # Whatever is wrong with one line must not keep the others, and later files, waiting.
        except Exception as error:  # pylint: disable=broad-exception-caught
            if len(self) == 1:
                self.write({"state": "problem", "problem": self._problem_of(error), "change": 0})
                return
            half = len(self) // 2
            self[:half]._import()
            self[half:]._import()

    def _problem_of(self, error):
        """Return what to write on a line that failed."""
        if isinstance(error, UserError):
            return str(error)
        if isinstance(error, psycopg2.IntegrityError):
            return self.env._("The database refuses this line: %s", self._sql_error_to_message(error))
        _logger.exception("Line %s of import %s failed", self.number, self.import_id.id, exc_info=error)
        return self.env._("This line could not be imported (%s). Details are in the log of the server.", error)

    def _plan(self):
        """Return the movements of the lines, and what to write on each line once they are posted."""
        cards = self.card_id
        cards._refresh_ledger()  # locks the cards, so that "set" reaches its balance
        cards.invalidate_recordset(["points"])
        checker = _Checker(self.import_id)
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


class _Checker:
    """Look-ups for many lines at once, and the balances as the lines before would leave them."""

    def __init__(self, record):
        self.record = record
        self.env = record.env
        self.has_keys = False
        self.new_cards = {}
        self.announced = {}
        self.seen_keys = {}
        self.states = {}
        self.program_ids = set()
        self.promotion_codes = set()
        lang = get_lang(self.env)
        self.date_formats = [lang.date_format]
        self.programs = defaultdict(lambda: self.env["loyalty.program"])
        for program in self.env["loyalty.program"].search([("is_ledgered", "=", True)]):
            self.programs[program.name.strip().lower()] |= program

    # --- one batch of lines --------------------------------------------------------------------------------------

    def check(self, rows):
        """Return the values of the import lines for ``(number, cells)`` pairs."""
        lines = [self._parse(number, cells) for number, cells in rows]
        self._find_cards(lines)
        done = self.done_keys([line["key"] for line in lines])
        for line in lines:
            self._judge(line, done)
            line.pop("card_record", None)
        return lines

    def _parse(self, number, cells):
        _, record = self.env._, self.record
        line = {
            "import_id": record.id, "number": number, "problem": False,
            "code": cells.get("card") or False, "customer": cells.get("customer") or False,
            "program_id": record.program_id.id, "mode": record.mode, "points": 0.0,
            "expiration_date": record.expiration_date, "reason": cells.get("reason") or False,
        }  # fmt: skip
        if cells.get("key"):
            self.has_keys = True
            line["key"] = f"ext:{record.client.strip()}:{cells['key']}"
        else:
            line["key"] = f"ext:{record.client.strip()}:{record.digest}:{number}"
        if cells.get("program"):
            programs = self.programs[cells["program"].strip().lower()]
            line["program_id"] = programs.id if len(programs) == 1 else False
            if len(programs) != 1:
                line["problem"] = _(
                    "Column program: %(count)s programs with a points ledger are named “%(name)s”.",
                    count=len(programs) or _("no"),
                    name=cells["program"],
                )
        mode = (cells.get("mode") or "").strip().lower()
        if mode in ("add", "set"):
            line["mode"] = mode
        elif mode:
            line["problem"] = _("Column mode: “%s” is neither add nor set.", cells["mode"])
        try:
            line["points"] = to_points(to_units(balance_file.parse_points(cells.get("points") or "")))
        except (ValueError, OverflowError):
            line["problem"] = _("Column points: “%s” is not a clear number; write 1234.5.", cells.get("points") or "")
        if cells.get("expiration_date"):
            try:
                line["expiration_date"] = balance_file.parse_date(cells["expiration_date"], self.date_formats)
            except ValueError:
                line["problem"] = _(
                    "Column expiry date: “%s” is not a date; write 2026-12-31.", cells["expiration_date"]
                )
        if not line["code"] and not line["customer"]:
            line["problem"] = _("Columns card and customer: both are empty.")
        return line

    def _find_cards(self, lines):
        """Find the cards by number, else by customer and program, in a handful of queries."""
        Card = self.env["loyalty.card"]
        by_code = {
            card.code: card
            for card in Card.with_context(active_test=False).search(
                [("code", "in", [line["code"] for line in lines if line["code"]])]
            )
        }
        new_codes = {line["code"] for line in lines if line["code"]} - by_code.keys()
        promotions = self.env["loyalty.rule"].search_fetch(
            [("mode", "=", "with_code"), ("code", "in", list(new_codes))], ["code"]
        )
        self.promotion_codes = {*promotions.mapped("code")}
        partners = self._find_partners({line["customer"] for line in lines if line["customer"]})
        found = self.env["res.partner"].union(*partners.values())
        owners = found | found.commercial_partner_id
        by_owner = {}
        programs = {line["program_id"] for line in lines if line["program_id"]}
        self.program_ids |= programs
        for card in Card.search(
            [("partner_id", "in", owners.ids), ("program_id", "in", list(programs)), ("closed", "=", False),
             ("points_to_id", "=", False)], order="is_default, id desc",
        ):  # fmt: skip
            by_owner[card.partner_id, card.program_id.id] = card
        cards = Card
        for line in lines:
            if line["problem"]:
                continue
            card, partner = self._match(line, by_code, partners, by_owner)
            line["card_record"] = card
            line["partner_id"] = (card.partner_id or partner).id
            if line.get("is_new_card") and partner:
                # A customer's later lines mean the card that an earlier line of the file brings.
                announced = self.announced.setdefault((partner, line["program_id"]), line["code"])
                line["code"] = line["code"] or announced
            if card:
                line.update(card_id=card.id, program_id=card.program_id.id)
                cards |= card
        self.load_cards(cards.filtered(lambda card: card.id not in self.states))

    def _match(self, line, by_code, partners, by_owner):
        _ = self.env._
        no_card, partner = self.env["loyalty.card"], self.env["res.partner"]
        if line["customer"]:
            partner = partners[line["customer"]]
            if len(partner) > 1:
                line["problem"] = _(
                    "Column customer: %(count)s customers fit “%(text)s”; use the reference or the card number.",
                    count=len(partner),
                    text=line["customer"],
                )
                return no_card, partner[:0]
            if not partner:
                line["problem"] = _(
                    "Column customer: no customer has the reference, e-mail or name “%s”.", line["customer"]
                )
                return no_card, partner
        if line["code"]:
            card = by_code.get(line["code"], no_card)
            if (
                card
                and partner
                and card.partner_id
                and card.partner_id.commercial_partner_id != partner.commercial_partner_id
            ):
                line["problem"] = _("Column card: card %s belongs to another customer.", card.code)
            elif card and line["program_id"] and card.program_id.id != line["program_id"]:
                line["problem"] = _("Column card: card %(code)s belongs to program %(program)s.", code=card.code,
                                    program=card.program_id.name)  # fmt: skip
            elif not card:
                self._need_new_card(line, _("Column card: no card has the number %s.", line["code"]))
            return card, partner
        if not line["program_id"]:
            line["problem"] = _("Column program: name the program, or choose one for the whole file.")
            return no_card, partner
        card = by_owner.get((partner, line["program_id"])) or by_owner.get(
            (partner.commercial_partner_id, line["program_id"]), no_card
        )
        if not card:
            self._need_new_card(line, _("Column customer: %s has no open card in the program.", partner.display_name))
        return card, partner

    def _need_new_card(self, line, problem):
        if not self.record.create_missing:
            line["problem"] = problem
        elif not line["program_id"]:
            line["problem"] = self.env._(
                "Column program: name the program of the new card, or choose one for the file."
            )
        elif line["code"] in self.promotion_codes:
            line["problem"] = self.env._(
                "Column card: a promotion has the code %s, so no card can have this number.", line["code"]
            )
        else:
            line["is_new_card"] = True

    def _find_partners(self, texts):
        """Return ``{text: customers}`` by reference, else e-mail, else name."""
        Partner = self.env["res.partner"]
        result = dict.fromkeys(texts, Partner)
        open_texts = set(texts)
        for field, normal in (("ref", str), ("email_normalized", email_normalize), ("name", str)):
            wanted = {text: normal(text) for text in open_texts}
            values = [value for value in wanted.values() if value]
            if not values:
                continue
            found = defaultdict(lambda: Partner)
            for partner in Partner.search([(field, "in", values)]):
                found[partner[field]] |= partner
            for text, value in wanted.items():
                if value in found:
                    result[text] = found[value]
                    open_texts.discard(text)
        return result

    # --- balances ------------------------------------------------------------------------------------------------

    def load_cards(self, cards, refreshed=False):
        """Remember balance and available points of cards, to change them line by line."""
        balances = cards.sudo()._balances_now()
        for card in cards:
            __, __, lapsed, available = balances.get(card.id, (0, 0, 0, 0))
            balance = to_units(card.points) - (0 if refreshed else to_units(lapsed))
            self.states[card.id] = [balance, to_units(available)]

    def apply(self, row, card, key=None):
        """Put before, change, after and problem into ``row`` and remember the balance it leaves.

        :param card: the card, or an empty record for one that will be created, which ``key`` then names
        """
        state = self.states[card.id] if card else self.new_cards.setdefault(key, [0, 0])
        before = state[0]
        change = to_units(row["points"]) - (before if row["mode"] == "set" else 0)
        row.update(before=to_points(before), change=0.0, after=to_points(before), problem=False)
        if row["mode"] == "set" and row["points"] < 0:
            row["problem"] = self.env._("Column points: a balance cannot be set below zero.")
        elif card:
            today = loyalty_today(self.env, card.company_id)
            row["problem"] = card._adjustment_problem(card, row["mode"], change, state[1], today)
        elif change < 0 and -change > state[1]:
            row["problem"] = self.env._("Column points: the card would go below zero.")
        if row["problem"]:
            return
        state[0] += change
        state[1] = max(0, state[1] + change)
        row.update(change=to_points(change), after=to_points(state[0]))

    def done_keys(self, keys):
        """Return ``{key: points posted}``; None as points: imported before without a change."""
        self.env["loyalty.import.line"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT key, NULL FROM loyalty_import_line WHERE state = 'done' AND key = ANY(%(keys)s)
                 UNION ALL
                SELECT idempotency_key, points FROM loyalty_ledger_entry WHERE idempotency_key = ANY(%(keys)s)
                """,
                keys=list(keys),
            )
        )
        return dict(rows)

    def _judge(self, line, done):
        _ = self.env._
        card = line.get("card_record", self.env["loyalty.card"])
        first = self.seen_keys.setdefault(line["key"], line["number"])
        if not line["problem"] and first != line["number"]:
            line["problem"] = _("Column key: line %s has the same key.", first)
        if not line["problem"] and line["key"] in done:
            posted = done[line["key"]]
            if posted is not None and line["mode"] == "add" and to_units(posted) != to_units(line["points"]):
                line["problem"] = _("Column key: it was imported before with %s points.", say_points(self.env, posted))
            else:
                line.update(state="skipped", is_new_card=False)
                if card:
                    balance = to_points(self.states[card.id][0])
                    line.update(before=balance, after=balance)
                return
        if not line["problem"]:
            today = loyalty_today(self.env, card.company_id)
            if line["expiration_date"] and line["expiration_date"] < today:
                line["problem"] = _("Column expiry date: %s is past.", line["expiration_date"])
        if not line["problem"]:
            self.apply(line, card, line["code"] or (line["program_id"], line.get("partner_id")))
        line["state"] = "problem" if line["problem"] else "pending"
