"""Who may change what on a card, and what a used card no longer allows."""

from odoo import fields, models
from odoo.exceptions import AccessError, ValidationError

from ..tools.source import Source

#: Fields that decide who gets points and how long: managers change them, and code of the server.
MANAGED = (
    "active",
    "closed",
    "code",
    "expiration_date",
    "level_id",
    "partner_id",
    "points_to_id",
    "program_id",
    "start_date",
)


class LoyaltyCard(models.Model):
    _inherit = "loyalty.card"

    def _check_may_manage(self, vals):
        """Only managers redirect, date or hand over a card: salespeople and cashiers have Odoo's write access."""
        names = [name for name in MANAGED if name in vals]
        if not names or self._may_manage():
            return
        for card in self.filtered("ledgered"):
            for name in names:
                field = self._fields[name]
                before = field.convert_to_write(card[name], card)
                if before == (vals[name] or False) or (name == "partner_id" and not before):
                    continue  # a card without customer may be given to one
                if name == "active" and not card.ledger_revision:
                    continue  # nobody loses anything with an unused card
                raise AccessError(
                    self.env._(
                        "Only a loyalty manager can change %(field)s of card %(code)s.",
                        field=field._description_string(self.env),
                        code=card._say_code(),
                    )
                )

    def _check_may_issue(self, vals, program):
        """Anybody who issues a card decides neither who gets its points nor its level: a manager does."""
        usual = {"points_to_id": False, "level_id": program.sudo().level_ids.sorted("min_points")[:1].id}
        names = [name for name in usual if vals.get(name) and vals[name] != usual[name]]
        if names and not self._may_manage():
            raise AccessError(
                self.env._(
                    "Only a loyalty manager can choose the %s of a new card.",
                    ", ".join(self._fields[name]._description_string(self.env) for name in names),
                )
            )

    def _may_manage(self):
        """Return whether managers, or code of the server, act."""
        return bool(
            self.env.su or Source.of(self.env) or self.env.user.has_group("loyalty_ledger.group_loyalty_manager")
        )

    def _check_register_rules(self, vals):
        """What a used card no longer allows (H9, H11, H12)."""
        for card in self.filtered("last_use_date"):
            if "start_date" in vals and fields.Date.to_date(vals["start_date"]) != (card.start_date or None):
                raise ValidationError(
                    self.env._("Card %s has been used: its start date can no longer change.", card._say_code())
                )
            if "expiration_date" not in vals or vals["expiration_date"] == card.expiration_date:
                continue
            date = fields.Date.to_date(vals["expiration_date"])
            if not date and card.expiration_date:
                raise ValidationError(
                    self.env._(
                        "Card %s has been used: its expiry date can be changed, but not removed.", card._say_code()
                    )
                )
            if date and date < card.last_use_date:
                raise ValidationError(
                    self.env._(
                        "Card %(code)s was last used on %(used)s and cannot expire before.",
                        code=card._say_code(),
                        used=card.last_use_date,
                    )
                )
