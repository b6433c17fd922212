"""Runs of a change to or from deferred revenue were left as drafts, so that reconciliations did not ask them."""


def migrate(cr, version):
    """Say that a run is posted where it was."""
    cr.execute("UPDATE loyalty_accrual_run SET state = 'posted' WHERE state = 'draft' AND posted_at IS NOT NULL")
