"""How the part of a redemption that a credit note gives back is made up, in the context while it is booked."""

CONTEXT_KEY = "loyalty_return"


class ReturnTerms:
    """What a credit note gives back of one redemption.

    Recognised by class, not by the key alone: a remote client can forge a context key, but not an instance.

    :param parts: gross of each set of taxes, in the order of the redemption's own lines (:func:`vat_split.parts_back`)
    :param foreign: what it is worth in the currency of the credit note
    """

    def __init__(self, parts, foreign):
        self.parts = parts
        self.foreign = foreign

    @classmethod
    def of(cls, env):
        """Return the terms of the return that is booked now, or None."""
        found = env.context.get(CONTEXT_KEY)
        return found if isinstance(found, cls) else None
