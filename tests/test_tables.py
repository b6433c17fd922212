"""Points on the tabs of a restaurant, by the calls that tills make (needs pos_restaurant)."""

from datetime import timedelta
from uuid import uuid4

from freezegun import freeze_time

from odoo import fields
from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.loyalty_pos.tests.common import TillPointsCase, make_order_data


class TablesCase(TillPointsCase):
    """Tables 1 and 2; points are given when an order is paid. Ann's card has 1,000 points worth 1.00 each."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.program.issue_on = "paid"
        floor = cls.env["restaurant.floor"].create({"name": "Room"})
        cls.first, cls.second = cls.env["restaurant.table"].create(
            [{"table_number": number, "floor_id": floor.id} for number in (1, 2)]
        )
        cls.floor = floor

    @classmethod
    def make_config(cls, name):
        config = super().make_config(name)
        config.module_pos_restaurant = True
        return config

    def sync(self, *lines, uuid=None, table=None, payments=(), state="draft", total=None, **values):
        """Send an order as a till does, as often as it likes; return it. Lines and payments are values or commands."""
        created = [line for line in lines if isinstance(line, dict)]
        data = make_order_data(
            self.pos_session,
            self.method,
            created,
            self.ann,
            uuid=uuid,
            state=state,
            access_token=str(uuid4()),
            payments=[payment for payment in payments if isinstance(payment, dict)],
            table_id=(table or self.first).id,
            **values,
        )
        data["lines"] += [line for line in lines if not isinstance(line, dict)]
        data["payment_ids"] += [payment for payment in payments if not isinstance(payment, dict)]
        if total is not None:
            data["amount_total"] = total
        Order = self.env["pos.order"].with_user(self.cashier)
        order = Order.browse(Order.sync_from_ui([data])["pos.order"][0]["id"])
        self.env.invalidate_all()
        return order

    def reserve(self, points, order_uuid, uuid=None):
        uuid = uuid or str(uuid4())
        self.hold(points, uuid, order_uuid=order_uuid)
        self.env.invalidate_all()
        return uuid

    def assertReserved(self, order, points):
        """The order holds these points, and nothing else is reserved on the card."""
        self.env.invalidate_all()
        self.assertEqual((order.loyalty_points_reserved, self.card.reserved_points), (points, points))


@tagged("post_install", "-at_install")
class TestTables(TablesCase):
    def test_tab_moves_to_another_table(self):
        """H14, N6: the points of a tab stay reserved when its party changes the table, and pay there."""
        order_uuid = str(uuid4())
        uuid = self.reserve(50, order_uuid)
        order = self.sync(self.taxed(100, 15), uuid=order_uuid, payments=[self.pay_points(50, uuid=uuid)])
        self.assertReserved(order, 50)
        moved = self.sync(uuid=order_uuid, table=self.second, total=115)
        self.assertEqual((moved, moved.table_id), (order, self.second))
        self.assertReserved(order, 50)
        self.sync(uuid=order_uuid, table=self.second, payments=[self.pay(65.0)], state="paid", total=115)
        self.assertEntries(order, [(self.card, "redeem", -50), (self.card, "earn", 56)])
        self.assertReserved(order, 0)

    def test_two_tills_serve_one_table(self):
        """H14, N6, N8: a second till's order for the table becomes the first one's, and so does what it reserved."""
        order = self.sync(self.taxed(100, 15))
        other_uuid = str(uuid4())
        uuid = self.reserve(50, other_uuid)
        same = self.sync(self.taxed(20, 15), uuid=other_uuid, payments=[self.pay_points(50, uuid=uuid)], total=138)
        self.assertEqual(same, order)
        self.assertNotEqual(order.uuid, other_uuid)
        self.assertReserved(order, 50)
        order.action_pos_order_cancel()
        self.assertReserved(order, 0)
        self.assertEqual(self.card.available_points, 1000)

    def test_payment_goes_to_the_other_half(self):
        """H14, N6: when a bill is split its points may go along; the part that is paid first does not free them."""
        whole_uuid, part_uuid = str(uuid4()), str(uuid4())
        uuid = self.reserve(50, whole_uuid)
        whole = self.sync(self.taxed(50, 15, qty=2), uuid=whole_uuid, payments=[self.pay_points(50, uuid=uuid)])
        line, payment = whole.lines, whole.payment_ids
        self.sync(
            Command.update(line.id, {"qty": 1, "price_subtotal": 50, "price_subtotal_incl": 57.5}),
            uuid=whole_uuid,
            payments=[Command.delete(payment.id)],
            total=57.5,
        )
        part = self.sync(
            self.taxed(50, 15), uuid=part_uuid, payments=[self.pay_points(50, uuid=uuid)], table=self.second
        )
        self.assertReserved(part, 50)
        self.sync(uuid=whole_uuid, payments=[self.pay(57.5)], state="paid", total=57.5)
        self.assertEntries(whole, [(self.card, "earn", 50)])
        self.assertReserved(part, 50)
        self.sync(uuid=part_uuid, payments=[self.pay(7.5)], state="paid", total=57.5, table=self.second)
        self.assertEntries(part, [(self.card, "redeem", -50), (self.card, "earn", 6)])
        self.assertReserved(part, 0)
        self.assertFalse(self.exceptions_of(whole) | self.exceptions_of(part))

    def test_reserved_for_the_other_half(self):
        """H14, N6: points that the till reserves again, for the part they pay, stay when the other part is paid."""
        whole_uuid, part_uuid = str(uuid4()), str(uuid4())
        whole = self.sync(self.taxed(50, 15, qty=2), uuid=whole_uuid)
        uuid = self.reserve(50, whole_uuid)
        self.assertReserved(whole, 50)
        self.reserve(50, part_uuid, uuid=uuid)
        self.assertEqual(whole.loyalty_points_reserved, 0)
        self.sync(
            Command.update(whole.lines.id, {"qty": 1, "price_subtotal": 50, "price_subtotal_incl": 57.5}),
            uuid=whole_uuid,
            payments=[self.pay(57.5)],
            state="paid",
            total=57.5,
        )
        self.assertEqual(self.card.reserved_points, 50)
        part = self.sync(
            self.taxed(50, 15), uuid=part_uuid, payments=[self.pay(7.5), self.pay_points(50, uuid=uuid)], state="paid"
        )
        self.assertEntries(part, [(self.card, "redeem", -50), (self.card, "earn", 6)])
        self.assertReserved(part, 0)

    def test_merged_tables(self):
        """H14, N6: the tab that goes frees its points; those that are reserved for the tab that stays pay there."""
        stays = self.sync(self.taxed(100, 15))
        goes_uuid = str(uuid4())
        uuid = self.reserve(50, goes_uuid)
        goes = self.sync(
            self.taxed(20, 15), uuid=goes_uuid, table=self.second, payments=[self.pay_points(50, uuid=uuid)]
        )
        self.assertReserved(goes, 50)
        self.as_till.pos_release_hold(self.config.id, uuid)
        again = self.reserve(50, stays.uuid)
        self.env["pos.order"].with_user(self.cashier).remove_from_ui(goes.ids)
        self.assertReserved(stays, 50)
        self.sync(
            self.taxed(20, 15),
            uuid=stays.uuid,
            payments=[self.pay(88.0), self.pay_points(50, uuid=again)],
            state="paid",
            total=138,
        )
        self.assertEntries(stays, [(self.card, "redeem", -50), (self.card, "earn", 76)])
        self.assertReserved(stays, 0)

    def test_tab_that_is_removed(self):
        """H14, N6: a tab that is removed, cancelled or deleted leaves nothing reserved, no matter who removes it."""
        Order = self.env["pos.order"].with_user(self.cashier)
        for remove in (
            lambda order: Order.remove_from_ui(order.ids),
            lambda order: order.action_pos_order_cancel(),
            lambda order: order.unlink(),
            lambda order: self.sync(uuid=order.uuid, state="cancel", total=115),
        ):
            order_uuid = str(uuid4())
            uuid = self.reserve(50, order_uuid)
            order = self.sync(self.taxed(100, 15), uuid=order_uuid, payments=[self.pay_points(50, uuid=uuid)])
            self.assertReserved(order, 50)
            remove(order)
            self.env.invalidate_all()
            self.assertEqual((self.card.reserved_points, self.card.available_points), (0, 1000))
            self.assertEqual(self.card.points, 1000)

    def test_tab_that_is_forgotten(self):
        """H14, N6: after half an hour the points of a tab are free; paid next day they are taken if they are there."""
        order_uuid = str(uuid4())
        uuid = self.reserve(950, order_uuid)
        order = self.sync(self.taxed(1000, 0), uuid=order_uuid, payments=[self.pay_points(950, uuid=uuid)])
        self.assertEqual(self.card.available_points, 50)
        with freeze_time(fields.Datetime.now() + timedelta(minutes=31)):
            self.assertReserved(order, 0)
            self.assertEqual(self.card.available_points, 1000)
            other = self.sync(
                self.taxed(100, 0),
                payments=[self.pay_points(100, uuid=self.reserve(100, "other"))],
                state="paid",
                table=self.second,
            )
            self.assertEntries(other, [(self.card, "redeem", -100)])
            self.sync(uuid=order_uuid, payments=[self.pay(50.0)], state="paid", total=1000)
        self.assertEntries(order, [(self.card, "redeem", -950), (self.card, "earn", 50)])
        self.assertEqual((self.card.points, self.card.debt_points), (0, 0))
        self.assertEqual(self.exceptions_of(order, "debt").points, 50)
