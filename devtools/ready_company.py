"""A company with a chart of accounts, ready in the template of the tests.

Odoo's accounting tests make one for each class, which takes seconds. Ours take this one where it is
(`loyalty_account/tests/common.py`), and make their own on any other database.

    python -m devtools.ready_company DATABASE
"""

import sys

from .session import environment

#: What Odoo's tests call theirs (account/tests/common.py, setup_independent_company).
NAME = "company_1_data"


def main(database):
    with environment(database) as env:
        company = env["res.company"].create({"name": NAME})
        charts = env["account.chart.template"]
        charts.try_loading(charts._guess_chart_template(company.country_id), company=company, install_demo=False)
        env.user.company_ids -= company
        env.cr.commit()


if __name__ == "__main__":
    main(sys.argv[1])
