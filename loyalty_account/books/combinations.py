"""What goes together: accounting policy, VAT mode and the nature of the redemption account.

``COST_GROUP[policy, vat_mode]`` is the internal group that the redemption account must belong to. A pair that is not in
the table is not supported; :func:`refusal` says why. With ``tender`` and ``input_tax`` a redemption is a cost; with
``price_reduction`` it lowers the price, so the account is contra-revenue. Where revenue is deferred, what points pay lowers the
revenue too, and what was deferred comes back to it: contra-revenue in both modes.
"""

TENDER, INPUT_TAX, PRICE_REDUCTION = "tender", "input_tax", "price_reduction"

COST_GROUP = {
    ("redemption", TENDER): "expense",
    ("redemption", INPUT_TAX): "expense",
    ("redemption", PRICE_REDUCTION): "income",
    ("accrual", TENDER): "expense",
    ("accrual", INPUT_TAX): "expense",
    ("accrual", PRICE_REDUCTION): "income",
    ("deferral", TENDER): "income",
    ("deferral", PRICE_REDUCTION): "income",
}

#: Account types that can carry the value of outstanding points.
LIABILITY_TYPES = ("liability_current", "liability_non_current")
#: Gift cards and wallets: one point is one unit of money, which the documents that sell and spend it book themselves.
STORED_VALUE = "stored_value"
#: Program types whose points are money.
STORED_VALUE_TYPES = ("gift_card", "ewallet")
#: Policies that value points by accrual runs.
ACCRUED_POLICIES = ("accrual",)
#: Part of each sale's price waits on the liability account (add-on `loyalty_deferral`).
DEFERRAL = "deferral"
#: Policies that value each lot of points.
LOT_POLICIES = (*ACCRUED_POLICIES, STORED_VALUE)
#: Policies that keep the value of outstanding points as a liability.
LIABILITY_POLICIES = (*LOT_POLICIES, DEFERRAL)


def is_supported(policy, vat_mode):
    """Return whether the books know how to post this combination."""
    return policy == "none" or (policy, vat_mode) in COST_GROUP


def has_relief(vat_mode):
    """Return whether a redemption recovers VAT, so that a point is a liability only for its value without VAT."""
    return vat_mode in (INPUT_TAX, PRICE_REDUCTION)
