from . import test_chain_ladder
from . import test_deferral
from . import test_deferral_tools
from . import test_disclosure
from . import test_histories
from . import test_proof_revenue
from . import test_redemption_study
from . import test_switch
