from . import loyalty_account_setup
from . import loyalty_redemption_study
from . import loyalty_redemption_study_export
