"""Adjustments of cards by a person: one card, a selection or a range, with a reason."""

from odoo import models
from odoo.exceptions import ValidationError

from ..ledger import arrays
from ..ledger.plan import add_delay
from ..ledger.rounding import to_points, to_units
from ..ledger.usability import ADJUST
from ..tools.today import loyalty_today
from ..tools.words import say_points

#: End of the key of the transaction that resets a card before points are added (bM7).
RESET = ":reset"
MANAGER = "loyalty_ledger.group_loyalty_manager"
MODES = [
    ("add", "Add points"),
    ("subtract", "Subtract points"),
    ("set", "Set the balance to"),
    ("reset", "Reset to zero, then add"),
    ("expiry", "Change the expiry date only"),
]


class LoyaltyCard(models.Model):
    _inherit = "loyalty.card"

    # --- buttons -------------------------------------------------------------------------------------------------

    def _open_ledger_wizard(self, model, name, **defaults):
        self._check_ledger_group(MANAGER)
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": model,
            "views": [(False, "form")],
            "target": "new",
            "context": {f"default_{field}": value for field, value in defaults.items()},
        }

    def action_adjust_points(self):
        """Open the adjustment of these cards: add, subtract, set the balance or change its expiry (S20, S21)."""
        return self._open_ledger_wizard("loyalty.adjust.wizard", self.env._("Adjust Points"), card_ids=self.ids)

    def action_transfer_points(self):
        """Open the transfer of points to another card of the program."""
        self.ensure_one()
        return self._open_ledger_wizard("loyalty.transfer.wizard", self.env._("Transfer Points"), card_id=self.id)

    # --- planning ------------------------------------------------------------------------------------------------

    def _plan_adjustment(self, mode, points=0, refreshed=False, expiration_date=None, renews=False, waive=False):
        """Say what an adjustment would do to each card, without doing it; two queries for any number of cards.

        :param mode: one of :data:`MODES`
        :param points: number of points; for ``set`` and ``reset`` the balance wanted
        :param refreshed: expired points were written off just now; else they are left out of the balance here, as
            the ledger writes them off before it adjusts
        :param expiration_date: last usable day that added points get
        :param renews: added points renew the rolling expiry of the balance
        :param waive: the points settle a debt, which a card owes also when it is closed or past its date
        :return: list of dicts ``card``, ``target`` (the card that gets the points: the linked one), ``before`` and
            ``after`` (its balances), ``change``, ``expires`` (last usable day of added points, or False), ``problem``
            (words, or False)
        """
        units = to_units(points)
        cards = self.sudo()
        linked = cards.points_to_id
        balances, running = (cards | linked)._balances_now(), {}
        todays = {company: loyalty_today(self.env, company) for company in self.sudo().company_id}
        todays[self.env["res.company"]] = loyalty_today(self.env, self.env["res.company"])
        rows = []
        for card in self:
            available = balances.get(card.id, (0, 0, 0, 0))[3]
            target = card.points_to_id if mode == "add" and card.points_to_id else card
            if target not in running:
                gone = balances.get(target.id, (0, 0, 0, 0))[2]
                running[target] = to_units(target.sudo().points) - (0 if refreshed else to_units(gone))
            before = running[target]
            change = {"add": units, "subtract": -units, "expiry": 0}.get(mode, units - before)
            taken = before if mode == "reset" else -change
            today = todays[card.sudo().company_id]
            problem = self._adjustment_problem(card, mode, change, taken, to_units(available), today, waive)
            if not problem:
                running[target] += change
            rows.append(
                {
                    "card": card,
                    "target": target,
                    "before": to_points(before),
                    "change": to_points(change),
                    "after": to_points(before + change),
                    "expires": (units if mode == "reset" else change) > 0
                    and target._expiry_of_grant(expiration_date, renews, today),
                    "problem": problem,
                }
            )
        return rows

    def _expiry_of_grant(self, expiration_date, renews, today):
        """Return the last usable day of points that are added to the card today, or False."""
        self.ensure_one()
        card = self.sudo()  # managers of another company have no access to the card; the right to adjust it was checked
        program, own = card.program_id, expiration_date
        if not own and program.expiry_policy == "lot":
            own = add_delay(today, program.expiry_delay, program.expiry_unit)
        elif not own and program.expiry_policy == "rolling":
            own = program._rolling_expiry(card.last_earning_date)
            if renews or not own or own < today:
                own = program._rolling_expiry(max(today, card.last_earning_date or today))
        return min([day for day in (own, card.expiration_date) if day], default=False)

    def _adjustment_problem(self, card, mode, change, taken, available, today, waive=False):
        """Return why the ledger would refuse the adjustment of ``card``, or False.

        :param taken: points that leave the card, in units; those of a reset come back as new ones
        """
        _ = self.env._
        if not card.ledgered:
            return card._say_unusable("untracked")
        if card.points_to_id and (change < 0 or mode in ("set", "reset", "expiry")):
            return card._say_unusable("linked")
        if waive:
            return False
        if (change > 0 or mode == "reset" and change + taken > 0) and (reason := card._unusable_reason(today, ADJUST)):
            return reason
        if taken > available and card._unusable_code(today, ADJUST) not in ("closed", "expired"):
            return _("Only %s points are available.", say_points(self.env, to_points(available)))
        return False

    # --- posting -------------------------------------------------------------------------------------------------

    def _check_adjustment(self, mode, points, expiration_date, reason):
        """Refuse adjustments that make no sense before anything is planned (C31, P7)."""
        _ = self.env._
        if not self:
            raise ValidationError(_("No card matches. Choose at least one."))
        if not (reason or "").strip():
            raise ValidationError(_("Give a reason for the adjustment."))
        try:
            units = to_units(points)
        except OverflowError as error:
            raise ValidationError(_("Enter a number of points below 100,000,000,000.")) from error
        if mode == "expiry" and not expiration_date:
            raise ValidationError(_("Enter the new expiry date."))
        if mode == "add" and not units and not expiration_date:
            raise ValidationError(_("Enter a number of points, or a new expiry date for the points the card has."))
        if mode == "subtract" and units <= 0:
            raise ValidationError(_("Enter a positive number of points to subtract."))
        if mode in ("set", "reset") and units < 0:
            raise ValidationError(_("A balance cannot be set below zero."))
        if expiration_date and units < 0 or expiration_date and mode == "subtract":
            raise ValidationError(_("Only points that are added get an expiry date; leave it empty."))

    def _adjust(
        self,
        mode,
        points,
        reason,
        key,
        expiration_date=None,
        document=None,
        skip_problems=False,
        approved=True,
        renews=False,
        waive=False,
    ):
        """Adjust the cards through one call of the gateway.

        The same ``key`` again posts nothing for cards that have it.

        :param key: name of this adjustment; each card's transaction appends its id
        :param skip_problems: leave out cards that cannot be adjusted instead of refusing everything
        :param approved: False: post nothing when the change exceeds the company's limit
        :param renews: added points renew the rolling expiry of the balance, as an earning does
        :param waive: the points settle a debt, also one of a card that is closed or past its date
        :return: the transactions, or None when the change needs approval
        :raises odoo.exceptions.ValidationError: with the first cards that cannot be adjusted
        """
        self._check_adjustment(mode, points, expiration_date, reason)
        if mode == "add" and not to_units(points):
            mode = "expiry"
        # Locks the cards and writes expired points off, so that "set" reaches the balance asked for.
        self.sudo()._refresh_ledger()
        self.invalidate_recordset(["points", "closed", "points_to_id", "expiration_date", "start_date", "ledgered"])
        done = self._keys_posted([f"{key}:{card.id}" for card in self])
        rows = self.filtered(lambda card: f"{key}:{card.id}" not in done)._plan_adjustment(
            mode, points, refreshed=True, waive=waive
        )
        problems = [row for row in rows if row["problem"]]
        if problems and not skip_problems:
            raise ValidationError(self._describe_problems(problems))
        rows = [row for row in rows if not row["problem"]]
        changes = {row["card"].id: row["change"] for row in rows}
        if not approved and self._exceeds_adjustment_limit(changes):
            return None
        ops = self._adjustment_ops(
            rows,
            mode,
            key,
            {"document": document, "reason": reason.strip(), **({"overdraw": "debt"} if waive else {})},
            {"expiration_date": expiration_date, "renews": renews},
        )
        return self._post_entries(ops)

    def _adjustment_ops(self, rows, mode, key, common, dates):
        """Return the operations of planned adjustments.

        :param common: values of each operation
        :param dates: values of those that add points
        """
        ops = []
        for row in rows:
            op = {"card_id": row["card"].id, "key": f"{key}:{row['card'].id}", **common}
            change = row["change"]
            if mode == "expiry":
                ops.append({**op, "kind": "redate", "points": 0, "expiration_date": dates["expiration_date"]})
                continue
            if mode == "reset" and row["before"] > 0 and row["after"]:  # else one transaction does both
                ops.append({**op, "key": op["key"] + RESET, "kind": "adjust", "points": -row["before"]})
                change = row["after"]
            if change:
                ops.append({**op, "kind": "adjust", "points": change, **(dates if change > 0 else {})})
        return ops

    def _describe_problems(self, rows):
        shown = [f"{row['card'].code}: {row['problem']}" for row in rows[:5]]
        if len(rows) > len(shown):
            shown.append(self.env._("… and %s more cards.", len(rows) - len(shown)))
        return self.env._("Nothing was changed, because these cards cannot be adjusted:\n%s", "\n".join(shown))

    def _keys_posted(self, keys):
        """Return which of the keys the ledger has already."""
        self.env.cr.execute(
            "SELECT idempotency_key FROM loyalty_ledger_entry WHERE idempotency_key = ANY(%s::text[])",
            [arrays.texts(keys)],
        )
        return {key for (key,) in self.env.cr.fetchall()}
