from . import test_account_credit
from . import test_batches
from . import test_channels
from . import test_credits
from . import test_roll_over
from . import test_roll_over_odd
from . import test_demo
from . import test_inquiry
