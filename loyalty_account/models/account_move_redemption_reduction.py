"""Points that lower the price: lines of the document, with its own taxes (VAT mode ``price_reduction``)."""

import math
from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command

from odoo.addons.loyalty_ledger.tools.today import loyalty_today
from odoo.addons.loyalty_ledger.tools.words import say_points


class AccountMove(models.Model):
    _inherit = "account.move"

    def _add_reduction_lines(self, card, points, amount):
        """Add a negative line per set of taxes to this draft; together they are worth ``amount``."""
        self.ensure_one()
        in_currency = self._from_company_currency(amount)
        label = self._reduction_label(card, points)
        vals_list = self._prepare_reduction_lines(-in_currency, card.program_id, label)
        self.write({"invoice_line_ids": [Command.create(vals) for vals in vals_list]})
        self._set_redemption(card, points, in_currency)

    def _reduction_label(self, card, points):
        """Return what the customer reads on the line: the card by its last digits, never the whole number."""
        return self.env._(
            "%(points)s, loyalty card ending in %(digits)s",
            points=card._say_points(points),
            digits=card.code[-4:],
        )

    def _set_redemption(self, card, points, amount, origin=None):
        """Note what this document redeems, or gives back of ``origin``."""
        # Users cannot write these fields; write access to the document was checked by the caller.
        self.sudo().write(
            {
                "loyalty_redeem_card_id": card.id,
                "loyalty_redeem_points": points,
                "loyalty_redeem_amount": amount,
                "loyalty_redeem_origin_id": origin and origin.id,
            }
        )

    def _from_company_currency(self, amount, rate=None):
        """Return an amount of the company's currency in this document's, at its own rate or at ``rate``."""
        if self.currency_id == self.company_currency_id:
            return amount
        return self.currency_id.round(amount * (rate or self.invoice_currency_rate))

    def _prepare_reduction_lines(self, total, program, label):
        """Return values of invoice lines on the redemption account that sum up to ``total``, taxes included.

        One line per set of taxes of the lines that points may cover, pro rata to their gross. Net and tax of each are
        fixed (``extra_tax_data``, as Odoo does for down payments), so that they add up to the cent in both methods of
        rounding, with prices including taxes or not.

        Registers use Odoo's ``_prepare_global_discount_lines``. Here each set keeps its own share, which returns and the
        check at posting go by. Odoo's spreads the money of fixed taxes, which points do not lower, over all rates: of an
        invoice of 272.37 with fixed taxes of 3.00 that points cover wholly it takes 7.44 off a 5 % VAT of 7.35, this 7.35.
        Without fixed taxes 77 of 96 baskets were the same by both, the others differed by a cent between net and tax.
        """
        self.ensure_one()
        sets = self._loyalty_tax_sets(program)
        for tax in self.env["account.tax"].union(*sets).flatten_taxes_hierarchy():
            if tax.tax_exigibility == "on_payment" and tax.amount:
                raise UserError(
                    self.env._(
                        "Tax %s is due on payment (cash basis), so points cannot lower the price of its lines. "
                        "Let the tax be due on the invoice, or use the VAT mode Means of payment.",
                        tax.name,
                    )
                )
        currency, left = self.currency_id, self._reduction_sets_left(program)
        sign = math.copysign(1, total)
        in_tax, rounding = self._rounding_in_tax(program)
        vals_list = []
        for taxes, share in self._reduction_shares(abs(total), program, left).items():
            if currency.is_zero(share):
                continue
            # Where all of it is paid, the cents that Odoo added to the tax go with the tax: nothing else may be left.
            whole = taxes == in_tax and currency.compare_amounts(share, sets[taxes]) == 0
            extra = sign * rounding if whole else 0.0
            booked = left.get(taxes)
            if booked and currency.compare_amounts(share, booked.gross + sign * extra):
                booked = None  # not all that is left of the set
            vals_list.append(
                self._prepare_reduction_line(
                    self._reducible(taxes),
                    sign * share,
                    program.cost_account_id,
                    label,
                    booked and booked.times(sign),
                    rounding=extra,
                )
            )
        return vals_list

    def _rounding_in_tax(self, program):
        """Return ``(taxes, cash rounding)`` of a draft whose rounding is part of a tax, else ``(None, 0.0)``."""
        if self.state != "draft" or self.invoice_cash_rounding_id.strategy != "biggest_tax":
            return None, 0.0
        return self._loyalty_sets_and_rounding(program)[1]

    @api.model
    def _reducible(self, taxes):
        """Return the taxes that a lower price lowers: an eco tax is due however the customer pays."""
        return taxes.filtered(lambda tax: tax.amount_type != "fixed")

    def _prepare_reduction_line(self, taxes, gross, account, label, amounts=None, rounding=0.0):
        """Return values of one invoice line worth ``gross``, of which ``taxes`` take their part.

        :param rounding: part of ``gross`` that is cash rounding in the biggest of its taxes
        :param amounts: SetAmounts, where the taxes are not calculated from ``gross`` but take what is left of them
        """
        AccountTax, company = self.env["account.tax"], self.company_id
        base_line = AccountTax._prepare_base_line_for_taxes_computation(
            {},
            tax_ids=taxes,
            price_unit=gross - rounding,
            quantity=1.0,
            currency_id=self.currency_id,
            special_mode="total_included",
            rate=self.invoice_currency_rate,
            computation_key="loyalty_points",
        )
        AccountTax._add_tax_details_in_base_lines([base_line], company)
        AccountTax._round_base_lines_tax_details([base_line], company)
        AccountTax._fix_base_lines_tax_details_on_manual_tax_amounts([base_line], company)
        details = base_line["tax_details"]
        net = details["total_excluded_currency"] + details["delta_total_excluded_currency"]
        if amounts and base_line["manual_tax_amounts"]:
            taxed = sum(of_tax.amount for of_tax in amounts.taxes.values())
            net = self.currency_id.round(gross - rounding - taxed)
            self._set_reduction_taxes(base_line, net, amounts)
        if rounding and base_line["manual_tax_amounts"]:
            of_tax = max(base_line["manual_tax_amounts"].values(), key=lambda of: abs(of["tax_amount_currency"]))
            of_tax["tax_amount_currency"] += rounding
            of_tax["tax_amount"] += self.company_currency_id.round(rounding / (self.invoice_currency_rate or 1.0))
        base_line["price_unit"] = gross if taxes and all(taxes.mapped("price_include")) else net
        return {
            "name": label,
            "account_id": account.id,
            "price_unit": base_line["price_unit"],
            "quantity": 1.0,
            "tax_ids": [Command.set(taxes.ids)],
            "is_loyalty_reduction": True,
            "extra_tax_data": AccountTax._export_base_line_extra_tax_data(base_line),
        }

    def _set_reduction_taxes(self, base_line, net, amounts):
        """Fix net and taxes of a line of points, in both currencies."""
        base_line["manual_total_excluded_currency"] = net
        base_line["manual_total_excluded"] = self.company_currency_id.round(amounts.company_net)
        for tax, of_tax in amounts.taxes.items():
            base_line["manual_tax_amounts"][str(tax.id)] = {
                "tax_amount_currency": self.currency_id.round(of_tax.amount),
                "tax_amount": self.company_currency_id.round(of_tax.company_amount),
                "base_amount_currency": self.currency_id.round(of_tax.base),
                "base_amount": self.company_currency_id.round(of_tax.company_base),
            }

    def _reduce_posted_price(self, card, points, amount):
        """Make, post and match the credit note by which points lower the price of this posted invoice."""
        self.ensure_one()
        if self.move_type != "out_invoice":
            raise UserError(
                self.env._("A sales receipt has no credit note: apply the points before you confirm the receipt.")
            )
        # The credit note is a document of today: so is its rate, and the points are their money in the books.
        in_currency = self._from_company_currency(amount, self._loyalty_rate_today())
        label = self._reduction_label(card, points)
        note = self.with_company(self.company_id).create(
            {
                "move_type": "out_refund",
                "company_id": self.company_id.id,
                "reversed_entry_id": self.id,
                "partner_id": self.partner_id.id,
                "journal_id": self.journal_id.id,
                "currency_id": self.currency_id.id,
                "fiscal_position_id": self.fiscal_position_id.id,
                "invoice_date": loyalty_today(self.env, self.company_id),
                "ref": self.env._("Loyalty points on %s", self.name),
                "invoice_line_ids": [
                    Command.create(vals) for vals in self._prepare_reduction_lines(in_currency, card.program_id, label)
                ],
            }
        )
        note._set_redemption(card, points, in_currency)
        note._freeze_loyalty_sets(card.program_id, self)
        note._post()
        self.message_post(
            body=self.env._(
                "%(points)s loyalty points of card %(card)s lowered the price by %(amount)s: %(note)s.",
                points=say_points(self.env, points),
                card=card._say_code(),
                amount=self.currency_id.format(in_currency),
                note=note.name,
            )
        )
        return note

    def copy_data(self, default=None):
        """The credit note of an invoice takes lines of points back. No other copy has them: whether points cover it
        again is for the customer to say."""
        vals_list = super().copy_data(default=default)
        if (default or {}).get("move_type") != "out_refund":
            for vals in vals_list:
                vals["line_ids"] = [
                    command
                    for command in vals.get("line_ids", [])
                    if not (command[0] == Command.CREATE and command[2].get("is_loyalty_reduction"))
                ]
        return vals_list

    def _check_reduction_lines(self):
        """Lines that points cover keep their sum: money and points go together."""
        for move in self:
            lines = move.line_ids.filtered("is_loyalty_reduction")
            if move.state != "posted" or not (lines or move.loyalty_redeem_points):
                continue
            takes_back = move.move_type == "out_refund" and sum(lines.mapped("price_total")) <= 0
            if move.move_type == "entry" or (takes_back and not move.loyalty_redeem_points):
                continue  # what a credit note takes back of its invoice's lines
            if move.loyalty_redeem_origin_id:
                continue
            goods = move.invoice_line_ids.filtered(lambda line: line.display_type == "product") - lines
            if goods and move.move_type == "out_refund":
                # Its points would stay redeemed and its money would not: cash could exceed the cash that was paid.
                raise UserError(
                    self.env._(
                        "%(document)s reduces the price by points and credits nothing else. Remove %(lines)s, and "
                        "credit goods with a separate credit note.",
                        document=move.display_name,
                        lines=", ".join(goods[:3].mapped(lambda line: line.name or line.account_id.display_name)),
                    )
                )
            sign = 1 if move.move_type == "out_refund" else -1
            total, amount = sign * sum(lines.mapped("price_total")), move.loyalty_redeem_amount
            if move.move_type != "out_refund" and move.loyalty_hold_id:
                # In money of the company, whatever currency, date and rate the draft has by now.
                amount = move._from_company_currency(move.sudo().loyalty_hold_id.amount)  # access: the server's field
            if move.currency_id.compare_amounts(total, amount):
                raise UserError(
                    self.env._(
                        "The redemption lines of %(document)s add up to %(total)s, but %(points)s points are worth "
                        "%(amount)s. Use Apply Loyalty Points again instead of changing the lines.",
                        document=move.display_name,
                        total=move.currency_id.format(total),
                        points=say_points(self.env, move.loyalty_redeem_points),
                        amount=move.currency_id.format(amount),
                    )
                )
            if move.loyalty_redeem_points:
                move._check_reduction_pays(lines, sign, total)

    def _check_reduction_pays(self, lines, sign, total):
        """Points lower the price of what they may pay, with its taxes, while it is due (S24, bP6)."""
        self.ensure_one()
        hold = self.sudo().loyalty_hold_id  # reservations are read here only
        self._check_can_pay(
            self.loyalty_redeem_card_id.sudo(), self.loyalty_redeem_points, hold
        )  # the card was presented
        currency, invoice = self.currency_id, self
        if self.move_type == "out_refund":
            invoice = self.reversed_entry_id
            due = invoice.amount_residual
            # Converting there and back may be off by a cent.
            if currency != invoice.currency_id or currency.compare_amounts(total, due + currency.rounding) > 0:
                raise UserError(
                    self.env._(
                        "Points can cover %(due)s of %(invoice)s, not %(amount)s. Apply fewer points.",
                        due=invoice.currency_id.format(due),
                        invoice=invoice.display_name,
                        amount=currency.format(total),
                    )
                )
        # Users may lack access to the program (another company); the document was checked.
        program = self.loyalty_redeem_card_id.sudo().program_id
        differences = defaultdict(float)
        weights = invoice._loyalty_tax_sets(program).values()
        if any(weights):
            left = invoice._reduction_sets_left(program, but=self)
            for taxes, share in invoice._reduction_shares(total, program, left).items():
                differences[self._reducible(taxes)] += share
        for line in lines:
            differences[line.tax_ids._origin] -= sign * line.price_total
        # Rounding of the taxes of the whole document may have shifted a cent since.
        tolerance = 2 * currency.rounding
        if (
            any(currency.compare_amounts(abs(value), tolerance) > 0 for value in differences.values())
            or currency.compare_amounts(total, sum(weights) + tolerance) > 0
        ):
            raise UserError(
                self.env._(
                    "The redemption lines of %s no longer match the lines that they cover: amounts, taxes or "
                    "products changed. Use Apply Loyalty Points again.",
                    self.display_name,
                )
            )


class AccountMoveLine(models.Model):
    _name = "account.move.line"
    _inherit = ["loyalty.server.fields.mixin", "account.move.line"]

    is_loyalty_reduction = fields.Boolean(
        "Paid with Points", readonly=True, help="The line lowers the price by what loyalty points are worth."
    )

    @api.model
    def _server_fields(self):
        """Lines of points are made with their document; marked later, goods would keep what they earned."""
        return super()._server_fields() | {"is_loyalty_reduction"}

    def _check_server_fields(self, vals):
        """New lines of points come with their document, which is judged when it is posted (`_check_reduction_lines`)."""
        if self:
            super()._check_server_fields(vals)

    @api.model
    def _say_server_fields(self, names):
        return self.env._("Use Apply Loyalty Points to redeem points on a document.")
