"""Scheduled jobs in batches: a batch that loses against another transaction is run again, and does not end the job.

Odoo tries remote calls again after a conflict (``service.model.retrying``), but not its scheduled jobs.
"""

import logging

from odoo.exceptions import ConcurrencyError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

_logger = logging.getLogger(__name__)

#: How often a batch is tried before it is left to the next run of the job.
TRIES = 5


def run_batch(env, batch):
    """Run one batch of a job, which commits its work itself; after a conflict roll back and run it again.

    :param batch: function without arguments; it begins with a fresh view of the database when it is run again
    :return: what it returns; None when others were faster each time
    """
    for __ in range(TRIES):
        try:
            return batch()
        except (*PG_CONCURRENCY_EXCEPTIONS_TO_RETRY, ConcurrencyError) as error:
            env.cr.rollback()
            _logger.info("A batch of a job is run again: %s", str(error).splitlines()[0])
    return None
