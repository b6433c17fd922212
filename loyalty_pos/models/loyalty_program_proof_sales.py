"""What the proof of a program knows about sales of tills: their returns, reservations, earnings and VAT."""

from collections import defaultdict

from odoo import models
from odoo.fields import Domain
from odoo.tools import SQL

from odoo.addons.loyalty_account.books.relief import differences, relief_of, rough_relief, still_redeemed
from odoo.addons.loyalty_account.models.loyalty_program_proof_returns import Figures
from odoo.addons.loyalty_ledger.tools.words import say_points

ORDER = "pos.order"


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    def _payment_checks(self):
        return [
            *super()._payment_checks(),
            self._check_unlinked_returns,
            self._check_lost_redemptions,
            self._check_sales_on_account,
            self._check_relief_of_sessions,
            self._check_relief_of_lines,
        ]

    # --- returns -------------------------------------------------------------------------------------------------

    def _return_links(self, date):
        """Refunds of tills return orders; credit notes of the back end may return what a till sold with an invoice."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT l.order_id, f.order_id FROM pos_order_line l
                  JOIN pos_order_line f ON f.id = l.refunded_orderline_id
                  JOIN pos_order o ON o.id = l.order_id
                 WHERE o.state IN ('paid', 'done') AND o.company_id = ANY(%s) AND l.order_id <> f.order_id
                """,
                self._companies_of_books().ids,
            )
        )
        links = [((ORDER, refund), (ORDER, order)) for refund, order in rows]
        invoiced = self.env.execute_query(
            SQL(
                """
                SELECT o.id, o.account_move FROM pos_order o
                 WHERE o.account_move IS NOT NULL AND o.company_id = ANY(%(companies)s) AND (EXISTS (
                       SELECT 1 FROM account_move r WHERE r.reversed_entry_id = o.account_move AND r.state = 'posted')
                    OR o.id = ANY(%(orders)s))
                """,
                companies=self._companies_of_books().ids,
                orders=sorted({node[1] for link in links for node in link}),
            )
        )
        of_invoices = [((ORDER, order), ("account.move", move)) for order, move in invoiced]
        return [*super()._return_links(date), *links, *of_invoices]

    def _touched_documents(self, nodes):
        rows = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT res_id FROM loyalty_ledger_entry
                 WHERE res_model = 'pos.order' AND res_id = ANY(%s) AND program_id = %s
                """,
                [res_id for model, res_id in nodes if model == ORDER],
                self.id,
            )
        )
        return super()._touched_documents(nodes) | {(ORDER, res_id) for (res_id,) in rows}

    def _sale_figures(self, nodes, date):
        """Orders say what they are; their own invoices say the same again and are left out."""
        result = super()._sale_figures(nodes, date)
        ids = [res_id for model, res_id in nodes if model == ORDER]
        if not ids:
            return result
        for order_id, move_id, *values in self._order_rows(ids, date):
            result.pop(("account.move", move_id), None)
            amount, money, reduced, paid, points, currency_id, rate, rounding, known = values
            result[ORDER, order_id] = Figures(
                is_return=amount < 0,
                money=money,
                goods=amount - reduced,
                covered=paid - reduced,
                points=points,
                redemptions=1 if points > 0 else 0,
                rate=rate or 1.0,
                currency_id=currency_id,
                tolerance=rounding or 0.0,
                known=known,
            )
        self._add_earned(result, ORDER)
        return result

    def _order_rows(self, ids, date):
        return self.env.execute_query(
            SQL(
                """
                SELECT o.id, o.account_move, o.amount_total, COALESCE(p.money, 0), COALESCE(l.reduced, 0),
                       COALESCE(p.paid, 0), COALESCE(e.points, 0), COALESCE(j.currency_id, k.currency_id), o.currency_rate,
                       CASE WHEN c.cash_rounding THEN r.rounding END,
                       EXISTS (SELECT 1 FROM loyalty_exception x WHERE x.res_model = 'pos.order' AND x.res_id = o.id
                                  AND x.kind IN ('claim', 'return'))
                  FROM pos_order o JOIN pos_session s ON s.id = o.session_id JOIN pos_config c ON c.id = s.config_id
                  JOIN res_company k ON k.id = o.company_id JOIN account_journal j ON j.id = c.journal_id
                  LEFT JOIN account_cash_rounding r ON r.id = c.rounding_method
                  LEFT JOIN (SELECT y.pos_order_id, sum(y.amount) FILTER (WHERE m.loyalty_program_id IS NULL) AS money,
                                    sum(y.amount) FILTER (WHERE m.loyalty_program_id IS NOT NULL) AS paid
                               FROM pos_payment y JOIN pos_payment_method m ON m.id = y.payment_method_id
                              WHERE y.pos_order_id = ANY(%(ids)s) GROUP BY 1) p ON p.pos_order_id = o.id
                  LEFT JOIN (SELECT l.order_id, sum(l.price_subtotal_incl) AS reduced FROM pos_order_line l
                               LEFT JOIN pos_order_line f ON f.id = l.refunded_orderline_id
                              WHERE l.order_id = ANY(%(ids)s)
                                AND (l.loyalty_redeem_uuid IS NOT NULL OR f.loyalty_redeem_uuid IS NOT NULL)
                              GROUP BY 1) l ON l.order_id = o.id
                  LEFT JOIN (SELECT res_id, -sum(points) AS points FROM loyalty_ledger_entry
                              WHERE res_model = 'pos.order' AND res_id = ANY(%(ids)s) AND program_id = %(program)s
                                AND is_redemption AND idempotency_key LIKE 'pos-pay:%%'
                                AND idempotency_key NOT LIKE '%%:rewards:%%' AND effective_date <= %(date)s
                              GROUP BY 1) e ON e.res_id = o.id
                 WHERE o.id = ANY(%(ids)s) AND o.state IN ('paid', 'done') AND o.date_order < %(date)s::date + 2
                """,
                ids=ids,
                program=self.id,
                date=date,
            )
        )

    def _check_unlinked_returns(self, date):
        """Name goods that a till took back for money without the sale that they were part of (unless they are listed)."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT o.id, -p.money,
                       EXISTS (SELECT 1 FROM loyalty_exception x WHERE x.res_model = 'pos.order' AND x.res_id = o.id
                                  AND x.kind IN ('claim', 'return'))
                  FROM pos_order o
                  JOIN (SELECT y.pos_order_id, sum(y.amount) AS money FROM pos_payment y
                          JOIN pos_payment_method m ON m.id = y.payment_method_id AND m.loyalty_program_id IS NULL
                         GROUP BY 1 HAVING sum(y.amount) < 0) p ON p.pos_order_id = o.id
                 WHERE o.state IN ('paid', 'done') AND o.company_id = ANY(%(companies)s)
                   AND o.date_order < %(date)s::date + 1
                   AND (EXISTS (SELECT 1 FROM loyalty_card c WHERE c.program_id = %(program)s
                                   AND (c.id = o.loyalty_card_id OR c.partner_id = o.partner_id)))
                   AND EXISTS (SELECT 1 FROM pos_order_line l WHERE l.order_id = o.id AND l.qty < 0)
                   AND NOT EXISTS (SELECT 1 FROM pos_order_line l WHERE l.order_id = o.id
                                      AND l.refunded_orderline_id IS NOT NULL)
                 ORDER BY o.id
                """,
                companies=self._companies_of_books().ids,
                date=date,
                program=self.id,
            )
        )
        return [
            {
                "model": ORDER,
                "res_id": order_id,
                "problem": self.env._(
                    "%(name)s paid %(amount)s for goods that came back without receipt: nobody can tell whether points had "
                    "paid for them.",
                    name=self.env[ORDER].browse(order_id).display_name,
                    amount=self.currency_id.format(amount),
                ),
                "size": amount,
                "explained": known,
            }
            for order_id, amount, known in rows
        ]

    # --- what points bought --------------------------------------------------------------------------------------

    def _products_points_cannot_buy(self):
        """Tips are given in money, too."""
        products = super()._products_points_cannot_buy()
        if self.redeem_stored_value:
            return products
        return products | set(
            self.env["pos.config"].with_context(active_test=False).search(Domain.TRUE).tip_product_id.ids
        )

    def _bought_without_points(self, products, date):
        rows = self.env.execute_query(
            SQL(
                """
                WITH redeemed AS (
                     SELECT p.pos_order_id AS id FROM pos_payment p JOIN pos_payment_method m ON m.id = p.payment_method_id
                      WHERE m.loyalty_program_id = %(program)s AND p.amount > 0
                      UNION
                     SELECT l.order_id FROM pos_order_line l JOIN loyalty_card c ON c.id = l.loyalty_card_id
                      WHERE l.loyalty_redeem_uuid IS NOT NULL AND c.program_id = %(program)s)
                SELECT l.order_id, sum(l.price_subtotal_incl) FROM redeemed r JOIN pos_order_line l ON l.order_id = r.id
                 WHERE l.product_id = ANY(%(products)s) AND l.refunded_orderline_id IS NULL GROUP BY l.order_id
                """,
                program=self.id,
                products=sorted(products),
            )
        )
        orders = {(ORDER, order_id): float(amount) for order_id, amount in rows}
        return {**super()._bought_without_points(products, date), **orders}

    # --- reservations --------------------------------------------------------------------------------------------

    def _needless_holds(self):
        return [
            *super()._needless_holds(),
            SQL(
                """
                h.pos_order_uuid IS NOT NULL AND EXISTS (
                    SELECT 1 FROM pos_order o WHERE o.uuid = h.pos_order_uuid AND o.state IN ('paid', 'done', 'cancel')
                       AND o.loyalty_unsettled IS NOT TRUE)
                """
            ),
        ]

    def _holder_name(self, hold, document):
        order = self.env[ORDER].search([("uuid", "=", hold.pos_order_uuid)], limit=1) if hold.pos_order_uuid else None
        return super()._holder_name(hold, document or order)

    def _check_lost_redemptions(self, date):
        """Name orders whose payment took fewer points than it had reserved, or whose reserved points were never used."""
        rows = self.env.execute_query(
            SQL(
                """
                WITH last AS (
                     SELECT DISTINCT ON (h.pos_uuid) h.id, h.pos_uuid, h.pos_order_uuid, h.points, h.amount, h.state,
                            h.write_date
                       FROM loyalty_hold h
                      WHERE h.program_id = %(program)s AND h.pos_uuid IS NOT NULL AND h.date <= %(date)s
                      ORDER BY h.pos_uuid, h.id DESC)
                SELECT o.id, h.points, COALESCE(h.amount, 0), COALESCE(-e.points, 0), e.id IS NOT NULL
                  FROM last h
                  LEFT JOIN loyalty_ledger_entry e ON e.idempotency_key = 'pos-pay:' || h.pos_uuid || ':redeem'
                  JOIN pos_order o ON o.id = e.res_id OR e.id IS NULL AND o.uuid = h.pos_order_uuid
                 WHERE o.state IN ('paid', 'done') AND h.state <> 'active'
                   AND (e.id IS NOT NULL AND -e.points < h.points OR e.id IS NULL AND h.state = 'released'
                        AND h.write_date >= o.create_date AND EXISTS (
                            SELECT 1 FROM pos_payment p WHERE p.pos_order_id = o.id AND p.is_change))
                 ORDER BY o.id
                """,
                program=self.id,
                date=date,
            )
        )
        found = []
        for order_id, points, amount, taken, is_used in rows:
            order = self.env[ORDER].browse(order_id)
            words = {
                "name": order.display_name,
                "points": say_points(self.env, points),
                "amount": self.currency_id.format(amount),
                "taken": say_points(self.env, taken),
            }
            found.append(
                {
                    "model": ORDER,
                    "res_id": order_id,
                    "problem": (
                        self.env._(
                            "%(name)s had reserved %(points)s points for %(amount)s, but took only %(taken)s of them.",
                            **words,
                        )
                        if is_used
                        else self.env._(
                            "%(name)s had reserved %(points)s points for %(amount)s, but none were used and change was "
                            "given. Ask the cashier whether too much money went back.",
                            **words,
                        )
                    ),
                    "size": amount * (points - taken) / points,
                    # The customer may have changed his mind while the till was offline.
                    "explained": not is_used,
                }
            )
        return found

    # --- sales on account ----------------------------------------------------------------------------------------

    def _check_sales_on_account(self, date):
        """Name orders on the customer's account that were paid in full since and never earned, or earned twice."""
        if self.issue_on != "paid" or not self.pos_ok:
            return []
        rows = self.env.execute_query(
            SQL(
                """
                WITH earned AS (
                     SELECT res_model, res_id, sum(points) AS points FROM loyalty_ledger_entry
                      WHERE program_id = %(program)s AND NOT is_redemption AND kind IN ('earn', 'reversal')
                        AND res_model IN ('pos.order', 'account.move') GROUP BY 1, 2)
                SELECT o.id, COALESCE(a.points, 0), COALESCE(b.points, 0), m.payment_state
                  FROM pos_order o JOIN account_move m ON m.id = o.account_move
                  LEFT JOIN earned a ON a.res_model = 'pos.order' AND a.res_id = o.id
                  LEFT JOIN earned b ON b.res_model = 'account.move' AND b.res_id = m.id
                 WHERE o.state IN ('paid', 'done') AND m.state = 'posted' AND o.amount_total > 0
                   AND o.company_id = ANY(%(companies)s) AND m.date <= %(date)s
                   AND (a.points > 0 AND b.points > 0
                        OR m.payment_state = 'paid' AND COALESCE(a.points, 0) <= 0 AND COALESCE(b.points, 0) <= 0
                           AND EXISTS (SELECT 1 FROM pos_payment p JOIN pos_payment_method y ON y.id = p.payment_method_id
                                        WHERE p.pos_order_id = o.id AND y.journal_id IS NULL
                                          AND y.loyalty_program_id IS NULL)
                           AND EXISTS (SELECT 1 FROM account_move_line l
                                         JOIN account_partial_reconcile r ON r.debit_move_id = l.id
                                         JOIN account_move_line c ON c.id = r.credit_move_id
                                         JOIN account_payment p ON p.move_id = c.move_id
                                         JOIN account_payment_method_line y ON y.id = p.payment_method_line_id
                                        WHERE l.move_id = m.id AND y.earns_loyalty))
                 ORDER BY o.id
                """,
                program=self.id,
                companies=self._companies_of_books().ids,
                date=date,
            )
        )
        found = []
        for order_id, at_till, on_invoice, __ in rows:
            order = self.env[ORDER].browse(order_id)
            if at_till > 0 and on_invoice > 0:
                earnable = order._loyalty_earnable(self)
                if at_till + on_invoice <= earnable + 0.00005:
                    continue
                points, problem = (
                    at_till + on_invoice - earnable,
                    self.env._(
                        "%(name)s earned %(at_till)s points at the till and %(on_invoice)s on its invoice %(invoice)s: "
                        "together more than the sale gives.",
                        name=order.display_name,
                        invoice=order.account_move.display_name,
                        at_till=say_points(self.env, at_till),
                        on_invoice=say_points(self.env, on_invoice),
                    ),
                )
            else:
                points = self._missed_points(order)
                problem = self.env._(
                    "%(name)s was paid in full on its invoice %(invoice)s, but it never earned its points (up to "
                    "%(points)s).",
                    name=order.display_name,
                    invoice=order.account_move.display_name,
                    points=say_points(self.env, points),
                )
            if points > 0:
                found.append(
                    {"model": ORDER, "res_id": order_id, "problem": problem, "size": points * self.point_value}
                )
        return found

    def _missed_points(self, order):
        """Return what an order on account should have earned by now, 0 where it takes no part or goods came back."""
        card = order.loyalty_card_id or order._card_that_earns(self)
        earnings = self.env["loyalty.earning"].search(
            [("res_model", "=", ORDER), ("res_id", "=", order.id), ("program_id", "=", self.id)]
        )
        if not card or card.program_id != self or order.lines.refund_orderline_ids or any(earnings.mapped("blocked")):
            return 0
        return order._loyalty_earnable(self) if self._is_offered_to(order) else 0

    # --- VAT -----------------------------------------------------------------------------------------------------

    def _check_relief_of_sessions(self, date):
        """Compare the input tax that closings recovered with that of what the points of their orders paid."""
        booked = self._relief_of_closings(date)
        if not booked:
            return []
        families = self._redeemed_at_tills(date, booked)
        unit, found = self.currency_id.rounding, []
        rough, exact, parts = defaultdict(dict), defaultdict(dict), defaultdict(list)
        for family in families:
            for session_id, relief in self._relief_by_session(family, rough_relief_of).items():
                parts[session_id].append(family)
                _add_up(rough[session_id], relief)
        for session_id, by_rate in sorted(booked.items()):
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
        """Return sales whose session recovered input tax, with their refunds in the order in which they came."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT o.id, o.session_id, (SELECT min(f.order_id) FROM pos_order_line l
                         JOIN pos_order_line f ON f.id = l.refunded_orderline_id WHERE l.order_id = o.id),
                       COALESCE(sum(p.amount) FILTER (WHERE p.amount > 0), 0),
                       COALESCE(-sum(p.amount) FILTER (WHERE p.amount < 0), 0)
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
            for order_id, session_id, __, paid, __back in rows
            if paid and any(booked.get(session_id, {}).values())
        }
        for order_id, session_id, origin_id, __, back in rows:
            if back and origin_id in sales:
                sales[origin_id]["refunds"].append({"id": order_id, "session": session_id, "back": back})
        ids = [one["id"] for sale in sales.values() for one in (sale, *sale["refunds"])]
        sets = self._tax_sets_of_orders(ids)
        families = []
        for sale in sales.values():
            of_family = [sets.get(one["id"], {}) for one in (sale, *sale["refunds"])]
            if None not in of_family:
                sale["sets"] = of_family[0]
                for refund, returned in zip(sale["refunds"], of_family[1:]):
                    refund["sets"] = returned
                families.append(sale)
        return families

    def _tax_sets_of_orders(self, ids):
        """Return ``{order: {set of taxes: gross}}``: of what sales sold and what refunds took back, both positive.

        Only lines that points may pay: those that the sale wrote down when it was paid, else by the program's settings.
        """
        lines = self.env["pos.order.line"].search_fetch([("order_id", "in", ids)], ["product_id"])
        excluded = {product.id for product in lines.product_id if not self._may_pay_for(product, 1.0)}
        rows = self.env.execute_query(
            SQL(
                """
                SELECT order_id, tax_ids, abs(sum(gross)) FROM (
                       SELECT l.order_id, l.price_subtotal_incl AS gross,
                              (SELECT array_agg(x.account_tax_id ORDER BY x.account_tax_id)
                                 FROM account_tax_pos_order_line_rel x WHERE x.pos_order_line_id = l.id) AS tax_ids
                         FROM pos_order_line l JOIN pos_order o ON o.id = l.order_id
                         LEFT JOIN pos_order_line f ON f.id = l.refunded_orderline_id
                         JOIN pos_order s ON s.id = COALESCE(f.order_id, l.order_id)
                        WHERE l.order_id = ANY(%(ids)s)
                          AND l.loyalty_redeem_uuid IS NULL AND f.loyalty_redeem_uuid IS NULL
                          AND (l.refunded_orderline_id IS NOT NULL) = (o.amount_total < 0)
                          AND CASE WHEN s.loyalty_items -> %(program)s -> 'paid' ? 'lines'
                                   THEN s.loyalty_items -> %(program)s -> 'paid' -> 'lines' ? COALESCE(f.id, l.id)::text
                                   ELSE l.product_id <> ALL(%(excluded)s::int[]) END) x
                 GROUP BY order_id, tax_ids
                """,
                ids=ids,
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
        for refund in family["refunds"]:
            back += refund["back"]
            returned = [amount + refund["sets"].get(name, 0.0) for name, amount in zip(names, returned)]
            after = relief(family["redeemed"], back, names, sold, returned, *args)
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
                 WHERE c.program_id = %s AND o.state IN ('paid', 'done') AND o.date_order < %s::date + 1
                   AND (l.loyalty_redeem_uuid IS NOT NULL OR f.loyalty_redeem_uuid IS NOT NULL)
                 ORDER BY l.id
                """,
                self.id,
                date,
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
        sets = self._tax_sets_of_orders([order for key, sale in sales.items() for order in (key, *sale["refunds"])])
        unit, found = self.currency_id.rounding, []
        for order_id, sale in sorted(sales.items()):
            of_returns = [sets.get(refund, {}) for refund in sale["refunds"]]
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
