"""Installs, removes or asks our add-ons in another database, in a process of its own, for test_install_matrix.

Usage: matrix_process.py DATABASE ADDONS_PATH DATA_DIR ACTION [module...]; prints the answer, and what verification finds, as JSON in its last line.
"""

import json
import sys


def main(database, addons_path, data_dir, action, *names):
    import odoo.tools

    odoo.tools.config.parse_config(
        ["-d", database, f"--addons-path={addons_path}", f"--data-dir={data_dir}", "--log-level=error", "--no-http"],
        setup_logging=True,
    )
    from odoo.api import SUPERUSER_ID, Environment
    from odoo.modules.registry import Registry

    registry = Registry(database)
    with registry.cursor() as cr:
        env = Environment(cr, SUPERUSER_ID, {})
        answer = ACTIONS[action](env, *names)
        # Installing and removing made new registries.
        env = Environment(cr, SUPERUSER_ID, {})
        problems = env["loyalty.card"]._verify_ledger() if "loyalty.ledger.entry" in env else []
        sys.stdout.write(json.dumps([answer, problems]) + "\n")


def install(env, *names):
    modules = env["ir.module.module"]
    modules.update_list()
    modules.search([("name", "in", names)]).button_immediate_install()
    return installed(env)


def uninstall(env, *names):
    env["ir.module.module"].search([("name", "in", names)]).button_immediate_uninstall()
    return installed(env)


def installed(env):
    env.cr.execute("SELECT name FROM ir_module_module WHERE state = 'installed' AND name LIKE 'loyalty\\_%'")
    return sorted(name for (name,) in env.cr.fetchall())


def use(env):
    """Earn and spend a little on every card with points, so that ledger and history differ."""
    cards = env["loyalty.card"].search([("code", "=like", "matrix-%"), ("ledgered", "=", True), ("points", ">", 2)])
    cards = cards.filtered(lambda card: card._is_usable())
    cards._post_entries(
        [
            {"card_id": card.id, "kind": kind, "points": points, "key": f"matrix:{card.id}:{kind}"}
            for card in cards
            for kind, points in (("earn", 5), ("redeem", -2))
        ]
    )
    env["loyalty.ledger.seal"]._seal(max(cards.entry_ids.ids))
    return len(cards)


def upstream(env):
    """What a shop does after we are gone: write a balance, sell a gift card, delete a card."""
    card = env["loyalty.card"].search([("code", "=like", "matrix-%"), ("points", ">", 1)], limit=1)
    before = card.points
    card.points += 1.25
    env.flush_all()
    assert card.points == before + 1.25
    card.points -= 1.25
    new = card.copy({"code": "matrix-after"})
    new.unlink()
    env.cr.commit()
    return True


ACTIONS = {function.__name__: function for function in (install, uninstall, use, upstream)}

if __name__ == "__main__":
    main(*sys.argv[1:])
