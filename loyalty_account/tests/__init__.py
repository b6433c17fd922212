from . import test_invoice_card
from . import test_vat_split
from . import test_redemption
from . import test_setup
from . import test_setup_charts
from . import test_valuation_tools
from . import test_accrual
