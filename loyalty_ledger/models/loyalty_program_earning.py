"""How a program gives points, as far as the ledger works them out itself."""

from typing import NamedTuple

from odoo import api, fields, models
from odoo.fields import Domain

from ..tools.memory import remembered


class ProductFilter(NamedTuple):
    """Which products a rule counts: ``every`` one, and whether the domain is ``plain``, for which no query is needed."""

    domain: Domain
    every: bool
    plain: bool


class FrozenRule(NamedTuple):
    """A rule as documents freeze it, and the products that it counts (:class:`ProductFilter`)."""

    terms: dict
    counts: ProductFilter


class LoyaltyProgram(models.Model):
    _name = "loyalty.program"
    _inherit = ["loyalty.values.mixin", "loyalty.program", "loyalty.remembered.mixin"]

    issue_on = fields.Selection(
        [("order", "When the order is confirmed"), ("paid", "When the document is paid in full")],
        "Points Are Awarded",
        required=True,
        default="order",
        help="When the order is confirmed: Odoo's own timing; orders and registers give the points, invoices none. A credit note "
        "does not take them back, but is listed among the exceptions: cancel the order, or adjust the card.\n"
        "When the document is paid in full: the ledger calculates the points, from posted and paid documents only, "
        "and takes them back when a payment or the sale is undone.",
    )
    accumulates = fields.Boolean(
        "Customers Earn Points",
        default=True,
        help="Switch off to stop awarding points. Customers can still redeem what they have. Documents that are "
        "already posted earn as announced.",
    )
    earning_basis = fields.Selection(
        [("untaxed", "Amounts without tax"), ("total", "Amounts with tax")],
        "Earning Basis",
        required=True,
        default="untaxed",
        prefetch="loyalty_terms",
        help="What rules per currency unit count.",
    )
    earning_rounding = fields.Selection(
        [("down", "Down to whole points"), ("nearest", "To the nearest whole point"), ("none", "Keep fractions")],
        "Rounding of Points",
        required=True,
        default="down",
        prefetch="loyalty_terms",
        help="How the points of a document are rounded, once, at the end. Fractions are kept to four decimals.",
    )
    excluded_pricelist_ids = fields.Many2many(
        "product.pricelist",
        "loyalty_program_excluded_pricelist_rel",
        "program_id",
        "pricelist_id",
        string="Excluded Pricelists",
        help="Documents with one of these pricelists earn nothing, for example contract prices.",
    )
    gift_cards_earn = fields.Boolean(
        "Gift Card Sales Earn Points",
        prefetch="loyalty_terms",
        help="Whether selling a gift card or topping up an eWallet earns points. By default it does not, since it is "
        "money paid in advance. Purchases that are later paid with it earn nothing if points are awarded when a "
        "document is paid in full; with Odoo's own timing, products earn points however they are paid for.",
    )
    earning_count = fields.Integer("Documents That Earn", compute="_compute_earning_count")

    ignores_multipliers = fields.Boolean("Multipliers Are Ignored", compute="_compute_ignores_multipliers")

    @api.depends("issue_on", "program_type", "level_ids.multiplier")
    def _compute_ignores_multipliers(self):
        """Say it where levels promise what Odoo's own timing, which knows no levels, does not give (bS1)."""
        for program in self:
            program.ignores_multipliers = (
                program.program_type == "loyalty"
                and not program._uses_multipliers()
                and any(level.multiplier != 1 for level in program.level_ids)
            )

    def _uses_multipliers(self):
        """Return whether points are multiplied by the level: where the ledger works them out, at payment."""
        return self.issue_on == "paid"

    @api.model
    def _earning_fields(self):
        """Return names of fields, with columns, that every document asks when it earns: channels read them at once.
        Override to add what another add-on asks."""
        return ["accumulates", "active", "date_from", "date_to"]

    def _awards_sales(self):
        """Return whether single documents earn points. Override where a program awards them in another way."""
        self.ensure_one()
        return self.accumulates

    def _why_no_sale_earns(self):
        """Say why a single document earns nothing, or return False. Override to say how the program awards points instead."""
        self.ensure_one()
        return False if self.accumulates else self.env._("%s is not awarding points now.", self.name)

    def _compute_earning_count(self):
        # The number is shown to anybody who may read the program.
        groups = (
            self.env["loyalty.earning"]
            .sudo()
            ._read_group([("program_id", "in", self.ids)], ["program_id"], ["__count"])
        )
        counts = dict(groups)
        for program in self:
            program.earning_count = counts.get(program._origin, 0)

    def _earning_rules(self):
        """Return the rules that apply to every document. Override to leave some out."""
        self.ensure_one()
        return self.rule_ids.filtered(lambda rule: rule.active and rule.mode == "auto")

    @remembered("self.id")
    def _frozen_rules(self):
        """Return the :class:`FrozenRule` list of the program.

        Every document that earns asks, and rules hardly ever change: remembered until one does.
        """
        rules = self.sudo().with_context(active_test=True)._earning_rules()  # the same for everybody
        return [FrozenRule(rule._earning_terms(), rule._product_filter()) for rule in rules]

    def _excludes_pricelist(self, pricelist):
        """Return whether documents with these prices earn nothing (bM8)."""
        self.ensure_one()
        return bool(pricelist) and self._origin._excludes_pricelist_id(pricelist._origin.id)

    @remembered("self.id", "pricelist_id")
    def _excludes_pricelist_id(self, pricelist_id):
        """Every order asks, and programs hardly ever change: remembered until one does."""
        program = self._for_everybody()
        excluded, only = program.excluded_pricelist_ids.ids, program.pricelist_ids.ids
        return pricelist_id in excluded or bool(only and pricelist_id not in only)

    def _for_everybody(self):
        """Return the programs with all their pricelists: archived ones and those of other companies too."""
        return self.sudo().with_context(active_test=False)

    def _uses_pricelists(self):
        """Return whether a document has to say which pricelist it has."""
        return any(program._has_pricelists() for program in self._origin)

    @remembered("self.id")
    def _has_pricelists(self):
        """Every invoice asks: remembered as above."""
        program = self._for_everybody()
        return bool(program.excluded_pricelist_ids or program.pricelist_ids)
