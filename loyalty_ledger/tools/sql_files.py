"""Long SQL lives in files of its own: ``sql/<name>.sql`` beside the module that runs it.

from odoo.addons.loyalty_ledger.tools.sql_files import read_sql

OPEN_LOTS = read_sql(__file__, "open_lots")  # once, when the module is imported
...
self.env.execute_query(SQL(OPEN_LOTS, program=program.id))
"""

from pathlib import Path


def read_sql(module_file, name):
    """Return the text of ``sql/<name>.sql`` beside a module, to be the code of :class:`odoo.tools.SQL`.

    Values stay parameters (``%(name)s``), so a percent sign of the file's own is written twice.

    :param module_file: the module's ``__file__``
    """
    with (Path(module_file).parent / "sql" / f"{name}.sql").open(encoding="utf-8") as file:
        return file.read()
