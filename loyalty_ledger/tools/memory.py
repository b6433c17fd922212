"""What a process remembers between transactions, such as the terms of a program."""

from functools import wraps

from odoo.tools import ormcache


def remembered(*keys):
    """Decorate a method whose result holds until a cache of the registry is cleared (:class:`odoo.tools.ormcache`).

    Whoever has just cleared one, because it changed something, neither asks nor fills the memory until its
    transaction ends: the other transactions of the process do not see its changes yet, and may never do.

    :param keys: expressions over the method's arguments, ``self.id`` first for methods of records
    """

    def decorate(method):
        recall = ormcache(*keys)(method)

        @wraps(method)
        def lookup(self, *args):
            # What a form shows before it is saved is nobody else's business either.
            if self.env.registry.cache_invalidated or not all(self._ids):
                return method(self, *args)
            return recall(self, *args)

        return lookup

    return decorate
