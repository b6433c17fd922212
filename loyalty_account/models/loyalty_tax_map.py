from odoo import fields, models
from odoo.tools import float_compare

from odoo.addons.loyalty_ledger.tools.words import say_percentage


class LoyaltyTaxMap(models.Model):
    """Which purchase tax recovers the VAT of a redemption on lines with a sales tax (S7, mode ``input_tax``)."""

    _name = "loyalty.tax.map"
    _description = "Tax Mapping of Redemptions"
    _order = "program_id, id"
    _check_company_auto = True

    program_id = fields.Many2one("loyalty.program", "Program", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="program_id.company_id")
    sale_tax_id = fields.Many2one(
        "account.tax",
        "Sales Tax",
        required=True,
        check_company=True,
        domain=[("type_tax_use", "=", "sale")],
        ondelete="restrict",
        help="Tax on the invoice line on which points are redeemed.",
    )
    purchase_tax_id = fields.Many2one(
        "account.tax",
        "Input Tax",
        required=True,
        check_company=True,
        domain=[("type_tax_use", "=", "purchase")],
        ondelete="restrict",
        help="Tax that recovers the VAT in the redeemed amount; the same rate as the sales tax.",
    )

    _program_tax_unique = models.UniqueIndex("(program_id, sale_tax_id)", "This sales tax is mapped already.")

    def write(self, vals):
        result = super().write(vals)
        # The program is only validated by itself when the line is edited on its form.
        self.program_id._check_accounting()
        return result

    def _problem(self):
        """Return what is wrong with this line, in words, or None."""
        self.ensure_one()
        _ = self.env._
        sale, purchase = self.sale_tax_id, self.purchase_tax_id
        if sale.type_tax_use != "sale":
            return _(
                "Input Taxes: %s is no sales tax. Put the tax of your invoices into the column Sales Tax.", sale.name
            )
        if purchase.type_tax_use != "purchase":
            return _(
                "Input Taxes: %(purchase)s for sales tax %(sale)s is no purchase tax. The VAT of a redemption is "
                "recovered as input tax: choose a purchase tax of the same rate.",
                purchase=purchase.name,
                sale=sale.name,
            )
        for tax in (sale, purchase):
            if tax.amount_type != "percent":
                return _(
                    "Input Taxes: %s is not computed as a percentage. Only taxes with a rate are recovered.", tax.name
                )
            if tax.country_id != self.program_id._fiscal_country():
                return _(
                    "Input Taxes: %(tax)s is a tax of %(country)s, but the fiscal country of %(company)s is "
                    "%(expected)s. Choose a tax of that country.",
                    tax=tax.name,
                    country=tax.country_id.name,
                    company=self.company_id.name,
                    expected=self.program_id._fiscal_country().name,
                )
            if tax.tax_exigibility == "on_payment":
                return _(
                    "Input Taxes: %s is due on payment (cash basis). Points cannot be redeemed on invoices with such "
                    "taxes: set its Tax Exigibility to “Based on Invoice”, or choose another tax.",
                    tax.name,
                )
        if float_compare(sale.amount, purchase.amount, precision_digits=4):
            return _(
                "Input Taxes: %(purchase)s has a rate of %(purchase_rate)s%%, but sales tax %(sale)s has "
                "%(sale_rate)s%%. Choose an input tax of the same rate.",
                purchase=purchase.name,
                purchase_rate=say_percentage(self.env, purchase.amount),
                sale=sale.name,
                sale_rate=say_percentage(self.env, sale.amount),
            )
        return None
