"""Which sale a credit note returns, where only its lines say so.

A credit note that Odoo makes from an order names no invoice: its lines name what was ordered. :func:`match_returns` reads
the documents of an order in the order in which they were made and gives each line of each return to the invoices on which
the same items stand, the latest first, as long as something is left of them. No ORM.
"""

#: Smaller amounts are rounding.
NOTHING = 1e-6


class Document:
    """An invoice, or what returns one.

    :param key: anything that identifies it
    :param lines: ``[(line, item, kind, amount)]``: what identifies the line, what was ordered (None: nothing), its
        taxes, its gross amount, positive where an invoice sells and where a credit note returns
    :param returns: whether it is a credit note
    :param of: the document that it is known to return as a whole, or None
    """

    __slots__ = ("key", "lines", "returns", "of")

    def __init__(self, key, lines, returns=False, of=None):
        self.key, self.lines, self.returns, self.of = key, lines, returns, of


class _Sale:
    """What is left of an invoice: of each of its items, at each of its taxes, and in all."""

    def __init__(self, document):
        self.key, self.items, self.kinds, self.left = document.key, {}, {}, 0.0
        for __, item, kind, amount in document.lines:
            self.left += amount
            self.kinds[kind] = self.kinds.get(kind, 0.0) + amount
            if item is not None:
                self.items[item] = self.items.get(item, 0.0) + amount

    def take(self, item, kind, amount):
        self.left -= amount
        self.kinds[kind] = self.kinds.get(kind, 0.0) - amount
        if item in self.items or (item is not None and amount < 0):  # a credit note that charges sells
            self.items[item] = self.items.get(item, 0.0) - amount


def match_returns(documents):
    """Return ``{credit note: {invoice: {line: part}}}``: which part of each line returns which invoice.

    Parts of a line add up to 1. A deposit that an invoice took off is returned after what that invoice itself was worth.
    What a credit note charges, and lines of no order, follow its other lines. A credit note none of whose lines finds an
    invoice has an empty dict. Credit notes that are known to return a document are not in the result; they leave less of
    it.

    :param documents: :class:`Document` of one or more orders, the first made first
    """
    sales, result = {}, {}
    for document in documents:
        if not document.returns:
            sales[document.key] = _Sale(document)
        elif document.of is not None:
            if document.of in sales:
                for __, item, kind, amount in document.lines:
                    sales[document.of].take(item, kind, amount)
        else:
            result[document.key] = _match(document, list(reversed(sales.values())))
    return result


def _match(document, sales):
    """Give the lines of one credit note to ``sales``, the latest first, and take it from what is left of them."""
    taken = {}

    def take(sale, line, item, amount):
        sale.take(item, kinds[line], amount)
        lines = taken.setdefault(sale.key, {})
        lines[line] = lines.get(line, 0.0) + amount

    own = {item for __, item, __, __ in document.lines if item is not None}
    linked = [sale for sale in sales if own & sale.items.keys()]
    if not linked:
        return {}
    first, items = linked[0], {item for sale in linked for item in sale.items}
    # What an invoice took off, for example a deposit, was paid on another one.
    linked += [sale for sale in sales if sale not in linked and items & sale.items.keys()]
    amounts = {line: amount for line, __, __, amount in document.lines}
    kinds = {line: kind for line, __, kind, __ in document.lines}
    rest = {}
    # Deductions first: without the discount that comes off again, an invoice is worth what its goods are.
    for line, item, kind, amount in sorted(document.lines, key=lambda row: row[3]):
        sign = -1 if amount < 0 else 1
        for sale in linked:
            left = sign * sale.items.get(item, 0.0)
            if sign > 0:  # an invoice that took a deposit off at these taxes is worth less of them
                left = min(left, sale.left, sale.kinds.get(kind, 0.0))
            part = min(abs(amount), left)
            if part > NOTHING:
                take(sale, line, item, sign * part)
                amount -= sign * part
        if abs(amount) > NOTHING:
            rest[line] = (item, amount)
    for line, (item, amount) in rest.items():
        for same in (True, False) if amount > 0 else ():  # at the same taxes first
            for sale in linked:
                part = min(amount, sale.left, sale.kinds.get(kinds[line], 0.0) if same else sale.left)
                if part > NOTHING:
                    take(sale, line, item, part)
                    amount -= part
        if amount > NOTHING:
            take(first, line, item, amount)  # more than was invoiced
    whole = {key: sum(max(part, 0.0) for part in lines.values()) for key, lines in taken.items()}
    total = sum(whole.values())
    if not total:
        whole, total = {first.key: 1.0}, 1.0
    by_key = {sale.key: sale for sale in linked}
    for line, (item, amount) in rest.items():
        if amount < 0:  # what the credit note charges lowers what it returns, wherever that was
            for key, weight in whole.items():
                take(by_key[key], line, item, amount * weight / total)
    return {
        key: {line: part / amounts[line] for line, part in lines.items() if amounts[line]}
        for key, lines in taken.items()
    }
