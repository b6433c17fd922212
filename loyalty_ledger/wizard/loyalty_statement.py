"""Print Statement: which cards, which period, and how much detail."""

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..tools.today import loyalty_today


class LoyaltyStatement(models.TransientModel):
    """Statements of cards for a period (S25, bH10)."""

    _name = "loyalty.statement"
    _inherit = ["loyalty.values.mixin"]
    _description = "Card Statement"

    card_ids = fields.Many2many("loyalty.card", string="Cards", required=True, domain=[("ledgered", "=", True)])
    date_from = fields.Date("From", required=True, default=lambda self: self._today() - relativedelta(years=1, day=1))
    date_to = fields.Date("To", required=True, default=lambda self: self._today())
    detail = fields.Selection(
        [("detailed", "Every transaction"), ("summary", "Summary")], "Show", required=True, default="detailed"
    )

    def _today(self):
        return loyalty_today(self.env, self.env.company)

    @api.model
    def default_get(self, fields):
        """Start with the selected cards, or with the cards of the selected customers."""
        values = super().default_get(fields)
        if "card_ids" not in fields or values.get("card_ids"):
            return values
        ids = self.env.context.get("active_ids") or []
        cards = self.env["loyalty.card"].with_context(active_test=False)
        if self.env.context.get("active_model") == "loyalty.card":
            cards = cards.browse(ids)
        elif self.env.context.get("active_model") == "res.partner":
            cards = self.env["res.partner"].browse(ids)._loyalty_statement_cards()
        values["card_ids"] = [(6, 0, cards.filtered("ledgered").ids)]
        return values

    @api.constrains("date_from", "date_to")
    def _check_dates(self):
        if any(statement.date_from > statement.date_to for statement in self):
            raise ValidationError(self.env._("The end date is before the start date."))

    @api.model
    def _open(self, cards):
        """Return the action that asks for the period."""
        action = self.env["ir.actions.act_window"]._for_xml_id("loyalty_ledger.loyalty_statement_action")
        action["context"] = {"default_card_ids": cards.filtered("ledgered").ids}
        return action

    def action_print(self):
        """Print the statements."""
        self.ensure_one()
        self._check_cards()
        return self.env.ref("loyalty_ledger.action_report_loyalty_statement").report_action(self, config=False)

    def _check_cards(self):
        cards = self.card_ids.filtered("ledgered")
        if not cards:
            raise UserError(self.env._("Coupons and promotions have no statement. Choose loyalty cards."))
        cards.check_access("read")
        return cards

    def _documents(self):
        """Return what is printed: for each company and language ``(company, language, cards)``.

        One document with a page for each card: some builds of wkhtmltopdf print no more than one.
        """
        self.ensure_one()
        groups = {}
        for card in self._check_cards().sorted(lambda card: (card.partner_id.name or "", card.partner_id.id, card.id)):
            company = card.company_id or self.env.company
            key = (company, card.partner_id.lang or self.env.lang)
            groups[key] = groups.get(key, card.browse()) | card
        return [(company, lang, cards) for (company, lang), cards in groups.items()]

    def _values(self, cards, lang):
        """Return what the template prints for cards in a language (see ``loyalty.card._statement_values``)."""
        return list(cards.with_context(lang=lang)._statement_values(self.date_from, self.date_to).items())

    def _file_name(self):
        name = self.card_ids.code if len(self.card_ids) == 1 else self.env._("%s cards", len(self.card_ids))
        return self.env._("Loyalty statement - %(cards)s - %(date)s", cards=name, date=self.date_to.isoformat())
