"""Numbers of cards: which card a written number means, and which numbers a new card cannot have."""

import re
from collections import defaultdict

from odoo import api, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL

from .loyalty_card_code import OPEN_TYPES

#: Characters of the longest number that fits on a card as a barcode (Code 128).
LONGEST_BARCODE = 80
#: Characters of the shortest text that is looked for among the numbers of cards.
SHORTEST = 4
#: How often numbers are drawn for cards created together before giving up: one repeat is rare, two are a fault.
ROUNDS = 5


def plain_number(text):
    """Return a number without spaces, dashes, case and leading zeros, as the index of cards keeps it."""
    return text.lower().replace(" ", "").replace("-", "").lstrip("0")


class LoyaltyCard(models.Model):
    _inherit = "loyalty.card"

    _plain_number_idx = models.Index("(ltrim(lower(translate(code, ' -', '')), '0')) WHERE ledgered")

    @api.model
    def _find_by_numbers(self, texts):
        """Find cards by their numbers, among those that the user sees, archived ones included.

        A number that no card has exactly stands for the cards whose number differs in spaces, dashes, case or leading
        zeros only: spreadsheets and people lose them.

        :param texts: numbers as they were written
        :return: ``{text: cards}``; more than one card where several fit, none where the text is not among the keys
        """
        Card = self.with_context(active_test=False)
        texts = {text for text in texts if text}
        found = {card.code: card for card in Card.search([("code", "in", list(texts))])}
        wanted = defaultdict(list)
        for text in texts - found.keys():
            if plain := plain_number(text):
                wanted[plain].append(text)
        if wanted:
            self.flush_model(["code", "ledgered"])
            rows = self.env.execute_query(
                SQL(
                    """
                    SELECT id, ltrim(lower(translate(code, ' -', '')), '0') FROM loyalty_card
                     WHERE ledgered AND ltrim(lower(translate(code, ' -', '')), '0') = ANY(%s)
                    """,
                    list(wanted),
                )
            )
            plain_of = dict(rows)
            for card in Card.search([("id", "in", list(plain_of))]):
                for text in wanted[plain_of[card.id]]:
                    found[text] = found.get(text, Card.browse()) | card
        return found

    @api.model
    def _cards_of_number(self, text):
        """Return the cards with this whole number that the user may see, and whose number the user may read.

        :param text: what somebody looks for; most texts are no number of a card, and cost no query
        """
        text = text.strip()
        if len(text) < SHORTEST or not any(sign.isdigit() for sign in text) or not self.has_access("read"):
            return self.browse()
        cards = self._find_by_numbers([text]).get(text, self.browse())
        return cards if self._may_read_codes() else cards.filtered(lambda card: card.program_type in OPEN_TYPES)

    @api.model
    def _number_problems(self, codes):
        """Return ``{number: why no new card can have it}`` for those of ``codes`` that would be read as something else."""
        _ = self.env._
        codes, problems = [code for code in codes if code], {}
        if not codes:
            return problems
        for code in codes:
            if len(code) > LONGEST_BARCODE or not re.fullmatch(r"[!-~](?:[ -~]*[!-~])?", code):
                problems[code] = _(
                    "“%(code)s” cannot be printed as a barcode: use up to %(limit)s letters without accents, digits and signs.",
                    code=code,
                    limit=LONGEST_BARCODE,
                )
        # Anybody who issues a card need not see products or customers of other companies: a scanner finds them all the
        # same.
        for model, field, message in (
            ("product.product", "barcode", _("“%(code)s” is the barcode of the product %(name)s.")),
            ("product.uom", "barcode", _("“%(code)s” is the barcode of a packaging of %(name)s.")),
            ("res.partner", "barcode", _("“%(code)s” is the barcode of a contact.")),
            ("loyalty.rule", "code", _("A promotion has the code “%(code)s”.")),
        ):
            Model = self.env[model].sudo()
            domain = [(field, "in", codes)]
            if model == "loyalty.rule":
                domain.append(("mode", "=", "with_code"))
            for record in Model.search_fetch(domain, [field]):
                name = record.product_id.display_name if model == "product.uom" else record.display_name
                problems.setdefault(record[field], message % {"code": record[field], "name": name})
        return problems

    # Not a constraint, since those run in sudo. Code of the server passes: a paid order that brings the number of a gift
    # card is never refused.

    @api.model
    def _draw_codes(self, count):
        """Return ``count`` numbers for new cards; several of them are numbers that no card has.

        Odoo draws 32 bits: of 100,000 cards created at once, two have the same number more often than not, which would
        refuse them all. One card alone is not worth the question: a constraint answers it.

        :raises odoo.exceptions.UserError: when numbers that cards have already are drawn again and again
        """
        if count == 1:
            return [self._generate_code()]
        codes = {}
        for __ in range(ROUNDS):
            drawn = dict.fromkeys(self._generate_code() for __ in range(count - len(codes)))
            if drawn:
                rows = self.env.execute_query(SQL("SELECT code FROM loyalty_card WHERE code = ANY(%s)", list(drawn)))
                taken = {code for (code,) in rows}
                codes.update(dict.fromkeys(code for code in drawn if code not in taken))
            if len(codes) == count:
                return list(codes)
        raise UserError(
            self.env._(
                "No free number was found for %(missing)s of %(count)s new cards: the numbers that are generated have been "
                "used already. Give the cards their numbers yourself, or ask your administrator to check how numbers are "
                "generated.",
                missing=count - len(codes),
                count=count,
            )
        )

    @api.model_create_multi
    def create(self, vals_list):
        """Create cards; users give them no number that a scanner would read as something else, or could not read."""
        cards = super().create(vals_list)
        if not self.env.su:
            given = [vals["code"] for vals, card in zip(vals_list, cards) if vals.get("code") and card.sudo().ledgered]
            self._check_new_numbers(given)
        return cards

    def write(self, vals):
        """Write cards; a number that a user changes follows the rules of a new one."""
        changed = vals.get("code") and self.filtered(lambda card: card.code != vals["code"])
        result = super().write(vals)
        if changed and not self.env.su and any(card.ledgered for card in changed.sudo()):
            self._check_new_numbers([vals["code"]])
        return result

    @api.model
    def _check_new_numbers(self, codes):
        """Refuse numbers that no new card can have.

        :raises odoo.exceptions.ValidationError: naming the first of them and what it is
        """
        for problem in self._number_problems(codes).values():
            raise ValidationError(self.env._("%s Choose another number for the card.", problem))
