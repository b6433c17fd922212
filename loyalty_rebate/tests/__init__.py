from . import test_credits
from . import test_roll_over
