"""Columns that repeat what another row of the ledger says."""

from odoo import fields


class Snapshot(fields.Many2one):
    """A many2one without a foreign key of its own.

    For columns that a trigger compares with those of the row's entry (:func:`ledger.schema.protect_lots`): the entry's
    foreign keys protect them already, and checking each again costs a tenth of a posting.
    """

    def update_db_foreign_key(self, model, column):
        """Leave the column without a constraint."""
