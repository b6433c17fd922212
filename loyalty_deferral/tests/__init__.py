from . import test_deferral_tools
from . import test_deferral
from . import test_switch
from . import test_disclosure
