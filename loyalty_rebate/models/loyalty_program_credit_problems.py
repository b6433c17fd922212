"""What a roll-over could not settle, in Exceptions: credits that reached no card, and credits that later returns took back."""

from collections import defaultdict

from dateutil.relativedelta import relativedelta

from odoo import fields, models
from odoo.exceptions import UserError

KINDS = ("unposted", "overpaid")


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    def _say_unposted(self, partner_id, amount, reason):
        return self.env._(
            "%(amount)s of credits of %(customer)s are not posted: %(reason)s The next roll-over tries again.",
            amount=self.currency_id.format(amount),
            customer=self.env["res.partner"].browse(partner_id).display_name,
            reason=reason,
        )

    def _say_overpaid(self, partner_id, amount):
        return self.env._(
            "%(customer)s was credited %(amount)s more than the sales are worth by now, because documents of earlier "
            "periods came later. The next roll-over takes it off; nothing is taken off the card.",
            customer=self.env["res.partner"].browse(partner_id).display_name,
            amount=self.currency_id.format(amount),
        )

    def _report_credits(self, partner_ids, problems, cards):
        """List the problems of these customers, each once, with the amount of now; those that are settled are resolved.

        :param problems: ``{customer id: (kind, note)}``
        :param cards: ``{customer id: card id}``; who has no card is listed as a customer
        """
        exceptions = self.env["loyalty.exception"]
        documents = {
            partner_id: ("loyalty.card", cards[partner_id]) if partner_id in cards else ("res.partner", partner_id)
            for partner_id in partner_ids
        }
        known = exceptions.search([("program_id", "=", self.id), ("kind", "in", KINDS), ("state", "=", "open")])
        known = {(one.kind, one.res_model, one.res_id): one for one in known}
        new, settled = [], exceptions
        for partner_id, document in documents.items():
            kind, note = problems.get(partner_id, (None, None))
            for other in KINDS:
                found = known.get((other, *document))
                if found and other == kind:
                    if found.note != note:
                        found.note = note
                elif found:
                    settled |= found
                elif other == kind:
                    new.append(self._prepare_credit_exception(kind, note, document))
        exceptions.create(new)
        settled.write({"state": "resolved", "resolved_by_id": self.env.uid, "resolved_on": fields.Datetime.now()})

    def _prepare_credit_exception(self, kind, note, document):
        model, res_id = document
        return {
            "kind": kind,
            "program_id": self.id,
            "company_id": self.company_id.id,
            "card_id": res_id if model == "loyalty.card" else False,
            "note": note,
            "res_model": model,
            "res_id": res_id,
        }

    # --- a program that ends -------------------------------------------------------------------------------------

    def _check_may_end(self):
        """Refuse to archive a program of whose sales credits are still due: archived, it counts none.

        :raises odoo.exceptions.UserError: naming the period and the amount
        """
        super()._check_may_end()
        for program in self.filtered(lambda program: program.active and program.award_mode == "period"):
            start, __ = program._period_bounds(program._period_today())
            for day in (start + relativedelta(days=-1), start):
                if amount := program._credits_due(day):
                    raise UserError(
                        self.env._(
                            "Sales of %(period)s bring %(amount)s of credits in %(program)s that are not posted yet, and an "
                            "archived program counts no sales. Close the period first. To end the program on a day, enter it "
                            "as the last day of its validity.",
                            period=program._name_period(program._period_bounds(day)[0]),
                            amount=program.currency_id.format(amount),
                            program=program.name,
                        )
                    )

    def _credits_due(self, day):
        """Return what the roll-over of the period of ``day`` would post, earlier periods that changed included."""
        self.ensure_one()
        last = self._last_period()
        if last and last.date_from > day:
            return 0.0
        by_partner = defaultdict(list)
        for row in self._period_sales(day):
            by_partner[row["partner_id"]].append(row)
        return sum(max(0.0, self._net_credit(rows)) for rows in by_partner.values())
