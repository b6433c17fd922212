from datetime import date

from odoo.exceptions import UserError
from odoo.tools import SQL


class UsabilityVerbs:
    """Cards that cannot be used on 2026-03-15, and the words with which calls are refused."""

    def states(self, card, master):
        """Make a card unusable in each way; yield ``(status, words for redeeming, for earning)``; nothing stays."""
        closed = f"Card {card.code} is closed. Reopen it, or use another card."
        expired = f"Card {card.code} expired on 03/14/2026."
        early = f"Card {card.code} can be used from 03/16/2026 on."
        linked = f"Card {card.code} is linked to card {master.code}. Use that card."
        for status, values, redeem, earn in (
            ("closed", {"closed": True}, closed, closed),
            ("expired", {"expiration_date": date(2026, 3, 14)}, expired, expired),
            ("not_started", {"start_date": date(2026, 3, 16)}, early, early),
            ("linked", {"points_to_id": master.id}, linked, False),
        ):
            with self.subTest(status), self.env.cr.savepoint() as savepoint:
                self.env.flush_all()
                for name, value in values.items():  # dates of a used card come by themselves, nobody may set them
                    query = SQL("UPDATE loyalty_card SET %s = %s WHERE id = %s", SQL.identifier(name), value, card.id)
                    self.env.cr.execute(query)
                self.env.invalidate_all()
                yield status, redeem, earn
                savepoint.rollback()
                self.env.invalidate_all()

    def refusal(self, function, *args, **kwargs):
        """Return the words with which a call is refused, or False; nothing of the call stays."""
        with self.env.cr.savepoint() as savepoint:
            try:
                function(*args, **kwargs)
                self.env.flush_all()
            except UserError as error:
                return str(error.args[0])
            finally:
                savepoint.rollback()
                self.env.invalidate_all()
        return False
