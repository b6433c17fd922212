"""Default values of what only code of the server writes.

Odoo fills fields that are not given from ``default_`` keys of the context and from a user's own defaults
(``ir.default``). Remote clients choose both, past every check of the values that they send.
"""


def trusted_defaults(model, fields, names, default_get):
    """Return default values, of which those of the fields ``names`` are what the model itself says.

    :param fields: names of the fields whose defaults are asked for
    :param names: names of the fields that only the server writes
    :param default_get: ``super().default_get`` of the caller
    """
    asked = [name for name in fields if name not in names]
    defaults = default_get(asked) if asked else {}  # Odoo would look for the user's own defaults first
    for name in fields:
        if name in names and (default := model._fields[name].default):
            defaults[name] = default(model)
    return defaults
