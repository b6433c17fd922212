"""Worked example of redemptions that recover input tax, in one currency: what the journal items must show.

``gross`` is the money value of the points, ``net`` the part on the redemption account, ``vat`` the part that input tax
recovers; ``due`` and ``net_vat_due`` are what the customer still pays and the VAT left to pay on the invoice.
"""

SINGLE_RATE = [
    {
        "sale_net": 100.0,
        "rate": 15,
        "invoice_total": 115.0,
        "points": 50,
        "point_value": 1.0,
        "gross": 50.0,
        "net": 43.48,
        "vat": 6.52,
        "due": 65.0,
        "net_vat_due": 8.48,
    },
    {
        "sale_net": 100.0,
        "rate": 15,
        "invoice_total": 115.0,
        "points": 3333,
        "point_value": 0.01,
        "gross": 33.33,
        "net": 28.98,
        "vat": 4.35,
        "due": 81.67,
        "net_vat_due": 10.65,
    },
    {
        "sale_net": 100.0,
        "rate": 15,
        "invoice_total": 115.0,
        "points": 11500,
        "point_value": 0.01,
        "gross": 115.0,
        "net": 100.0,
        "vat": 15.0,
        "due": 0.0,
        "net_vat_due": 0.0,
    },
    {
        "sale_net": 100.0,
        "rate": 0,
        "invoice_total": 100.0,
        "points": 1000,
        "point_value": 0.01,
        "gross": 10.0,
        "net": 10.0,
        "vat": 0.0,
        "due": 90.0,
        "net_vat_due": 0.0,
    },
]

SEVERAL_RATES = [
    {
        "lines": [{"gross": 115.0, "rate": 15}, {"gross": 210.0, "rate": 5}, {"gross": 50.0, "rate": 0}],
        "invoice_total": 375.0,
        "gross": 50.0,
        "split": [
            {"rate": 15, "gross": 15.33, "net": 13.33, "vat": 2.0},
            {"rate": 5, "gross": 28.0, "net": 26.67, "vat": 1.33},
            {"rate": 0, "gross": 6.67, "net": 6.67, "vat": 0.0},
        ],
    },
    {
        # The line without tax is shipping, which points never cover.
        "lines": [
            {"gross": 115.0, "rate": 15},
            {"gross": 210.0, "rate": 5},
            {"gross": 50.0, "rate": 0, "payable": False},
        ],
        "invoice_total": 375.0,
        "gross": 50.0,
        "split": [
            {"rate": 15, "gross": 17.69, "net": 15.38, "vat": 2.31},
            {"rate": 5, "gross": 32.31, "net": 30.77, "vat": 1.54},
        ],
    },
]

#: VAT relief of 6.52 reversed by three equal partial refunds.
REFUND_IN_THIRDS = [2.17, 2.18, 2.17]

#: A sale of 115.00 incl. 15 %, paid with 65.00 in cash and 500 points worth 0.10.
REFUND = {
    "full": {"credit_note": 115.0, "cash": 65.0, "points": 500, "net_vat_reversed": 8.48},
    "half": {"credit_note": 57.5, "cash": 32.5, "points": 250, "net_vat_reversed": 4.24},
}
