from . import loyalty_target
from . import loyalty_period
from . import loyalty_program
from . import loyalty_rule
from . import loyalty_earning
from . import res_partner
