from . import test_invoice_card
