"""The proof of reservations: points that are set aside for a document that no longer needs them."""

from odoo import fields, models
from odoo.tools import SQL, format_date

from odoo.addons.loyalty_ledger.tools.today import loyalty_today
from odoo.addons.loyalty_ledger.tools.words import say_points


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    def _check_holds(self, date):
        """Name reservations that hold points back for nothing. They are what they are now, so only proofs of today say it."""
        if date < loyalty_today(self.env, self.company_id):
            return []
        rows = self.env.execute_query(
            SQL(
                """
                SELECT h.id FROM loyalty_hold h
                 WHERE h.program_id = %s AND h.state = 'active' AND (h.expires_at IS NULL OR h.expires_at > %s)
                   AND (%s) ORDER BY h.id
                """,
                self.id,
                fields.Datetime.now(),
                SQL(" OR ").join(self._needless_holds()),
            )
        )
        return [self._say_hold(hold) for hold in self.env["loyalty.hold"].browse([row[0] for row in rows])]

    def _needless_holds(self):
        """Return SQL conditions on reservations ``h`` that are no longer needed. Override to add documents."""
        return [
            SQL(
                """
                h.res_model = 'account.move' AND NOT EXISTS (
                    SELECT 1 FROM account_move m WHERE m.id = h.res_id AND m.state = 'draft'
                       AND m.loyalty_hold_id = h.id)
                """
            ),
            SQL(
                """
                h.res_model = 'account.payment' AND NOT EXISTS (
                    SELECT 1 FROM account_payment p LEFT JOIN account_move m ON m.id = p.move_id
                     WHERE p.id = h.res_id AND p.loyalty_hold_id = h.id AND p.state = 'draft')
                """
            ),
        ]

    def _say_hold(self, hold):
        document = self.env[hold.res_model].browse(hold.res_id).exists() if hold.res_model in self.env else None
        name = self._holder_name(hold, document) or self.env._("a document that was deleted")
        return {
            "model": hold._name,
            "res_id": hold.id,
            "problem": self.env._(
                "%(points)s points of card %(card)s are reserved since %(date)s for %(document)s, which no longer needs "
                "them. Release the reservation.",
                points=say_points(self.env, hold.points),
                card=hold.card_id._masked_code(),
                date=format_date(self.env, hold.date),
                document=name,
            ),
            "size": hold.amount or self._points_to_money(hold.points, hold.date) or self.currency_id.rounding,
        }

    def _holder_name(self, hold, document):
        """Return the name of what a reservation was made for. Override for reservations that name it otherwise."""
        return document and document.display_name
