"""The points of a paid order: what was redeemed is taken, what was returned comes back, in its own transaction.

Everything is calculated from the order, the lines and the payments that the server stored. What a client says about
points is not looked at. Settling again changes nothing: each movement has a key made of the payment's uuid.
"""

import logging
from contextlib import suppress
from typing import NamedTuple

from odoo import api, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import SQL

from odoo.addons.loyalty_ledger.tools.words import say_points

from ..tools import remote
from ..tools.queue import StillBusy, stand_in_line

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
        """Wait for anybody who works on the same orders and cards; rights are checked before.

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
            # Cashiers may have no access to cards and transactions; access to the order was checked by Odoo.
            order = order.sudo()
            if order.state not in ("paid", "done"):
                continue
            returns, loyalty = any(line.qty < 0 for line in order.lines), order._has_loyalty()
            if not returns and not loyalty:
                continue
            try:
                with self.env.cr.savepoint(), order._keep_totals():
                    if returns:
                        order._review_returns()
                    if loyalty:
                        order._loyalty_settle_one()
                        order._report_card_without_customer()
            except (UserError, AccessError) as error:
                _logger.warning("Points of order %s were not settled", order.uuid, exc_info=True)
                order._report_points(note=str(error))
                order.write({"loyalty_settled": False, "loyalty_unsettled": True})

    def _report_card_without_customer(self):
        """List that points of a named customer's sale are on a card that has no customer: it may be the cashier's."""
        card = self.loyalty_card_id
        if card and self._is_customers_card(card):
            card._report_foreign_use(self)

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

        Override to settle more, before the results are written down; what was sold must no longer change.
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
        # A family's card pays, no matter who of the family buys.
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
                note=self.env._(
                    "Points of card %s cannot be redeemed here: it is another customer's.", named._say_code()
                ),
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
                        "%(amount)s were paid with points, but no card is named: there are no points to take.",
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

    def _reduces_by_rounding(self, uuid, amount):
        """Return whether lines reduce the price by ``amount`` but for what the tax engine rounds, net and each tax of each line.

        They take the points of what they are. An order that was cut reduces its price by less.
        """
        lines = self.lines.filtered(lambda line: line.loyalty_redeem_uuid == uuid)
        totals = self._loyalty_totals() if lines else {}
        parts = sum(1 + len(line.tax_ids_after_fiscal_position.flatten_taxes_hierarchy()) for line in lines)
        less = amount + sum(totals[line.id][0] for line in lines)
        return bool(lines) and self.currency_id.compare_amounts(less, self.currency_id.rounding * parts / 2) <= 0

    def _review_redemptions(self, ops):
        """Call for somebody when points were taken that nobody had reserved; what was reserved was there."""
        if any("hold" not in op for op in ops):
            self._call_for_review()

    def _redeem_key(self, uuid):
        return f"pos-pay:{uuid}:redeem"

    def _redeem_op(self, redemption, key, hold):
        card, program = redemption.card, redemption.program
        same = hold and hold.card_id == card and not self.currency_id.compare_amounts(hold.amount, redemption.amount)
        # What was reserved is worth what it was when it was reserved, however late the order arrives.
        day = hold.date or self._loyalty_day()
        points = hold.points if same else program._money_to_points(redemption.amount, day)
        op = {
            # A card that is linked to another card has none; the card that got them answers for the goods.
            "card_id": (card.points_to_id or card).id,
            "kind": "redeem",
            "points": -points,
            "key": key,
            "document": ("pos.order", self.id),
            "effective_date": self._loyalty_day(),
            "overdraw": "debt",  # the order is paid and gone: it can no longer be refused
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
            if not (payment.payment_method_id.loyalty_program_id or payment.is_change) and payment.amount > 0
        )
        if self.currency_id.compare_amounts(change, money) > 0:
            self._report_points(
                card=redemptions[0].card,
                program=redemptions[0].program,
                note=self.env._(
                    "%s was paid out as change although it was paid with points.",
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

        What was earned is that of the program of the order's card: points of several programs are no sum.

        :param results: further values to write
        """
        self.ensure_one()
        self._keep_booking()
        self.invalidate_recordset(["loyalty_points_reserved"])
        ((spent, earned, card_id, points),) = self.env.execute_query(
            SQL(
                """
                WITH e AS (SELECT points, is_redemption, card_id, program_id FROM loyalty_ledger_entry
                            WHERE res_model = 'pos.order' AND res_id = %s),
                     o AS (SELECT COALESCE(sum(points) FILTER (WHERE is_redemption), 0) AS spent,
                                  COALESCE(min(card_id) FILTER (WHERE is_redemption), min(card_id)) AS card_id
                             FROM e)
                SELECT o.spent, (SELECT COALESCE(sum(points) FILTER (WHERE is_redemption IS NOT TRUE), 0) FROM e
                                  WHERE e.program_id = c.program_id), o.card_id, c.points
                  FROM o LEFT JOIN loyalty_card c ON c.id = COALESCE(%s, o.card_id)
                """,
                self.id,
                # Where several cards paid, the order's own; a card that is linked to another has its points there.
                (self.loyalty_card_id.points_to_id or self.loyalty_card_id).id or None,
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
                    code=exception.card_id._masked_code(),
                    points=say_points(self.env, exception.points),
                    order=self.name,
                ),
                user_id=exception._damage_reviewer().id,
            )
