"""The terms of a document, frozen when it is first looked at: rules, products, level and what keeps it from earning."""

from odoo import api, models
from odoo.fields import Domain


class LoyaltyEarning(models.Model):
    _inherit = "loyalty.earning"

    @api.model
    def _freeze(self, claims, known=None):
        """Return ``{claim key: earning}``, creating those of documents that are synchronised first."""
        __, earnings, new = self._find(claims, known)
        earnings.update(zip([claim.key() for claim in new], self.create(self._prepare_terms(new))))
        return earnings

    @api.model
    def _find(self, claims, known=None):
        """Return the claims by key, the earnings that they have by key, and the claims that are to get one.

        Documents that do not count and never did get none. Earnings of a program that the document left with its card
        are withdrawn.
        """
        existing = self._of_documents([claim.document for claim in claims]) if known is None else known.sudo()
        wanted = {claim.key(): claim for claim in claims}
        earnings = {(earning.res_model, earning.res_id, earning.program_id.id): earning for earning in existing}
        if left := existing.filtered(lambda e: (e.res_model, e.res_id, e.program_id.id) not in wanted and e.points):
            left._withdraw()
        self._extend_terms([(earnings[key], claim) for key, claim in wanted.items() if key in earnings])
        new = [claim for key, claim in wanted.items() if claim.active and key not in earnings]
        return wanted, {key: earnings[key] for key in wanted if key in earnings}, new

    @api.model
    def _prepare_terms(self, claims):
        """Return the values that freeze the terms of each claim as they are now."""
        programs = self.env["loyalty.program"].union(*(claim.card.program_id for claim in claims))
        rules = {program: program._frozen_rules() for program in programs}
        products = {
            program: self._match_products(
                [rule.counts for rule in rules[program]],
                {pid for claim in claims if claim.card.program_id == program for pid in claim.product_ids()},
            )
            for program in programs
        }
        values = []
        for claim in claims:
            program = claim.card.program_id
            values.append(
                {
                    "res_model": claim.document[0],
                    "res_id": claim.document[1],
                    "date": claim.date,
                    "program_id": program.id,
                    "company_id": program.company_id.id,
                    "currency_id": program.currency_id.id,
                    "earning_basis": program.earning_basis,
                    "earning_rounding": program.earning_rounding,
                    "currency_rate": claim.rate,
                    "terms": {
                        "rules": [{**rule.terms} for rule in rules[program]],
                        "products": {str(pid): products[program][pid] for pid in sorted(claim.product_ids())},
                    },
                    **self._card_terms(claim),
                }
            )
        return values

    @api.model
    def _card_terms(self, claim):
        """What the card, the customer and the program of today say about the document."""
        level = (claim.card.points_to_id or claim.card).level_id
        return {
            "card_id": claim.card.id,
            "level_id": level.id,
            "level_name": level.name,
            "multiplier": level.multiplier if level else 1.0,
            "blocked": self._blocked_reason(claim),
        }

    @api.model
    def _blocked_reason(self, claim):
        """Say why the document earns nothing at all, or return False."""
        program = claim.card.program_id
        if claim.elsewhere:
            return "elsewhere"
        if not program.active or not program.accumulates:
            return "program"
        if (program.date_from and claim.date < program.date_from) or (program.date_to and claim.date > program.date_to):
            return "dates"
        if claim.customer and not claim.customer._earns_loyalty():
            return "customer"
        if program._excludes_pricelist(claim.pricelist):
            return "pricelist"
        return False

    @api.model
    def _match_products(self, rules, product_ids):
        """Return ``{product id: positions of the rules that count it}``: at most one query for each rule.

        A line without product counts where the rule takes every product.

        :param rules: :class:`ProductFilter` of each rule
        """
        matches = {product_id: [] for product_id in product_ids}
        Product = self.env["product.product"].with_context(active_test=False)
        real = Product.browse([product_id for product_id in product_ids if product_id])
        for position, rule in enumerate(rules):
            if real and rule.plain:
                found = real.filtered_domain(rule.domain).ids
            else:
                found = Product._search(rule.domain & Domain("id", "in", real.ids)) if real else []
            for product_id in found:
                matches[product_id].append(position)
            if 0 in matches and rule.every:
                matches[0].append(position)
        return matches

    @api.model
    def _extend_terms(self, pairs):
        """Bring frozen terms up to a document that was changed as a draft: another card, products not seen before."""
        unseen = {}
        for earning, claim in pairs:
            if earning.card_id != claim.card and claim.active:
                earning._change_card(claim)
            products = earning.terms["products"]
            if missing := {product_id for product_id in claim.product_ids() if str(product_id) not in products}:
                unseen[earning] = missing
        for earning, missing in unseen.items():
            rules = self.env["loyalty.rule"].with_context(active_test=False)
            kept = rules.browse([rule["id"] for rule in earning.terms["rules"]]).exists()
            positions = [position for position, rule in enumerate(earning.terms["rules"]) if rule["id"] in kept.ids]
            matches = self._match_products([rule._product_filter() for rule in kept], missing)
            products = dict(earning.terms["products"])
            for product_id, found in matches.items():
                products[str(product_id)] = [positions[position] for position in found]
            earning.terms = {**earning.terms, "products": products}

    def _change_card(self, claim):
        """The document has another card: what was posted to the old one is taken back first."""
        if self.points:
            self._withdraw()
        self.write(self._card_terms(claim))
