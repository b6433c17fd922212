"""May this card be used for that, and if not, what do people read: the only place that says it (`ledger/usability.py`)."""

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import format_date
from odoo.tools.translate import LazyTranslate

from ..ledger.usability import REDEEM, why_unusable
from ..tools.today import loyalty_today
from ..tools.words import isolated

_lt = LazyTranslate(__name__, default_lang="en_US")

#: Code -> words. The register gets the same table in the user's language (:meth:`LoyaltyCard._usability_words`).
WORDS = {
    "archived": _lt("Card %(card)s is archived. Unarchive it, or use another card."),
    "closed": _lt("Card %(card)s is closed. Reopen it, or use another card."),
    "linked": _lt("Card %(card)s is linked to card %(master)s. Use that card."),
    "not_started": _lt("Card %(card)s can be used from %(date)s on."),
    "expired": _lt("Card %(card)s expired on %(date)s."),
    "untracked": _lt("Card %(card)s is not tracked in the points ledger."),
    "program": _lt("%(card)s is not a card of a loyalty program: %(program)s."),
    "company": _lt("Card %(card)s belongs to company %(company)s; this document to %(other)s."),
    "owner": _lt("Card %(card)s belongs to %(owner)s. Use a card of %(customer)s."),
}


class LoyaltyCard(models.Model):
    _inherit = "loyalty.card"

    status = fields.Selection(
        [
            ("open", "Open"),
            ("not_started", "Not Started"),
            ("linked", "Linked to Another Card"),
            ("expired", "Expired"),
            ("closed", "Closed"),
            ("archived", "Archived"),
        ],
        "Status",
        compute="_compute_status",
    )

    @api.depends("active", "closed", "points_to_id", "start_date", "expiration_date")
    def _compute_status(self):
        for card in self:
            card.status = card._unusable_code() or "open"

    # --- codes ---------------------------------------------------------------------------------------------------

    def _unusable_code(self, date=None, purpose=REDEEM, held=False):
        """Return why the card itself cannot be used, as a code of `ledger/usability.py`, or None.

        :param date: day of the use, default today where the card's company is
        :param purpose: ``earn``, ``redeem`` or ``adjust``; the master of a linked card is not looked at
        :param held: the points were reserved in time, so they outlive the card's own expiry
        """
        self.ensure_one()
        start, expiry = self.start_date, None if held else self.expiration_date
        day = (date or loyalty_today(self.env, self.company_id)) if start or expiry else None
        return why_unusable(day, purpose, not self.active, self.closed, bool(self.points_to_id), start, expiry)

    def _misfit_code(self, partner=None, company=None):
        """Return why the card is not one for a document of this customer and company, as a code, or None.

        :param partner: the customer: a personal card is its owner's and, of a company's card, its contacts'
        :param company: company of the document; only cards of loyalty programs are put on documents
        """
        self.ensure_one()
        if company and not (self.ledgered and self.program_type == "loyalty"):
            return "program"
        if company and self.company_id and self.company_id not in company.parent_ids:
            return "company"
        if partner is not None and self.program_id.is_nominative and not self._belongs_to(partner):
            return "owner"
        return None

    def _earning_master(self):
        """Return the card that gets what is earned on this one: its master, which the user may not see, else itself."""
        self.ensure_one()
        return self.sudo().points_to_id or self

    # --- answers -------------------------------------------------------------------------------------------------

    def _is_usable(self, date=None, purpose=REDEEM):
        """Return whether the card can be used; of a linked card that gets points, whether its master can too."""
        return not self._unusable_by(date, purpose)[1]

    def _unusable_by(self, date, purpose, held=False):
        code = self._unusable_code(date, purpose, held)
        if code or purpose == REDEEM or not self.points_to_id:
            return self, code
        master = self._earning_master()
        return master, master._unusable_code(date, purpose, held)

    def _unusable_reason(self, date=None, purpose=REDEEM, partner=None, company=None, held=False):
        """Say why the card cannot be used, or return False; what it is used for as in the methods above."""
        self.ensure_one()
        card, code = self, self._misfit_code(partner, company)
        if not code:
            card, code = self._unusable_by(date, purpose, held)
        return card._say_unusable(code, customer=partner and partner.display_name, other=company and company.name)

    def _unusable_for(self, partner):
        """Say that the card is somebody else's than ``partner``'s, or return False; its dates are not looked at."""
        return self._say_unusable(self._misfit_code(partner), customer=partner.display_name)

    def _say_unusable(self, code, **values):
        """Return the words of a code, or False where there is none.

        :param values: ``customer`` and ``other`` (company) of the document, where the code is about them
        """
        if not code:
            return False
        card = self.sudo()  # access: users without access to the card are told why it is refused, and whose it is
        date = {"not_started": card.start_date, "expired": card.expiration_date}.get(code)
        facts = {
            "card": isolated(self.env, self._shown_code()),
            "master": card.points_to_id and isolated(self.env, card.points_to_id._shown_code()),
            "date": date and format_date(self.env, date),
            "program": card.program_id.name,
            "company": card.company_id.name,
            "owner": card.partner_id.display_name,
        }
        return self._usability_words(code) % {**facts, **values}

    @api.model
    def _usability_words(self, code):
        """Return the words of a code in the user's language, with ``%(name)s`` where facts go."""
        translate = self.env._  # of lazy words, which Odoo's lint does not know
        return translate(WORDS[code])

    @api.model
    def _usable_domain(self, day):
        """Return the domain of cards that :meth:`_is_usable` calls usable on ``day``; archived ones Odoo leaves out."""
        return (
            Domain("closed", "=", False)
            & Domain("points_to_id", "=", False)
            & (Domain("start_date", "=", False) | Domain("start_date", "<=", day))
            & (Domain("expiration_date", "=", False) | Domain("expiration_date", ">=", day))
        )
