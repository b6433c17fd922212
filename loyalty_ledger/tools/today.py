"""The one definition of "today"."""

import pytz

from odoo import fields


def loyalty_today(env, company):
    """Return the current date where the company does business.

    As sale_loyalty does for orders (sale_loyalty/models/sale_order.py:703), in the time zone of the company's
    contact; without one, or for a program without company, in ``loyalty.timezone`` (system parameter), else UTC.
    """
    name = company and company._loyalty_timezone()
    if not name:
        name = env["ir.config_parameter"].sudo().get_param("loyalty.timezone") or "UTC"
    try:
        zone = pytz.timezone(name)
    except pytz.UnknownTimeZoneError:
        zone = pytz.UTC
    return pytz.UTC.localize(fields.Datetime.now()).astimezone(zone).date()
