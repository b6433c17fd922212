from . import loyalty_apply_points
from . import account_payment_register
from . import loyalty_account_setup
from . import loyalty_account_setup_vat
from . import loyalty_account_setup_stored
from . import loyalty_program_setup
from . import loyalty_program
from . import validate_account_move
