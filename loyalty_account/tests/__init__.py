from . import test_invoice_card
from . import test_vat_split
from . import test_redemption
