from . import test_deferral_tools
from . import test_deferral
