"""What a transaction is to people who read totals: points issued, redeemed, expired or adjusted.

>>> MOVEMENTS
('issued', 'redeemed', 'expired', 'adjusted')
>>> domain_of("expired")
['&', ('is_redemption', '=', False), ('kind', '=', 'expire')]
"""

from odoo.fields import Domain

#: What points do.
MOVEMENTS = ("issued", "redeemed", "expired", "adjusted")
#: The same of one transaction in SQL, ``{0}`` being its table. Points taken back from a return were not issued.
POINTS_COLUMN = """CASE WHEN {0}.is_redemption OR {0}.kind = 'external' AND {0}.points < 0 THEN 'redeemed'
            WHEN {0}.kind = 'expire' THEN 'expired'
            WHEN {0}.kind IN ('opening', 'earn', 'external', 'reversal') THEN 'issued'
            ELSE 'adjusted' END"""
#: Balances that were taken over are told apart from what customers earned since.
DAILY_COLUMN = f"CASE WHEN {{0}}.kind = 'opening' AND NOT {{0}}.is_redemption THEN 'opening' ELSE {POINTS_COLUMN} END"

_EARNED = Domain("kind", "in", ["earn", "reversal"]) | (Domain("kind", "=", "external") & Domain("points", ">=", 0))
_DOMAINS = {
    "redeemed": Domain("is_redemption", "=", True) | (Domain("kind", "=", "external") & Domain("points", "<", 0)),
    "expired": Domain("is_redemption", "=", False) & Domain("kind", "=", "expire"),
    "issued": Domain("is_redemption", "=", False) & _EARNED,
    "opening": Domain("is_redemption", "=", False) & Domain("kind", "=", "opening"),
    "adjusted": Domain("is_redemption", "=", False) & Domain("kind", "in", ["adjust", "transfer", "redate"]),
}


def domain_of(movement):
    """Return the domain of the transactions that :data:`DAILY_COLUMN` calls ``movement``."""
    return list(_DOMAINS[movement])
