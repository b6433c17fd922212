from odoo import fields, models


class LoyaltyTaxMap(models.Model):
    """Which purchase tax recovers the VAT of a redemption on lines with a sales tax (S7, mode ``input_tax``)."""

    _name = "loyalty.tax.map"
    _description = "Tax Mapping of Redemptions"
    _order = "program_id, id"
    _check_company_auto = True

    program_id = fields.Many2one("loyalty.program", "Program", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="program_id.company_id")
    sale_tax_id = fields.Many2one(
        "account.tax", "Sales Tax", required=True, check_company=True, domain=[("type_tax_use", "=", "sale")],
        ondelete="restrict", help="Tax on the invoice line that the points pay.",
    )  # fmt: skip
    purchase_tax_id = fields.Many2one(
        "account.tax", "Input Tax", required=True, check_company=True, domain=[("type_tax_use", "=", "purchase")],
        ondelete="restrict", help="Tax that recovers the VAT in the redeemed amount; the same rate as the sales tax.",
    )  # fmt: skip

    _program_tax_unique = models.UniqueIndex("(program_id, sale_tax_id)", "This sales tax is mapped already.")
