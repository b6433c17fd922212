from . import test_claim_rules
from . import test_hoot
from . import test_till_claims
from . import test_till_concurrency
from . import test_till_reads
from . import test_till_remote
from . import test_till_holds
from . import test_till_redeem
