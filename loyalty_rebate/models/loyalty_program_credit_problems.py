"""What a roll-over could not settle, in Exceptions: credits that reached no card, and credits that later returns took back."""

from odoo import fields, models

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
