"""How a batch of the nightly write-off of expired points becomes one journal entry for each program and month."""

CONTEXT_KEY = "loyalty_write_off"


class WriteOff(list):
    """Ids of expiry entries that one batch of the purge wrote, in the context while it runs; booked together when it is over.

    Compared by class, not by the key alone: a remote client can forge a context key, but not an instance.
    """

    __hash__ = object.__hash__
    #: The batch is done: what was collected is booked now.
    is_over = False

    def __eq__(self, other):
        return self is other

    @classmethod
    def of(cls, env):
        """Return the write-off that goes on, or None."""
        found = env.context.get(CONTEXT_KEY)
        return found if isinstance(found, cls) else None
