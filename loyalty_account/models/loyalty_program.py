from odoo import api, fields, models
from odoo.tools.misc import formatLang

from odoo.addons.loyalty_ledger.tools.today import loyalty_today
from odoo.addons.loyalty_ledger.tools.words import say_points


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    accounting_policy = fields.Selection(
        [
            ("none", "No accounting"),
            ("redemption", "Expense when redeemed"),
            ("accrual", "Accrue the liability"),
            ("deferral", "Defer revenue (IFRS 15)"),
            ("stored_value", "Stored value (gift cards, eWallets)"),
        ],
        "Accounting Policy",
        required=True,
        default="none",
        help="No accounting: points are not a means of payment.\n"
        "Expense when redeemed: journal items are made when points are redeemed on an invoice.\n"
        "Accrue the liability: outstanding points are also a liability, updated by each accrual run.\n"
        "Defer revenue: part of each sale's price is deferred until the points are redeemed.\n"
        "Stored value: balances of gift cards and eWallets are a liability, which the documents that sell and spend them "
        "book themselves.",
    )
    vat_mode = fields.Selection(
        [
            ("tender", "Means of payment: no VAT effect"),
            ("input_tax", "Recover input tax"),
            ("price_reduction", "Price reduction: less output VAT"),
            ("earning_sale", "Original sale: less output VAT of the sales that earned"),
        ],
        "VAT of Redemptions",
        prefetch="loyalty_terms",
        help="What a redemption does to VAT. Which one is right depends on the terms of your program and your "
        "country; ask your accountant.",
    )
    loyalty_journal_id = fields.Many2one(
        "account.journal",
        "Loyalty Journal",
        check_company=True,
        domain=[("type", "=", "cash")],
        prefetch="loyalty_terms",
        help="Cash journal in which points are received as payment.",
    )
    liability_account_id = fields.Many2one(
        "account.account",
        "Liability Account",
        check_company=True,
        prefetch="loyalty_terms",
        help="Value of the points that customers can still redeem (loyalties accrued).",
    )
    cost_account_id = fields.Many2one(
        "account.account",
        "Redemption Account",
        check_company=True,
        prefetch="loyalty_terms",
        help="Loyalty points redeemed: an expense, or contra-revenue (an income account) for price reductions.",
    )
    former_cost_account_ids = fields.Many2many(
        "account.account",
        "loyalty_program_former_cost_account_rel",
        string="Former Redemption Accounts",
        readonly=True,
        copy=False,
        help="Redemption accounts that the program had before. What was booked on them then is right.",
    )
    former_values = fields.Json(
        readonly=True,
        copy=False,
        prefetch=False,
        groups="base.group_system",
        help="What add-ons that were uninstalled had booked on the liability account, for the proof of their time.",
    )
    tax_map_ids = fields.One2many("loyalty.tax.map", "program_id", "Input Taxes", copy=True)
    point_value_ids = fields.One2many("loyalty.point.value", "program_id", "Point Values", copy=True)
    point_value = fields.Float(
        "Point Value",
        digits=(16, 6),
        compute="_compute_point_value",
        inverse="_inverse_point_value",
        help="Value of one point when it is redeemed, in the currency of the program. A change applies from today on.",
    )
    vat_rate = fields.Float(
        "Expected VAT (%)",
        digits=(16, 4),
        compute="_compute_point_value",
        inverse="_inverse_vat_rate",
        help="Average VAT rate of the products on which points are redeemed. The liability is net of it.",
    )

    @api.depends("point_value_ids.point_value", "point_value_ids.vat_rate", "point_value_ids.date")
    def _compute_point_value(self):
        for program in self:
            program.point_value, program.vat_rate = program._point_value_at(loyalty_today(self.env, program.company_id))

    def _inverse_point_value(self):
        self._set_from_today("point_value")

    def _inverse_vat_rate(self):
        self._set_from_today("vat_rate")

    def _set_from_today(self, name):
        """Keep a changed value as the one that holds from today on; the other one stays what it was."""
        for program in self:
            today = loyalty_today(self.env, program.company_id)
            # Read first: the computed fields are not computed again while one of them is being set.
            value = program[name]
            row = program.point_value_ids.filtered(lambda row: row.date == today)  # noqa: B023 used at once
            if row:
                row[name] = value
            else:
                vals = {**program._dated_values_at(today), "date": today, name: value}
                program.point_value_ids = [fields.Command.create(vals)]

    def _dated_values_at(self, date):
        """Return what holds on a day as values of a new row of *Dated Values*. Override to add what an add-on dates."""
        point_value, vat_rate = self._point_value_at(date)
        return {"point_value": point_value, "vat_rate": vat_rate}

    def _point_value_at(self, date):
        """Return ``(value of one point, expected VAT rate in percent)`` on a day; the default is (0.01, 0.0)."""
        self.ensure_one()
        # Money is read in every transaction, and not remembered: another process may just have changed it.
        rows = (self.sudo() if self.id else self)._list_point_values()  # the same for everybody
        return next((values for day, *values in reversed(rows) if day <= date), (0.01, 0.0))

    def _list_point_values(self):
        """Return ``[(day from which it holds, value of one point, expected VAT rate)]``, oldest first."""
        values = self._fields["point_value_ids"]
        if self.id and self.id not in values._get_cache(self.env):
            # One query instead of two, twice for each order of a till that redeems.
            rows = self.env["loyalty.point.value"].search_fetch(
                [("program_id", "=", self.id)], ["date", "point_value", "vat_rate"]
            )
            values._insert_cache(self, [rows._ids])
        rows = self.point_value_ids.filtered("date").sorted("date")
        return [(row.date, row.point_value, row.vat_rate) for row in rows]

    def _say_point_value(self, date):
        """Return what a point is worth on a day and the expected VAT, in words; nothing where points are money."""
        self.ensure_one()
        value, rate = self._point_value_at(date)
        currency = self.currency_id
        digits = next((n for n in range(currency.decimal_places, 6) if round(value, n) == value), 6)
        text = f"{formatLang(self.env, value, digits=digits)} {currency.name}"
        if not rate:
            return text
        return self.env._("%(value)s, expected VAT %(rate)s%%", value=text, rate=say_points(self.env, rate))
