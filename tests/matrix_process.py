"""Prepares another database, installs, removes or asks our add-ons in it, in a process of its own, for test_install_matrix.

Usage: matrix_process.py DATABASE ADDONS_PATH DATA_DIR ACTION [module...]; prints the answer, and what verification finds, as JSON in its last line.
"""

import json
import sys

OURS = ["loyalty_account", "loyalty_deferral", "loyalty_ledger", "loyalty_pos", "loyalty_rebate", "loyalty_sale"]


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


def archive(env):
    """Cards that nobody sees: of a company that closed, of a program, of a customer, and what Odoo stores of them."""
    company = env["res.company"].create({"name": "Closed Shop"})
    customer = env["res.partner"].create({"name": "Moved Away"})
    cards = env["loyalty.card"]
    for name, points in (("company", 40), ("program", 30.00007), ("customer", 20)):
        values = {"name": f"Archived {name}", "program_type": "loyalty"}
        values["company_id"] = company.id if name == "company" else env.company.id
        program = env["loyalty.program"].create(values)
        cards += cards.create({"program_id": program.id, "code": f"archived-{name}", "points": points})
    cards[2].partner_id = customer
    cards[1].program_id.action_archive()
    customer.action_archive()
    company.action_archive()
    env.cr.commit()
    assert not company.active and not customer.active and not cards[1].program_id.active
    return dict(zip(cards.ids, cards.mapped("points")))


def install(env, *names):
    modules = env["ir.module.module"]
    modules.update_list()
    modules.search([("name", "in", names)]).button_immediate_install()
    return installed(env)


def uninstall(env, *names):
    env["ir.module.module"].search([("name", "in", names)]).button_immediate_uninstall()
    return installed(env)


def installed(env):
    env.cr.execute("SELECT name FROM ir_module_module WHERE state = 'installed' AND name = ANY(%s)", [OURS])
    return sorted(name for (name,) in env.cr.fetchall())


def program(env):
    """Make a loyalty program; return its id and that of its company."""
    record = env["loyalty.program"].create({"name": "Old", "program_type": "loyalty", "company_id": env.company.id})
    env.cr.commit()
    return record.id, env.company.id


def grant(env, program_id):
    """Put points on a card of a program."""
    card = env["loyalty.card"].create({"program_id": int(program_id), "code": "granted"})
    card._post_entries([{"card_id": card.id, "kind": "earn", "points": 40, "key": "granted"}])
    env.cr.commit()
    return card.id


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


def neighbour(env):
    """What another add-on sees of two changes of a balance: one by Odoo's own code, one by the ledger."""
    card = env["loyalty.card"].create(
        {"program_id": env["loyalty.card"].search([("code", "=", "matrix-0")]).program_id.id, "code": "neighbour"}
    )
    card.points += 5
    card._post_entries([{"card_id": card.id, "kind": "earn", "points": 2.5, "key": "neighbour"}])
    env.flush_all()
    env.cr.execute("SELECT points, neighbour_double, neighbour_written FROM loyalty_card WHERE id = %s", [card.id])
    found = [str(value) for value in env.cr.fetchone()]
    env.cr.rollback()
    return found


def prepare_upgrade(env):
    """How many history lines the first run writes, and the second."""
    written = [env["loyalty.card"]._write_history_differences() for __ in range(2)]
    env.cr.commit()
    return written


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


ACTIONS = {
    function.__name__: function
    for function in (archive, grant, install, installed, neighbour, prepare_upgrade, program, uninstall, upstream, use)
}

if __name__ == "__main__":
    main(*sys.argv[1:])
