from . import loyalty_lot_report
from . import loyalty_adoption_report
