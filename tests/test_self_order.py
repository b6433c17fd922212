"""Orders of customers' own devices and online payments: the points of both (needs pos_self_order)."""

import json
from uuid import uuid4

from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.loyalty_pos.tests.common import make_order_data
from odoo.addons.loyalty_pos.tests.test_session_closing import ClosingCase
from odoo.addons.pos_online_payment.tests.online_payment_common import OnlinePaymentCommon


class CustomersDevicesCase(ClosingCase, OnlinePaymentCommon):
    """A restaurant's till that takes orders of phones and online payments. Ann's card has 1,000 points of 1.00 each."""

    frozen = False
    vat_mode = "tender"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.program.issue_on = "paid"
        cls.pen.self_order_available = True

    @classmethod
    def make_config(cls, name):
        cls.env["account.payment.method"].sudo().create(
            {"name": "Dummy", "code": "none", "payment_type": "inbound"}
        )  # the one of the provider that tests of payments have
        cls.provider.write({"company_id": cls.company.id, "journal_id": cls.bank_journal.id})
        cls.online_method = cls.env["pos.payment.method"].create(
            {
                "name": "Online",
                "is_online_payment": True,
                "online_payment_provider_ids": [Command.set(cls.provider.ids)],
            }
        )
        config = super().make_config(name)
        config.write(
            {
                "module_pos_restaurant": True,
                "payment_method_ids": [Command.link(cls.online_method.id)],
                "self_ordering_mode": "mobile",
                "self_ordering_pay_after": "each",
                "self_ordering_service_mode": "counter",
                "self_order_online_payment_method_id": cls.online_method.id,
                "use_presets": False,
            }
        )
        return config

    def setUp(self):
        self.enable_post_process_patcher = False  # payments are made and booked for real
        super().setUp()

    # --- what customers and providers do -------------------------------------------------------------------------

    def call(self, route, **params):
        """Call a route as the customer's phone does."""
        answer = self.url_open(
            route,
            json.dumps({"jsonrpc": "2.0", "params": params}, default=str),
            headers={"Content-Type": "application/json"},
        ).json()
        self.env.invalidate_all()
        return answer.get("result") or answer.get("error")

    def order_data(self, lines, payments=(), state="draft", **values):
        values.setdefault("access_token", str(uuid4()))
        return make_order_data(
            self.pos_session, self.method, lines, self.ann, payments=list(payments), state=state, **values
        )

    def order_by_phone(self, *lines, **values):
        """Send an order as a phone, or anybody who knows its address, does."""
        data = self.order_data(lines or [self.taxed(100, 15)], **values)
        self.call(
            "/pos-self-order/process-order/mobile/",
            order=data,
            access_token=self.config.access_token,
            table_identifier=None,
        )
        return self.env["pos.order"].search([("uuid", "=", data["uuid"])])

    def sync(self, data):
        Order = self.env["pos.order"].with_user(self.cashier)
        Order.sync_from_ui([data])
        self.env.invalidate_all()
        return Order.search([("uuid", "=", data["uuid"])])

    def start_paying_online(self, order):
        """Open the page of the order and begin to pay what is asked for, as the customer does."""
        page = self._fake_open_pos_order_pay_page(order.id, order.access_token)
        answer = self._fake_request_pos_order_pay_transaction_page(
            order.id,
            {
                **{name: page[name] for name in ("amount", "access_token", "landing_route")},
                "provider_id": self.provider.id,
                "payment_method_id": self.payment_method_id,
                "token_id": None,
                "flow": "direct",
                "tokenization_requested": False,
            },
        )
        self.env.invalidate_all()
        return self._get_tx(answer["reference"])

    def pay_online(self, order):
        """Pay what is asked for, on the page of the order; return the transaction."""
        transaction = self.start_paying_online(order)
        transaction._set_done()
        self._fake_open_pos_order_pay_confirmation_page(order.id, order.access_token, transaction.id)
        self.env.invalidate_all()
        return transaction

    def repeat(self, order, transaction):
        """The page is opened again, the provider notifies again, the job runs again, the order is settled again."""
        self.notify_again(order, transaction)
        order._loyalty_settle()
        self.env.invalidate_all()

    def notify_again(self, order, transaction):
        self._fake_open_pos_order_pay_confirmation_page(order.id, order.access_token, transaction.id)
        transaction._post_process()
        self.env.ref("payment.cron_post_process_payment_tx").method_direct_trigger()
        self.env.invalidate_all()


@tagged("post_install", "-at_install")
class TestOnlinePayment(CustomersDevicesCase):
    def draft_with_points(self, order_uuid=None):
        """The cashier takes 50 points, sends the order and asks for the rest online."""
        uuid, order_uuid = str(uuid4()), order_uuid or str(uuid4())
        self.hold(50, uuid, order_uuid=order_uuid)
        data = self.order_data([self.taxed(100, 15)], [self.pay_points(50, uuid=uuid)], uuid=order_uuid)
        order = self.sync({**data, "lines": list(data["lines"]), "payment_ids": list(data["payment_ids"])})
        self.assertEqual((order.state, order.loyalty_points_reserved, self.card.reserved_points), ("draft", 50, 50))
        self.assertEntries(order, [])
        order.get_and_set_online_payments_data(65.0)
        return order, data

    def test_rest_of_an_order(self):
        """N6, N8, C6: an order paid with points and online spends and earns once, no matter who says again that it is
        paid."""
        order, data = self.draft_with_points()
        transaction = self.pay_online(order)
        expected = [(self.card, "redeem", -50), (self.card, "earn", 56)]
        self.assertEqual(order.state, "paid")
        self.assertEntries(order, expected)
        self.assertEqual((self.card.points, self.card.reserved_points), (1006, 0))
        self.assertEqual(self.card.hold_ids.mapped("state"), ["consumed"])
        self.repeat(order, transaction)
        self.sync({**data, "state": "paid"})  # what the till still had
        self.assertEntries(order, expected)
        self.assertFalse(self.exceptions_of(order) | self.exceptions_of(order, "debt"))
        self.assertRecordValues(
            order.payment_ids.sorted("amount"),
            [
                {"amount": 50, "payment_method_id": self.points_method.id, "loyalty_points": 50},
                {"amount": 65, "payment_method_id": self.online_method.id, "loyalty_points": 0},
            ],
        )
        self.close()
        self.assertProved(ledger=50.0, books=50.0)

    def test_paid_after_the_reservation_timed_out(self):
        """N6, N8: who pays online hours later still spends the points that the cashier took, once."""
        order, __ = self.draft_with_points()
        self.card.hold_ids.sudo()._close("expired")
        self.assertEqual(self.card.available_points, 1000)
        self.repeat(order, self.pay_online(order))
        self.assertEntries(order, [(self.card, "redeem", -50), (self.card, "earn", 56)])
        self.assertFalse(self.exceptions_of(order))

    def test_till_pays_while_the_customer_does(self):
        """N7, N8: the cashier takes cash while the customer pays online: points are spent and earned once."""
        order, data = self.draft_with_points()
        transaction = self.start_paying_online(order)
        money = Command.create({**self.pay(65.0, self.cash_method), "uuid": str(uuid4()), "name": data["date_order"]})
        self.sync({**data, "lines": [], "payment_ids": [money], "state": "paid", "amount_paid": 115})
        self.assertEqual(order.state, "paid")
        transaction._set_done()
        self.notify_again(order, transaction)
        self.assertEqual(sorted(order.payment_ids.mapped("amount")), [50, 65, 65])  # the money is there, twice
        self.assertEqual(order._money_of_sale(), (130.0, 0.0))
        self.assertEntries(order, [(self.card, "redeem", -50), (self.card, "earn", 56)])

    def test_nothing_but_online(self):
        """C6, C15: an order that is paid online in full earns on all of it, once, for the customer's card."""
        order = self.sync(self.order_data([self.taxed(100, 15)]))
        self.assertEntries(order, [])
        order.get_and_set_online_payments_data(115.0)
        self.repeat(order, self.pay_online(order))
        self.assertEntries(order, [(self.card, "earn", 100)])
        self.close()

    def test_two_online_payments(self):
        """C7, C6: a part that was paid online earns nothing; the order earns when the rest is paid."""
        order = self.sync(self.order_data([self.taxed(100, 15)]))
        for amount, entries in ((15.0, []), (100.0, [(self.card, "earn", 100)])):
            order.get_and_set_online_payments_data(amount)
            self.repeat(order, self.pay_online(order))
            self.assertEntries(order, entries)


@tagged("post_install", "-at_install")
class TestSelfOrder(CustomersDevicesCase):
    def test_paid_by_phone(self):
        """C6, C11, N8: an order from a phone earns when it is paid online, once, and nothing before."""
        order = self.order_by_phone()
        self.assertEqual((order.state, order.source, order.partner_id), ("draft", "mobile", self.ann))
        self.assertEntries(order, [])
        self.repeat(order, self.pay_online(order))
        self.assertEqual(order.state, "paid")
        self.assertEntries(order, [(self.card, "earn", 100)])
        self.close()

    def test_paid_at_the_counter_with_points(self):
        """N6, H14: the cashier takes points and money for an order that came from a phone."""
        order = self.order_by_phone()
        uuid = str(uuid4())
        self.hold(50, uuid, order_uuid=order.uuid)
        rows = [self.pay(65.0, self.cash_method), self.pay_points(50, uuid=uuid)]
        data = self.order_data(
            [], rows, "paid", uuid=order.uuid, source="mobile", amount_total=115, loyalty_card_id=self.card.id
        )
        self.sync(data)
        self.assertEqual((order.state, order.loyalty_points_reserved), ("paid", 0))
        self.assertEntries(order, [(self.card, "redeem", -50), (self.card, "earn", 56)])
        self.assertFalse(self.exceptions_of(order))
        # It is exchanged for something cheaper, which comes back, too.
        lines = [self.taxed(100, 15, qty=-1, refunded_orderline_id=order.lines.id), self.taxed(10, 15)]
        exchange = self.sell(lines, self.ann, payments=[self.pay_points(-50), self.pay(-53.5, self.cash_method)]).sudo()
        sold = exchange.lines.filtered(lambda line: line.qty > 0)
        lines = [self.taxed(10, 15, qty=-1, refunded_orderline_id=sold.id)]
        refund = self.sell(lines, self.ann, payments=[self.pay(-11.5, self.cash_method)], is_refund=True).sudo()
        self.assertEqual(self.card.points, 1000)
        self.assertFalse(self.exceptions_of(order) | self.exceptions_of(exchange) | self.exceptions_of(refund))
        self.close()

    def test_what_phones_are_told(self):
        """N8, H2: the pages of customers load with our add-ons, and say no card's number to anybody who is at the
        table."""
        page = self.url_open(self.config._get_self_order_route())
        self.assertEqual(page.status_code, 200)
        data = self.call(f"/pos-self/data/{self.config.id}", access_token=self.config.access_token)
        self.assertIn(self.pen.id, [product["id"] for product in data["product.product"]])
        self.assertEqual([method["id"] for method in data["pos.payment.method"]], self.online_method.ids)
        order = self.order_by_phone()
        payment = self.pay_points(50, uuid=str(uuid4()))
        self.sync(self.order_data([], [payment], uuid=order.uuid, source="mobile", loyalty_card_id=self.card.id))
        self.assertEqual(order.payment_ids.loyalty_card_code, self.card.code)
        order.flush_recordset()
        seen = {"access_token": order.access_token, "state": "new", "write_date": "2020-01-01"}
        answer = self.call(
            "/pos-self-order/get-user-data", access_token=self.config.access_token, order_access_tokens=[seen]
        )
        self.assertEqual([row["amount"] for row in answer["pos.payment"]], [50])
        self.assertNotIn(self.card.code, json.dumps(answer))
        self.assertFalse([name for row in answer["pos.order.line"] for name in row if name.startswith("loyalty_")])

    def test_phones_say_nothing_about_points(self):
        """N8, H2: what a phone sends takes nobody's points and reserves none, whatever it claims."""
        reward = self.program.reward_ids[:1]
        order = self.order_by_phone(
            self.taxed(100, 15),
            self.reward_line(self.card, 100, -10, reward),
            payments=[self.pay_points(50)],
            loyalty_card_id=self.card.id,
            loyalty_points_earned=5000,
            loyalty_settled=True,
        )
        self.assertEqual((order.state, order.loyalty_card_id.id, len(order.lines)), ("draft", False, 1))
        self.assertEqual((self.card.points, self.card.available_points), (1000, 1000))
        self.pay_online(order)
        self.assertEntries(order, [(self.card, "earn", 100)])

    def test_phones_do_not_pay(self):
        """N8, C7: an order that a phone calls paid has not been paid: it earns nothing until it is."""
        order = self.order_by_phone(payments=[self.pay(115.0, self.cash_method)], state="paid")
        self.assertEntries(order, [])
        self.assertEqual((order.state, order.payment_ids.ids, self.card.points), ("draft", [], 1000))
        self.pay_online(order)
        self.assertEntries(order, [(self.card, "earn", 100)])

    def test_phones_do_not_say_what_is_paid(self):
        """N8, C7: neither a payment that a phone makes up, nor a total of nothing, makes an order earn."""
        line = {**self.taxed(100, 15), "price_subtotal": 0, "price_subtotal_incl": 0}
        order = self.order_by_phone(line, payments=[self.pay(115.0)], state="paid", amount_total=115)
        self.assertFalse(order.payment_ids)
        self.assertEntries(order, [])
        self.assertEqual(self.card.points, 1000)

    def test_removed_orders(self):
        """N6: an order that the customer or the cashier removes gives back what the till had reserved for it."""
        for remove in ("phone", "till", "cancel"):
            order = self.order_by_phone()
            self.hold(50, str(uuid4()), order_uuid=order.uuid)
            self.assertEqual(self.card.available_points, 950, remove)
            if remove == "phone":
                self.call(
                    "/pos-self-order/remove-order",
                    access_token=self.config.access_token,
                    order_id=order.id,
                    order_access_token=order.access_token,
                )
            elif remove == "till":
                self.env["pos.order"].with_user(self.cashier).remove_from_ui(order.ids)
            else:
                order.with_user(self.cashier).action_pos_order_cancel()
            self.env.invalidate_all()
            self.assertEqual(order.exists().state or "cancel", "cancel", remove)
            self.assertEqual(self.card.available_points, 1000, remove)

    def test_free_order(self):
        """C6, P10: an order over nothing is paid at once and earns nothing."""
        order = self.order_by_phone(self.taxed(0, 15))
        self.assertEqual(order.state, "paid")
        self.assertEntries(order, [])
        self.assertEqual(self.card.points, 1000)
