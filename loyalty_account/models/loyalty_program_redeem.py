"""What points may cover: all products, only some, or all but some (bP5)."""

from odoo import api, fields, models
from odoo.exceptions import ValidationError


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    redeem_filter = fields.Selection(
        [("all", "All products"), ("only", "Only these products"), ("except", "All but these products")],
        "Eligible Products",
        required=True,
        default="all",
        help="Products on which points of this program can be redeemed, on orders, invoices and at the register. "
        "Shipping, and products with “Don't Redeem Points”, are never eligible.",
    )
    redeem_category_ids = fields.Many2many(
        "product.category",
        "loyalty_program_redeem_category_rel",
        "program_id",
        "category_id",
        "Categories to Redeem",
        help="All products of these categories and of the categories below them.",
    )
    redeem_product_ids = fields.Many2many(
        "product.product",
        "loyalty_program_redeem_product_rel",
        "program_id",
        "product_id",
        "Products to Redeem",
        help="Single products, besides those of the categories.",
    )

    redeem_stored_value = fields.Boolean(
        "Redeem Points on Gift Cards",
        help="Points can be redeemed on gift cards and eWallet top-ups. By default they cannot: points would turn "
        "into money, which is worth more than points.",
    )
    unlinked_return_policy = fields.Selection(
        [("refuse", "Refuse"), ("exception", "Accept and list as exception")],
        "Returns without Receipt",
        required=True,
        default="exception",
        help="What happens when goods are returned without the sale that they belong to, so that it is unknown "
        "whether they were paid with points. Refuse: look up the sale and refund it. Accept: the money is paid "
        "out and a manager sees the return in the list of exceptions.",
    )

    @api.constrains("redeem_filter", "redeem_category_ids", "redeem_product_ids")
    def _check_redeem_filter(self):
        for program in self:
            if program.redeem_filter == "only" and not (program.redeem_category_ids or program.redeem_product_ids):
                raise ValidationError(
                    self.env._(
                        "No product would be eligible for points of program %s. Choose the eligible categories or products.",
                        program.name,
                    )
                )

    def _may_pay_for(self, product, amount=0.0):
        """Return whether points of any of these programs may pay a line with this product.

        A deduction (a negative ``amount``) always counts: it lowers what is left to pay of the products. Gift cards and
        top-ups of wallets are money in advance: points cover them where the program says so.

        :param product: the product of the line, or no product
        """
        if product.loyalty_no_redeem:
            return False
        programs = self.sudo()  # users may have no access to programs; only the filter is applied
        if not programs or amount < 0:
            return True
        if product.loyalty_stored_value:
            programs = programs.filtered("redeem_stored_value")
        return any(program._redeem_filter_accepts(product) for program in programs)

    def _redeem_filter_accepts(self, product):
        self.ensure_one()
        if self.redeem_filter == "all":
            return True
        categories = {int(part) for part in (product.categ_id.parent_path or "").split("/") if part}
        listed = product in self.redeem_product_ids or not categories.isdisjoint(self.redeem_category_ids.ids)
        return listed == (self.redeem_filter == "only")

    def _redeem_categories(self):
        """Return the categories of the filter with all those below them."""
        self.ensure_one()
        chosen = self.redeem_category_ids
        return chosen.search([("id", "child_of", chosen.ids)]) if chosen else chosen
