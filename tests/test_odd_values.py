"""Numbers that are none, texts that cannot be stored, ids that are words: every answer is a message for people.

Models, fields and public methods are listed from the registry, so what is added later is tried too.
"""

import inspect

import psycopg2

from odoo import Command
from odoo.exceptions import UserError
from odoo.service.model import call_kw
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.loyalty_ledger.tools.trusted import by_server
from odoo.addons.loyalty_ledger.tools.values import LIMITS
from odoo.addons.loyalty_pos.tests.common import TillPointsCase, make_order_data

OURS = ("loyalty_ledger", "loyalty_account", "loyalty_sale", "loyalty_pos", "loyalty_rebate", "loyalty_deferral")
#: Odoo's own models whose numbers the ledger computes with.
OPENED = (
    "loyalty.card",
    "loyalty.program",
    "loyalty.rule",
    "loyalty.reward",
    "loyalty.mail",
    "loyalty.generate.wizard",
    "loyalty.card.update.balance",
    "account.payment.register",
)
#: Rows that their owner's form writes, or that only the server writes.
LINES = (
    "loyalty.program.change.level",
    "loyalty.till.rate",
    "loyalty.exception",
    "loyalty.adjust.wizard.line",
    "loyalty.redemption.study.line",
)
HUGE, NAN, INFINITY = 99999999999999, float("nan"), float("inf")
NUMBERS = (HUGE, -HUGE, 1e300, NAN, INFINITY, -INFINITY, "abc", "1\0", [1], {"a": 1})
TEXTS = ("a\0b", "\0")
VALUES = {
    **dict.fromkeys(("float", "monetary", "integer"), NUMBERS),
    **dict.fromkeys(("char", "text", "html"), TEXTS),
    "char": (*TEXTS, "x" * 10_000),
    "binary": ("no base64: ä", "a", 5),
}
ARGUMENTS = (
    HUGE,
    -1,
    NAN,
    INFINITY,
    "abc",
    "a\0b",
    None,
    False,
    [],
    {},
    [1, "x"],
    {"x": NAN},
    {"1": "y"},
    {"1": {}},
    [{}],
)


@tagged("post_install", "-at_install")
class TestOddValues(TillPointsCase):
    @classmethod
    def get_default_groups(cls):
        return super().get_default_groups() | cls.quick_ref("base.group_system")

    def setUp(self):
        super().setUp()
        self.boss = self.env.user
        self.faults = []

    def call(self, model, method, *args, ids=None, **kwargs):
        """A remote call as ``call_kw`` gets it, in a savepoint; note answers that are not meant for people."""
        records = self.env[model].with_user(self.boss)
        arguments = [*([ids] if ids is not None else []), *args]
        try:
            with self.env.cr.savepoint():
                call_kw(records, method, arguments, kwargs)
                self.env.flush_all()
                raise UserError("done")
        except UserError as error:
            if "\0" in str(error) or not str(error).strip():
                self.faults.append(f"{model}.{method}{args!r:.150}: {error!r}")
        except psycopg2.IntegrityError:
            pass  # Odoo words it by the constraint
        # Whatever else is what we look for.
        except Exception as error:  # pylint: disable=broad-exception-caught
            self.faults.append(f"{model}.{method}{args!r:.150} {kwargs!r:.80}: {type(error).__name__}: {error!s:.200}")
        finally:
            self.env.invalidate_all(flush=False)

    def assertNoFaults(self):
        self.assertFalse(self.faults, f"{len(self.faults)} faults\n" + "\n".join(self.faults[:400]))

    # --- records -------------------------------------------------------------------------------------------------

    def records(self):
        """A record of each model, which a manager could write."""
        program, card = self.program, self.card
        program.level_ids = [Command.create({"name": "Gold", "min_points": 10})]
        program.rule_ids[:1].minimum_amount = 1
        program.communication_plan_ids = [
            Command.create(
                {
                    "trigger": "points_reach",
                    "points": 5,
                    "mail_template_id": self.env.ref("loyalty.mail_template_loyalty_card").id,
                }
            )
        ]
        make = lambda model, **values: self.env[model].create(values)  # noqa: E731
        invoice = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": self.customer.id,
                "invoice_date": "2026-03-15",
                "invoice_line_ids": [Command.create({"product_id": self.product.id, "price_unit": 100})],
            }
        )
        invoice.action_post()
        self.invoice = invoice
        return {
            "loyalty.card": card,
            "loyalty.program": program,
            "loyalty.rule": program.rule_ids[:1],
            "loyalty.reward": program.reward_ids[:1],
            "loyalty.mail": program.communication_plan_ids[:1],
            "loyalty.level": program.level_ids[:1],
            "loyalty.generate.wizard": make("loyalty.generate.wizard", program_id=program.id),
            "loyalty.card.update.balance": make("loyalty.card.update.balance", card_id=card.id, description="x"),
            "loyalty.adjust.wizard": make(
                "loyalty.adjust.wizard", card_ids=[Command.set(card.ids)], mode="add", points=1, reason="x"
            ),
            "loyalty.transfer.wizard": make(
                "loyalty.transfer.wizard", card_id=card.id, target_card_id=self.make_card(self.bob).id
            ),
            "loyalty.apply.points": make("loyalty.apply.points", move_id=invoice.id),
            "loyalty.point.value": program.point_value_ids[:1],
            "loyalty.balance.import": make("loyalty.balance.import", data=b"Y2FyZCxwb2ludHMKYSwx", file_name="a.csv"),
            "loyalty.program.change": self.env["loyalty.program.change"]
            .with_context(default_program_id=program.id)
            .create({}),
            "loyalty.accrual.run": make("loyalty.accrual.run", program_id=program.id),
            "loyalty.statement": make("loyalty.statement", card_ids=[Command.set(card.ids)]),
            "loyalty.account.setup": make(
                "loyalty.account.setup", program_id=program.id, accounting_policy="accrual", vat_mode="tender"
            ),
            "account.payment.register": self.env["account.payment.register"]
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create({}),
            "loyalty.proof": make("loyalty.proof", program_id=program.id),
            "loyalty.target.tier": make("loyalty.target.tier", program_id=program.id, threshold=10, percentage=1),
            "loyalty.payout": make("loyalty.payout", card_id=card.id, journal_id=program.loyalty_journal_id.id),
            "loyalty.deferral.switch": make("loyalty.deferral.switch", program_id=program.id, redemption_rate=90),
            "loyalty.cohort.rate": self.cohort_rate(),
            "loyalty.redemption.study": make("loyalty.redemption.study", program_id=program.id),
        }

    def cohort_rate(self):
        """An estimate for a cohort, which only the close makes."""
        cohort = by_server(self.env["loyalty.cohort"].sudo()).create(
            {
                "program_id": self.program.id,
                "company_id": self.program.company_id.id,
                "date_from": "2026-03-01",
                "kind": "sale",
            }
        )
        return self.env["loyalty.cohort.rate"].create(
            {"cohort_id": cohort.id, "redemption_rate": 90, "reason": "Actual redemptions"}
        )

    def numbers_of(self, model):
        fields = self.env[model]._fields.values()
        return [f.name for f in fields if f.type in LIMITS and not f.readonly and not f.related and f.name != "id"]

    def models(self):
        """Models of ours that somebody may write, and Odoo's that the ledger computes with."""
        return sorted(
            name
            for name, model in self.env.registry.items()
            if (model._original_module in OURS and not model._abstract or name in OPENED)
            and self.env[name].with_user(self.boss).has_access("write")
        )

    @mute_logger("odoo.sql_db", "odoo.models")
    def test_fields(self):
        """N29: amounts that are none, too large numbers and NUL bytes in any field are refused with words."""
        records = self.records()
        missing = {name for name in self.models() if self.numbers_of(name)} - {*records, *LINES}
        self.assertFalse(missing, "models with numbers that this test does not know")
        for model in self.models():
            record = records.get(model, self.env[model])[:1]
            odd = [
                (name, value)
                for name, field in self.env[model]._fields.items()
                if not field.readonly and (field.store or field.inverse) and not field.related
                for value in VALUES.get(field.type, ())
            ]
            for name, value in odd:
                if record:
                    self.call(model, "write", {name: value}, ids=record.ids)
                base = record.copy_data()[0] if record and not record._transient else {}
                self.call(model, "create", [{**base, name: value}])
                self.call(model, "onchange", {name: value}, [name], {name: {}, "display_name": {}}, ids=record.ids)
        self.assertNoFaults()

    @mute_logger("odoo.sql_db", "odoo.models")
    def test_methods(self):
        """N29: ids, keys and numbers of remote calls that are none are refused with words."""
        records = self.records()
        self.hold(10, "odd-values")
        order = self.sell([self.line(price=10)], self.ann)
        targets = {**{name: record.ids for name, record in records.items()}, "pos.order": order.ids}
        valid = {
            "config_id": self.config.id,
            "card_id": self.card.id,
            "points": 1,
            "uuid": "odd-values",
            "order_uuid": "x",
            "code": self.card.code,
            "gift_code": self.card.code,
            "partner_id": self.ann.id,
            "reason": "x",
            "program_id": self.program.id,
            "quantities": {str(order.lines.id): 1},
            "point_changes": {},
            "new_codes": [],
            "coupon_data": {},
            "sale_order_ids": [],
            "creation_date": "2026-03-15 12:00:00",
            "pricelist_id": False,
        }
        for model, method, function in self.methods():
            parameters = list(inspect.signature(function).parameters)[1:]
            if not parameters or method in ("sync_from_ui", "add_payment"):
                continue
            ids = None if getattr(function, "_api_model", False) else targets.get(model)
            if ids is None and not getattr(function, "_api_model", False):
                continue
            for position in range(len(parameters)):
                for value in ARGUMENTS:
                    arguments = [valid.get(name, []) for name in parameters]
                    arguments[position] = value
                    self.call(model, method, *arguments, ids=ids)
        self.assertNoFaults()

    @mute_logger("odoo.sql_db", "odoo.models", "odoo.addons.point_of_sale.models.pos_order")
    def test_orders_of_tills(self):
        """N29: an order with amounts, ids or texts that are none is refused with words, whatever it pays with."""
        payment = self.pay_points(10.0, uuid="odd-payment")
        for place in ("order", "line", "payment"):
            for name in {
                "order": ("amount_total", "amount_paid", "uuid", "loyalty_card_id", "partner_id", "name"),
                "line": ("qty", "price_unit", "price_subtotal_incl", "uuid", "points_cost", "coupon_id"),
                "payment": ("amount", "uuid", "loyalty_card_id", "loyalty_card_code"),
            }[place]:
                for value in (NAN, INFINITY, "a\0b", {"a": NAN}):
                    bad = {name: value}
                    data = make_order_data(
                        self.pos_session,
                        self.method,
                        [self.line(price=10.0)],
                        self.ann,
                        payments=[dict(payment)],
                    )
                    {"order": data, "line": data["lines"][0][2], "payment": data["payment_ids"][0][2]}[place].update(
                        bad
                    )
                    self.call("pos.order", "sync_from_ui", [data])
        order = self.sell([self.line(price=10.0)], self.ann, state="draft", payments=[])
        for value in (NAN, INFINITY, -INFINITY, HUGE):
            data = {"pos_order_id": order.id, "payment_method_id": self.points_method.id, "amount": value}
            self.call("pos.order", "add_payment", data, ids=order.ids)
        self.assertNoFaults()

    def methods(self):
        """Public methods that our add-ons define or override. Converters of templates take records: no remote call has any."""
        for name, model in sorted(self.env.registry.items()):
            if name.startswith("ir.qweb"):
                continue
            found = {}
            for parent in reversed(model.__mro__):
                if getattr(parent, "_module", None) in OURS:
                    found.update(
                        (method, function)
                        for method, function in vars(parent).items()
                        if not method.startswith("_")
                        and inspect.isfunction(function)
                        and not getattr(function, "_api_private", False)
                        and not hasattr(self.env["base"], method)
                    )
            for method, function in found.items():
                yield name, method, function
