from . import loyalty_liability_report
from . import loyalty_rollforward_report
from . import loyalty_rollforward
from . import loyalty_source_report
from . import loyalty_relief_report
