"""Where a change of points comes from.

Odoo's own code assigns ``card.points``; the ledger has to know for which document. The caller puts a
:class:`Source` into the context: a remote client can forge a context key, but not an instance of this class.
"""

CONTEXT_KEY = "loyalty_ledger_source"


class Source(str):
    """Provenance of changes of points that Odoo's own code makes.

    A string to anybody who serializes a context (actions returned to the client carry theirs): what comes back from
    there is a plain string, and no source. Compared by identity, so two events never share an environment.

    :param document: ``(model, id)`` of the business document, or None
    :param reason: words for the ledger, without personal data
    :param kind: kind of the entries
    :param buffer: a dict to collect changes in (card id -> ten-thousandths) instead of posting them; anybody who
        passes it posts what is left when the business event is over, so that one event is one entry
    """

    __slots__ = ("document", "reason", "kind", "buffer")
    __hash__ = object.__hash__

    def __new__(cls, *args, **kwargs):
        return super().__new__(cls, CONTEXT_KEY)

    def __init__(self, document=None, reason=None, kind="external", buffer=None):
        self.document = document
        self.reason = reason
        self.kind = kind
        self.buffer = buffer

    # Environments are shared by equal contexts: the plain string of a forged context must not equal a source.
    def __eq__(self, other):
        return self is other

    def __ne__(self, other):
        return self is not other

    @classmethod
    def of(cls, env):
        """Return the source that the context of ``env`` carries, or None when it carries none or a forged one."""
        source = env.context.get(CONTEXT_KEY)
        return source if isinstance(source, cls) and source.is_active() else None

    def is_active(self):
        """Return whether the event goes on; override where records may outlive it."""
        return True

    def bind(self, records):
        """Return ``records`` with this source in their context."""
        return records.with_context(**{CONTEXT_KEY: self})
