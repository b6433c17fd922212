from . import loyalty_disclosure
from . import loyalty_liability_report
