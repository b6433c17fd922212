from . import test_order_cards
from . import test_order_events
from . import test_order_guards
from . import test_order_invoices
from . import test_use_points
from . import test_order_points_invoices
from . import test_order_returns
from . import test_order_need
