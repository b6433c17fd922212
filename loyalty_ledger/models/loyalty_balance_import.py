"""Balances from a file: checked line by line first, then posted once, in batches."""

import base64
import binascii

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL, split_every

from ..ledger.rounding import TOTAL_LIMIT
from ..tools import balance_columns, balance_file
from ..tools.balance_checker import Checker
from ..tools.balance_reader import ENCODINGS, say_fault
from ..tools.balance_table import Table
from ..tools.trusted import by_server
from .loyalty_card_adjust import MANAGER
from .loyalty_dashboard import as_id

#: Lines that one step checks or posts.
BATCH = 2000
INPUTS = {
    "data",
    "delimiter",
    "encoding",
    "sheet",
    "column_chosen",
    "program_id",
    "mode",
    "kind",
    "expiration_date",
    "reason",
    "client",
    "create_missing",
    "import_again",
    "number_style",
    "date_style",
    "unit",
    "column_ids",
}
MODES = [("add", "Add"), ("set", "Set")]


class LoyaltyBalanceImport(models.Model):
    """A file of balances. It stays, with its lines, as the record of what was imported."""

    _name = "loyalty.balance.import"
    _description = "Import of Loyalty Balances"
    _inherit = ["loyalty.values.mixin", "loyalty.approval.mixin"]
    _order = "id desc"
    _rec_name = "file_name"
    file_name = fields.Char("File Name")
    # Numbers of gift cards may stand in it, so auditors read the lines only; the digest proves which file it was.
    data = fields.Binary("File", attachment=True, required=True, groups=MANAGER)
    digest = fields.Char(readonly=True)
    delimiter = fields.Selection(
        [("auto", "Automatic"), (";", "Semicolon"), (",", "Comma"), ("\t", "Tab"), ("|", "Bar")],
        "Separator",
        required=True,
        default="auto",
    )
    encoding = fields.Selection(
        ENCODINGS,
        required=True,
        default="auto",
        help="Character set of a text file. Automatic: it is detected; if several are possible, you are asked.",
    )
    sheet = fields.Char(help="Name of the sheet of a spreadsheet. Empty: the first one whose columns are known.")
    is_sheet = fields.Boolean(readonly=True)
    column_chosen = fields.Boolean(help="The user has chosen which of several balance columns to import.")
    program_id = fields.Many2one(
        "loyalty.program",
        "Program",
        domain=[("is_ledgered", "=", True)],
        default=lambda self: self._default_program(),
        help="For lines that name no program.",
    )
    mode = fields.Selection(
        MODES, "Points Are", required=True, default="add", help="For lines that do not say whether to add or to set."
    )
    kind = fields.Selection(
        [("opening", "Opening balances"), ("adjust", "Adjustments")],
        "Post As",
        required=True,
        default="opening",
        help="Opening balances come from an older system; adjustments are corrections and grants.",
    )
    expiration_date = fields.Date("Points Expire On", help="For lines without a date. Empty: as the program says.")
    reason = fields.Char(
        "Reason",
        help="For lines without a reason. Empty: “Imported balance”. Customers can see it: enter no personal data.",
    )
    client = fields.Char(
        "Source",
        required=True,
        default="import",
        help="Name of the system that the keys in the file come from. A key is posted once per source.",
    )
    create_missing = fields.Boolean(
        "Create Missing Cards",
        help="Numbers and customers that have no card yet get one. How many cards that would be is shown by the check, and "
        "they are issued only with Import and Issue New Cards. Not ticked: their lines are problems, which shows numbers "
        "that are mistyped.",
    )
    import_again = fields.Boolean(
        "Import Again",
        help="Also import lines that say the same as lines that were imported before from another file, such as next "
        "month's balances. Lines with a key of their own are never imported twice.",
    )
    number_style = fields.Selection(
        [("auto", "Automatic"), ("point", "1,234.50"), ("comma", "1.234,50")],
        "Numbers",
        required=True,
        default="auto",
        help="Automatic: detected from all numbers of the column. If they can be read in two ways, you are asked.",
    )
    date_style = fields.Selection(
        [("auto", "Automatic"), ("dmy", "Day/Month/Year"), ("mdy", "Month/Day/Year")],
        "Dates",
        required=True,
        default="auto",
        help="Automatic: detected from all dates of the column. If they can be read in two ways, you are asked.",
    )
    unit = fields.Selection(
        [("auto", "Automatic"), ("points", "Points"), ("money", "Money")],
        "Balances In",
        required=True,
        default="auto",
        help="Money is converted to points at the point value.",
    )
    encoding_question = fields.Char(readonly=True)
    column_question = fields.Char(readonly=True)
    number_question = fields.Char(readonly=True)
    date_question = fields.Char(readonly=True)
    unit_question = fields.Char(readonly=True)
    notes = fields.Text("About This File", readonly=True)
    scope = fields.Json(
        readonly=True,
        help="Companies that were selected when the file was checked: only their cards and customers are searched.",
    )
    column_ids = fields.One2many("loyalty.balance.import.column", "import_id", "Columns")
    skip_problems = fields.Boolean("Skip Lines With Problems")
    state = fields.Selection(
        [
            ("draft", "New"),
            ("checked", "Checked"),
            ("waiting", "Waiting for Approval"),
            ("approved", "Importing"),
            ("stopped", "Stopped"),
            ("done", "Done"),
            ("refused", "Refused"),
            ("withdrawn", "Withdrawn"),
        ],
        "Status",
        required=True,
        default="draft",
        readonly=True,
        tracking=True,
    )
    has_keys = fields.Boolean(readonly=True)
    row_count = fields.Integer("Lines", readonly=True)
    pending_count = fields.Integer("To Import", readonly=True)
    problem_count = fields.Integer("With Problems", readonly=True)
    skipped_count = fields.Integer("Nothing to Change", readonly=True)
    done_count = fields.Integer("Imported", readonly=True)
    new_card_count = fields.Integer("New Cards", readonly=True)
    total_change = fields.Float("Total Change", digits=(16, 4), readonly=True)
    change_by_program = fields.Json(readonly=True)
    change_text = fields.Char("Change in Points", compute="_compute_change_text", help="Total of each program.")
    progress = fields.Integer("Progress", compute="_compute_progress")
    company_id = fields.Many2one("res.company", readonly=True)
    line_ids = fields.One2many("loyalty.balance.import.line", "import_id", "All Lines", readonly=True)
    problem_line_ids = fields.One2many(
        "loyalty.balance.import.line",
        "import_id",
        "Lines With Problems",
        readonly=True,
        domain=[("state", "=", "problem")],
    )

    @api.depends("pending_count", "done_count")
    def _compute_progress(self):
        for record in self:
            total = record.pending_count + record.done_count
            record.progress = 100 * record.done_count // total if total else 0

    @api.depends("change_by_program", "total_change", "program_id")
    @api.depends_context("lang")
    def _compute_change_text(self):
        ids = {int(id_) for record in self for id_ in record.change_by_program or {}}
        # access: names of points; the files are the reader's. A program may be gone by now.
        programs = {program.id: program for program in self.env["loyalty.program"].sudo().browse(ids).exists()}
        for record in self:
            changes = {int(id_): change for id_, change in (record.change_by_program or {}).items()}
            known = {programs[id_]: change for id_, change in changes.items() if id_ in programs}
            if not changes and record.program_id:
                # A file that was checked before its programs were kept apart.
                known = {record.program_id.sudo(): record.total_change}
            record.change_text = record.program_id._say_points_of_each(known)

    @api.model
    def _default_program(self):
        """Return the only program in which customers collect points, or none where there is a choice."""
        programs = self.env["loyalty.program"].search(
            [("is_ledgered", "=", True), ("program_type", "=", "loyalty")], limit=2
        )
        return programs if len(programs) == 1 else programs[:0]

    @api.model_create_multi
    def create(self, vals_list):
        # A new import has no name before its file is chosen; a file that came without one has this.
        records = super().create([{**vals, "file_name": vals.get("file_name") or "balances.csv"} for vals in vals_list])
        for record in records:
            record._find_columns()
        return records

    def write(self, vals):
        """What was checked is what gets imported: another file or option needs another check."""
        self._check_server_fields(vals)
        if INPUTS & vals.keys():
            if any(record.state not in ("draft", "checked") for record in self):
                raise UserError(self.env._("This file was imported already, or is being imported; start a new import."))
            result = super(LoyaltyBalanceImport, by_server(self)).write({**vals, "state": "draft"})
        else:
            result = super().write(vals)
        if {"data", "delimiter", "encoding", "sheet"} & vals.keys():
            for record in self:
                record._find_columns()
        return result

    def _change_columns(self):
        """Another column needs another check; what was imported stays as it was read."""
        self.check_access("write")
        if any(record.state not in ("draft", "checked") for record in self):
            raise UserError(self.env._("This file was imported already, or is being imported; start a new import."))
        # The access was checked; the status is not for users to write.
        self.sudo().write({"state": "draft", "column_chosen": True})

    @api.model
    def _server_fields(self):
        """Status, approval and results."""
        return super()._server_fields() | {"line_ids", "problem_line_ids"}

    @api.ondelete(at_uninstall=False)
    def _unlink_unless_done(self):
        if any(record.state in ("approved", "stopped", "done") for record in self):
            raise UserError(self.env._("Transactions were imported from this file, so it cannot be deleted."))

    def action_view_lines(self):
        """Open the lines with search and groups, for large files."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Lines of %s", self.file_name or ""),
            "res_model": "loyalty.balance.import.line",
            "views": [(False, "list"), (False, "kanban")],
            "domain": [("import_id", "=", self.id)],
        }

    # --- dry run -------------------------------------------------------------------------------------------------

    @api.model
    def upload_file(self, name, data, program_id=False):
        """Make an import of a file that was uploaded in the list, check it at once where its program is known, and open it.

        :param data: content of the file, base64
        :param program_id: program of lines that name none; False: the default, or the file says it
        :return: the action that opens the import; what is wrong with the file as a whole is said beside it
        :raises odoo.exceptions.UserError: if there is nothing in the file
        """
        self.env["loyalty.card"]._check_ledger_group(MANAGER)
        if not data:
            shown = str(name or "").replace("\0", "")
            raise UserError(self.env._("The file %s is empty. Export it again, and upload it then.", shown))
        program = self.env["loyalty.program"].browse(as_id(program_id) or None).exists()
        chosen = {"program_id": program.id} if program else {}
        record = self.create({"file_name": name, "data": data, **chosen})
        action = {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": record.id,
            "views": [(False, "form")],
        }
        if not record.program_id and "program" not in record.column_ids.mapped("role"):
            return action
        try:
            with self.env.cr.savepoint():
                record.action_check()
        except UserError as error:  # the columns can be chosen, or another file, once the import is open
            params = {"type": "warning", "message": str(error), "sticky": True, "next": action}
            return {"type": "ir.actions.client", "tag": "display_notification", "params": params}
        return action

    def action_check(self):
        """Show line by line what the import would do. Cards and ledger are not touched."""
        self.ensure_one()
        self.env["loyalty.card"]._check_ledger_group(MANAGER)
        if self.state not in ("draft", "checked"):
            raise UserError(self.env._("This file was imported already, or is being imported."))
        table = self._read_table()
        self.env.cr.execute(SQL("DELETE FROM loyalty_balance_import_line WHERE import_id = %s", self.id))
        self.env["loyalty.balance.import.line"].invalidate_model(flush=False)
        self.sudo().digest = table.digest
        Line = self.env["loyalty.balance.import.line"].sudo()  # lines are written by the check and the import only
        roles = self._roles()
        reading = table.reading(self, roles)
        checker = Checker(self, reading.styles)
        for rows in split_every(BATCH, table.lines(roles), list):
            Line.create(checker.check(rows))
            self.env.invalidate_all()  # a large file must not fill the cache with all its cards
        company = self.env["loyalty.program"].browse(checker.program_ids).company_id
        self.sudo().write(
            {
                "state": "checked",
                "has_keys": checker.has_keys,
                "new_card_count": len(checker.new_cards),
                "company_id": company.id if len(company) == 1 else False,
                "scope": self.env.companies.ids,
                "notes": "\n".join([*table.notes(self, roles), *checker.notes()]),
                **reading.questions,
            }
        )
        self._count()
        return True

    def action_answer(self):
        """Read the file as the user has chosen: the context names what was asked, and the answer."""
        self.ensure_one()
        answer = self.env.context.get("answer") or {}
        names = ("number_style", "date_style", "unit", "column_chosen", "encoding", "create_missing")
        answers = {name: answer[name] for name in names if name in answer}
        if answers.get("encoding") == "keep":
            answers["encoding"] = self._read_table().decoded.encoding
        self.write(answers)
        return self.action_check()

    def _read_table(self):
        """Return the lines of the file.

        :raises odoo.exceptions.ValidationError: for what cannot be read
        """
        _ = self.env._
        try:
            content = base64.b64decode(self.with_context(bin_size=False).data or b"")
        except binascii.Error as error:
            raise ValidationError(_("The file did not arrive in one piece; upload it again.")) from error
        try:
            return Table(
                self.env,
                content,
                None if self.delimiter == "auto" else self.delimiter,
                None if self.encoding == "auto" else self.encoding,
                self.sheet,
            )
        except balance_file.FileError as error:
            raise ValidationError(say_fault(self.env, *error.args, sheet=self.sheet)) from error

    def _find_columns(self):
        """Write down which columns the file has, and what they seem to be; the user can say it better.

        What is wrong with the file is said by the check.
        """
        record = self.sudo()  # what the file says is not for users to write
        chosen = {(column.position, column.name): column.role for column in record.column_ids}
        record.column_ids.unlink()
        try:
            table = self._read_table()
        except ValidationError:
            record.column_chosen = False
            return
        columns = table.columns()
        # The same columns, read in another way, keep what the user said about them.
        if chosen.keys() == {(column["position"], column["name"]) for column in columns}:
            columns = [{**column, "role": chosen[column["position"], column["name"]]} for column in columns]
        else:
            record.column_chosen = False
        record.write(
            {
                "is_sheet": table.is_sheet,
                "column_ids": [fields.Command.create(vals) for vals in columns],
            }
        )

    def _roles(self):
        """Return ``{position: role}`` of the columns that are read.

        :raises odoo.exceptions.ValidationError: when points or customers are missing, or two columns are the same
        """
        _, names = self.env._, ", ".join(self.column_ids.mapped("name"))
        roles = {column.position: column.role for column in self.column_ids if column.role}
        read = list(roles.values())
        for column in self.column_ids:
            if column.role and column.role != "phone" and read.count(column.role) > 1:
                raise ValidationError(
                    _("Two columns have the same meaning: %s. Choose under Columns which one to read.", column.name)
                )
        if "points" not in read:
            likely = balance_columns.may_be_points(self.column_ids.mapped("name"))
            if len(likely) > 1:
                raise ValidationError(
                    _(
                        "Several columns may be the balance: %s. Choose under Columns which one is read as points.",
                        ", ".join(f"“{self.column_ids[position].name}”" for position in likely),
                    )
                )
            raise ValidationError(
                _("No column is named “points”. The columns are: %s. Choose the right one under Columns.", names)
            )
        if not set(read) & set(balance_columns.WHO):
            raise ValidationError(
                _(
                    "No column is named “card”, “customer” or “email”. The columns are: %s. Choose the right one under "
                    "Columns.",
                    names,
                )
            )
        return roles

    def _count(self):
        counts = dict(
            self.env["loyalty.balance.import.line"]._read_group([("import_id", "=", self.id)], ["state"], ["__count"])
        )
        changes = dict(
            self.env["loyalty.balance.import.line"]._read_group(
                [("import_id", "=", self.id), ("state", "in", ("pending", "done"))], ["program_id"], ["change:sum"]
            )
        )
        total = sum(changes.values())
        if abs(total) >= TOTAL_LIMIT:
            raise ValidationError(
                self.env._("The file changes balances by more than %s points in all. Split it.", f"{TOTAL_LIMIT:,}")
            )
        self.sudo().write(
            {
                "row_count": sum(counts.values()),
                "pending_count": counts.get("pending", 0),
                "problem_count": counts.get("problem", 0),
                "skipped_count": counts.get("skipped", 0),
                "done_count": counts.get("done", 0),
                "total_change": total,
                "change_by_program": {str(program.id): change for program, change in changes.items() if program},
            }
        )
