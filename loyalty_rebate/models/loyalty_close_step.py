from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date

from odoo.addons.loyalty_ledger.ledger.rounding import as_points


class LoyaltyCloseStep(models.Model):
    _inherit = "loyalty.close.step"

    # How far a step has come that is committed in batches.
    is_going_on = fields.Boolean("In Progress", readonly=True)
    batch_position = fields.Integer("Last Customer or Card", readonly=True, aggregator=None)
    batch_points = fields.Float("Points So Far", digits=(16, 4), readonly=True)
    batch_amount = fields.Monetary("Amount So Far", readonly=True)

    def _periods(self):
        """Return the periods that the close rolls over: without those that a later one of them has settled already.

        What changed in these since is part of the later roll-over. So a close goes on in the period where it was.
        """
        periods = self.program_id._periods_ending(self.close_id.date_from, self.close_id.date_to)
        last = self.program_id._last_period()
        return [(start, end) for start, end in periods[:-1] if not last or start >= last.date_from] + periods[-1:]

    def _preview_roll_over(self):
        """What the roll-over would post, summed; earlier periods that changed included."""
        amount = sum(self.program_id._credits_due(end) for __, end in self._periods())
        value = self.program_id._point_value_at(self.close_id.date_to)[0]
        return {"points": as_points(amount / value) if value else 0.0, "amount": amount}

    def _step_roll_over(self):
        """Post the credits of the periods that end in the close (M13), each dated on the last day of its period."""
        self.program_id._check_credits_can_settle()
        points, batches = self.batch_points, 1 if self._is_batched() else None
        last_id = self.batch_position
        for __, end in self._periods():
            left, posted, last_id = self.program_id._roll_over_after(end, last_id, batches)
            points += posted
            if left:
                return self._go_on(last_id, points, self.program_id._say_left(end, left))
            last_id = 0
        value = self.program_id._point_value_at(self.close_id.date_to)[0]
        return self._stop_batches(points, points * value, self._say_problems())

    def _goes_on(self):
        return self.is_going_on and not self.problem

    def _go_on(self, last_id, points, note, amount=0.0):
        """Note how far a step has come; it is committed and called again."""
        return {
            "state": "todo",
            "note": note,
            "batch_position": last_id,
            "batch_points": points,
            "batch_amount": amount,
            "is_going_on": True,
        }

    def _stop_batches(self, points, amount, note):
        batches = {"batch_position": 0, "batch_points": 0.0, "batch_amount": 0.0, "is_going_on": False}
        return {"points": points, "amount": self.currency_id.round(amount), "note": note, **batches}

    def _say_problems(self):
        """Say how many customers are listed in Exceptions, or False."""
        exceptions = self.env["loyalty.exception"].sudo()  # counted only; the right to run was checked by the close
        count = exceptions.search_count(
            [("program_id", "=", self.program_id.id), ("state", "=", "open"), ("kind", "=", "unposted")]
        )
        if not count:
            return False
        return self.env._("Customers whose credits are not posted: %s. See Exceptions.", count)

    def _changed_by_earlier_steps(self):
        """Credits that are rolled over by then are accrued too."""
        points, amount = super()._changed_by_earlier_steps()
        credits_ = self._other_step("roll_over").points
        numerator, denominator = self.program_id._unit_value_at(self.close_id.date_to)
        return points + credits_, amount + credits_ * float(numerator / denominator)

    def _warnings(self):
        """Name credits that nobody gets, because the program was ended before its last period was closed."""
        found, program = super()._warnings(), self.program_id
        if program.award_mode != "period" or program.active and program.accumulates:
            return found
        if amount := self._preview_roll_over()["amount"]:
            found.append(
                self.env._(
                    "Sales of the period are worth %(amount)s of credits that nobody gets, because the program is archived or "
                    "“%(accumulates)s” is off. If they are due, change that before you go on.",
                    amount=self.currency_id.format(amount),
                    accumulates=program._fields["accumulates"]._description_string(self.env),
                )
            )
        return found

    def _preview_account_journals(self):
        found, __ = self.program_id.sudo()._credits_to_post(self.close_id.date_to)  # the right to run was checked
        points = sum(found.values()) + self._other_step("roll_over").points  # which comes first
        return {"points": points, "amount": self.program_id._points_to_money(points, self.close_id.date_to)}

    def _step_account_journals(self):
        """Post what is on the cards to the customers' accounts (M14), dated on the last day of the close.

        Who cannot be credited is named, and the others are. Where nobody can, the step stops, and begins with the first
        when it is run again.
        """
        day, refused, notes = self.close_id.date_to, {}, []
        points, amount, last_id = self.batch_points, self.batch_amount, 0
        if self.is_going_on and not self.problem:
            last_id, notes = self.batch_position, [self.note] if self.note else []
        while last_id is not None:
            documents, reasons, last_id = self.program_id._post_account_credits_after(day, last_id)
            points += sum(documents.mapped("loyalty_redeem_points"))
            amount += sum(documents.mapped("loyalty_redeem_amount"))
            refused |= reasons
            moved = documents.filtered(lambda move: move.date != day)
            if moved:
                later = format_date(self.env, moved[0].date)
                notes.append(self.env._("Entries are dated %s, because the period is locked.", later))
            if self._is_batched() and last_id is not None:
                break
        if refused:
            notes.append(self.program_id._say_refused_credits(refused))
        note = " ".join(dict.fromkeys(notes)) or False
        if last_id is not None:
            return self._go_on(last_id, points, note, amount)
        if note and not points:  # nobody was credited, so that the notes are those of who was refused
            raise UserError(note)
        kept = self.program_id._say_kept_credits(day)
        return self._stop_batches(points, amount, f"{note} {kept}" if note and kept else note or kept)
