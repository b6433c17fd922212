from . import account_move
from . import sale_order
from . import sale_order_cards
from . import sale_order_postings
from . import sale_order_line
from . import sale_order_coupon_points
from . import loyalty_card
from . import sale_order_demo
