from odoo import api, models
from odoo.exceptions import AccessError, UserError, ValidationError

from ..tools.memory import forget
from ..tools.trusted import is_server
from ..tools.values import LIMITS, TEXT_LIMIT, find_fault


class LoyaltyReadonlyMixin(models.AbstractModel):
    """Rows that only the gateway writes, by SQL: through the ORM nobody changes them, sudo included."""

    _name = "loyalty.readonly.mixin"
    _description = "Row of the Points Ledger"

    def _refusal(self):
        """Return what to tell anybody who tries. Override to say it for the model."""
        return self.env._("Rows of the points ledger cannot be created, changed or deleted by hand.")

    def _refuse(self):
        raise UserError(self._refusal())

    @api.model_create_multi
    def create(self, vals_list):
        self._refuse()

    def write(self, vals):
        self._refuse()

    def unlink(self):
        self._refuse()


class LoyaltyServerFieldsMixin(models.AbstractModel):
    """Rows with fields that only code of the server writes: no values, defaults or contexts of users reach them (P4, S20).

    Odoo fills fields that are not given from ``default_`` keys of the context and from a user's own defaults
    (``ir.default``); remote clients choose both. Put it first in ``_inherit``; superuser mode and
    :func:`tools.trusted.by_server` may write.
    """

    _name = "loyalty.server.fields.mixin"
    _description = "Row with Fields of the Server"

    @api.model
    def _server_fields(self):
        """Return the names of the fields that only the server writes. Override to add some: ``super() | {...}``."""
        return frozenset()

    @api.model
    def _may_write_server_fields(self):
        """Return whether the caller is code of the server. Override where superuser mode is not enough."""
        return self.env.su or is_server(self)

    @api.model
    def _say_server_fields(self, names):
        """Return what to tell a user who writes these fields. Override to say how it is done instead."""
        labels = [self._fields[name]._description_string(self.env) for name in sorted(names)]
        return self.env._("Only the server sets: %s.", ", ".join(labels))

    def _check_server_fields(self, vals):
        """Refuse values of users that would change what only the server writes.

        :raises odoo.exceptions.AccessError: saying how it is done instead
        """
        names = vals.keys() & self._server_fields()
        if not names or self._may_write_server_fields():
            return
        if names := {name for name in names if self._changes(name, vals[name])}:
            raise AccessError(self._say_server_fields(names))

    def _changes(self, name, value):
        """Return whether a value is another one than the field has; of new records, than none."""
        field = self._fields[name]
        if field.type in ("one2many", "many2many"):
            # No commands change nothing; no list at all empties the field.
            return bool(value) if isinstance(value, (list, tuple)) else any(record[name] for record in self)
        value = value or False
        return any((field.convert_to_write(record[name], record) or False) != value for record in self or [self])

    @api.model
    def default_get(self, fields):
        """Of server fields only the model itself says the defaults."""
        own = self._server_fields()
        asked = [name for name in fields if name not in own]
        defaults = super().default_get(asked) if asked else {}  # Odoo would look for the user's own defaults first
        for name in fields:
            if name in own and (default := self._fields[name].default):
                defaults[name] = default(self)
        return defaults

    @api.model_create_multi
    def create(self, vals_list):
        new = self.browse()  # Odoo copies by calling create on the original
        for vals in vals_list:
            new._check_server_fields(vals)
        return super().create(vals_list)

    def write(self, vals):
        self._check_server_fields(vals)
        return super().write(vals)


class LoyaltyRememberedMixin(models.AbstractModel):
    """Rows that change rarely and that every posting asks about: anybody who changes one clears the memory.

    See :func:`tools.memory.remembered`.
    """

    _name = "loyalty.remembered.mixin"
    _description = "Cached Record"

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        forget(self.env)
        return records

    def write(self, vals):
        result = super().write(vals)
        forget(self.env)
        return result

    def unlink(self):
        result = super().unlink()
        forget(self.env)
        return result


class LoyaltyDocumentMixin(models.AbstractModel):
    """A row that names what is behind it, a document or another row, by ``res_model`` and ``res_id``."""

    _name = "loyalty.document.mixin"
    _description = "Record with a Source Document"

    def _names_of_documents(self, documents):
        """Return ``{id: name}``; a card is named as its reader may know it, since codes of gift cards are money."""
        if documents._name != "loyalty.card":
            return {document.id: document.display_name for document in documents}
        return {card.id: f"{card.program_id.name}: {card.with_env(self.env)._shown_code()}" for card in documents}

    @api.depends_context("uid")
    def _compute_document_name(self):
        """Name the documents, for models with a field ``document_name``."""
        self.document_name = False
        for model, rows in self.filtered("res_id").grouped("res_model").items():
            if model not in self.env:
                continue
            # The name alone: opening the document needs the reader's own rights.
            documents = self.env[model].sudo().browse(rows.mapped("res_id")).exists()
            names = self._names_of_documents(documents)
            for row in rows:
                row.document_name = names.get(row.res_id, False)

    def action_open_document(self):
        """Open what is behind the row, with the reader's own access rights.

        :raises odoo.exceptions.UserError: when there is none, or it was deleted
        """
        self.ensure_one()
        if (
            not self.res_id
            or self.res_model not in self.env
            or not self.env[self.res_model].browse(self.res_id).exists()
        ):
            raise UserError(self.env._("This row has no source document, or it was deleted."))
        return {
            "type": "ir.actions.act_window",
            "res_model": self.res_model,
            "res_id": self.res_id,
            "views": [(self.env[self.res_model].browse(self.res_id).get_formview_id(), "form")],
        }


class LoyaltyValuesMixin(models.AbstractModel):
    """Rows with numbers that a ledger computes with: what is none, or too large, is refused with words (N29).

    Values come by forms, imports and remote calls; PostgreSQL or the arithmetic would fail on them without saying which
    field is meant. Put it first in ``_inherit``, in the class that the add-on loads last, so that nothing computes before.
    """

    _name = "loyalty.values.mixin"
    _description = "Record Whose Numbers Are Checked"

    #: Whether numbers have a limit too. Odoo's own documents may be larger than what points can cover.
    _limits_numbers = True

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_values(vals)
        return super().create(vals_list)

    def write(self, vals):
        self._check_values(vals)
        return super().write(vals)

    def onchange(self, values, field_names, fields_spec):
        self._check_values(values)
        return super().onchange(values, field_names, fields_spec)

    @api.model
    def _check_values(self, vals):
        check_values(self, vals)


def check_values(model, vals):
    """Refuse numbers and texts for fields of ``model`` that cannot be stored, in lines of its records too.

    :raises odoo.exceptions.ValidationError: naming the field
    """
    if not isinstance(vals, dict):
        return  # Odoo words it
    for name, value in vals.items():
        field = model._fields.get(name)
        if field is None or value is False:
            continue
        if field.type in ("one2many", "many2many"):
            for command in value if isinstance(value, (list, tuple)) else ():
                if isinstance(command, (list, tuple)) and len(command) == 3:
                    check_values(model.env[field.comodel_name], command[2])
        else:
            limit = limit_of(model.env, field)
            fault = find_fault(field.type, value, limit)
            if fault and (fault not in ("large", "long") or getattr(model, "_limits_numbers", True)):
                label = field._description_string(model.env) or name
                raise ValidationError(say_fault(model.env, fault, label, value, limit))


def limit_of(env, field):
    """Return what numbers of the field stay below: what its column holds, and what the ledger computes with."""
    limit = LIMITS.get(field.type)
    if field.type == "float" and (digits := field.get_digits(env)):
        precision, scale = digits
        return min(limit, 10 ** (precision - scale))
    return limit


def say_fault(env, fault, label, value, limit):
    """Return the words for what :func:`tools.values.find_fault` found."""
    value = str(value).replace("\0", "")
    if fault == "nul":
        return env._("%s contains a character that cannot be stored (NUL). Remove it, or type the text again.", label)
    if fault == "long":
        return env._("%(field)s: the text is longer than %(limit)s characters.", field=label, limit=f"{TEXT_LIMIT:,}")
    if fault == "file":
        return env._("%s: the file did not arrive in one piece; upload it again.", label)
    if fault == "large":
        return env._(
            "%(field)s: %(value)s is too large. Enter a number below %(limit)s.",
            field=label,
            value=value,
            limit=f"{limit:,}",
        )
    return env._("%(field)s: “%(value)s” is not a number.", field=label, value=value)
