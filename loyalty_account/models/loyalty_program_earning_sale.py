"""VAT mode ``earning_sale``: a redemption takes off the VAT of the sales that earned its points (N17)."""

from collections import defaultdict
from fractions import Fraction

from odoo import models
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tools import SQL

from odoo.addons.loyalty_ledger.ledger.rounding import from_cents, to_cents, to_points

from ..books import combinations
from ..books.origin_vat import Taxed, joined, share_relief, shares_back_of


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    def _relieves_earning_sale(self):
        """Return whether redemptions take off the VAT of the sales that earned."""
        return self.vat_mode == combinations.EARNING_SALE

    def _earnings_of_lots(self, lot_ids):
        """Return ``{lot id: (earning id or None, tax sets or None)}``: the sale that the points of a lot came from first."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT l.id, g.id, g.tax_sets FROM loyalty_lot l
                  JOIN loyalty_lot r ON r.id = COALESCE(l.origin_lot_id, l.id)
                  JOIN loyalty_ledger_entry e ON e.id = r.entry_id
                  LEFT JOIN loyalty_earning g ON e.kind = 'earn' AND g.res_model = e.res_model AND g.res_id = e.res_id
                       AND g.program_id = e.program_id
                 WHERE l.id = ANY(%s)
                """,
                list(lot_ids),
            )
        )
        return {lot_id: (earning_id, sets) for lot_id, earning_id, sets in rows}

    def _plan_relief(self, amount, lots):
        """Return values of :class:`loyalty.relief` rows for a redemption of ``amount``.

        :param lots: ``[(card id, lot id or None for points that were owed, points in ten-thousandths)]`` in the order of
            use; several cards may pay one document
        """
        self.ensure_one()
        self.env.flush_all()  # an earning of this transaction may be among them
        earnings = self._earnings_of_lots([lot_id for __, lot_id, __ in lots if lot_id])
        unit, taxed = self.currency_id.rounding, []
        for __, lot_id, points in lots:
            sets = earnings.get(lot_id, (None, None))[1] or ()
            taxed.append((points, [self._taxed(row) for row in sets]))
        rows = []
        for share in share_relief(to_cents(amount, unit), taxed):
            card_id, lot_id, __ = lots[share.lot]
            earning_id, sets = earnings.get(lot_id, (None, None))
            # Those of this sale: the rate of a tax may have changed until the next one.
            rates = [rate for row in sets or () if tuple(row["taxes"]) == share.key for __, rate, __ in row["parts"]]
            rows.append(
                {
                    "program_id": self.id,
                    "company_id": self.company_id.id,
                    "card_id": card_id,
                    "lot_id": lot_id,
                    "earning_id": earning_id,
                    "origin": ("owed" if not lot_id else "none" if not earning_id else "sale" if sets else "unknown"),
                    "taxes": list(share.key),
                    "rates": " + ".join(f"{rate:g}%" for rate in rates) or False,
                    "points": to_points(share.points),
                    "amount": from_cents(share.gross, unit),
                    "vat_amount": from_cents(sum(share.vat.values()), unit),
                    "vat": {str(tax): from_cents(vat, unit) for tax, vat in share.vat.items()},
                }
            )
        return rows

    @staticmethod
    def _taxed(row):
        parts = {tax: Fraction(part) for tax, __, part in row["parts"]}
        return Taxed(tuple(row["taxes"]), row["gross"], parts)

    def _plan_relief_back(self, amount, rows, returned, by_card=None):
        """Return values of the rows by which ``amount`` of a redemption comes back, the lots used last first.

        :param rows: the :class:`loyalty.relief` rows of the redemption
        :param returned: rows that took some of it back before
        :param by_card: ``{card id: money}`` where several cards get something back: of each its own lots
        """
        self.ensure_one()
        unit, back = self.currency_id.rounding, {}
        positions = {row.id: position for position, row in enumerate(rows)}
        for row, share in zip(returned, returned._as_shares()):
            position = positions[row.origin_id.id]
            back[position] = joined(back.get(position), share._replace(lot=position))
        parts = [(to_cents(amount, unit), positions.values())]
        if by_card and len(by_card) > 1:
            parts = [
                (to_cents(money, unit), [number for number, row in enumerate(rows) if row.card_id.id == card_id])
                for card_id, money in by_card.items()
            ]
        return rows._prepare_back(shares_back_of(parts, rows._as_shares(), back))

    def _relief_lines(self, rows, partner, label, account=None):
        """Return the debit side of a redemption as journal items: its cost by the taxes of the sales that earned, and the
        output VAT that it takes off, with the tags of refunds; of what comes back, the reverse.

        :param rows: values as :meth:`_plan_relief` returns them, or records
        :param account: the redemption account, default the program's
        """
        currency, account = self.currency_id, account or self.cost_account_id
        is_back = sum(row["amount"] for row in rows) < 0
        base = {"name": label, "partner_id": partner.id, "currency_id": currency.id}
        nets, vat = defaultdict(float), defaultdict(float)
        for row in rows:
            nets[tuple(row["taxes"])] += row["amount"] - row["vat_amount"]
            for tax_id, amount in row["vat"].items():
                vat[int(tax_id)] += amount
        lines = []
        # Who redeems points need not see taxes; the rows follow from the ledger.
        Tax = self.env["account.tax"].sudo()
        for tax_ids, net in nets.items():
            if currency.is_zero(net):
                continue
            taxes = Tax.browse(tax_ids)
            tags = taxes.flatten_taxes_hierarchy().get_tax_tags(not is_back, "base")
            values = {
                "account_id": account.id,
                "tax_ids": [Command.set(taxes.ids)],
                "tax_tag_ids": [Command.set(tags.ids)],
            }
            lines.append({**base, **values, **self._balance_of(net)})
        for tax_id, amount in vat.items():
            lines += self._tax_items(Tax.browse(tax_id), amount, is_back, account, base)
        return lines

    def _balance_of(self, amount):
        amount = self.currency_id.round(amount)
        return {"balance": amount, "amount_currency": amount}

    def _tax_items(self, tax, amount, is_back, account, base):
        """Return journal items of ``amount`` of a tax, on the accounts and with the tags of its refunds."""
        if tax.tax_exigibility == "on_payment":
            raise UserError(
                self.env._(
                    "Tax %s of the sale that earned these points is due on payment (cash basis). Points of a program that "
                    "takes off the VAT of the original sale cannot be redeemed then: use another VAT mode.",
                    tax.name,
                )
            )
        currency = self.currency_id
        document = "invoice" if is_back else "refund"
        parts = tax[f"{document}_repartition_line_ids"].filtered(lambda line: line.repartition_type == "tax")
        items, left = [], currency.round(amount)
        for number, part in enumerate(parts):
            share = left if number == len(parts) - 1 else currency.round(amount * part.factor)
            left = currency.round(left - share)
            if currency.is_zero(share):
                continue
            items.append(
                {
                    **base,
                    "name": f"{base['name']}: {tax.name}",
                    "account_id": (part.account_id or account).id,
                    "tax_repartition_line_id": part.id,
                    "tax_tag_ids": [Command.set(part.tag_ids.ids)],
                    "tax_ids": [Command.clear()],
                    **self._balance_of(share),
                }
            )
        return items
