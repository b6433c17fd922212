from . import account_payment_method
from . import loyalty_tax_map
from . import loyalty_point_value
from . import loyalty_program
from . import loyalty_card
from . import account_move
