"""What goes together: accounting policy, VAT mode and the nature of the redemption account.

``COST_GROUP[policy, vat_mode]`` is the internal group that the redemption account must belong to. A pair that is not in
the table is not supported. With ``tender`` and ``input_tax`` a redemption is a cost; with ``price_reduction`` it lowers the
price, and with ``earning_sale`` that of the sale that earned, so the account is contra-revenue. Where revenue is deferred, the
amount covered by points lowers it too, and what was deferred comes back to it: contra-revenue in both modes.
"""

TENDER, INPUT_TAX, PRICE_REDUCTION, EARNING_SALE = "tender", "input_tax", "price_reduction", "earning_sale"

COST_GROUP = {
    ("redemption", TENDER): "expense",
    ("redemption", INPUT_TAX): "expense",
    ("redemption", PRICE_REDUCTION): "income",
    ("redemption", EARNING_SALE): "income",
    ("accrual", TENDER): "expense",
    ("accrual", INPUT_TAX): "expense",
    ("accrual", PRICE_REDUCTION): "income",
    ("deferral", TENDER): "income",
    ("deferral", PRICE_REDUCTION): "income",
    ("accrual", EARNING_SALE): "income",
}
#: Modes in which the redemption account may be of another group too: what lowers earlier sales is often kept as a cost.
ALSO = {EARNING_SALE: "expense"}

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
    """Return whether a redemption recovers VAT at an expected rate, so that a point is a liability only for its value
    without VAT. With ``earning_sale`` each lot has its own rate, that of its sale."""
    return vat_mode in (INPUT_TAX, PRICE_REDUCTION)
