from odoo import models
from odoo.exceptions import UserError
from odoo.tools import SQL

from odoo.addons.loyalty_account.models.account_move_earning import DIRTY
from odoo.addons.loyalty_ledger.tools.words import say_points


class AccountMove(models.Model):
    _inherit = "account.move"

    def _is_earning_document(self):
        """The till gives the points of its own sales; an invoice of them gives none."""
        return super()._is_earning_document() and not self.sudo().pos_order_ids

    def _lines_without_card(self):
        """The register made the cards of its own sales."""
        return self.env["account.move.line"] if self.sudo().pos_order_ids else super()._lines_without_card()

    def _needs_loyalty_link(self):
        """Orders of a till say themselves what they return."""
        return super()._needs_loyalty_link() and not self.sudo().pos_order_ids

    def _post(self, soft=True):
        """What Accounting credits of a sale of a till moves no points: the program's setting says whether that may be."""
        credited = {note: note._till_sale_credited() for note in self if note.move_type == "out_refund"}
        cards = {note: orders._cards_moved() for note, orders in credited.items()}
        for note, orders in credited.items():
            program = cards[note].program_id.filtered(lambda program: program.unlinked_return_policy == "refuse")[:1]
            if program:
                raise UserError(
                    self.env._(
                        "%(note)s credits %(orders)s, sold at %(till)s. Points redeemed or earned there are returned "
                        "only by a refund at the register, and program %(program)s does not allow other returns: "
                        "open the order under Orders at the register and refund it there.",
                        note=note.display_name,
                        orders=", ".join(orders.mapped("name")),
                        till=orders.config_id[:1].name,
                        program=program.name,
                    )
                )
        posted = super()._post(soft)
        for note, orders in credited.items():
            if orders and note in posted:
                card = cards[note][:1]
                note._report_return(
                    card,
                    card.program_id,
                    self.env._(
                        "%(note)s gives %(amount)s back for %(orders)s, sold at a register. Points redeemed there (%(redeemed)s) "
                        "and earned there (%(earned)s) stay as they are: refund the order at the register instead, or adjust "
                        "the card.",
                        note=note.name,
                        amount=note.currency_id.format(note.amount_total),
                        orders=", ".join(orders.mapped("name")),
                        redeemed=say_points(self.env, sum(orders.mapped("loyalty_points_redeemed"))),
                        earned=say_points(self.env, sum(orders.mapped("loyalty_points_earned"))),
                    ),
                )
        return posted

    def _till_sale_credited(self):
        """Return the orders of tills whose invoice this credit note of Accounting credits, as far as they moved points."""
        self.ensure_one()
        if self.sudo().pos_order_ids:
            return self.env["pos.order"]
        # Who credits the invoice need not see the till.
        return self.sudo().reversed_entry_id.pos_order_ids.filtered(lambda order: order._cards_moved())

    def _sync_dirty_loyalty(self):
        """Settle orders on account again, too, whose invoice or debt was paid, or is open again."""
        ids = list(self.env.cr.precommit.data.get(DIRTY, ()))
        result = super()._sync_dirty_loyalty()
        self.sudo().browse(ids)._orders_on_account()._loyalty_settle()
        return result

    def _loyalty_redeemed_on(self):
        """Points that paid an order of a till pay its invoice."""
        found = super()._loyalty_redeemed_on()
        entries = self.filtered(
            lambda move: (
                move.move_type == "entry"
                and move not in found
                and not move.origin_payment_id
                and not move.statement_line_id
            )
        )
        if entries:
            # All payments of tills count, whatever the user sees of them.
            payments = self.env["pos.payment"].sudo()
            domain = [("account_move_id", "in", entries.ids), ("loyalty_card_id", "!=", False), ("amount", ">", 0)]
            for payment in payments.search(domain):
                found[payment.account_move_id] = payment.pos_order_id.account_move
        return found

    def _say_points_cannot_pay(self, document, paid, amount):
        """The closing of a till relieved the VAT of its order, which stays paid by these points."""
        payments = self.sudo().pos_payment_ids.filtered("loyalty_card_id")  # its entry is at hand already
        if not payments:
            return super()._say_points_cannot_pay(document, paid, amount)
        if not document.origin_payment_id and not document.statement_line_id and document.move_type == "entry":
            return False
        return self.env._(
            "%(entry)s redeemed points on order %(order)s at the register, so it can pay %(paid)s only. To return the "
            "points, refund the order at the register.",
            entry=self.display_name,
            order=payments.pos_order_id[:1].name,
            paid=paid.display_name,
        )

    def _orders_on_account(self):
        """Return the paid orders on account whose invoices, or closing entries, these are or settle."""
        if not self.ids:
            return self.env["pos.order"]
        rows = self.env.execute_query(
            SQL(
                """
                WITH touched AS (
                     SELECT unnest(%(ids)s) AS id
                      UNION
                     SELECT debit.move_id FROM account_move_line line
                       JOIN account_partial_reconcile part ON part.credit_move_id = line.id
                       JOIN account_move_line debit ON debit.id = part.debit_move_id
                      WHERE line.move_id = ANY(%(ids)s)),
                     orders AS (
                     SELECT o.id FROM pos_order o JOIN touched ON touched.id = o.account_move
                      UNION
                     SELECT o.id FROM touched JOIN pos_session s ON s.move_id = touched.id
                       JOIN pos_order o ON o.session_id = s.id AND o.account_move IS NULL)
                SELECT DISTINCT o.id FROM orders
                  JOIN pos_order o ON o.id = orders.id
                  JOIN pos_payment p ON p.pos_order_id = o.id
                  JOIN pos_payment_method m ON m.id = p.payment_method_id
                 WHERE o.loyalty_settled AND o.state IN ('paid', 'done')
                   AND m.journal_id IS NULL AND m.loyalty_program_id IS NULL AND p.amount > 0
                 ORDER BY o.id
                """,
                ids=self.ids,
            )
        )
        return self.env["pos.order"].sudo().browse([order_id for (order_id,) in rows])

    def _loyalty_qualifies(self):
        """A closing entry pays an account as the orders were paid with which customers paid their accounts."""
        qualifying = super()._loyalty_qualifies()
        # Accountants may have no access to sessions; access to the entry was checked.
        sessions = self.env["pos.session"].sudo().search([("move_id", "in", self.ids)])
        for session in sessions:
            payments = session.order_ids.payment_ids.filtered(
                lambda payment: payment.payment_method_id.type == "pay_later" and payment.amount < 0
            )
            others = payments.pos_order_id.payment_ids - payments
            if others and all(payment.payment_method_id.earns_loyalty for payment in others):
                qualifying.add(session.move_id.id)
            else:
                qualifying.discard(session.move_id.id)
        return qualifying

    def _compute_payments_widget_reconciled_info(self):
        """Say of the payments of a till, too, how many points paid."""
        super()._compute_payments_widget_reconciled_info()
        for move in self:
            for row in (move.invoice_payments_widget or {}).get("content", []):
                # Odoo shows these payments to anybody who reads the invoice, on the portal too; so the points.
                payments = self.browse(row["move_id"]).sudo().pos_payment_ids
                if points := sum(payments.mapped("loyalty_points")):
                    card = payments.loyalty_card_id[:1]
                    row["loyalty_label"] = self.env._("with %s", card._say_points(abs(points)))

    def _say_points_by_card(self, by_card):
        """Return a line for each of several cards that paid, or got points back; they are never one sum."""
        self.ensure_one()
        say = self.currency_id.format
        return [
            self.env._(
                "Redeemed from card ending in %(code)s: %(points)s, worth %(amount)s",
                code=card.code[-4:],
                points=card._say_points(points),
                amount=say(money),
            )
            if points > 0
            else self.env._(
                "Given back to card ending in %(code)s: %(points)s, worth %(amount)s",
                code=card.code[-4:],
                points=card._say_points(-points),
                amount=say(-money),
            )
            for card, (points, money) in by_card.items()
        ]

    def _loyalty_statement(self):
        """The printed invoice of orders of a till says what they did to the card, as their receipts do."""
        orders = self.sudo().pos_order_ids  # the document is printed for the customer, whatever its reader may see
        cards = orders.loyalty_card_id
        if not cards:
            return super()._loyalty_statement()
        redeemed = sum(orders.mapped("loyalty_points_redeemed"))
        earned = sum(orders.mapped("loyalty_points_earned"))
        if not redeemed and not earned:
            return []
        card = cards[0]
        lines = [self.env._("Loyalty card ending in %s", card.code[-4:])]
        points, money = orders._points_that_paid()
        if len(by_card := orders._points_by_card()) > 1:
            lines.extend(self._say_points_by_card(by_card))
        elif redeemed > 0 and points == redeemed:
            lines.append(
                self.env._(
                    "Redeemed: %(points)s, worth %(amount)s",
                    points=card._say_points(redeemed),
                    amount=self.currency_id.format(money),
                )
            )
        elif redeemed > 0:  # rewards have no price in money
            lines.append(self.env._("Redeemed: %s", card._say_points(redeemed)))
        elif redeemed:
            lines.append(self.env._("Given back: %s", card._say_points(-redeemed)))
        if earned > 0:
            lines.append(self.env._("Earned: %s", card._say_points(earned)))
        elif earned:
            lines.append(self.env._("Taken back: %s", card._say_points(-earned)))
        if len(orders) == 1 and orders.loyalty_settled:
            lines.append(self.env._("New balance: %s", card._say_points(orders.loyalty_balance_after)))
        return lines
