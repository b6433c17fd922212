"""Numbers of cards that are money: anybody who knows the code of a gift card can spend it.

Those who take or issue cards read them (users of the Loyalty app, and plain Odoo's salespeople and cashiers); customers
read their own. Everybody else who may read cards, as accounting people and auditors, reads the end of the number: in
views, exports, reports, messages and names alike, and neither searches nor groups by it.
"""

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import SQL

from ..tools.words import isolated

#: Types of programs whose card numbers are no money: they name a customer.
OPEN_TYPES = ("loyalty",)


def masked(code):
    """Return the end of a number: four characters, never more than a quarter of it."""
    shown = min(4, len(code or "") // 4)
    return f"…{code[-shown:] if shown else ''}"


class CardNumber(fields.Char):
    """The number of a card, on the card or on a row with its ``program_id``. The column and the cache keep it whole; what a
    user reads may be masked."""

    def __get__(self, record, owner=None):
        value = super().__get__(record, owner)
        if record is None or record.env.su or not value or not record._origin:
            return value
        if record.env["loyalty.card"]._may_read_codes() or record.sudo().program_id.program_type in OPEN_TYPES:
            return value
        return self._shown(value)

    def _shown(self, value):
        return masked(value)

    def condition_to_sql(self, field_expr, operator, value, model, alias, query):
        """Searching would tell a number digit by digit: hidden ones fit no condition."""
        condition = super().condition_to_sql(field_expr, operator, value, model, alias, query)
        if model.env["loyalty.card"]._may_read_codes():
            return condition
        return SQL(
            "(%s AND %s IN (SELECT id FROM loyalty_program WHERE program_type IN %s))",
            condition,
            model._field_to_sql(alias, "program_id", query),
            OPEN_TYPES,
        )


class NumberText(CardNumber):
    """A text in which numbers of cards may stand."""

    def _shown(self, value):
        return "…"


class LoyaltyCard(models.Model):
    _inherit = "loyalty.card"

    code = CardNumber()

    @api.model
    def _may_read_codes(self):
        """Return whether the user takes or issues cards, or is a customer, whose rules leave only own cards."""
        return self.env.su or self.env.user.share or any(self.has_access(name) for name in ("write", "create"))

    def _shown_code(self):
        """Return the number as the user may read it, also of a card that the user may not read."""
        self.ensure_one()
        code = self.sudo().code
        return code if self.sudo().program_type in OPEN_TYPES or self.sudo(False)._may_read_codes() else masked(code)

    def _say_code(self):
        """Return the number for a sentence that the user reads now; see :func:`isolated`."""
        self.ensure_one()
        return isolated(self.env, self.code)

    def _masked_code(self):
        """Return the number for what is stored or told to many, such as notes of exceptions."""
        self.ensure_one()
        code = self.sudo().code
        return code if self.sudo().program_type in OPEN_TYPES else masked(code)

    @api.depends_context("uid", "lang")
    def _compute_display_name(self):
        """Names are read in sudo, wherever a row names its card: the user counts here."""
        super()._compute_display_name()
        may_read = self.sudo(False)._may_read_codes()
        for card in self.sudo().filtered("code"):
            code = card.code if may_read or card.program_type in OPEN_TYPES else masked(card.code)
            shown = isolated(self.env, code)
            if shown != card.code:
                card.with_env(self.env).display_name = f"{card.program_id.name}: {shown}"

    def _check_code_expression(self, spec):
        if spec.partition(":")[0] == "code" and not self._may_read_codes():
            raise AccessError(
                self.env._(
                    "Gift card numbers can be spent like money, so only loyalty users can group or count "
                    "cards by number. Ask one of them."
                )
            )

    def _read_group_groupby(self, alias, groupby_spec, query):
        self._check_code_expression(groupby_spec)
        return super()._read_group_groupby(alias, groupby_spec, query)

    def _read_group_select(self, aggregate_spec, query):
        self._check_code_expression(aggregate_spec)
        return super()._read_group_select(aggregate_spec, query)

    def _order_field_to_sql(self, alias, field_name, direction, nulls, query):
        """Anybody who may not read the numbers does not sort by them either: the order would tell them."""
        if field_name == "code" and not self._may_read_codes():
            field_name = "id"
        return super()._order_field_to_sql(alias, field_name, direction, nulls, query)

    def _mail_get_operation_for_mail_message_operation(self, message_operation):
        """Mails with the code of a gift card stay in its history: those who may not read the code do not read them."""
        operations = super()._mail_get_operation_for_mail_message_operation(message_operation)
        if message_operation != "read" or self.env.user.share:
            return operations
        hidden = self.sudo().filtered(lambda card: card.program_type not in OPEN_TYPES)
        return {card: "write" if card.sudo() in hidden else access for card, access in operations.items()}

    def _message_compute_subject(self):
        """A message without a subject of its own is called like its card: everybody reads subjects, through the
        notifications that name their message."""
        if self.sudo().program_type in OPEN_TYPES:
            return super()._message_compute_subject()
        return f"{self.sudo().program_id.name}: {self._masked_code()}"

    # A customer's mail has the whole number, no matter who caused it.

    def _send_creation_communication(self, force_send=False):
        cards = self if self._may_read_codes() else self.sudo()
        return super(LoyaltyCard, cards)._send_creation_communication(force_send=force_send)

    def _send_points_reach_communication(self, points_changes):
        cards = self if self._may_read_codes() else self.sudo()
        return super(LoyaltyCard, cards)._send_points_reach_communication(points_changes)

    def action_print_card(self):
        if not self._may_read_codes() and self.sudo().filtered(lambda card: card.program_type not in OPEN_TYPES):
            raise AccessError(
                self.env._(
                    "Gift card numbers can be spent like money, so only users who can issue cards can print them."
                )
            )
        return super().action_print_card()
