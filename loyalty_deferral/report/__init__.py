from . import loyalty_disclosure
from . import loyalty_liability_report
from . import loyalty_rollforward_report
