"""What a process remembers between transactions, such as the terms of a program.

Odoo clears its caches when something changes, before the change is committed. Another thread, whose transaction does
not see the change, may then fill them again with what it sees, and that stays. So:

* from a change until its transaction ends nobody asks or fills the memory (:func:`forget`);
* then everything begins anew, and only transactions that began later fill it.

Other processes learn of a change when they begin their next request, as with all caches of Odoo. Values of points are
not remembered: money is read.
"""

from functools import wraps

from odoo.tools import SQL, ormcache


class _Memory:
    """The state of what one registry remembers."""

    def __init__(self):
        #: Part of every key: what was remembered before is no longer found.
        self.epoch = 0
        #: Database time at which the epoch was known to have begun; None until somebody asks.
        self.began = None
        #: Odoo's number of the last change that this process knows of.
        self.sequence = None
        #: Cursors that changed something and are not done.
        self.changing = set()

    @staticmethod
    def of(registry):
        memory = registry.__dict__.get("_loyalty_memory")
        return memory or registry.__dict__.setdefault("_loyalty_memory", _Memory())

    def renew(self):
        self.epoch += 1
        self.began = None

    def is_usable(self, registry):
        """Return whether what is remembered holds for transactions of now."""
        if registry.cache_invalidated:
            return False
        if self.changing:
            # Cursors of tests end without telling.
            self.changing = {cr for cr in self.changing if not cr._closed}
            if self.changing:
                return False
        sequence = registry.cache_sequences.get("default")
        if sequence != self.sequence:
            self.sequence = sequence
            self.renew()
        return True

    def may_fill(self, cr):
        """Return whether a transaction began after the epoch: it sees all that was changed before."""
        cr.execute(SQL("SELECT now(), clock_timestamp()"))
        began, now = cr.fetchone()
        if self.began is None:
            self.began = now
        return began > self.began


class _NotKept(Exception):
    """Carries a value past the cache."""

    def __init__(self, value):
        super().__init__()
        self.value = value


def forget(env):
    """Forget everything, as this transaction changes something that is remembered; call it before or after the change."""
    registry, cr = env.registry, env.cr
    memory = _Memory.of(registry)
    registry.clear_cache()
    if cr in memory.changing:
        return

    def end():
        memory.renew()
        memory.changing.discard(cr)

    memory.changing.add(cr)
    memory.renew()
    cr.postcommit.add(end)
    cr.postrollback.add(end)


def remembered(*keys):
    """Decorate a method whose result holds until somebody changes what it is made of and calls :func:`forget`.

    Not for money: another process may remember until it begins its next request.

    :param keys: expressions over the method's arguments, ``self.id`` first for methods of records
    """

    def decorate(method):
        @wraps(method)
        def work(self, *args):
            memory = _Memory.of(self.env.registry)
            epoch = memory.epoch
            value = method(self, *args)
            if not memory.may_fill(self.env.cr) or memory.epoch != epoch:
                raise _NotKept(value)
            return value

        recall = ormcache(*keys, "self.pool._loyalty_memory.epoch")(work)

        @wraps(method)
        def lookup(self, *args):
            # What a form shows before it is saved is nobody else's business either.
            if not all(self._ids) or not _Memory.of(self.env.registry).is_usable(self.env.registry):
                return method(self, *args)
            try:
                return recall(self, *args)
            except _NotKept as result:
                return result.value

        return lookup

    return decorate
