from . import loyalty_account_setup
