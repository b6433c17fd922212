"""Fields that only code of the server writes, and how our own code says that it does (`loyalty.server.fields.mixin`)."""

#: Key of contexts, and the value that opens server fields under it. Contexts of remote calls come as JSON: they can name
#: the key, and hold text, numbers, lists; never this very object.
CONTEXT_KEY = "loyalty_server"
SERVER = object()


def by_server(records):
    """Return ``records`` for one call of our own that writes server fields; hand them to nobody else."""
    return records.with_context(**{CONTEXT_KEY: SERVER})


def is_server(env):
    """Return whether our own code writes, by :func:`by_server`; superuser mode alone is not enough."""
    return env.context.get(CONTEXT_KEY) is SERVER
