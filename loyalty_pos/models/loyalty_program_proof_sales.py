"""What the proof of a program knows about sales of tills: their returns, reservations and earnings."""

from odoo import models
from odoo.fields import Domain
from odoo.tools import SQL

from odoo.addons.loyalty_account.models.loyalty_program_proof_returns import Figures
from odoo.addons.loyalty_ledger.tools.sql_files import read_sql
from odoo.addons.loyalty_ledger.tools.words import say_points

PROOF_SALES_ON_ACCOUNT = read_sql(__file__, "proof_sales_on_account")

PROOF_ORDERS = read_sql(__file__, "proof_orders")

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
            self._check_invoiced_reductions,
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
                PROOF_ORDERS,
                ids=ids,
                program=self.id,
                date=date,
                zone=self._zone_of_tills(),
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
                   AND (o.date_order AT TIME ZONE 'UTC' AT TIME ZONE %(zone)s)::date <= %(date)s
                   AND (EXISTS (SELECT 1 FROM loyalty_card c WHERE c.program_id = %(program)s
                                   AND (c.id = o.loyalty_card_id OR c.partner_id = o.partner_id)))
                   AND EXISTS (SELECT 1 FROM pos_order_line l WHERE l.order_id = o.id AND l.qty < 0)
                   AND NOT EXISTS (SELECT 1 FROM pos_order_line l WHERE l.order_id = o.id
                                      AND l.refunded_orderline_id IS NOT NULL)
                 ORDER BY o.id
                """,
                companies=self._companies_of_books().ids,
                date=date,
                zone=self._zone_of_tills(),
                program=self.id,
            )
        )
        return [
            {
                "model": ORDER,
                "res_id": order_id,
                "problem": self.env._(
                    "%(name)s refunded %(amount)s for goods returned without a receipt: it is unknown whether they "
                    "had been paid with points.",
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
                SELECT o.id, h.pos_uuid, h.points, COALESCE(h.amount, 0), COALESCE(-e.points, 0), e.id IS NOT NULL
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
        for order_id, uuid, points, amount, taken, is_used in rows:
            order = self.env[ORDER].browse(order_id)
            if is_used and order._reduces_by_rounding(uuid, amount):
                continue
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
                PROOF_SALES_ON_ACCOUNT,
                program=self.id,
                companies=self._companies_of_books().ids,
                date=date,
            )
        )
        found = []
        for order_id, at_till, on_invoice, __ in rows:
            order = self.env[ORDER].browse(order_id)
            if at_till > 0 and on_invoice > 0:
                points = at_till + on_invoice - order._loyalty_earnable(self)
                if points <= 0.00005:
                    continue
                problem = self.env._(
                    "%(name)s earned %(at_till)s points at the register and %(on_invoice)s on its invoice "
                    "%(invoice)s: together more than the sale earns.",
                    name=order.display_name,
                    invoice=order.account_move.display_name,
                    at_till=say_points(self.env, at_till),
                    on_invoice=say_points(self.env, on_invoice),
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
        """Return what an order on account should have earned by now, 0 where it does not participate or goods came
        back."""
        card = order.loyalty_card_id or order._card_that_earns(self)
        earnings = self.env["loyalty.earning"].search(
            [("res_model", "=", ORDER), ("res_id", "=", order.id), ("program_id", "=", self.id)]
        )
        if not card or card.program_id != self or order.lines.refund_orderline_ids or any(earnings.mapped("blocked")):
            return 0
        return order._loyalty_earnable(self) if self._is_offered_to(order) else 0
