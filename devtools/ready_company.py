"""What the template of the tests has ready: a company with a chart of accounts, and the bundles of scripts and styles.

Odoo's accounting tests make a company for each class, which takes seconds. Ours take this one where it is
(`loyalty_account/tests/common.py`), and make their own on any other database. Bundles that a test in a browser makes are
rolled back with it, so that each one would make them again; Odoo's own runner has them ready too (odoo/service/server.py:1525).

    python -m devtools.ready_company DATABASE
"""

import re
import sys

from .session import environment

#: Another name than Odoo's tests give theirs: names of companies are unique.
NAME = "Ready Company"
#: Bundles that at most one test opens.
SELDOM = re.compile(r"dark|print|unit_tests|tests_assets|spreadsheet|self_order|api_doc|report")


def main(database):
    with environment(database) as env:
        from odoo.modules import module

        # In tests Odoo gives a new company a warehouse too (stock/models/res_company.py:193).
        module.current_test = NAME
        company = env["res.company"].create({"name": NAME})
        charts = env["account.chart.template"]
        charts.try_loading(charts._guess_chart_template(company.country_id), company=company, install_demo=False)
        env.user.company_ids -= company
        module.current_test = False
        make_bundles(env["ir.qweb"])
        env.cr.commit()


def make_bundles(templates):
    """Make the bundles of pages, as `_pregenerate_assets_bundles` does, but only those that many tests open."""
    scripts, styles = templates._get_bundles_to_pregenarate()
    for name in sorted(name for name in scripts | styles if not SELDOM.search(name)):
        bundle = templates._get_asset_bundle(name, css=name in styles, js=name in scripts)
        if name in scripts:
            bundle.js()
        if name in styles:
            bundle.css()


if __name__ == "__main__":
    main(sys.argv[1])
