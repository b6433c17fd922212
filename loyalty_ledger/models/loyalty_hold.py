from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..ledger import schema
from ..ledger.rounding import to_points, to_units
from ..tools import jobs
from ..tools.trusted import by_server, is_server
from ..tools.words import say_points


class LoyaltyHold(models.Model):
    """Points set aside for a document that is not final. A hold is consumed, released or timed out exactly once."""

    _name = "loyalty.hold"
    _inherit = ["loyalty.server.fields.mixin", "loyalty.document.mixin", "loyalty.program.sums.mixin"]
    _description = "Reserved Loyalty Points"
    _order = "id desc"

    card_id = fields.Many2one("loyalty.card", "Card", required=True, readonly=True, ondelete="restrict")
    partner_id = fields.Many2one(related="card_id.partner_id", string="Customer")
    program_id = fields.Many2one("loyalty.program", "Program", required=True, readonly=True, ondelete="restrict")
    company_id = fields.Many2one("res.company", "Company", readonly=True, ondelete="restrict")
    points = fields.Float("Points", digits=(16, 4), required=True, readonly=True)
    points_text = fields.Char("Points With Unit", compute="_compute_points_text")
    state = fields.Selection(
        [("active", "Reserved"), ("consumed", "Used"), ("released", "Released"), ("expired", "Timed Out")],
        "Status",
        required=True,
        readonly=True,
        default="active",
    )
    date = fields.Date("Reserved On", required=True, readonly=True)
    expires_at = fields.Datetime("Until", readonly=True, help="Empty: until the document is settled or cancelled.")
    key = fields.Char("Key", required=True, readonly=True)
    res_model = fields.Char("Document Model", readonly=True)
    res_id = fields.Many2oneReference("Document", model_field="res_model", readonly=True)
    document_name = fields.Char("Source Document", compute="_compute_document_name")
    entry_id = fields.Many2one("loyalty.ledger.entry", "Transaction", readonly=True, ondelete="restrict")

    _key_unique = models.UniqueIndex("(key)", "These points are already reserved.")
    _card_idx = models.Index("(card_id, state)")
    _entry_idx = models.Index("(entry_id) WHERE entry_id IS NOT NULL")
    _check_points = models.Constraint("CHECK (points > 0)", "Only a positive number of points can be reserved.")

    def init(self):
        super().init()
        schema.protect_holds(self.env.cr)

    @api.model
    def _server_fields(self):
        return self._fields.keys()

    @api.model
    def _may_write_server_fields(self):
        """Reservations follow their documents: by hand nobody writes them, superusers neither."""
        return is_server(self)

    @api.model
    def _say_server_fields(self, names):
        if self:
            return self.env._("Reserved points are used or released by their document; use Release.")
        return self.env._(
            "Points are reserved by a document: an order, an invoice or a register. They cannot be reserved by hand."
        )

    @api.depends("points", "card_id")
    @api.depends_context("lang", "uid")
    def _compute_display_name(self):
        for hold in self:
            hold.display_name = f"{hold.card_id._shown_code()}: {say_points(self.env, hold.points)}"

    @api.depends("points", "program_id")
    @api.depends_context("lang")
    def _compute_points_text(self):
        for hold in self:
            # access: the name of its points alone; the reservation itself was read with the reader's rights
            hold.points_text = hold.program_id.sudo()._say_points(hold.points)

    @api.depends("key")
    def _compute_document_name(self):
        """Where no document of Odoo reserved the points, say what did."""
        super()._compute_document_name()
        for hold in self.filtered(lambda hold: not hold.document_name):
            hold.document_name = hold._say_holder()

    def _say_holder(self):
        """Return what reserved the points without a document of Odoo. Override to name it better than its key does."""
        self.ensure_one()
        return (self.key or "").removeprefix("ext:")

    def _is_active(self):
        """Return whether the hold still reserves its points now."""
        self.ensure_one()
        return self.state == "active" and (not self.expires_at or self.expires_at > fields.Datetime.now())

    def _release(self):
        """Give the points back to the cards. Holds that are settled already are left alone.

        :return: the holds that this call released
        """
        return self._close("released")

    def _close(self, state):
        """Move active holds to ``state``; the card rows are locked and touched, so a concurrent spender waits."""
        cards = self.env["loyalty.card"].browse(sorted(set(self.card_id.ids)))
        cards._ledger_touch()
        self.invalidate_recordset(["state"])
        open_holds = self.filtered(lambda hold: hold.state == "active")
        open_holds._settle({"state": state})
        cards._forget_contents()
        return open_holds

    def _hand_over(self, points, key, document, into=None, amount=None):
        """Let another document keep ``points`` of this hold; they stay reserved all the while, since the same day.

        There is no longer a time-out: the document settles them or gives them up. The whole hold changes its document,
        a part of it becomes a hold of its own, or joins the hold ``into``.

        :param points: positive number of points, at most those of the hold
        :param key: unique name of the reservation of the other document
        :param document: ``(model, id)``
        :param into: active hold of the same card that the other document has already
        :param amount: what the points are worth, where an add-on keeps that with the hold
        :return: the hold that keeps the points now
        """
        self.ensure_one()
        card, into = self.card_id, into or self.browse()
        card._ledger_touch()
        (self | into).invalidate_recordset(["state", "points"])
        units, own = to_units(points), to_units(self.points)
        if not all(hold._is_active() for hold in self | into) or not 0 < units <= own:
            raise UserError(self.env._("The reserved points have been used or released. Try again."))
        self.env.cr.execute("SELECT set_config('loyalty.hand_over', 'on', true)")  # ledger/schema.py, protect_holds
        left = to_points(own - units)
        if into:
            # The later day: points that expired between the two were protected by one of them only.
            into._settle({"points": to_points(to_units(into.points) + units), "date": max(into.date, self.date)})
            self._settle({"points": left} if left else {"state": "released"})
        elif left:
            self._settle({"points": left})
            into = self._place(
                {
                    "card_id": card.id,
                    "program_id": self.program_id.id,
                    "company_id": self.company_id.id,
                    "points": to_points(units),
                    "date": self.date,
                    "key": key,
                    "res_model": document[0],
                    "res_id": document[1],
                }
            )
        else:
            into = self
            self._settle({"key": key, "res_model": document[0], "res_id": document[1], "expires_at": False})
        card._forget_contents()
        return into

    def _consume(self, reason=None, document=None, overdraw="refuse", effective_date=None):
        """Turn the hold into a redemption of its points.

        A hold that timed out is a plain redemption. Consuming twice returns the first transaction.

        :param reason: words for the ledger, without personal data
        :param document: ``(model, id)``; default: the hold's own
        :param overdraw: ``refuse`` or ``debt``, what happens when the card's points no longer cover the hold
        :return: the ``loyalty.ledger.entry``
        :raises odoo.exceptions.UserError: for a released hold, or when the points are no longer there
        """
        self.ensure_one()
        if self.state == "released":
            raise UserError(self.env._("These reserved points were released already; reserve them again."))
        if self.state == "consumed":
            return self.entry_id
        return self.card_id._post_entries(
            [
                {
                    "card_id": self.card_id.id,
                    "kind": "redeem",
                    "points": -self.points,
                    "key": f"hold:{self.key}",
                    "document": document or (self.res_model and (self.res_model, self.res_id)) or None,
                    "hold": self,
                    "reason": reason,
                    "overdraw": overdraw,
                    "effective_date": effective_date,
                }
            ]
        )

    def _settle(self, vals):
        """Write the status of holds whose cards are locked; the gateway reads the rows, so they are written at once."""
        result = by_server(self).write(vals)
        self.flush_recordset()
        return result

    def _place(self, vals):
        """Insert a hold; only ``loyalty.card._hold`` calls it, with the card locked."""
        return by_server(self).create(vals).with_env(self.env)

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("Reserved points cannot be deleted; use Release."))

    def action_open_document(self):
        """Open the document that reserves the points; what is none of Odoo's, as a basket of a web shop, opens the card."""
        self.ensure_one()
        if self.res_id:
            return super().action_open_document()
        return {
            "type": "ir.actions.act_window",
            "res_model": "loyalty.card",
            "res_id": self.card_id.id,
            "views": [(self.card_id.get_formview_id(), "form")],
        }

    def action_release(self):
        """Release by hand: for a document that will never be settled."""
        self.env["loyalty.card"]._check_ledger_group("loyalty_ledger.group_loyalty_manager")
        self.check_access("read")
        self.sudo()._release()  # the group was checked; nobody has write access to holds
        return True

    @api.model
    def _cron_time_out(self, batch=1000):
        """Mark holds as timed out. Balances never depend on this: a hold past its time reserves nothing."""
        self.env[
            "ir.cron"
        ]._commit_progress()  # the first statement of a batch locks the cards: its view must not be older
        while jobs.run_batch(self.env, lambda: self._time_out_batch(batch)):
            pass

    def _time_out_batch(self, batch):
        """Mark the next holds, but those of cards that somebody is using right now; return whether to go on."""
        self.flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT h.id FROM loyalty_hold h JOIN loyalty_card c ON c.id = h.card_id
                 WHERE h.state = 'active' AND h.expires_at <= %s
                 ORDER BY h.card_id, h.id LIMIT %s FOR NO KEY UPDATE OF c SKIP LOCKED
                """,
                fields.Datetime.now(),
                batch,
            )
        )
        self.browse([row[0] for row in rows])._close("expired")
        return self.env["ir.cron"]._commit_progress(len(rows)) > 0 and len(rows) == batch
