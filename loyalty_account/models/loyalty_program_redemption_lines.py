"""Journal items of a redemption: cost, and the taxes that it recovers."""

from odoo import models
from odoo.exceptions import UserError
from odoo.fields import Command

from odoo.addons.loyalty_ledger.ledger.rounding import split


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    def _redemption_lines(self, gross, move, partner, label, sets=None):
        """Return the debit side of a redemption of ``gross`` on the invoice ``move``.

        ``tender``: one line. ``input_tax``: per set of taxes of the invoice its share of the gross, of which the
        mapped purchase tax takes the VAT, with the tags of the tax report (S7, S8, S24).

        :param sets: ``{sales taxes: gross}`` of what the points may cover of ``move``, if the caller has them
        """
        self.ensure_one()
        currency = self.currency_id
        base = {
            "name": label,
            "account_id": self.cost_account_id.id,
            "partner_id": partner.id,
            "currency_id": currency.id,
        }
        if self.vat_mode != "input_tax":
            sets = {}
        else:
            sets = self._map_tax_sets(move._loyalty_tax_sets(self) if sets is None else sets)
        if not sets:
            return [{**base, "balance": gross, "amount_currency": gross}]
        AccountTax = self.env["account.tax"]
        base_lines = [
            AccountTax._prepare_base_line_for_taxes_computation(
                {},
                id=index,
                tax_ids=taxes,
                price_unit=share,
                quantity=1.0,
                currency_id=currency,
                partner_id=partner,
                account_id=self.cost_account_id,
                special_mode="total_included",
                rate=1.0,
            )
            for index, (taxes, share) in enumerate(zip(sets, split(gross, list(sets.values()), currency.rounding)))
            if not currency.is_zero(share)
        ]
        company = move.company_id
        AccountTax._add_tax_details_in_base_lines(base_lines, company)
        AccountTax._round_base_lines_tax_details(base_lines, company)
        AccountTax._add_accounting_data_in_base_lines_tax_details(base_lines, company)
        result = AccountTax._prepare_tax_lines(base_lines, company)
        tax_lines = [{**vals, "name": f"{label}: {vals['name']}"} for vals in result["tax_lines_to_add"]]
        lines = [
            {**base, **vals, "tax_ids": [Command.set(base_line["tax_ids"].ids)]}
            for base_line, vals in result["base_lines_to_update"]
        ]
        rest = currency.round(gross - sum(vals["balance"] for vals in [*lines, *tax_lines]))
        if lines and not currency.is_zero(rest):
            largest = max(lines, key=lambda vals: vals["balance"])
            largest["balance"] = currency.round(largest["balance"] + rest)
            largest["amount_currency"] = largest["balance"]
        return [*lines, *tax_lines]

    def _map_tax_sets(self, sets):
        """Return ``{purchase taxes: gross}`` for ``{sales taxes: gross}``; taxes of 0 % need no mapping."""
        result = {}
        for taxes, gross in sets.items():
            mapped = self._mapped_taxes(taxes)
            result[mapped] = result.get(mapped, 0) + gross
        return result

    def _mapped_taxes(self, taxes):
        """Return the purchase taxes for these sales taxes."""
        mapping = {row.sale_tax_id: row.purchase_tax_id for row in self.tax_map_ids}
        mapped = self.env["account.tax"]
        for tax in taxes:
            leaves = tax if tax in mapping else tax.flatten_taxes_hierarchy()
            for leaf in leaves:
                mapped |= self._map_tax(leaf, mapping)
        return mapped

    def _map_tax(self, tax, mapping):
        if tax.tax_exigibility == "on_payment" and tax.amount:
            raise UserError(
                self.env._(
                    "Tax %s is due on payment (cash basis). Points of a program that recovers input tax cannot be "
                    "redeemed on such lines: use another VAT mode, or let the tax be due on the invoice.",
                    tax.name,
                )
            )
        if tax not in mapping:
            if tax.amount and tax.amount_type != "fixed":
                raise UserError(
                    self.env._(
                        "Points cannot be redeemed on lines with the tax %(tax)s: no input tax is mapped to it. Add "
                        "it under Input Taxes on the tab Accounting of program %(program)s.",
                        tax=tax.name,
                        program=self.name,
                    )
                )
            return self.env["account.tax"]
        return mapping[tax]
