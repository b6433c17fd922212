from contextlib import contextmanager
from types import SimpleNamespace
from unittest.mock import patch
from uuid import uuid4

from odoo import SUPERUSER_ID, Command, api
from odoo.modules.registry import DummyRLock, Registry
from odoo.tests import BaseCase, get_db_name, new_test_user
from odoo.tools import SQL

from ..tools import queue
from .common import make_order_data


class TillRaceCase(BaseCase):
    """Two connections to the database, as two requests have them: nothing here runs in one transaction.

    What the test commits it removes again, the ledger's rows included.
    """

    def setUp(self):
        super().setUp()
        # The process that runs the tests holds the registry's lock; requests in other threads would wait for it.
        self.startPatcher(patch.object(Registry, "_lock", DummyRLock()))
        self.registry = Registry(get_db_name())
        self.mark = str(uuid4())
        self.made = []
        with self.environment() as env:
            self.set_up_till(env)
        self.addCleanup(self.remove_everything)

    @contextmanager
    def environment(self, uid=SUPERUSER_ID):
        with self.registry.cursor() as cr:
            yield api.Environment(cr, uid, {"tracking_disable": True, "mail_create_nolog": True})

    def keep(self, record):
        self.made.append((record._name, record.ids))
        return record

    def set_up_till(self, env):
        company = env.company
        self.cashier_id = self.keep(
            new_test_user(env, f"cashier-{self.mark}", groups="base.group_user,point_of_sale.group_pos_user")
        ).id
        journal = self.keep(env["account.journal"].create({"name": "Till", "type": "bank", "code": self.mark[:5]}))
        method = self.keep(env["pos.payment.method"].create({"name": "Till", "journal_id": journal.id}))
        config = self.keep(env["pos.config"].create({"name": "Till", "payment_method_ids": [Command.set(method.ids)]}))
        config.with_user(self.cashier_id).open_ui()
        session = self.keep(config.current_session_id)
        product = self.keep(
            env["product.product"].create({"name": "Pen", "available_in_pos": True, "taxes_id": [Command.clear()]})
        )
        partner = self.keep(env["res.partner"].create({"name": "Ann", "company_id": company.id}))
        program = self.keep(
            env["loyalty.program"].create(
                {
                    "name": "Points",
                    "program_type": "loyalty",
                    "applies_on": "both",
                    "trigger": "auto",
                    "pos_config_ids": [Command.set(config.ids)],
                    "rule_ids": [
                        Command.clear(),
                        Command.create({"reward_point_mode": "money", "reward_point_amount": 1}),
                    ],
                }
            )
        )
        data = make_order_data(session, method, [{"product_id": product.id, "price_unit": 100.0}], partner)
        Order = env["pos.order"].with_user(self.cashier_id)
        Order.sync_from_ui([data])
        self.order_id = self.keep(Order.search([("uuid", "=", data["uuid"])])).id
        self.program_id, self.partner_id = program.id, partner.id
        self.claim = {"-1": {"points": 100, "program_id": program.id, "coupon_id": -1, "partner_id": partner.id}}

    # --- leaving the database as it was --------------------------------------------------------------------------

    def remove_everything(self):
        with self.environment() as env:
            cards = env["loyalty.card"].with_context(active_test=False).search([("program_id", "=", self.program_id)])
            env.cr.execute(SQL("DELETE FROM loyalty_earning WHERE card_id = ANY(%s)", cards.ids))
            env.cr.execute(
                SQL("UPDATE pos_order SET loyalty_card_id = NULL WHERE loyalty_card_id = ANY(%s)", cards.ids)
            )
            env.cr.execute(SQL("DELETE FROM pos_payment WHERE loyalty_card_id = ANY(%s)", cards.ids))
            self.remove_ledger(env.cr, cards.ids)
            env.invalidate_all()
            ids = {}
            for model, record_ids in self.made:
                ids.setdefault(model, []).extend(record_ids)
            self.remove_order(env, ids)

    def remove_ledger(self, cr, card_ids):
        """Delete what nobody can delete: with the ledger's triggers off, in this transaction only."""
        tables = (
            "loyalty_hold",
            "loyalty_ledger_consumption",
            "loyalty_lot",
            "loyalty_exception",
            "loyalty_ledger_entry",
            "loyalty_card",
        )
        for table in tables:
            cr.execute(SQL("ALTER TABLE %s DISABLE TRIGGER USER", SQL.identifier(table)))
        cr.execute(SQL("DELETE FROM loyalty_hold WHERE card_id = ANY(%s)", card_ids))
        entries = SQL("(SELECT id FROM loyalty_ledger_entry WHERE card_id = ANY(%s))", card_ids)
        cr.execute(
            SQL("DELETE FROM loyalty_ledger_consumption WHERE debit_entry_id IN %s OR entry_id IN %s", entries, entries)
        )
        for table in ("loyalty_lot", "loyalty_exception", "loyalty_ledger_entry", "loyalty_history"):
            cr.execute(SQL("DELETE FROM %s WHERE card_id = ANY(%s)", SQL.identifier(table), card_ids))
        cr.execute(SQL("DELETE FROM loyalty_card WHERE id = ANY(%s)", card_ids))
        for table in tables:
            cr.execute(SQL("ALTER TABLE %s ENABLE TRIGGER USER", SQL.identifier(table)))

    def remove_order(self, env, ids):
        """Delete the paid order and all that was set up for it; Odoo's own rules would keep a paid order."""
        cr = env.cr
        orders = env["pos.order"].search([("session_id", "in", ids["pos.session"])]).ids
        cr.execute(SQL("DELETE FROM pos_payment WHERE pos_order_id = ANY(%s)", orders))
        cr.execute(
            SQL(
                "DELETE FROM stock_move WHERE picking_id IN (SELECT id FROM stock_picking WHERE pos_order_id = ANY(%s))",
                orders,
            )
        )
        cr.execute(SQL("DELETE FROM stock_picking WHERE pos_order_id = ANY(%s)", orders))
        cr.execute(SQL("DELETE FROM pos_order_line WHERE order_id = ANY(%s)", orders))
        cr.execute(SQL("DELETE FROM pos_order WHERE id = ANY(%s)", orders))
        cr.execute(SQL("DELETE FROM pos_session WHERE id = ANY(%s)", ids["pos.session"]))
        programs = env["loyalty.program"].browse(ids["loyalty.program"])
        programs.active = False
        # Odoo keeps products of the till while any session is open, such as one of its demo data.
        env["product.product"].browse(ids["product.product"]).available_in_pos = False
        for model in (
            "pos.config",
            "pos.payment.method",
            "loyalty.program",
            "account.journal",
            "account.account",
            "product.product",
            "res.partner",
        ):
            env[model].browse(ids.get(model, [])).unlink()
        users = env["res.users"].browse(ids["res.users"])
        partners = users.partner_id
        users.unlink()
        partners.unlink()


class TillPointsRaceCase(TillRaceCase):
    """As above, with a program whose points are redeemed at the till and a card of 100 points worth 1.00 each."""

    def set_up_till(self, env):
        super().set_up_till(env)
        company = env.company
        account = self.keep(
            env["account.account"].create({"name": "Points", "code": self.mark[:6], "account_type": "expense"})
        )
        program = env["loyalty.program"].browse(self.program_id)
        program.write(
            {
                "company_id": company.id,
                "currency_id": company.currency_id.id,
                "cost_account_id": account.id,
                "vat_mode": "tender",
                "accounting_policy": "redemption",
                "point_value": 1.0,
                "issue_on": "paid",
            }
        )
        method = self.keep(env["pos.payment.method"].create({"name": "Points", "loyalty_program_id": program.id}))
        order = env["pos.order"].browse(self.order_id)
        session = order.session_id
        session.config_id.with_context(bypass_payment_method_ids_forbidden_change=True).write(
            {"payment_method_ids": [Command.link(method.id)]}
        )
        card = env["loyalty.card"].create({"program_id": program.id, "partner_id": self.partner_id})
        card._post_entries([{"card_id": card.id, "kind": "opening", "points": 100, "key": f"race:{self.mark}"}])
        self.card_id, self.config_id, self.session_id = card.id, session.config_id.id, session.id
        self.method_id, self.bank_id, self.product_id = (
            method.id,
            order.payment_ids.payment_method_id.id,
            order.lines.product_id.id,
        )

    def order_data(self, env, name, points, money=0.0):
        payments = [
            {
                "amount": points,
                "payment_method_id": self.method_id,
                "loyalty_card_id": self.card_id,
                "uuid": f"{self.mark}-{name}-points",
            },
            {"amount": money, "payment_method_id": self.bank_id, "uuid": f"{self.mark}-{name}-money"},
        ]
        return make_order_data(
            env["pos.session"].browse(self.session_id),
            env["pos.payment.method"].browse(self.bank_id),
            [{"product_id": self.product_id, "price_unit": points + money, "uuid": f"{self.mark}-{name}-line"}],
            env["res.partner"].browse(self.partner_id),
            payments=[payment for payment in payments if payment["amount"]],
            uuid=f"{self.mark}-{name}",
        )

    def call_on(self, cr):
        """Make what follows a remote call with this cursor."""
        self.startPatcher(patch.object(queue, "request", SimpleNamespace(env=api.Environment(cr, self.cashier_id, {}))))
