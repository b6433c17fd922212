"""What points do to an invoice: its fields, and the moments at which they are settled.

`account_move_redemption_apply.py` reserves and books them, `..._credit.py` says when credit notes give them back and
`..._return.py` how much, `..._reduction.py` holds points that lower the price, and `..._lock.py` and `..._items.py` keep what
was done.
"""

from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from odoo.addons.loyalty_ledger.ledger.rounding import as_points, part_of

#: What only code of the server writes on documents.
SERVER_FIELDS = frozenset(
    (
        "loyalty_hold_id",
        "loyalty_redeem_card_id",
        "loyalty_redeem_points",
        "loyalty_redeem_amount",
        "loyalty_redeem_origin_id",
        "loyalty_redeem_note_id",
        "loyalty_program_id",
        "loyalty_items",
        "loyalty_sets",
    )
)


class AccountMove(models.Model):
    _name = "account.move"
    _inherit = ["loyalty.server.fields.mixin", "account.move", "loyalty.redemption.mixin"]
    loyalty_hold_id = fields.Many2one(
        "loyalty.hold",
        "Points to Redeem",
        copy=False,
        readonly=True,
        ondelete="restrict",
        index="btree_not_null",
        help="Points that are redeemed when this draft is confirmed.",
    )
    loyalty_points_reserved = fields.Float(
        "Reserved Points",
        digits=(16, 4),
        compute="_compute_loyalty_points_reserved",
        compute_sudo=True,
        help="Points reserved on the card until the draft is confirmed, cancelled or deleted, at most 7 days.",
    )
    loyalty_amount_reserved = fields.Monetary(
        "Amount Covered by Points",
        compute="_compute_loyalty_points_reserved",
        compute_sudo=True,
        currency_field="company_currency_id",
        help="Amount covered by the reserved points when the draft is confirmed.",
    )
    loyalty_points_redeemed = fields.Float(
        "Redeemed Points",
        digits=(16, 4),
        compute="_compute_loyalty_points_redeemed",
        compute_sudo=True,
        help="Points redeemed on this document. On a credit note: points that it returned.",
    )
    loyalty_amount_redeemed = fields.Monetary(
        "Paid with Points",
        compute="_compute_loyalty_points_redeemed",
        compute_sudo=True,
        help="Amount covered by these points, in the currency of the document.",
    )
    can_apply_loyalty_points = fields.Boolean(compute="_compute_can_apply_loyalty_points", compute_sudo=True)
    # What the document itself redeems in mode price reduction; payments with points carry their own.
    loyalty_redeem_card_id = fields.Many2one(
        "loyalty.card", "Card of Redeemed Points", copy=False, readonly=True, ondelete="restrict"
    )
    loyalty_redeem_points = fields.Float("Points in the Price", digits=(16, 4), copy=False, readonly=True)
    loyalty_redeem_amount = fields.Monetary("Price Reduction by Points", copy=False, readonly=True)
    loyalty_redeem_origin_id = fields.Many2one(
        "account.move", "Gives Back Points Of", copy=False, readonly=True, index="btree_not_null"
    )
    loyalty_redeem_note_id = fields.Many2one(
        "account.move",
        "Gives Back Points For",
        copy=False,
        readonly=True,
        index="btree_not_null",
        help="Credit note for which this entry undoes a price reduction by points.",
    )
    loyalty_redeem_return_ids = fields.One2many("account.move", "loyalty_redeem_origin_id", "Points Given Back By")

    # --- what the form shows -------------------------------------------------------------------------------------

    @api.depends("loyalty_hold_id.state", "loyalty_hold_id.expires_at")
    def _compute_loyalty_points_reserved(self):
        for move in self:
            hold = move.loyalty_hold_id
            active = hold and hold._is_active()
            move.loyalty_points_reserved = hold.points if active else 0
            move.loyalty_amount_reserved = hold.amount if active else 0

    @api.depends("line_ids.amount_residual", "state", "loyalty_redeem_points", "payment_state")
    def _compute_loyalty_points_redeemed(self):
        for move in self:
            points = amount = 0
            if move.is_sale_document(include_receipts=True):
                for payment, matched in move._loyalty_payments().items():
                    points += part_of(payment.loyalty_points, matched["paid"], payment.amount, 0.0001)
                    amount += matched["amount"]
                for entry in move._loyalty_reduction_returns():
                    points += entry.loyalty_redeem_points
                    amount += abs(sum(entry._loyalty_receivable().mapped("amount_currency")))
                reductions = move | move._loyalty_reductions()
                for document in reductions.filtered(lambda move: move.state == "posted"):
                    points += document.loyalty_redeem_points
                    amount += document.loyalty_redeem_amount
            move.loyalty_points_redeemed = as_points(points)
            move.loyalty_amount_redeemed = amount

    @api.depends("state", "move_type", "payment_state")
    def _compute_can_apply_loyalty_points(self):
        """The button shows where a program of the company has points to redeem (M3) and something is due."""
        programs = self.env["loyalty.program"].search(
            [("program_type", "=", "loyalty"), ("accounting_policy", "!=", "none"), ("loyalty_journal_id", "!=", False)]
        )
        for move in self:
            move.can_apply_loyalty_points = (
                move.move_type in ("out_invoice", "out_receipt")
                and move.state in ("draft", "posted")
                and not (move.state == "posted" and move.payment_state not in ("not_paid", "partial"))
                and (
                    bool(
                        move.loyalty_hold_id and move.state == "draft"
                    )  # whatever became of its program: to take them off
                    or any(not program._redemption_problem(move.company_id) for program in programs)
                )
            )

    def _loyalty_payments(self):
        """Return ``{payment with points: matched}`` of the reconciled ones, ``matched`` a dict with ``paid``, what of
        the payment's own amount was used, in its currency, and ``amount``, what that is in the currency of this document.
        """
        self.ensure_one()
        matched = defaultdict(lambda: {"paid": 0, "amount": 0})
        lines = self.line_ids.filtered(lambda line: line.account_type in ("asset_receivable", "liability_payable"))
        for partials, mine, other in (
            (lines.matched_debit_ids, "credit", "debit"),
            (lines.matched_credit_ids, "debit", "credit"),
        ):
            for partial in partials:
                line = partial[f"{other}_move_id"]
                payment = line.move_id.origin_payment_id
                if not payment.loyalty_card_id:
                    continue
                # The match itself is at the rate of the document; what the payment's own rate differs by is matched
                # with the exchange entry.
                exchange = partial.exchange_move_id
                others = line[f"matched_{mine}_ids"].filtered(
                    lambda row: row[f"{mine}_move_id"].move_id == exchange  # noqa: B023 used at once
                )
                used = sum((partial | (others if exchange else others.browse())).mapped(f"{other}_amount_currency"))
                whole = abs(line.amount_currency)
                matched[payment]["paid"] += payment.amount * used / whole if whole else 0.0
                matched[payment]["amount"] += partial[f"{mine}_amount_currency"]
        for payment, amounts in matched.items():
            amounts["paid"] = payment.currency_id.round(amounts["paid"])
        return dict(matched)

    def _loyalty_receivable(self):
        """Return the journal items of what the customer owes or gets."""
        return self.line_ids.filtered(lambda line: line.account_id.account_type == "asset_receivable")

    def _loyalty_reductions(self):
        """Return the credit notes by which points lowered the price of this posted invoice."""
        return self.reversal_move_ids.filtered(
            lambda move: move.loyalty_redeem_points and not move.loyalty_redeem_origin_id
        )

    def _redeeming_card(self):
        """Return the card that a redemption on this document begins with, or no card.

        The one that reserves points for it; its own, or where that one cannot redeem, another one of the customer's that
        can. An invoice from before the card was issued names none.
        """
        self.ensure_one()
        # Clerks read cards, not reservations.
        if reserving := self.loyalty_hold_id.sudo().card_id:
            return reserving.sudo(self.env.su)
        own = self.loyalty_card_id
        if own and not own._payment_problem(self.company_id):
            return own
        other = self.env["loyalty.card"]._cards_of_documents(self).get(self)
        return other if other and (not own or not other._payment_problem(self.company_id)) else own

    # --- actions -------------------------------------------------------------------------------------------------

    def action_apply_loyalty_points(self):
        """Open the dialog to redeem points on this invoice (S9, S10, C17)."""
        self.ensure_one()
        self.check_access("write")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Apply Loyalty Points"),
            "res_model": "loyalty.apply.points",
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_move_id": self.id},
        }

    def action_view_loyalty_transactions(self):
        """Show what this document did to points."""
        self.ensure_one()
        payments = self._loyalty_payments() if self.is_sale_document(include_receipts=True) else {}
        moves = self | self._loyalty_reductions()
        action = self.env["ir.actions.act_window"]._for_xml_id("loyalty_ledger.loyalty_ledger_entry_action")
        action["domain"] = [
            "|",
            "&",
            ("res_model", "=", "account.move"),
            ("res_id", "in", moves.ids),
            "&",
            ("res_model", "=", "account.payment"),
            ("res_id", "in", [payment.id for payment in payments]),
        ]
        action["context"] = {}
        action["display_name"] = self.env._("Points of %s", self.display_name)
        return action

    # --- posting and undoing -------------------------------------------------------------------------------------

    def _post(self, soft=True):
        """Settle reservations in the transaction that posts the invoice (N6)."""
        earlier = self.browse()
        for note in self.filtered(lambda move: move.move_type == "out_refund"):
            note._complete_credit_note(earlier)
            earlier += note
        posted = super()._post(soft)
        posted._return_points_of_linked()
        for move in posted.filtered("loyalty_hold_id"):
            move._settle_loyalty_hold()
        return posted

    def write(self, vals):
        """Points follow the journal entry into and out of the books (S11)."""
        self._check_origin_payment(vals)
        if "move_type" in vals and self.filtered(
            lambda move: move.move_type != vals["move_type"] and (move.loyalty_hold_id or move.loyalty_redeem_points)
        ):
            raise UserError(self.env._("Points are redeemed on this document. Remove them first."))
        result = super().write(vals)
        if "state" not in vals:
            return result
        self._check_reversal_stays()
        payments = (self.origin_payment_id | self.reversed_entry_id.origin_payment_id).filtered("loyalty_card_id")
        documents = (self | self.reversed_entry_id).filtered("loyalty_redeem_points")
        if payments:
            payments._check_loyalty_entry(self)
            payments._settle_points()
        self._check_loyalty_items()
        self._check_reduction_lines()
        if documents:
            documents._settle_points()
            documents._reserve_again(self)
        return result

    @api.model
    def _server_fields(self):
        """What a document redeems is decided by Apply Loyalty Points, never by writing fields."""
        return super()._server_fields() | SERVER_FIELDS

    @api.model
    def _say_server_fields(self, names):
        return self.env._("Use Apply Loyalty Points to redeem points on a document.")

    def _check_origin_payment(self, vals):
        """An entry that carries points stays with its payment."""
        if self.env.su or "origin_payment_id" not in vals:
            return
        if any(
            payment.loyalty_card_id and payment.id != vals["origin_payment_id"] for payment in self.origin_payment_id
        ):
            raise AccessError(self.env._("This entry carries loyalty points and stays with its payment."))

    # --- the document as a redemption ----------------------------------------------------------------------------

    def _redemption_terms(self):
        self.ensure_one()
        origin = self.loyalty_redeem_origin_id
        if origin and self.move_type == "out_refund" and not self.reversed_entry_id:
            origin |= self._reduced_sale()[0].filtered("loyalty_redeem_points")
        return {
            "card": self.loyalty_redeem_card_id,
            "points": self.loyalty_redeem_points,
            "amount": self.loyalty_redeem_amount,
            "move": self,
            "origin": origin,
            "hold": self.loyalty_hold_id,
        }

    def _redemption_returns(self):
        return self.loyalty_redeem_return_ids
