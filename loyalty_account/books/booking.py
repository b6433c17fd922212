"""What a redemption booked, read back from its journal items: returns take their part of that, whatever the settings
say by now.

How to use it. A redemption of 100.00 that was booked in two parts, of which 50.00 come back:

>>> cost, customers = env["account.account"].create([
...     {"name": "Redemptions", "code": "X60", "account_type": "expense"},
...     {"name": "Customers", "code": "X10", "account_type": "asset_receivable", "reconcile": True},
... ])
>>> items = [(cost, 30.0), (cost, 70.0), (customers, -100.0)]
>>> lines = [(0, 0, {"account_id": account.id, "balance": balance}) for account, balance in items]
>>> move = env["account.move"].create({"move_type": "entry", "line_ids": lines})
>>> booked = Booked(move, customers, returns=move.browse())
>>> booked.shares, booked.parts(50.0, terms=None)
([30.0, 70.0], [15.0, 35.0])
"""

from odoo.addons.loyalty_ledger.ledger.rounding import split

from .vat_split import gross_of_sets, lines_back, parts_back


class Booked:
    """The journal items of a redemption by sets of taxes: each base line is a set.

    :param move: the entry; its items on ``counterparts`` are left out
    :param returns: entries that gave some of it back
    """

    def __init__(self, move, counterparts, returns):
        self.move = move
        self.currency = move.company_currency_id
        lines = move.line_ids.filtered(lambda line: line.account_id not in counterparts)
        self.tax_lines = lines.filtered("tax_repartition_line_id")
        self.base_lines = lines - self.tax_lines
        self.sign = 1 if sum(lines.mapped("balance")) > 0 else -1
        self.nets = [self.sign * line.balance for line in self.base_lines]
        leaves = [line.tax_ids.flatten_taxes_hierarchy() for line in self.base_lines]
        self.taxes = [
            (self.sign * line.balance, [number for number, taxes in enumerate(leaves) if line.tax_line_id in taxes])
            for line in self.tax_lines
        ]
        self.nets_back, self.taxes_back = [0.0] * len(self.base_lines), [0.0] * len(self.tax_lines)
        for line in returns.line_ids.filtered(lambda line: line.account_id not in counterparts):
            self._count_back(line)
        unit = self.currency.rounding
        self.shares, __ = gross_of_sets(self.nets, self.taxes, unit)
        self.back, __ = gross_of_sets(
            self.nets_back, [(amount, sets) for amount, (__, sets) in zip(self.taxes_back, self.taxes)], unit
        )

    def _count_back(self, line):
        if line.tax_repartition_line_id:
            keys = [own._mirrored_repartition() for own in self.tax_lines]
            found = [number for number, key in enumerate(keys) if key == line.tax_repartition_line_id]
            amounts = self.taxes_back
        else:
            found = [number for number, own in enumerate(self.base_lines) if own.tax_ids == line.tax_ids]
            amounts = self.nets_back
        if found:
            amounts[found[0]] = self.currency.round(amounts[found[0]] - self.sign * line.balance)

    def weights(self, sets):
        """Return ``(gross sold, gross of it that is returned)`` of each base line.

        :param sets: ``{taxes of the sale: (sold, returned)}``
        """
        sold, returned = [0.0] * len(self.base_lines), [0.0] * len(self.base_lines)
        for taxes, (of_sale, of_returns) in sets.items():
            for number in self._positions(taxes):
                sold[number] += max(0.0, of_sale)
                returned[number] += of_returns
        return sold, returned

    def _positions(self, taxes):
        """Return the positions of the base lines that paid lines with these taxes of the sale."""
        if len(self.base_lines) == 1:
            return [0]
        frozen = {tuple(sale): booked for sale, booked, __ in self.move._frozen_sets()}
        wanted = frozen.get(tuple(sorted(taxes.ids)))
        if wanted is None:
            wanted = sorted(self.move._reducible(taxes).ids)
        found = [number for number, line in enumerate(self.base_lines) if sorted(line.tax_ids.ids) == wanted]
        # Entries from before the sets were remembered, and taxes that the sale did not have: the same rates.
        return found or [
            number for number, line in enumerate(self.base_lines) if self._rates(line.tax_ids) == self._rates(taxes)
        ]

    def fits(self, invoice, amount, program):
        """Return whether ``amount`` would be booked by the same sets if points paid ``invoice`` now."""
        frozen = self.move._frozen_sets()
        now = {tuple(sorted(taxes.ids)): gross for taxes, gross in invoice._loyalty_payable_sets(None).items()}
        if frozen and {tuple(sale): gross for sale, __, gross in frozen} == now:
            return True
        if self.taxed() or program.vat_mode != "tender":
            sets = invoice._loyalty_tax_sets(program)
            known = {tuple(sale) for sale, __, __ in frozen}
            if frozen and any(gross and tuple(sorted(taxes.ids)) not in known for taxes, gross in sets.items()):
                return False
            weights, __ = self.weights({taxes: (gross, 0.0) for taxes, gross in sets.items()})
            expected = split(amount, weights, self.currency.rounding)
            # A cent may have moved with the rounding of the whole.
            tolerance = 2 * self.currency.rounding
            return all(
                self.currency.compare_amounts(abs(share - booked), tolerance) <= 0
                for share, booked in zip(expected, self.shares)
            )
        return True

    def taxed(self):
        """Return whether anything of this redemption has to do with taxes."""
        return bool(self.tax_lines or self.base_lines.tax_ids)

    @staticmethod
    def _rates(taxes):
        return sorted(
            tax.amount for tax in taxes.flatten_taxes_hierarchy() if tax.amount_type == "percent" and tax.amount
        )

    def lines_back(self, parts, label):
        """Return values of the lines that take ``parts``, the gross of each base line, back."""
        nets, taxes = lines_back(self.nets, self.taxes, self.nets_back, self.taxes_back, parts, self.currency.rounding)
        lines = [*zip(self.base_lines, nets), *zip(self.tax_lines, taxes)]
        return [
            line._prepare_reversed_part(self.sign * amount, label)
            for line, amount in lines
            if not self.currency.is_zero(amount)
        ]

    def parts(self, amount, terms):
        """Return how ``amount`` comes back over the base lines: as ``terms`` say, else pro rata to what is left."""
        if terms and len(terms.parts) == len(self.base_lines):
            return terms.parts
        nothing = [0.0] * len(self.base_lines)
        return parts_back(amount, self.shares, self.back, nothing, self.currency.rounding)


class BookedByLots(Booked):
    """A redemption that took off the VAT of the sales that earned its points: nothing of it depends on what it paid.

    How much comes back follows from the goods as a whole; at which taxes, from the lots that get points back.
    """

    def __init__(self, move, counterparts, returns):
        super().__init__(move, counterparts, returns)
        back = returns.line_ids.filtered(lambda line: line.account_id not in counterparts)
        self.shares = [self.currency.round(sum(self.nets) + sum(amount for amount, __ in self.taxes))]
        self.back = [self.currency.round(-self.sign * sum(back.mapped("balance")))]

    def weights(self, sets):
        """Return ``([gross sold], [gross of it that is returned])``, whatever the taxes."""
        sold = sum(max(0.0, of_sale) for of_sale, __ in sets.values())
        return [sold], [sum(of_returns for __, of_returns in sets.values())]

    def fits(self, invoice, amount, program):
        """Return True: the taxes of the document on which points are redeemed do not matter."""
        return True
