"""What demo stories share: who tells them, and that a story which fails leaves a database without it, not without the add-on."""

import logging

_logger = logging.getLogger(__name__)


def as_office(env, company):
    """Return the environment of a story: the administrator, at work in ``company``, without mails and tracking."""
    return env(
        user=env.ref("base.user_admin"),
        context={
            **env.context,
            "tracking_disable": True,
            "loyalty_no_mail": True,
            "allowed_company_ids": company.ids,
        },
    )


def tell(env, story):
    """Tell a story; where it cannot be told, for example because of another add-on, say so in the log and go on.

    :param story: function of the environment
    """
    try:
        with env.cr.savepoint():
            story(env)
            env.flush_all()
    except Exception:  # whatever it is: demo data never stops an installation  # pylint: disable=broad-exception-caught
        _logger.warning("The demo data of %s could not be made", story.__module__, exc_info=True)
        env.invalidate_all()
