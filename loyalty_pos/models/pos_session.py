"""Points in the books of a session: what redemptions cost, the tax that they recover (part T), and their value (R).

    Dr redemption account G - V | Dr input tax V        instead of a receivable, for each payment by points of G

Points are no money that anybody owes, so there is no receivable to reconcile: the lines stand where the closing entry
has those of cash and bank, for invoiced orders too, whose invoice payments the entry balances (DESIGN 6, as
pos_online_payment/models/pos_session.py does it). Lines that reduce the price need nothing here: they are lines of
the order on the redemption account.
"""

from collections import defaultdict

from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tools import frozendict

from odoo.addons.loyalty_account.tools.vat_split import part_of, split

from .pos_payment_method import LOYALTY


class PosSession(models.Model):
    _inherit = "pos.session"

    def _validate_session(self, balancing_account=False, amount_to_balance=0, bank_payment_method_diffs=None):
        """Settle first what could not be settled when it was paid; release the value of what was used when it is closed."""
        # Whoever closes the session need not see points and cards.
        self.sudo()._get_closed_orders().filtered("loyalty_unsettled")._loyalty_settle()
        result = super()._validate_session(balancing_account, amount_to_balance, bank_payment_method_diffs)
        if self.state == "closed":
            self.sudo()._release_values()  # the books follow, whoever closes
        return result

    def _release_values(self):
        """Book what the points that the session's orders used were worth on the books (part R)."""
        entries = self.env["loyalty.ledger.entry"].search(
            [("res_model", "=", "pos.order"), ("res_id", "in", self.order_ids.ids)]
        )
        entries._book_values(document=self)

    def _accumulate_amounts(self, data):
        data = super()._accumulate_amounts(data)
        amounts = defaultdict(lambda: {"amount": 0.0, "amount_converted": 0.0})
        for order in self._get_closed_orders():
            for vals in order._prepare_points_lines():
                key = frozendict({name: value for name, value in vals.items() if name != "balance"})
                amounts[key] = self._update_amounts(amounts[key], {"amount": vals["balance"]}, order.date_order)
        data["loyalty_redemptions"] = amounts
        return data

    def _create_bank_payment_moves(self, data):
        data = super()._create_bank_payment_moves(data)
        data["MoveLine"].create(
            [
                self._get_loyalty_redemption_vals(key, amounts)
                for key, amounts in data["loyalty_redemptions"].items()
                if not self.currency_id.is_zero(amounts["amount"])
            ]
        )
        return data

    def _get_loyalty_redemption_vals(self, key, amounts):
        """Return a line of the closing entry. Override to add to it; call super."""
        return {
            "name": f"{self.name} - {key['label']}",
            "move_id": self.move_id.id,
            "account_id": key["account_id"],
            "tax_ids": [Command.set(key["tax_ids"])],
            "tax_tag_ids": [Command.set(key["tag_ids"])],
            "tax_repartition_line_id": key["repartition_line_id"],
            "group_tax_id": key["group_tax_id"],
            "display_type": "tax" if key["repartition_line_id"] else "product",
            "currency_id": self.currency_id.id,
            "amount_currency": amounts["amount"],
            "balance": amounts["amount_converted"],
        }


class PosOrder(models.Model):
    _inherit = "pos.order"

    def _loyalty_tax_sets(self, program):
        """Return ``{taxes: gross}`` of the lines that points of ``program`` may pay, none negative; as invoices do."""
        self.ensure_one()
        company = self.company_id
        base_lines = self._prepare_tax_base_line_values()
        AccountTax = self.env["account.tax"]
        AccountTax._add_tax_details_in_base_lines(base_lines, company)
        AccountTax._round_base_lines_tax_details(base_lines, company)
        sign = -1 if self.amount_total < 0 else 1
        sets = defaultdict(float)
        for base_line in base_lines:
            line = base_line["record"]
            if line.loyalty_redeem_uuid or line.refunded_orderline_id:
                continue
            if not program._may_pay_for(line.product_id, sign * line.price_subtotal_incl):
                continue
            details = base_line["tax_details"]
            gross = details["total_included_currency"] + details["delta_total_excluded_currency"]
            sets[base_line["tax_ids"]._origin] += sign * gross
        return {taxes: max(0.0, self.currency_id.round(gross)) for taxes, gross in sets.items()}

    def _prepare_points_lines(self):
        """Return what the order's payments by points put into the closing entry, as dicts with a ``balance``."""
        self.ensure_one()
        payments = self.payment_ids.filtered(lambda payment: payment.payment_method_id.type == LOYALTY)
        lines = []
        for method, of_method in payments.grouped("payment_method_id").items():
            paid = self.currency_id.round(sum(p.amount for p in of_method if p.amount > 0))
            back = self.currency_id.round(-sum(p.amount for p in of_method if p.amount < 0))
            if paid:
                lines += self._prepare_redemption_lines(method, paid)
            if back:
                lines += self._prepare_return_lines(method, back)
        return lines

    def _prepare_redemption_lines(self, method, amount):
        """Return the debits of a redemption of ``amount``, shared over the taxes of the order."""
        program = method.loyalty_program_id
        no_partner = self.env["res.partner"]  # the closing entry adds all orders up
        try:
            lines = program._redemption_lines(amount, self, no_partner, method.name)
        except UserError as error:
            # The goods are gone and the session has to close: the cost is booked in full, without tax relief.
            self._report_points(card=self.loyalty_card_id, program=program, note=str(error))
            return [self._points_line(method, amount)]
        return [
            self._points_line(
                method,
                vals["balance"],
                account_id=vals["account_id"],
                tax_ids=_ids_of(vals.get("tax_ids")),
                tag_ids=_ids_of(vals.get("tax_tag_ids")),
                repartition_line_id=vals.get("tax_repartition_line_id") or False,
                group_tax_id=vals.get("group_tax_id") or False,
            )
            for vals in lines
        ]

    def _points_line(self, method, balance, **values):
        return {
            "label": method.name,
            "account_id": method.loyalty_program_id.cost_account_id.id,
            "tax_ids": (),
            "tag_ids": (),
            "repartition_line_id": False,
            "group_tax_id": False,
            "balance": balance,
            **values,
        }

    def _prepare_return_lines(self, method, back):
        """Return the credits of a refund: its part of what the sale had debited, by cumulative rounding (N4).

        Tax lines take refund repartition and tags. The net takes what is left of the money that comes back, so that
        the last refund takes the remainder of each. What was never paid with points comes back without tax.
        """
        program, unit = method.loyalty_program_id, self.currency_id.rounding
        origin = self._origin_of_refund()
        whole = origin._paid_with_points(program).amount
        before = min(whole, self._given_back_before(program))
        part = min(back, whole - before)
        result = []
        if back > part:
            result.append(self._points_line(method, -self.currency_id.round(back - part)))
        if part <= 0:
            return result
        lines = origin._prepare_redemption_lines(method, whole)
        tax_lines = [line for line in lines if line["repartition_line_id"]]
        base_lines = [line for line in lines if not line["repartition_line_id"]]
        weights = [line["balance"] for line in base_lines]
        moments = []
        for moment in (before, before + part):
            taxes = [part_of(line["balance"], moment, whole, unit) for line in tax_lines]
            net = self.currency_id.round(moment - sum(taxes))
            moments.append([*taxes, *split(net, weights, unit)])
        for line, earlier, now in zip([*tax_lines, *base_lines], *moments):
            balance = -self.currency_id.round(now - earlier)
            result.append({**line, **self._mirrored(line), "balance": balance})
        return result

    def _given_back_before(self, program):
        """Return how much of what was paid with points of a program refunds before this one gave back."""
        refunds = self._origin_of_refund().lines.refund_orderline_ids.order_id
        earlier = refunds.filtered(lambda order: order.id < self.id and order.state in ("paid", "done"))
        return -sum(redemption.amount for redemption in earlier._redemptions_of(program, sign=-1))

    def _mirrored(self, line):
        """Return the tax values with which a refund takes a line back."""
        repartition = self.env["account.tax.repartition.line"].browse(line["repartition_line_id"] or [])
        if repartition:
            tax = repartition.tax_id
            position = list(tax.invoice_repartition_line_ids).index(repartition)
            repartition = tax.refund_repartition_line_ids[position]
            tags = repartition.tag_ids
        else:
            taxes = self.env["account.tax"].browse(line["tax_ids"])
            tags = taxes.flatten_taxes_hierarchy().get_tax_tags(True, "base")
        return {"repartition_line_id": repartition.id, "tag_ids": tuple(tags.ids)}

    @api.model
    def _get_invoice_lines_values(self, line_values, pos_line, move_type):
        """On the invoice, too, lines that reduce the price by points are booked on the redemption account."""
        values = super()._get_invoice_lines_values(line_values, pos_line, move_type)
        if account := pos_line._reduction_account():
            values["account_id"] = account.id
        return values


class PosOrderLine(models.Model):
    _inherit = "pos.order.line"

    def _prepare_base_line_for_taxes_computation(self):
        """Lines that reduce the price by points are booked on the redemption account (contra-revenue)."""
        values = super()._prepare_base_line_for_taxes_computation()
        account = self._reduction_account()
        return {**values, "account_id": account} if account else values

    def _reduction_account(self):
        """Return the account of a line that reduces the price by points, or that takes such a line back."""
        self.ensure_one()
        line = self if self.loyalty_redeem_uuid else self.refunded_orderline_id
        program = line.loyalty_card_id.sudo().program_id  # cashiers need not see the program's accounts
        return program.cost_account_id if line.loyalty_redeem_uuid else program.cost_account_id.browse()


def _ids_of(commands):
    """Return the ids of ``[Command.set(ids)]``, sorted."""
    return tuple(sorted(commands[0][2])) if commands else ()
