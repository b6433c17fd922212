"""VAT at the rates of the sales that earned the points: what redemptions take off, lot by lot.

``lots`` are ``(money that the points of the lot cover, rate of its sale)``, oldest first; None: points without a sale.
``at_basket_rate`` is the wrong answer.
"""

CASES = [
    {
        "lots": [(3.0, 19), (2.0, 7)],
        "basket_rate": 7,
        "redeemed": 5.0,
        "vat": {19: 0.48, 7: 0.13},
        "vat_total": 0.61,
        "at_basket_rate": 0.33,
    },
    {"lots": [(5.0, 19)], "basket_rate": 7, "redeemed": 5.0, "vat": {19: 0.80}, "vat_total": 0.80},
    {"lots": [(0.59, 19)], "basket_rate": 19, "redeemed": 0.59, "vat": {19: 0.09}, "vat_total": 0.09},
    {"lots": [(4.0, None), (1.0, 19)], "basket_rate": 19, "redeemed": 5.0, "vat": {19: 0.16}, "vat_total": 0.16},
]
#: Points that expire correct nothing.
EXPIRED = {"expired": [(0.59, 19)], "vat_total": 0.0}
