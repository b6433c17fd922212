from . import loyalty_card
from . import loyalty_card_till
from . import loyalty_history
from . import loyalty_hold
from . import loyalty_program

from . import pos_payment_method
from . import pos_config
from . import pos_order
from . import pos_order_claims
from . import pos_order_points
from . import pos_order_settle
from . import pos_order_line
from . import pos_payment
from . import pos_session
from . import product_template
from . import res_config_settings
from . import pos_order_demo
