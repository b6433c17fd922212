"""Sales targets: what sales of a period reach, and the percentage that they are credited at."""

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import format_date

from odoo.addons.loyalty_ledger.tools.words import say_percentage


class LoyaltyTarget(models.Model):
    """Tiers of one customer, instead of those of the program, from the first period that begins on a day or later."""

    _name = "loyalty.target"
    _description = "Sales Target of a Customer"
    _inherit = ["loyalty.values.mixin"]
    _order = "program_id, partner_id, date_from desc"

    program_id = fields.Many2one(
        "loyalty.program",
        "Program",
        required=True,
        ondelete="cascade",
        index=True,
        domain=[("award_mode", "=", "period")],
        default=lambda self: self._default_program_id(),
    )
    partner_id = fields.Many2one(
        "res.partner",
        "Customer",
        required=True,
        ondelete="cascade",
        index=True,
        help="A company's target counts the sales of all its contacts and addresses.",
    )
    company_id = fields.Many2one(related="program_id.company_id", store=True)
    currency_id = fields.Many2one(related="program_id.currency_id")
    date_from = fields.Date(
        "From",
        required=True,
        default=lambda self: self._default_date_from(),
        help="The target holds from the first period that begins on this day or later, until a later target begins.",
    )
    tier_ids = fields.One2many("loyalty.target.tier", "target_id", "Tiers", copy=True)

    @api.model
    def _default_program_id(self):
        programs = self.env["loyalty.program"].search([("award_mode", "=", "period")], limit=2)
        return programs if len(programs) == 1 else programs.browse()

    @api.model
    def _default_date_from(self):
        program = self.env["loyalty.program"].browse(self.env.context.get("default_program_id"))
        program = program or self._default_program_id()
        return program and program._period_bounds(program._period_today())[0]

    @api.depends("partner_id", "date_from")
    def _compute_display_name(self):
        for target in self:
            day = target.date_from and format_date(self.env, target.date_from)
            target.display_name = f"{target.partner_id.display_name or ''}, {day or ''}"

    @api.constrains("program_id", "partner_id", "date_from", "tier_ids")
    def _check_target(self):
        for target in self:
            if target.program_id.award_mode != "period":
                raise ValidationError(
                    self.env._(
                        "%s credits each sale by itself and knows no targets. Choose a program that credits sales of a "
                        "period.",
                        target.program_id.name,
                    )
                )
            if target.partner_id.commercial_partner_id != target.partner_id:
                raise ValidationError(
                    self.env._(
                        "%(contact)s belongs to %(company)s, whose sales are counted together. Give the target to "
                        "%(company)s.",
                        contact=target.partner_id.display_name,
                        company=target.partner_id.commercial_partner_id.display_name,
                    )
                )
            target._check_alone()
            target.tier_ids._check_ascending()

    def _check_alone(self):
        # No unique index: Odoo's merge of contacts deletes rows that one would cover.
        same = [
            ("program_id", "=", self.program_id.id),
            ("partner_id", "=", self.partner_id.id),
            ("date_from", "=", self.date_from),
            ("id", "!=", self.id),
        ]
        if self.search_count(same, limit=1):
            raise ValidationError(
                self.env._(
                    "%(customer)s has a target from %(date)s on already. Change that one.",
                    customer=self.partner_id.display_name,
                    date=format_date(self.env, self.date_from),
                )
            )

    def _check_not_counted(self, dates):
        """Refuse to change what a period counted that was rolled over already (bM4).

        :param dates: days from which targets hold that change
        """
        for program in self.program_id:
            last = program._last_period()
            if last and any(date and date <= last.date_from for date in dates):
                raise ValidationError(
                    self.env._(
                        "%(period)s of %(program)s is credited already, so targets cannot change for it. Enter a target "
                        "that begins on %(date)s or later.",
                        period=last.display_name,
                        program=program.name,
                        date=format_date(self.env, program._next_day(last.date_to)),
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        targets = super().create(vals_list)
        for target in targets:
            target._check_not_counted([target.date_from])
        return targets

    def write(self, vals):
        if vals.keys() & {"program_id", "partner_id", "date_from"}:
            for target in self:
                target._check_not_counted([target.date_from])
        if "tier_ids" in vals:
            self.program_id._keep_terms(self)
        result = super().write(vals)
        if vals.keys() & {"program_id", "partner_id", "date_from"}:
            for target in self:
                target._check_not_counted([target.date_from])
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_counted(self):
        for target in self:
            target._check_not_counted([target.date_from])


class LoyaltyTargetTier(models.Model):
    """From a threshold of sales on, a percentage of them is credited: of what is above, or of all sales."""

    _name = "loyalty.target.tier"
    _description = "Tier of a Sales Target"
    _inherit = ["loyalty.values.mixin"]
    _order = "threshold, id"

    program_id = fields.Many2one("loyalty.program", "Program", ondelete="cascade", index="btree_not_null")
    target_id = fields.Many2one("loyalty.target", "Target", ondelete="cascade", index="btree_not_null")
    company_id = fields.Many2one("res.company", compute="_compute_owner")
    currency_id = fields.Many2one("res.currency", compute="_compute_owner")
    threshold = fields.Monetary(
        "Sales From", help="Sales of the period, without tax, from which the percentage holds. 0.00: all sales."
    )
    percentage = fields.Float("Percentage", digits=(16, 4), required=True, help="Part of the sales that is credited.")
    applies_to = fields.Selection(
        [("above", "Sales above"), ("all", "All sales")],
        "Applies To",
        required=True,
        default="above",
        help="Sales above: what is sold beyond the threshold, up to the next one, is credited at this percentage.\n"
        "All sales: once the threshold is reached, the percentage holds for all sales of the period up to the next "
        "threshold.",
    )

    _has_owner = models.Constraint(
        "CHECK ((program_id IS NULL) <> (target_id IS NULL))", "A tier belongs to a program or to a target."
    )

    @api.depends("program_id", "target_id")
    def _compute_owner(self):
        for tier in self:
            program = tier.program_id or tier.target_id.program_id
            tier.company_id, tier.currency_id = program.company_id, program.currency_id

    @api.depends("threshold", "percentage", "currency_id")
    def _compute_display_name(self):
        for tier in self:
            amount = tier.currency_id.format(tier.threshold) if tier.currency_id else str(tier.threshold)
            tier.display_name = self.env._(
                "%(percentage)s%% from %(amount)s on",
                percentage=say_percentage(self.env, tier.percentage),
                amount=amount,
            )

    def _owner_program(self):
        return self.program_id | self.target_id.program_id

    def _freeze_owners(self):
        """Keep the tiers that hold now for the periods that have begun, before they change (bM4)."""
        for tiers in self.grouped("program_id").values():
            tiers.program_id._keep_terms()
        for target in self.target_id:
            target.program_id._keep_terms(target)

    @api.model_create_multi
    def create(self, vals_list):
        programs = {vals["program_id"] for vals in vals_list if vals.get("program_id")}
        targets = {vals["target_id"] for vals in vals_list if vals.get("target_id")}
        known = self.env["loyalty.program"].browse(programs).tier_ids
        known |= self.env["loyalty.target"].browse(targets).tier_ids
        now = self.env.cr.now()
        # Tiers that are entered one by one, in one go, are one set-up.
        known.filtered(lambda tier: tier.create_date != now)._freeze_owners()
        tiers = super().create(vals_list)
        tiers._check_ascending()
        return tiers

    def write(self, vals):
        self._freeze_owners()
        result = super().write(vals)
        self._check_ascending()
        return result

    def unlink(self):
        self._freeze_owners()
        return super().unlink()

    @api.constrains("threshold", "percentage")
    def _check_numbers(self):
        for tier in self:
            if not 0 <= tier.percentage <= 100:
                raise ValidationError(
                    self.env._(
                        "A tier credits between 0 and 100%% of the sales, not %s%%.",
                        say_percentage(self.env, tier.percentage),
                    )
                )
            if tier.threshold < 0:
                raise ValidationError(self.env._("The sales from which a tier holds cannot be negative."))

    def _check_ascending(self):
        """Tiers of one owner begin at different sales, and a higher one is no worse."""
        for owner in (*self.program_id, *self.target_id):
            rows = owner.tier_ids.sorted("threshold")
            for lower, upper in zip(rows, rows[1:]):
                if owner.tier_ids.currency_id[:1].compare_amounts(lower.threshold, upper.threshold) == 0:
                    raise ValidationError(
                        self.env._(
                            "Two tiers begin at %s. Give each tier sales of its own.",
                            lower.currency_id.format(lower.threshold),
                        )
                    )
                if upper.percentage < lower.percentage:
                    raise ValidationError(
                        self.env._(
                            "Tiers must ascend: %(more)s%% from %(low)s on, but only %(less)s%% from %(high)s on.",
                            more=say_percentage(self.env, lower.percentage),
                            less=say_percentage(self.env, upper.percentage),
                            low=lower.currency_id.format(lower.threshold),
                            high=lower.currency_id.format(upper.threshold),
                        )
                    )

    def _as_terms(self):
        """Return the tiers as they are frozen: ``[[threshold, percentage, applies to]]``, ascending."""
        return [[tier.threshold, tier.percentage, tier.applies_to] for tier in self.sorted("threshold")]
