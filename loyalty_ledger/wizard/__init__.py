from . import base_partner_merge
from . import loyalty_adjust_wizard
from . import loyalty_transfer_wizard
from . import loyalty_upstream_wizards
from . import loyalty_import_wizard
from . import loyalty_program_change
from . import loyalty_statement
