from odoo.http import request


def server_vouches(env):
    """Return whether code of the server acts, which answers for what it writes.

    In sudo always. For a manager of the till only outside any remote call: scripts and scheduled code that run in a
    manager's name are trusted as Odoo trusts them, a manager's browser is not.
    """
    return env.su or (not request and env.user.has_group("point_of_sale.group_pos_manager"))
