from . import portal
from . import program_page
from . import join
