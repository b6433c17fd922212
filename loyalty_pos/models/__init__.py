from . import loyalty_card
from . import loyalty_history
from . import loyalty_program
from . import pos_config
from . import pos_order
from . import pos_order_claims
from . import pos_order_line
from . import product_template
