from . import loyalty_payout
from . import loyalty_inquiry
