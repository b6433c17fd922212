"""Fields that only code of the server writes, and how our own code says that it does (`loyalty.server.fields.mixin`)."""

#: Key of contexts, and the object that opens server fields under it, together with the name of one model: lines that the
#: same call writes are a user's as before. Contexts of remote calls come as JSON: they can name the key, and hold text,
#: numbers, lists; never this very object.
CONTEXT_KEY = "loyalty_server"
SERVER = object()


def by_server(records):
    """Return ``records`` for one call of our own that writes server fields of their model; hand them to nobody else."""
    return records.with_context(**{CONTEXT_KEY: (SERVER, records._name)})


def is_server(records):
    """Return whether our own code writes these records, by :func:`by_server`; superuser mode alone is not enough."""
    return records.env.context.get(CONTEXT_KEY) == (SERVER, records._name)
