from . import loyalty_payout
