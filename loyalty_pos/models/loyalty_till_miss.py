"""Numbers that no card has: anybody who tries many at a till has to wait, and a manager is told."""

from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ..tools.queue import StillBusy, stand_in_line

#: So many unknown numbers within this time are a mistyped day at the till, more are guesses.
MISSES, PERIOD = 10, timedelta(minutes=10)
#: The same for codes of gift cards that are about to be sold: new ones are unknown.
SALES = 60
#: How long the list is kept.
KEPT = timedelta(days=90)
#: Characters of a number that are kept.
LONGEST = 64


class LoyaltyTillMiss(models.Model):
    """An unknown number that somebody entered at a till."""

    _name = "loyalty.till.miss"
    _inherit = ["loyalty.readonly.mixin"]
    _description = "Unknown Card Number at a Point of Sale"
    _order = "id desc"
    _log_access = False

    date = fields.Datetime("Entered On", required=True, readonly=True)
    user_id = fields.Many2one("res.users", "User", required=True, readonly=True, ondelete="cascade")
    config_id = fields.Many2one("pos.config", "Point of Sale", readonly=True, ondelete="set null")
    company_id = fields.Many2one("res.company", "Company", readonly=True, ondelete="cascade")
    number = fields.Char("Number", readonly=True)
    is_sale = fields.Boolean("Gift Card to Be Sold", readonly=True)

    _user_date_idx = models.Index("(user_id, date)")

    def _refusal(self):
        return self.env._("The list of unknown numbers cannot be changed by hand.")

    @api.model
    def _wait_reason(self):
        """Return why the user has to wait before the next number, or False. One query, no lock: scans never wait."""
        ((missed, sold),) = self.env.execute_query(
            SQL(
                """
                SELECT count(DISTINCT number) FILTER (WHERE NOT is_sale), count(DISTINCT number) FILTER (WHERE is_sale)
                  FROM loyalty_till_miss WHERE user_id = %s AND date > %s
                """,
                self.env.uid,
                fields.Datetime.now() - PERIOD,
            )
        )
        if missed < MISSES and sold < SALES:
            return False
        return self.env._(
            "You entered %(count)s numbers that no card has within %(minutes)s minutes. Wait %(minutes)s minutes, or find "
            "the customer by name. A manager was told.",
            count=missed + sold,
            minutes=int(PERIOD.total_seconds() // 60),
        )

    @api.model
    def _note(self, config, number, is_sale=False):
        """Note a number that no card has; return why the user has to wait now, or False.

        Misses of one user follow each other, so that many at once are counted too.
        """
        number = str(number or "").strip()[:LONGEST]
        if not number:
            return False
        try:
            stand_in_line(self.env.cr, [f"loyalty.till.miss:{self.env.uid}"])
        except StillBusy:
            return self.env._("Too many numbers at once. Try again in a few seconds.")
        if reason := self._wait_reason():
            return reason
        self.env.execute_query(
            SQL(
                """
                INSERT INTO loyalty_till_miss (date, user_id, config_id, company_id, number, is_sale)
                VALUES (%s, %s, %s, %s, %s, %s) RETURNING id
                """,
                fields.Datetime.now(),
                self.env.uid,
                config.id or None,
                (config.company_id or self.env.company).id,
                number,
                is_sale,
            )
        )
        reason = self._wait_reason()
        if reason:
            self._tell_manager(config)
        return reason

    def _tell_manager(self, config):
        """Put the guesses in the exceptions list, with an activity for a manager."""
        exception = (
            self.env["loyalty.exception"]
            .sudo()  # cashiers do not see what others have to look at
            .create(
                {
                    "kind": "guess",
                    "company_id": (config.company_id or self.env.company).id,
                    "res_model": config and config._name,
                    "res_id": config.id,
                    "note": self.env._(
                        "%(user)s entered many numbers that no card has within %(minutes)s minutes. They are listed under "
                        "Reports / Unknown Numbers at the Point of Sale.",
                        user=self.env.user.name,
                        minutes=int(PERIOD.total_seconds() // 60),
                    ),
                }
            )
        )
        exception.activity_schedule(
            "mail.mail_activity_data_todo",
            summary=self.env._("Unknown card numbers at the Point of Sale"),
            user_id=exception._damage_reviewer().id,
        )

    @api.autovacuum
    def _gc_old(self):
        self.env.cr.execute("DELETE FROM loyalty_till_miss WHERE date < %s", [fields.Datetime.now() - KEPT])
