from . import loyalty_disclosure
