"""The points of a paid order: what was redeemed is taken, what was returned comes back, in its own transaction.

Everything is worked out from the order, the lines and the payments that the server stored. What a client says about
points is not looked at. Settling again changes nothing: each movement has a key made of the payment's uuid.
"""

import logging
from contextlib import suppress
from typing import NamedTuple
from uuid import uuid4

from odoo import api, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import SQL

from odoo.addons.loyalty_ledger.ledger.rounding import to_points, to_units
from odoo.addons.loyalty_ledger.tools.words import say_points

from ..tools import remote, tender
from ..tools.queue import StillBusy, stand_in_line
from .pos_payment_method import LOYALTY

_logger = logging.getLogger(__name__)


class Redemption(NamedTuple):
    """One redemption of an order, or one that it gives back: a payment, or the lines that reduce its price.

    ``amount`` is money in the currency of the order, negative when points come back; ``records`` are what stored it.
    """

    uuid: str
    amount: float
    program: object
    card: object
    number: str
    records: object


class PaidWithPoints(NamedTuple):
    """What an order paid with points: money, points, and the entries that took them, newest first."""

    amount: float
    points: float
    entries: object


def values_of(command):
    """Return the values of a one2many command, or none."""
    return command[2] if len(command) > 2 and isinstance(command[2], dict) else {}


def copy_of(values):
    """Return a copy of what a client sent; ``copy.deepcopy`` takes several times as long."""
    if isinstance(values, dict):
        return {name: copy_of(value) for name, value in values.items()}
    return [copy_of(value) for value in values] if isinstance(values, list | tuple) else values


def ids_of(values):
    """Return those of a client's values that can be ids of records."""
    return {value for value in values if isinstance(value, int) and not isinstance(value, bool) and value > 0}


class PosOrder(models.Model):
    _inherit = "pos.order"

    @api.model
    @remote.checked(orders=remote.plain)
    def sync_from_ui(self, orders):
        """Let tills that work on the same cards, or send the same order, follow each other.

        Odoo takes what it was sent apart; after a conflict the same call is made again and needs it whole.
        """
        self.check_access("create")
        self._stand_in_line(self._names_in_line(orders))
        return super().sync_from_ui(copy_of(orders))

    @api.model
    def _stand_in_line(self, names):
        """Wait for whoever works on the same orders and cards; rights are checked before.

        An order that is paid is never refused: where the others take too long it goes on beside them, and conflicts
        are tried again.
        """
        with suppress(StillBusy):
            stand_in_line(self.env.cr, names)

    @api.model
    def _names_in_line(self, orders):
        """Return names for what these orders are going to change (:func:`tools.queue.stand_in_line`)."""
        card_ids, partner_ids, uuids = set(), set(), set()
        for order in orders:
            uuids.add(order.get("uuid"))
            partner_ids.add(order.get("partner_id"))
            card_ids.add(order.get("loyalty_card_id"))
            for command in [*(order.get("lines") or ()), *(order.get("payment_ids") or ())]:
                vals = values_of(command)
                card_ids.update((vals.get("loyalty_card_id"), vals.get("coupon_id")))
        card_ids, partner_ids = (sorted(ids_of(ids)) for ids in (card_ids, partner_ids))
        names = [f"pos.order:{uuid}" for uuid in uuids if uuid]
        return names + self.env["loyalty.card"]._names_in_line(card_ids, partner_ids)

    def action_pos_order_paid(self):
        """Settle the points of the order in the transaction that pays it, whatever way led here."""
        result = super().action_pos_order_paid()
        self._loyalty_settle()
        return result

    def _loyalty_settle(self):
        """Settle the points of paid orders: take what was redeemed, give what was earned. Any number of times.

        A paid order is never refused, as its goods are gone: what keeps points from being settled is put in the
        exceptions list, and the closing of the session tries again.
        """
        for order in self:
            # The server settles, whoever pays: cashiers have no access to cards and transactions.
            order = order.sudo()
            if order.state not in ("paid", "done"):
                continue
            returns, loyalty = any(line.qty < 0 for line in order.lines), order._has_loyalty()
            if not returns and not loyalty:
                continue
            try:
                with self.env.cr.savepoint():
                    if returns:
                        order._review_returns()
                    if loyalty:
                        order._loyalty_settle_one()
            except (UserError, AccessError) as error:
                _logger.warning("Points of order %s were not settled", order.uuid, exc_info=True)
                order._report_points(note=str(error))
                order.write({"loyalty_settled": False, "loyalty_unsettled": True})

    def _was_settled(self):
        """Return whether somebody has tried to settle the order before. Whatever fails is rolled back as a whole, so
        otherwise there is nothing in the ledger yet."""
        self.ensure_one()
        return self.loyalty_settled or self.loyalty_unsettled

    def _has_loyalty(self):
        """Return whether the order has anything to do with points that the server settles. Override to add cases."""
        return bool(
            self.payment_ids.payment_method_id.loyalty_program_id
            or self.lines.filtered(lambda line: line.loyalty_redeem_uuid)
            or self._returned_reductions()
            or self._origin_of_refund().loyalty_points_redeemed
        )

    def _loyalty_settle_one(self):
        """Settle one order: first what it spends, so that it never spends what it earns itself (P20, bH10).

        Override to settle more, before the results are written down.
        """
        redeemed = self._settle_redemptions()
        self.env["loyalty.card"]._post_entries(redeemed)
        self._review_redemptions(redeemed)
        self._refresh_points_of_order()

    # --- what the order redeems ----------------------------------------------------------------------------------

    def _loyalty_redemptions(self):
        """Return the :class:`Redemption` list of the order, in the order of its payments and lines."""
        self.ensure_one()
        result = []
        for payment in self.payment_ids.sorted("id"):
            program = payment.payment_method_id.loyalty_program_id
            if program and not self.currency_id.is_zero(payment.amount):
                card = self._card_that_pays(payment.loyalty_card_id, payment.loyalty_card_code, program)
                result.append(
                    Redemption(payment.uuid, payment.amount, program, card, payment.loyalty_card_code, payment)
                )
        lines = self.lines.filtered(lambda line: line.loyalty_redeem_uuid)
        if lines:
            totals = self._loyalty_totals()
            for uuid, group in lines.grouped("loyalty_redeem_uuid").items():
                amount = self.currency_id.round(-sum(totals[line.id][0] for line in group))
                program = group.loyalty_card_id.program_id[:1]
                card = self._card_that_pays(group.loyalty_card_id[:1], False, program)
                result.append(Redemption(uuid, amount, program, card, False, group))
        if reductions := self._returned_reductions():
            totals = self._loyalty_totals()
            for uuid, group in reductions.grouped(lambda line: line.refunded_orderline_id.loyalty_redeem_uuid).items():
                amount = self.currency_id.round(-sum(totals[line.id][0] for line in group))
                origin = group.refunded_orderline_id.loyalty_card_id[:1]
                result.append(Redemption(f"{self.uuid}:{uuid}", amount, origin.program_id, origin, False, group))
        return result

    def _returned_reductions(self):
        """Lines that return a reduction of the price, as a refund in the till or in the back end makes them."""
        return self.lines.filtered(lambda line: line.refunded_orderline_id.loyalty_redeem_uuid)

    def _card_that_pays(self, card, number, program):
        """Return the card that a redemption takes its points from: the one it names, if the customer may use it.

        A stranger's card is never taken. Then the customer's own card answers for the goods, in debt if need be.
        """
        Card = self.env["loyalty.card"].with_context(active_test=False)
        if not card and number:
            card = Card.search([("code", "=", number), ("program_id", "=", program.id)], limit=1)
        named = card
        # A family's card pays for whoever of the family buys.
        if card and (card.program_id != program or (self.partner_id and not self._is_customers_card(card))):
            card = Card.browse()
        if not card and self.loyalty_card_id.program_id == program and self._is_customers_card(self.loyalty_card_id):
            card = self.loyalty_card_id
        if not card:
            card = self.env["loyalty.card"]._default_card(self.partner_id, program)
        if named and named != card:
            self._report_points(
                card=card or named,
                program=program,
                note=self.env._("Points of card %s cannot be redeemed here: it is another customer's.", named.code),
            )
        return card

    def _settle_redemptions(self):
        """Settle what the order redeems and gives back.

        :return: the movements that take points, to be posted with what the order earns; none where goods come back,
            as points are given back after they were taken
        """
        redemptions = self._loyalty_redemptions()
        self._check_change(redemptions)
        ops = self._take_redeemed([redemption for redemption in redemptions if redemption.amount > 0])
        back = [redemption for redemption in redemptions if redemption.amount < 0]
        if back or self._origin_of_refund():
            self.env["loyalty.card"]._post_entries(ops)
            self._review_redemptions(ops)
            ops = []
            self._give_back_redeemed(back)
        return ops

    def _take_redeemed(self, redemptions):
        """Return the movements of redemptions: they take what the till reserved, else what the amount is worth.

        What the order reserved besides is free again.
        """
        holds = self._holds_of_order(redemptions)
        keys = [self._redeem_key(redemption.uuid) for redemption in redemptions]
        posted = self._entries_by_key(keys) if keys and self._was_settled() else {}
        ops = []
        for redemption, key in zip(redemptions, keys):
            if key in posted:
                continue
            if not redemption.card:
                self._report_points(
                    program=redemption.program,
                    note=self.env._(
                        "%(amount)s were paid with points of no card: there is nothing to take them from.",
                        amount=self.currency_id.format(redemption.amount),
                    ),
                )
                continue
            hold = holds.filtered(lambda hold: hold.pos_uuid == redemption.uuid)[-1:]  # noqa: B023 used at once
            op = self._redeem_op(redemption, key, hold)
            ops.append(op)
            self._note_points(redemption, -op["points"])
        left = holds.filtered(lambda hold: hold.state == "active" and hold.pos_order_uuid == (self.uuid or ""))
        used = holds.browse().union(*(op["hold"] for op in ops if "hold" in op))
        (left - used)._release()
        return ops

    def _holds_of_order(self, redemptions):
        """Return what was reserved for the order and for these redemptions, oldest first."""
        of_order = Domain("pos_order_uuid", "=", self.uuid) if self.uuid else Domain.FALSE
        of_payments = Domain("pos_uuid", "in", [redemption.uuid for redemption in redemptions if redemption.uuid])
        return self.env["loyalty.hold"].search_fetch(of_order | of_payments, order="id")

    def _review_redemptions(self, ops):
        """Call for somebody when points were taken that nobody had reserved; what was reserved was there."""
        if any("hold" not in op for op in ops):
            self._call_for_review()

    def _redeem_key(self, uuid):
        return f"pos-pay:{uuid}:redeem"

    def _redeem_op(self, redemption, key, hold):
        card, program = redemption.card, redemption.program
        # What was reserved is worth what it was when it was reserved, however late the order arrives.
        points = program._money_to_points(redemption.amount, hold.date or self._loyalty_day())
        same = hold and hold.card_id == card and not self.currency_id.compare_amounts(hold.amount, redemption.amount)
        points = hold.points if same else points
        op = {
            # A card that sends its points elsewhere has none; the card that got them answers for the goods.
            "card_id": (card.points_to_id or card).id,
            "kind": "redeem",
            "points": -points,
            "key": key,
            "document": ("pos.order", self.id),
            "effective_date": self._loyalty_day(),
            "overdraw": "debt",  # the order is paid and gone: nothing is refused any more
        }
        if hold and hold._is_active():
            if same and hold.card_id.id == op["card_id"]:
                op["hold"] = hold
            else:
                hold._release()
        if not hold:
            self._check_unreserved(redemption, points)
        return op

    def _check_unreserved(self, redemption, points):
        """Points that were never reserved were spent without connection: list what the till was not allowed to do."""
        config = self.config_id
        if config.loyalty_offline_policy == "deny":
            note = self.env._(
                "%s points were redeemed without connection, which is not allowed at this Point of Sale.",
                say_points(self.env, points),
            )
        elif points > config.loyalty_offline_cap:
            note = self.env._(
                "%(points)s points were redeemed without connection, more than the limit of %(cap)s of this Point of Sale.",
                points=say_points(self.env, points),
                cap=say_points(self.env, config.loyalty_offline_cap),
            )
        else:
            return
        self._report_points(card=redemption.card, program=redemption.program, points=points, note=note)

    def _check_change(self, redemptions):
        """List orders that turned points into cash: change is given for money, never for points."""
        change = -sum(self.payment_ids.filtered("is_change").mapped("amount"))
        if change <= 0 or not redemptions:
            return
        money = sum(
            payment.amount
            for payment in self.payment_ids
            if payment.payment_method_id.type != LOYALTY and not payment.is_change and payment.amount > 0
        )
        if self.currency_id.compare_amounts(change, money) > 0:
            self._report_points(
                card=redemptions[0].card,
                program=redemptions[0].program,
                note=self.env._(
                    "%s of change was given for points.",
                    self.currency_id.format(self.currency_id.round(change - money)),
                ),
            )

    def _note_points(self, redemption, points):
        """Write down what a redemption took, and from which card, on the payment or on the first of the lines."""
        card = redemption.card
        if redemption.records._name == "pos.payment":
            redemption.records.write(
                {"loyalty_points": points, "loyalty_card_id": card.id, "loyalty_card_code": card.code}
            )
            return
        redemption.records.write({"loyalty_card_id": card.id, "loyalty_points": 0})
        redemption.records[:1].loyalty_points = points

    # --- payments in the back end --------------------------------------------------------------------------------

    @remote.checked(data=remote.plain)
    def add_payment(self, data):
        """Payments that people enter in the back end are checked first: nothing has been handed over yet."""
        method = self.env["pos.payment.method"].browse(data.get("payment_method_id"))
        self._check_unlinked_returns()
        if method.type == LOYALTY and data["amount"] > 0:
            data = {**data, **self._reserve_for_payment(method.loyalty_program_id.sudo(), data["amount"])}
        elif data["amount"] < 0 and not data.get("is_change"):
            self._check_refund_payment(method, -data["amount"])
        return super().add_payment(data)

    def _reserve_for_payment(self, program, amount):
        """Reserve the points of a payment that is entered in the back end; return its values."""
        order = self.sudo()  # the rules of the till hold for whoever may enter payments
        card = order._card_that_pays(order.loyalty_card_id, False, program)
        if not card:
            raise UserError(
                self.env._("The customer of order %s has no card whose points can be redeemed.", self.name or self.uuid)
            )
        points = order._points_that_pay(program, amount)
        uuid = str(uuid4())
        card._hold_for_till(order.config_id, points, uuid, self.uuid)
        return {"uuid": uuid, "loyalty_card_id": card.id, "loyalty_card_code": card.code}

    def _points_that_pay(self, program, amount):
        """Return the whole points that pay an amount exactly; refuse amounts that no number of points pays."""
        points, day = program._money_to_points(amount, self._loyalty_day()), self._loyalty_day()
        worth = program._points_to_money(points, day)
        if self.currency_id.compare_amounts(worth, amount):
            below = program._points_within(amount, day)
            raise UserError(
                self.env._(
                    "No whole number of points pays %(amount)s: %(fewer)s points pay %(less)s, %(points)s pay %(more)s. "
                    "Enter one of these amounts.",
                    amount=self.currency_id.format(amount),
                    fewer=say_points(self.env, below),
                    less=self.currency_id.format(program._points_to_money(below, day)),
                    points=say_points(self.env, points),
                    more=self.currency_id.format(worth),
                )
            )
        return points

    # --- what a refund gives back --------------------------------------------------------------------------------

    def _give_back_redeemed(self, redemptions):
        """Return redeemed points to the lots that they came from, pro rata to the money that the order gives back."""
        for redemption in redemptions:
            entries = self._returns_of(redemption.uuid)
            if not entries:
                origin = self._origin_of_refund()
                paid = origin._paid_with_points(redemption.program, redemption.card)
                before = origin._given_back(redemption.program, self, redemption.card)
                back, left = -redemption.amount, self.currency_id.round(paid.amount - before)
                if self.currency_id.compare_amounts(back, left + self._lost_in_lines(redemption, origin)) > 0:
                    self._report_points(
                        card=redemption.card,
                        program=redemption.program,
                        note=self.env._(
                            "%(back)s come back as points, of which only %(left)s were paid with points.",
                            back=self.currency_id.format(back),
                            left=self.currency_id.format(left),
                        ),
                    )
                points = tender.points_share(paid.points, before, min(back, left), paid.amount)
                entries = self._return_points(paid.entries, points, redemption.uuid)
            card = entries[:1].card_id or redemption.card
            self._note_points(redemption._replace(card=card), -sum(entries.mapped("points")))

    def _lost_in_lines(self, redemption, origin):
        """Return by how much lines that give a reduction back may differ from their part of it.

        The tax engine rounds net and tax of each line: two halves of 20.00 with 15 % in it are 10.01 each.
        """
        if redemption.records._name != "pos.order.line":
            return 0.0
        return self.currency_id.rounding * len(redemption.records) * len(origin._refunds_of_origin() | self)

    def _paid_with_points(self, program, card=None):
        """Return what this order paid with points of a program (:class:`PaidWithPoints`).

        :param card: only this card's, where several cards paid
        """
        redemptions = self._redemptions_of(program, card)
        posted = self._entries_by_key([self._redeem_key(redemption.uuid) for redemption in redemptions])
        entries = self.env["loyalty.ledger.entry"].union(*posted.values()).sorted("id", reverse=True)
        amount = self.currency_id.round(sum(redemption.amount for redemption in redemptions)) if redemptions else 0.0
        return PaidWithPoints(amount, -sum(entries.mapped("points")), entries)

    def _redemptions_of(self, program, card=None, sign=1):
        """Return the redemptions of a program in these orders, or with ``sign`` -1 what they give back."""
        redemptions = [
            redemption
            for order in self
            for redemption in order._loyalty_redemptions()
            if redemption.program == program and redemption.amount * sign > 0
        ]
        of_card = [redemption for redemption in redemptions if redemption.card == card]
        return of_card or redemptions

    def _given_back(self, program, refund, card=None):
        """Return how much of what was paid with points of a program other refunds than ``refund`` gave back."""
        refunds = (self.lines.refund_orderline_ids.order_id - refund).filtered("loyalty_settled")
        several = len({redemption.card for redemption in self._redemptions_of(program)}) > 1
        return -sum(
            redemption.amount
            for redemption in refunds._redemptions_of(program, sign=-1)
            if not several or redemption.card == card
        )

    def _returns_of(self, uuid):
        """Return the entries with which this refund gave back a redemption already."""
        entries = self._entries_of_order().filtered("reversed_entry_id")
        return entries.filtered(lambda entry: entry.idempotency_key.startswith(f"pos-pay:{uuid}:return:"))

    def _return_points(self, entries, points, uuid):
        """Reverse ``points`` of debits, newest first."""
        Entry = self.env["loyalty.ledger.entry"]
        returned = dict(
            Entry._read_group([("reversed_entry_id", "in", entries.ids)], ["reversed_entry_id"], ["points:sum"])
        )
        ops, missing = [], to_units(points)
        for entry in entries:
            part = min(missing, -to_units(entry.points) - to_units(returned.get(entry, 0)))
            if part <= 0:
                continue
            missing -= part
            ops.append(
                {
                    "card_id": entry.card_id.id,
                    "kind": "reversal",
                    "points": to_points(part),
                    "key": f"pos-pay:{uuid}:return:{entry.id}",
                    "document": ("pos.order", self.id),
                    "reversed_entry_id": entry.id,
                    "effective_date": self._loyalty_day(),
                }
            )
        return self.env["loyalty.card"]._post_entries(ops)

    # --- results and exceptions ----------------------------------------------------------------------------------

    def _entries_by_key(self, keys):
        entries = self.env["loyalty.ledger.entry"].sudo().search([("idempotency_key", "in", keys)])
        return {entry.idempotency_key: entry for entry in entries}

    def _entries_of_order(self):
        """Return the transactions of the order in the ledger."""
        entries = self.env["loyalty.ledger.entry"].sudo()  # cashiers do not read the ledger
        return entries.search([("res_model", "=", "pos.order"), ("res_id", "in", self.ids)], order="id")

    def _refresh_points_of_order(self, results=None):
        """Write down what came of a settled order, for the receipt and the lists.

        :param results: further values to write
        """
        self.ensure_one()
        self._keep_booking()
        self.invalidate_recordset(["loyalty_points_reserved"])
        ((spent, earned, card_id, points),) = self.env.execute_query(
            SQL(
                """
                SELECT e.spent, e.earned, e.card_id,
                       (SELECT points FROM loyalty_card WHERE id = COALESCE(e.card_id, %s))
                  FROM (SELECT COALESCE(sum(points) FILTER (WHERE is_redemption), 0) AS spent,
                               COALESCE(sum(points) FILTER (WHERE is_redemption IS NOT TRUE), 0) AS earned,
                               COALESCE(min(card_id) FILTER (WHERE is_redemption), min(card_id)) AS card_id
                          FROM loyalty_ledger_entry WHERE res_model = 'pos.order' AND res_id = %s) e
                """,
                self.loyalty_card_id.id or None,
                self.id,
            )
        )
        taken_back = (results or {}).get("loyalty_points_taken_back", self.loyalty_points_taken_back)
        self.write(
            {
                **(results or {}),
                "loyalty_points_redeemed": -float(spent),
                "loyalty_points_earned": float(earned) - taken_back,
                "loyalty_balance_after": float(points or 0),
                "loyalty_card_id": self.loyalty_card_id.id or card_id or False,
                "loyalty_settled": True,
                "loyalty_unsettled": False,
            }
        )

    def _report_points(self, note, card=None, program=None, points=0):
        """Put something that a person should look at in the exceptions list, once."""
        Exception_ = self.env["loyalty.exception"].sudo()
        vals = {
            "kind": "claim",
            "card_id": card.id if card else False,
            "program_id": (program or (card and card.program_id) or self.env["loyalty.program"]).id,
            "company_id": self.company_id.id,
            "points": points,
            "res_model": "pos.order",
            "res_id": self.id,
            "note": note,
        }
        same = [(name, "=", vals[name]) for name in ("kind", "card_id", "res_model", "res_id", "note")]
        if not Exception_.search_count(same, limit=1):
            Exception_.create(vals)

    def _call_for_review(self):
        """Points that were spent and not there are somebody's task (N8)."""
        Exception_ = self.env["loyalty.exception"].sudo()
        overspent = Exception_.search(
            [("res_model", "=", "pos.order"), ("res_id", "=", self.id), ("kind", "=", "debt"), ("state", "=", "open")]
        ).filtered(lambda exception: not exception.activity_ids)
        for exception in overspent:
            exception.activity_schedule(
                "mail.mail_activity_data_todo",
                summary=self.env._("Points overspent at the Point of Sale"),
                note=self.env._(
                    "Card %(code)s had %(points)s points fewer than order %(order)s took. The card owes them.",
                    code=exception.card_id.code,
                    points=say_points(self.env, exception.points),
                    order=self.name,
                ),
                user_id=exception._damage_reviewer().id,
            )
