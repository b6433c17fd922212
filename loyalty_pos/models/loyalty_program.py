from datetime import timedelta

from odoo import api, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain

from odoo.addons.loyalty_ledger.tools.memory import remembered
from odoo.addons.loyalty_ledger.tools.today import loyalty_today

#: The till's clock and the company's may stand on different days.
SLACK = timedelta(days=1)
#: VAT modes in which points are redeemed as a payment, and not as lines of the order.
PAYMENT_MODES = ("tender", "input_tax", "earning_sale")
#: What the calls of a till and its orders ask of a program, of those fields that have a column.
READ_FOR_TILL = (
    "accounting_policy",
    "company_id",
    "cost_account_id",
    "currency_id",
    "earning_basis",
    "earning_rounding",
    "expiry_policy",
    "issue_on",
    "level_basis",
    "limit_usage",
    "name",
    "pos_ok",
    "program_type",
    "redeem_filter",
    "redeem_stored_value",
    "vat_mode",
)


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    @api.model
    def _load_pos_data_fields(self, config):
        return [
            *super()._load_pos_data_fields(config),
            "accounting_policy",
            "accumulates",
            "earning_basis",
            "earning_rounding",
            "excluded_pricelist_ids",
            "gift_cards_earn",
            "expiry_policy",
            "issue_on",
            "level_basis",
            "negative_policy",
            "point_value",
            "redeem_filter",
            "redeem_stored_value",
            "unlinked_return_policy",
            "vat_mode",
        ]

    @api.model
    def _load_pos_data_read(self, records, config):
        """Tell the till how it multiplies, for its preview of points: by level, 0 for levels without a rate of their
        own, and what a card without level or not issued yet has. And what the points may cover (bP5): products, and
        categories with those below them."""
        values = super()._load_pos_data_read(records, config)
        programs = self.browse([vals["id"] for vals in values]).sudo()  # levels and rates are read-only for tills
        for program, vals in zip(programs, values):
            rates = program._till_rates(config.id)
            vals["accumulates"] = program._awards_sales()
            first = program.level_ids.sorted("min_points")[:1]
            vals["_till_multipliers"] = {level_id or 0: multiplier for level_id, multiplier in rates.items()}
            vals["_first_multiplier"] = first.multiplier or 1.0
            vals["_first_level"] = first.id
            vals["_levels"] = [
                {"id": level.id, "name": level.name, "least": level.min_points}
                for level in program.level_ids.sorted("min_points").with_env(self.env)
            ]
            vals["_redeem_product_ids"] = program.redeem_product_ids.ids
            vals["_redeem_category_ids"] = program._redeem_categories().ids
        return values

    @api.model
    def _server_date_to_domain(self, domain):
        """Load programs anew at each opening: what a point is worth changes with the day, without any write."""
        return domain

    def _is_offered_to(self, order):
        """Return whether the till of an order could apply the program to it, on the day of the order.

        ``pos.config._get_program_ids()`` answers for now; orders made offline arrive days later, when a program may
        have ended or reached its number of uses by that very order.
        """
        day, (__, pricelist_ids) = order._loyalty_day(), self._till_scope()
        return bool(
            self._belongs_to_till(order.config_id)
            and (not pricelist_ids or order.pricelist_id.id in pricelist_ids)
            and (not self.date_from or self.date_from <= day + SLACK)
            and (not self.date_to or self.date_to >= day - SLACK)
        )

    def _is_offered_at(self, config):
        """Return whether a till offers the program today; ``pos.config._get_program_ids()`` lists all of them."""
        day, (__, pricelist_ids) = loyalty_today(self.env, config.company_id), self._till_scope()
        return bool(
            self._belongs_to_till(config)
            and (not pricelist_ids or pricelist_ids & set(config.available_pricelist_ids.ids))
            and (not self.date_from or self.date_from <= day)
            and (not self.date_to or self.date_to >= day)
            and (not self.limit_usage or self.sudo().total_order_count < self.max_usage)  # orders of all tills count
        )

    def _say_other_currency(self, config):
        """Say that a till sells in another currency than the program counts in, or return False: Odoo offers programs only
        where the currencies are the same."""
        if self.currency_id == config.currency_id:
            return False
        return self.env._(
            "Points of %(program)s count in %(currency)s and can be neither earned nor redeemed at %(till)s, which sells "
            "in %(other)s.",
            program=self.name,
            currency=self.currency_id.name,
            till=config.name,
            other=config.currency_id.name,
        )

    def _read_for_till(self):
        """Read what a till's call is about to ask of these programs, and return them: one query instead of two."""
        self.fetch([*READ_FOR_TILL, *self._earning_fields()])
        return self

    def _belongs_to_till(self, config):
        self.ensure_one()
        config_ids, __ = self._till_scope()
        return bool(
            self.active
            and self.pos_ok
            and (not config_ids or config.id in config_ids)
            and self.currency_id == config.currency_id
            and (
                self.company_id in (config.company_id, self.company_id.browse())
                or self.company_id in config.company_id.parent_ids
            )
        )

    @remembered("self.id")
    def _till_scope(self):
        """Return the ids of the tills and of the pricelists that the program is limited to; none: not limited.

        Every order asks, and programs hardly ever change: remembered until one does.
        """
        program = self._for_everybody()
        return frozenset(program.pos_config_ids.ids), frozenset(program.pricelist_ids.ids)

    @api.model
    @remembered()
    def _server_program_ids(self):
        """Return the ids of the programs whose points the server gives; remembered as above."""
        return tuple(self.sudo().with_context(active_test=True).search(self._server_domain()).ids)

    @api.model
    def _server_domain(self):
        """Return the programs whose points the server gives: it ignores what tills claim for them."""
        return Domain("program_type", "=", "loyalty") & Domain("issue_on", "=", "paid") & Domain("pos_ok", "=", True)

    # --- points as a means of payment ----------------------------------------------------------------------------

    def _pays_at_till(self):
        """Return whether points of the program can pay at a till, as a payment or as lines of the order."""
        self.ensure_one()
        return bool(
            self.active
            and self.program_type == "loyalty"
            and self.accounting_policy != "none"
            and self.vat_mode
            and self.cost_account_id
        )

    def _check_pays_at_till(self):
        """Refuse programs whose points cannot be a payment at the till."""
        for program in self:
            if program.program_type != "loyalty":
                reason = self.env._("only points of loyalty cards are a means of payment of their own.")
            elif program.accounting_policy == "none":
                reason = self.env._("its accounting policy is None. Set its accounting up first.")
            elif program.vat_mode not in PAYMENT_MODES:
                reason = self.env._("its points reduce the price and are no payment; no payment method is needed.")
            else:
                continue
            raise ValidationError(
                self.env._(
                    "Points of %(program)s cannot be redeemed at the Point of Sale: %(reason)s",
                    program=program.name,
                    reason=reason,
                )
            )

    @api.constrains("program_type", "accounting_policy", "vat_mode")
    def _check_till_methods(self):
        methods = self.env["pos.payment.method"].sudo()  # programs are set up by people without rights to the till
        for method in methods.search([("loyalty_program_id", "in", self.ids)]):
            method.loyalty_program_id._check_pays_at_till()
