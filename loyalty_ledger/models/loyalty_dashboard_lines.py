"""The lines behind each figure of the dashboard."""

from datetime import datetime, time

import pytz
from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ..ledger.movements import domain_of
from ..tools import periods
from .loyalty_dashboard import as_id


class LoyaltyDashboard(models.AbstractModel):
    _inherit = "loyalty.dashboard"

    @api.model
    def open_lines(self, figure, options=None, value=None):
        """Return the action that opens the lines which make a figure.

        :param figure: its key; ``_lines_<key>`` answers
        :param options: what :meth:`load_figures` was asked
        :param value: which part of it: a month, a level, a customer
        :raises odoo.exceptions.UserError: where there is no such figure
        """
        scope = self._scope(options)
        lines = getattr(self, f"_lines_{figure}", None)
        if lines is None:
            self._refuse_figure()
        return lines(scope, value)

    def _refuse_figure(self):
        raise UserError(self.env._("This figure no longer exists. Reload the page."))

    def _asked(self, model, value):
        """Return the record that a figure is about, as its reader may see it."""
        record = self.env[model].browse(as_id(value)).exists()
        if not record:
            self._refuse_figure()
        record.check_access("read")
        return record

    def _list(self, action, name, domain, **context):
        """Return an action of ours with a name and a domain of its own."""
        action = self.env["ir.actions.act_window"]._for_xml_id(action)
        return {**action, "name": name, "display_name": name, "domain": list(domain), "context": context}

    def _lines_find(self, scope, value):
        """Open the card that a number or a customer's name stands for; several are listed, and none is said."""
        text = value.strip() if isinstance(value, str) else ""
        Card = self.env["loyalty.card"]
        cards = Card._cards_of_number(text)
        domain = Domain("ledgered", "=", True) & (
            Domain("id", "in", cards.ids) if cards else Domain("partner_id", "ilike", text)
        )
        found = (cards or Card.search(domain, limit=2)) if text else cards
        if not found:
            return {
                "type": "ir.actions.client",
                "tag": "display_notification",
                "params": {
                    "type": "warning",
                    "message": self.env._("No loyalty card has this number or customer: “%s”.", text),
                },
            }
        if len(found) == 1:
            return {
                "type": "ir.actions.act_window",
                "res_model": "loyalty.card",
                "res_id": found.id,
                "views": [(False, "form")],
            }
        name = self.env._("Cards: %s", text)
        return self._list(
            "loyalty_ledger.loyalty_card_register_action", name, domain, loyalty_register=True, active_test=not cards
        )

    def _transactions(self, scope, name, movement, first, last):
        domain = (
            Domain("program_id", "in", scope.programs.ids)
            & Domain("effective_date", ">=", first)
            & Domain("effective_date", "<=", last)
            & Domain(domain_of(movement))
            & self._shop_domain(scope)
        )
        title = self.env._("%(what)s, %(period)s", what=name, period=scope.say_period(first, last))
        return self._list("loyalty_ledger.loyalty_ledger_entry_action", title, domain)

    def _shop_domain(self, scope):
        """Return the domain of the chosen shop's transactions. Override where there are shops."""
        return Domain.TRUE

    def _movement_names(self):
        return {
            "issued": self.env._("Issued"),
            "redeemed": self.env._("Redeemed"),
            "expired": self.env._("Expired"),
        }

    def _lines_issued(self, scope, value):
        return self._lines_movement(scope, "issued", value)

    def _lines_redeemed(self, scope, value):
        return self._lines_movement(scope, "redeemed", value)

    def _lines_expired(self, scope, value):
        return self._lines_movement(scope, "expired", value)

    def _lines_movement(self, scope, movement, month):
        """The transactions of the period, or of a month of the chart."""
        first, last = scope.date_from, scope.date_to
        if month:
            if month not in [shown.isoformat() for shown in scope.months]:
                self._refuse_figure()
            first = fields.Date.to_date(month)
            last = min(periods.month_end(first), scope.today)
        return self._transactions(scope, self._movement_names()[movement], movement, first, last)

    def _lines_rate(self, scope, value):
        return self._transactions(scope, self._movement_names()["redeemed"], "redeemed", scope.year_ago, scope.today)

    def _lines_outstanding(self, scope, value):
        domain = Domain("ledgered", "=", True) & Domain("points", "!=", 0) & self._of_programs(scope)
        return self._list(
            "loyalty_ledger.loyalty_card_outstanding_action",
            self.env._("Points that customers hold"),
            domain,
            active_test=False,
            create=False,
        )

    def _of_programs(self, scope):
        return Domain("program_id", "in", scope.programs.ids)

    def _lines_expiring_30(self, scope, value):
        return self._expiring(scope, 30)

    def _lines_expiring_90(self, scope, value):
        return self._expiring(scope, 90)

    def _expiring(self, scope, days):
        domain = (
            self._of_programs(scope)
            & Domain("expiration_date", ">=", scope.today)
            & Domain("expiration_date", "<=", scope.today + relativedelta(days=days))
        )
        return self._list("loyalty_ledger.loyalty_lot_report_action", self.env._("Expire within %s days", days), domain)

    def _cards(self, scope, name, domain, programs=None, **context):
        of_programs = Domain("program_id", "in", (scope.programs if programs is None else programs).ids)
        domain = Domain("ledgered", "=", True) & of_programs & domain
        context.setdefault("loyalty_register", True)
        return self._list("loyalty_ledger.loyalty_card_register_action", name, domain, **context)

    def _open_cards(self, scope):
        return (
            Domain("closed", "=", False)
            & Domain("points_to_id", "=", False)
            & (Domain("expiration_date", "=", False) | Domain("expiration_date", ">=", scope.today))
        )

    def _lines_active(self, scope, value):
        used = Domain("last_use_date", ">=", scope.year_ago)
        domain = self._open_cards(scope) & used
        return self._cards(scope, self.env._("Active members"), domain, programs=scope.joinable)

    def _lines_joined(self, scope, value):
        """Cards that began in the period: on their own first day, else on the day on which they were made."""
        first, last = scope.date_from, scope.date_to
        zone = pytz.timezone(scope.company._loyalty_timezone() or "UTC")
        since, until = (
            zone.localize(datetime.combine(day, time())).astimezone(pytz.UTC).replace(tzinfo=None)
            for day in (first, last + relativedelta(days=1))
        )
        own = Domain("start_date", ">=", first) & Domain("start_date", "<=", last)
        made = Domain("start_date", "=", False) & Domain("create_date", ">=", since) & Domain("create_date", "<", until)
        domain = (own | made) & Domain("points_to_id", "=", False)
        return self._cards(scope, self.env._("New members"), domain, programs=scope.joinable, active_test=False)

    def _lines_level(self, scope, value):
        level = self._asked("loyalty.level", value)
        return self._cards(scope, level.name, self._open_cards(scope) & Domain("level_id", "=", level.id))

    def _lines_customer(self, scope, value):
        partner = self._asked("res.partner", value)
        return self._cards(scope, partner.display_name or "", Domain("partner_id", "=", partner.id), active_test=False)

    def _lines_program(self, scope, value):
        program = self._asked("loyalty.program", value)
        return {
            "type": "ir.actions.act_window",
            "res_model": "loyalty.program",
            "res_id": program.id,
            "views": [(program.get_formview_id(), "form")],
        }

    def _lines_cards(self, scope, value):
        return self._asked("loyalty.program", value).action_view_register()

    def _lines_transactions(self, scope, value):
        return self._asked("loyalty.program", value).action_view_transactions()

    def _lines_reserved(self, scope, value):
        return self._asked("loyalty.program", value).action_view_reserved()

    def _lines_owed(self, scope, value):
        return self._asked("loyalty.program", value).action_view_owing()

    def _lines_review(self, scope, value):
        return self._asked("loyalty.program", value).action_view_exceptions()

    def _lines_step(self, scope, value):
        """What the button of a first step opens; the program's is a dialog of the page."""
        action = self.env["ir.actions.act_window"]._for_xml_id("loyalty_ledger.loyalty_card_register_action")
        if value == "card":
            program = scope.all_programs.filtered("active")[:1]
            return {**action, "views": [(False, "form")], "context": {"default_program_id": program.id}}
        return action

    # --- templates -----------------------------------------------------------------------------------------------

    @api.model
    def _template_menus(self):
        """Return pairs of menu type and the templates of it that have a points ledger. Override to add some."""
        return [("loyalty", ["loyalty"]), ("gift_ewallet", ["gift_card", "ewallet"])]

    @api.model
    def get_templates(self):
        """Return the templates of a new program: dicts ``menu``, ``id``, ``title``, ``description``, ``icon``."""
        self.env["loyalty.program"].check_access("create")
        found = []
        for menu, names in self._template_menus():
            templates = self.env["loyalty.program"].with_context(menu_type=menu).get_program_templates()
            found += [{"menu": menu, "id": name, **templates[name]} for name in names if name in templates]
        return found
