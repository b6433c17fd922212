"""The proof of VAT at tills: what points relieve is the VAT of what they still pay, by session and by line."""

from collections import defaultdict

from odoo import models
from odoo.tools import SQL

from odoo.addons.loyalty_account.books.relief import (
    differences,
    redeemed_after_each,
    relief_of,
    rough_relief,
    still_redeemed,
)

from .loyalty_program_proof_sales import ORDER


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    def _check_relief_of_sessions(self, date):
        """Compare the input tax that closings recovered with that of what the points of their orders paid."""
        booked = self._relief_of_closings(date)
        if not booked:
            return []
        families, unknown = self._redeemed_at_tills(date, booked)
        unit, found = self.currency_id.rounding, []
        rough, exact, parts = defaultdict(dict), defaultdict(dict), defaultdict(list)
        for family in families:
            for session_id, relief in self._relief_by_session(family, rough_relief_of).items():
                parts[session_id].append(family)
                _add_up(rough[session_id], relief)
        for session_id, by_rate in sorted(booked.items()):
            if session_id in unknown:
                continue
            count = len(parts[session_id])
            if not differences(rough[session_id], by_rate, unit * (1.01 + 1.5 * count**0.5)):
                continue
            for family in parts[session_id]:
                _add_up(exact[session_id], self._relief_by_session(family, exact_relief_of, unit)[session_id])
            returns = sum(len(family["refunds"]) for family in parts[session_id])
            if wrong := differences(exact[session_id], by_rate, unit * (1.01 + returns)):
                found.append(self._say_relief("pos.session", session_id, wrong))
        return found

    def _relief_of_closings(self, date):
        """Return ``{session: {rate: input tax}}`` of closed sessions where points of this program were used.

        Sessions that recovered no input tax at all were closed while points were a means of payment; with one exception:
        they may have given back what an earlier one had recovered.
        """
        rows = self.env.execute_query(
            SQL(
                """
                WITH used AS (
                     SELECT DISTINCT s.id, s.move_id FROM pos_payment p
                       JOIN pos_payment_method m ON m.id = p.payment_method_id
                       JOIN pos_order o ON o.id = p.pos_order_id JOIN pos_session s ON s.id = o.session_id
                       JOIN account_move v ON v.id = s.move_id
                      WHERE s.state = 'closed' AND m.loyalty_program_id = %(program)s AND v.date <= %(date)s
                        AND NOT EXISTS (
                            SELECT 1 FROM pos_payment q JOIN pos_payment_method n ON n.id = q.payment_method_id
                              JOIN pos_order r ON r.id = q.pos_order_id
                             WHERE r.session_id = s.id AND n.loyalty_program_id <> %(program)s))
                SELECT u.id, t.amount, COALESCE(sum(l.balance), 0) FROM used u
                  LEFT JOIN account_move_line l ON l.move_id = u.move_id AND l.parent_state = 'posted'
                        AND l.tax_line_id IN (SELECT id FROM account_tax WHERE type_tax_use = 'purchase')
                  LEFT JOIN account_tax t ON t.id = l.tax_line_id
                 GROUP BY u.id, t.amount
                """,
                program=self.id,
                date=date,
            )
        )
        booked = {}
        for session_id, rate, vat in rows:
            of_session = booked.setdefault(session_id, {})
            if rate is not None:
                of_session[rate] = vat
        return booked if any(booked.values()) else {}

    def _redeemed_at_tills(self, date, booked):
        """Return sales whose session recovered input tax, with their refunds in the order in which they came, and the
        sessions that have others, whose taxes are no percentages or have another rate by now."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT o.id, o.session_id, (SELECT min(f.order_id) FROM pos_order_line l
                         JOIN pos_order_line f ON f.id = l.refunded_orderline_id WHERE l.order_id = o.id),
                       COALESCE(sum(p.amount) FILTER (WHERE p.amount > 0), 0),
                       COALESCE(-sum(p.amount) FILTER (WHERE p.amount < 0), 0),
                       CASE WHEN min(p.amount) < 0 THEN EXISTS (
                            SELECT 1 FROM pos_order_line x WHERE x.order_id = o.id AND x.qty * x.price_unit > 0
                               AND x.refunded_orderline_id IS NULL AND x.loyalty_redeem_uuid IS NULL) END
                  FROM pos_payment p JOIN pos_payment_method m ON m.id = p.payment_method_id
                  JOIN pos_order o ON o.id = p.pos_order_id JOIN pos_session s ON s.id = o.session_id
                 WHERE m.loyalty_program_id = %(program)s AND s.state = 'closed' AND o.state IN ('paid', 'done')
                   -- Points were a means of payment when the order was paid, as it wrote down: no tax to recover.
                   AND (o.loyalty_items -> %(key)s -> 'paid' -> 'items' IS NULL
                        OR EXISTS (SELECT 1 FROM jsonb_array_elements(o.loyalty_items -> %(key)s -> 'paid' -> 'items') i
                                    WHERE COALESCE(i ->> 'repartition_line_id', 'false') <> 'false'))
                 GROUP BY o.id, o.session_id ORDER BY o.id
                """,
                program=self.id,
                key=str(self.id),
            )
        )
        sales = {
            order_id: {"id": order_id, "session": session_id, "redeemed": paid, "refunds": []}
            for order_id, session_id, __, paid, *__back in rows
            if paid and any(booked.get(session_id, {}).values())
        }
        for order_id, session_id, origin_id, __, back, is_exchange in rows:
            if back and origin_id in sales:
                sales[origin_id]["refunds"].append(
                    {"id": order_id, "session": session_id, "back": back, "is_exchange": is_exchange}
                )
        sets = self._tax_sets_of_orders(list(sales))
        gone = self._tax_sets_of_orders([one["id"] for sale in sales.values() for one in sale["refunds"]], back=True)
        families, unknown = [], set()
        for sale in sales.values():
            of_family = [sets.get(sale["id"], {}), *(gone.get(one["id"], {}) for one in sale["refunds"])]
            if None in of_family:
                unknown.update(one["session"] for one in (sale, *sale["refunds"]))
            else:
                sale["sets"] = of_family[0]
                for refund, returned in zip(sale["refunds"], of_family[1:]):
                    refund["sets"] = returned
                families.append(sale)
        return families, unknown

    def _tax_sets_of_orders(self, ids, back=False):
        """Return ``{order: {set of taxes: gross}}``: of what orders sold, or with ``back`` took back, both positive. One that
        takes goods in exchange does both.

        Only lines that points may cover: those that the sale wrote down when it was paid, else by the program's
        settings.
        """
        lines = self.env["pos.order.line"].search_fetch([("order_id", "in", ids)], ["product_id"])
        excluded = {product.id for product in lines.product_id if not self._may_pay_for(product, 1.0)}
        rows = self.env.execute_query(
            SQL(
                """
                SELECT order_id, tax_ids, abs(sum(gross)), abs(sum(net)), count(*) FROM (
                       SELECT l.order_id, l.price_subtotal_incl AS gross, l.price_subtotal AS net,
                              (SELECT array_agg(x.account_tax_id ORDER BY x.account_tax_id)
                                 FROM account_tax_pos_order_line_rel x WHERE x.pos_order_line_id = l.id) AS tax_ids
                         FROM pos_order_line l
                         LEFT JOIN pos_order_line f ON f.id = l.refunded_orderline_id
                         JOIN pos_order s ON s.id = COALESCE(f.order_id, l.order_id)
                        WHERE l.order_id = ANY(%(ids)s)
                          AND l.loyalty_redeem_uuid IS NULL AND f.loyalty_redeem_uuid IS NULL
                          AND (l.refunded_orderline_id IS NOT NULL) = %(back)s
                          AND CASE WHEN s.loyalty_items -> %(program)s -> 'paid' ? 'lines'
                                   THEN s.loyalty_items -> %(program)s -> 'paid' -> 'lines' ? COALESCE(f.id, l.id)::text
                                   ELSE l.product_id <> ALL(%(excluded)s::int[]) END) x
                 GROUP BY order_id, tax_ids
                """,
                ids=ids,
                back=back,
                program=str(self.id),
                excluded=list(excluded | set(self._products_points_cannot_buy())),
            )
        )
        return self._sets_by_document(rows)

    def _relief_by_session(self, family, relief, *args):
        """Return ``{session: {rate: VAT}}``: what the sale recovered, and what each refund gave back of it."""
        names = list(family["sets"])
        sold = [family["sets"][name] for name in names]
        returned, back = [0.0] * len(names), 0.0
        result = defaultdict(dict)
        before = relief(family["redeemed"], 0.0, names, sold, returned, *args)
        _add_up(result[family["session"]], before)
        steps, unit = [], self.currency_id.rounding
        for refund in family["refunds"]:
            returned = [amount + refund["sets"].get(name, 0.0) for name, amount in zip(names, returned)]
            steps.append((refund["back"], returned, refund["is_exchange"]))
        # Few sales are exchanged for less: these are calculated to the cent at once.
        exchanged = any(is_exchange for *__, is_exchange in steps)
        left = redeemed_after_each(family["redeemed"], sold, steps, unit) if exchanged else []
        for number, (refund, step) in enumerate(zip(family["refunds"], steps)):
            back += step[0]
            if exchanged:
                after = relief_of(names, left[number], unit)
            else:
                after = relief(family["redeemed"], back, names, sold, step[1], *args)
            rates = {*before, *after}
            _add_up(result[refund["session"]], {rate: after.get(rate, 0) - before.get(rate, 0) for rate in rates})
            before = after
        return result

    def _check_relief_of_lines(self, date):
        """Compare the VAT of lines by which points lower the price with that of what they still pay, sale by sale."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT COALESCE(f.order_id, l.order_id), l.order_id, f.id IS NOT NULL, -l.price_subtotal_incl,
                       l.price_subtotal - l.price_subtotal_incl,
                       (SELECT array_agg(x.account_tax_id ORDER BY x.account_tax_id)
                          FROM account_tax_pos_order_line_rel x WHERE x.pos_order_line_id = l.id)
                  FROM pos_order_line l JOIN pos_order o ON o.id = l.order_id
                  LEFT JOIN pos_order_line f ON f.id = l.refunded_orderline_id
                  JOIN loyalty_card c ON c.id = COALESCE(l.loyalty_card_id, f.loyalty_card_id)
                 WHERE c.program_id = %(program)s AND o.state IN ('paid', 'done')
                   AND (o.date_order AT TIME ZONE 'UTC' AT TIME ZONE %(zone)s)::date <= %(date)s
                   AND (l.loyalty_redeem_uuid IS NOT NULL OR f.loyalty_redeem_uuid IS NOT NULL)
                 ORDER BY l.id
                """,
                program=self.id,
                date=date,
                zone=self._zone_of_tills(),
            )
        )
        sales = {}
        for order_id, own_id, is_back, gross, vat, tax_ids in rows:
            sale = sales.setdefault(order_id, {"redeemed": 0.0, "back": 0.0, "booked": {}, "refunds": set()})
            sale["back" if is_back else "redeemed"] += -gross if is_back else gross
            if is_back:
                sale["refunds"].add(own_id)
            parts = self._tax_parts(self.env["account.tax"].browse(tax_ids or ()))
            for rate, __ in parts or ():
                _add_up(sale["booked"], {rate: vat / len(parts)})
        sets = self._tax_sets_of_orders(list(sales))
        gone = self._tax_sets_of_orders([refund for sale in sales.values() for refund in sale["refunds"]], back=True)
        unit, found = self.currency_id.rounding, []
        for order_id, sale in sorted(sales.items()):
            of_returns = [gone.get(refund, {}) for refund in sale["refunds"]]
            if sets.get(order_id) is None or None in of_returns:
                continue
            names = list(sets[order_id])
            sold = [sets[order_id][name] for name in names]
            returned = [sum(of_return.get(name, 0.0) for of_return in of_returns) for name in names]
            is_over = abs(sale["redeemed"] - sale["back"]) < unit / 2
            tolerance = unit / 2 if is_over else unit * (1.01 + len(of_returns))
            expected = exact_relief_of(sale["redeemed"], sale["back"], names, sold, returned, unit)
            if wrong := differences(expected, sale["booked"], tolerance):
                found.append(self._say_relief(ORDER, order_id, wrong))
        return found


def exact_relief_of(redeemed, back, names, sold, returned, unit=0.01):
    """Return ``{rate: VAT}`` of what is still redeemed, to the cent."""
    return relief_of(names, still_redeemed(redeemed, back, sold, returned, unit), unit)


def rough_relief_of(redeemed, back, names, sold, returned):
    """Return the same without rounding."""
    return rough_relief(redeemed, back, names, sold, returned)


def _add_up(totals, amounts):
    for key, amount in amounts.items():
        totals[key] = totals.get(key, 0.0) + amount
