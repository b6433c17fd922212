"""Points on invoices: reserved by drafts, settled at posting, given back by credit notes."""

from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from odoo.addons.loyalty_ledger.tools.today import loyalty_today
from odoo.addons.loyalty_ledger.tools.trusted import trusted_defaults
from odoo.addons.loyalty_ledger.tools.words import say_points

from ..books.vat_split import part_of
from .account_payment import HOLD_TIME

#: What only code of the server writes on documents.
SERVER_FIELDS = (
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


class AccountMove(models.Model):
    _name = "account.move"
    _inherit = ["account.move", "loyalty.redemption.mixin"]

    loyalty_hold_id = fields.Many2one(
        "loyalty.hold",
        "Points to Redeem",
        copy=False,
        readonly=True,
        ondelete="restrict",
        index="btree_not_null",
        help="Points that pay this draft when it is confirmed.",
    )
    loyalty_points_reserved = fields.Float(
        "Reserved Points",
        digits=(16, 4),
        compute="_compute_loyalty_points_reserved",
        compute_sudo=True,
        help="Points set aside on the card until the draft is confirmed, cancelled or deleted, at most 7 days.",
    )
    loyalty_amount_reserved = fields.Monetary(
        "Amount Covered by Points",
        compute="_compute_loyalty_points_reserved",
        compute_sudo=True,
        currency_field="company_currency_id",
        help="What the reserved points pay when the draft is confirmed.",
    )
    loyalty_points_redeemed = fields.Float(
        "Redeemed Points",
        digits=(16, 4),
        compute="_compute_loyalty_points_redeemed",
        compute_sudo=True,
        help="Points that pay this document. On a credit note: points that it gave back.",
    )
    loyalty_amount_redeemed = fields.Monetary(
        "Paid with Points",
        compute="_compute_loyalty_points_redeemed",
        compute_sudo=True,
        help="What these points pay, in the currency of the document.",
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

    @api.model
    def default_get(self, fields):
        """What a document redeems is the server's, also where a default from a context would say it."""
        return trusted_defaults(self, fields, SERVER_FIELDS, super().default_get)

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
            move.loyalty_points_redeemed = round(points, 4)
            move.loyalty_amount_redeemed = amount

    @api.depends("state", "move_type", "payment_state")
    def _compute_can_apply_loyalty_points(self):
        """The button shows where a program of the company lets points pay (M3) and something is due."""
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

    def _compute_payments_widget_reconciled_info(self):
        """Say which payments were points, and how many (on the form, the portal and the printed invoice)."""
        super()._compute_payments_widget_reconciled_info()
        for move in self:
            content = (move.invoice_payments_widget or {}).get("content", [])
            # Odoo shows these payments to whoever reads the invoice, on the portal too; so the points.
            payments = self.env["account.payment"].browse([row["account_payment_id"] for row in content]).sudo()
            reductions = self.browse([row["move_id"] for row in content]).sudo()
            for row in content:
                payment = payments.filtered(lambda payment: payment.id == row["account_payment_id"])  # noqa: B023
                reduction = reductions.filtered(lambda move: move.id == row["move_id"])  # noqa: B023
                points = payment.loyalty_points if payment.loyalty_card_id else reduction.loyalty_redeem_points
                if points:
                    row["loyalty_points"] = say_points(self.env, points)
                    card = payment.loyalty_card_id or reduction.loyalty_redeem_card_id
                    row["loyalty_label"] = self.env._("with %s", card._say_points(points))

    def _loyalty_statement(self):
        """Return what the printed document says about points: each card by its last digits, never the whole number.

        Somebody else's card, which the customer presented, is neither identified nor is it told what it earned: that is
        between the shop and the card's holder. No balance is printed at all, a print may lie about for years.
        """
        self.ensure_one()
        document = self.sudo()  # the document is printed for the customer, whatever its reader may see
        redeemed = document._loyalty_redeemed_by_card()
        earned = document.loyalty_points_earned if "loyalty_points_earned" in self._fields else 0
        lines = []
        for card in self.env["loyalty.card"].sudo().union(*redeemed) | document.loyalty_card_id:
            own = card._belongs_to(document.partner_id)
            facts = []
            points, amount = redeemed.get(card, (0, 0))
            if points and self.move_type == "out_refund":
                facts.append(self.env._("Given back: %s", card._say_points(points)))
            elif points:
                facts.append(
                    self.env._(
                        "Redeemed: %(points)s, worth %(amount)s",
                        points=card._say_points(points),
                        amount=self.currency_id.format(amount),
                    )
                )
            if earned and own and card == document.loyalty_card_id:
                facts.append(self.env._("Earned: %s", card._say_points(earned)))
            if facts:
                whose = self.env._("Loyalty card ending in %s", card.code[-4:])
                lines += [whose if own else self.env._("Loyalty card of another customer"), *facts]
        return lines

    def _loyalty_redeemed_by_card(self):
        """Return ``{card: (points, amount)}`` of what this document redeems or gives back; a card alone has all of it."""
        self.ensure_one()
        if not self.loyalty_points_redeemed:
            return {}
        by_card = defaultdict(lambda: [0.0, 0.0])
        for payment, matched in self._loyalty_payments().items():
            by_card[payment.loyalty_card_id][0] += part_of(
                payment.loyalty_points, matched["paid"], payment.amount, 0.0001
            )
            by_card[payment.loyalty_card_id][1] += matched["amount"]
        others = self.loyalty_redeem_card_id or self._loyalty_reductions().loyalty_redeem_card_id[:1]
        points = round(self.loyalty_points_redeemed - sum(points for points, __ in by_card.values()), 4)
        if points and (others or not by_card):  # what lowered the price
            by_card[others or self.loyalty_card_id][0] += points
            by_card[others or self.loyalty_card_id][1] += self.loyalty_amount_redeemed - sum(
                amount for __, amount in by_card.values()
            )
        return {card: (round(points, 4), amount) for card, (points, amount) in by_card.items() if card}

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

    # --- actions -------------------------------------------------------------------------------------------------

    def action_apply_loyalty_points(self):
        """Open the dialog that lets points pay this invoice (S9, S10, C17)."""
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

    def _apply_loyalty_points(self, card, points):
        """Let ``points`` of ``card`` pay this invoice: reserve them on a draft, book them on a posted one.

        :return: the payment, or the credit note in mode price reduction, or no record for a draft
        """
        self.ensure_one()
        self.check_access("write")
        card = card.sudo()  # whoever may edit the invoice may let a presented card pay; its rules are checked here
        self._check_can_pay(card, points)
        program = card.program_id
        amount = program._points_to_money(points, loyalty_today(self.env, self.company_id))
        if self.state == "draft":
            self._remove_loyalty_points()
            self._check_payable(amount, program)
            if program.vat_mode == "price_reduction":
                self._add_reduction_lines(card, points, amount)
            elif program.vat_mode == "input_tax":
                program._map_tax_sets(self._loyalty_tax_sets(program))
            self._reserve_points(card, points, amount)
            return self.env["account.payment"]
        self._check_payable(amount, program)
        if program.vat_mode == "price_reduction":
            return self._reduce_posted_price(card, points, amount)
        payment = self.env["account.payment"].create(self._prepare_loyalty_payment_vals(card, points, amount))
        payment._confirm_for_move()
        return payment

    def _check_can_pay(self, card, points, hold=None):
        if not card:
            raise UserError(self.env._("Choose a card."))
        if problem := card._payment_problem(self.company_id, hold):
            raise UserError(problem)
        if points <= 0 or points != int(points):
            raise UserError(self.env._("Enter a whole number of points, not %s.", say_points(self.env, points)))
        today = loyalty_today(self.env, self.company_id)
        if not hold and (problem := card.program_id._too_few_points(points, today)):
            raise UserError(problem)

    def _check_payable(self, amount, program):
        due = self._loyalty_payable_amount(program)
        if self.company_currency_id.compare_amounts(amount, due) > 0:
            raise UserError(
                self.env._(
                    "Points can cover %(due)s of %(invoice)s, not %(amount)s. Apply fewer points.",
                    due=self.company_currency_id.format(due),
                    invoice=self.display_name,
                    amount=self.company_currency_id.format(amount),
                )
            )

    def _reserve_points(self, card, points, amount):
        key = f"account.move:{self.id}:{card.id}:{card.ledger_revision}"
        hold = card._hold(points, key, ("account.move", self.id), HOLD_TIME)
        hold._freeze(amount, self.company_currency_id)
        self.sudo().loyalty_hold_id = hold  # access to the invoice was checked; reservations have no write access
        self.message_post(
            body=self.env._(
                "%(points)s loyalty points of card %(card)s are reserved for %(amount)s.",
                points=say_points(self.env, points),
                card=card.code,
                amount=self.company_currency_id.format(amount),
            )
        )

    def _remove_loyalty_points(self):
        """Give up the reservation of a draft, with the lines that it made."""
        for move in self.filtered(lambda move: move.loyalty_hold_id or move.loyalty_redeem_points):
            hold = move.sudo().loyalty_hold_id  # reservations have no write access
            # Callers may edit the draft; these fields are the server's.
            move.sudo().write(
                {
                    "loyalty_hold_id": False,
                    "loyalty_redeem_card_id": False,
                    "loyalty_redeem_points": 0,
                    "loyalty_redeem_amount": 0,
                }
            )
            hold._release()
            lines = move.line_ids.filtered("is_loyalty_reduction")
            if lines and move.state == "draft":
                move.write({"invoice_line_ids": [fields.Command.delete(line.id) for line in lines]})

    def _prepare_loyalty_payment_vals(self, card, points, amount):
        """Values of the payment with points for this invoice."""
        program = card.program_id
        receivable = self.line_ids.filtered(lambda line: line.display_type == "payment_term").account_id[:1]
        return {
            "payment_type": "inbound",
            "partner_type": "customer",
            "partner_id": self.commercial_partner_id.id,
            "company_id": self.company_id.id,
            "journal_id": program.loyalty_journal_id.id,
            "payment_method_line_id": program._loyalty_method_line("inbound").id,
            "currency_id": self.company_currency_id.id,
            "amount": amount,
            "date": loyalty_today(self.env, self.company_id),
            "memo": self.payment_reference or self.name,
            "destination_account_id": receivable.id,
            "loyalty_card_id": card.id,
            "loyalty_points": points,
            "loyalty_move_id": self.id,
            "loyalty_hold_id": self.loyalty_hold_id.id,
            "write_off_line_vals": [],  # makes the journal entry at once: no draft, no reservation
        }

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

    def _settle_loyalty_hold(self):
        """Turn the reservation of a draft into a redemption, for the money it was made for."""
        hold = self.sudo().loyalty_hold_id  # reservations are read here only
        if self.loyalty_redeem_points:  # the lines are part of the invoice, its posting redeemed them
            self._freeze_loyalty_sets(hold.program_id, self)
            self.message_post(
                body=self.env._(
                    "%(points)s loyalty points of card %(card)s lowered the price by %(amount)s.",
                    points=say_points(self.env, self.loyalty_redeem_points),
                    card=hold.card_id.code,
                    amount=self.currency_id.format(self.loyalty_redeem_amount),
                )
            )
            return
        self._check_can_pay(hold.card_id, hold.points, hold)
        self._check_payable(hold.amount, hold.program_id)
        payment = self.env["account.payment"].create(
            self._prepare_loyalty_payment_vals(hold.card_id, hold.points, hold.amount)
        )
        self.sudo().loyalty_hold_id = False  # posting was allowed; the field is the server's
        payment._confirm_for_move()

    def write(self, vals):
        """Points follow the journal entry into and out of the books (S11)."""
        self._check_loyalty_vals(vals)
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

    def _loyalty_reversals(self):
        """Return the posted entries that reverse this one; credit notes are none."""
        return self.sudo().reversal_move_ids.filtered(
            lambda entry: entry.state == "posted" and entry.move_type == "entry"
        )

    def _check_reversal_stays(self):
        """The reversal of an entry that carries points is final: the points went with it."""
        for move in self.filtered(lambda move: move.state == "posted"):
            first = move.reversed_entry_id.reversed_entry_id
            if first.loyalty_items or first.origin_payment_id.loyalty_card_id:
                raise UserError(
                    self.env._(
                        "%(entry)s undid what %(first)s did to points and cannot be reversed. Apply points again, or "
                        "credit the invoice again.",
                        entry=move.reversed_entry_id.display_name,
                        first=first.display_name,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_loyalty_vals(vals)
        return super().create(vals_list)

    def _check_loyalty_vals(self, vals):
        """What a document redeems is decided by Apply Loyalty Points, never by who writes fields."""
        if self.env.su:
            return
        if any(vals[name] or any(move[name] for move in self) for name in SERVER_FIELDS if name in vals):
            raise AccessError(self.env._("Use Apply Loyalty Points to redeem points on a document."))
        if "origin_payment_id" in vals and any(
            payment.loyalty_card_id and payment.id != vals["origin_payment_id"] for payment in self.origin_payment_id
        ):
            raise AccessError(self.env._("This entry carries loyalty points and stays with its payment."))

    def _reserve_again(self, changed):
        """A draft that was posted keeps its points reserved; a cancelled one gives them up."""
        for move in self & changed:
            hold = move.sudo().loyalty_hold_id  # read only: the one that was used says what the points pay
            if move.move_type not in ("out_invoice", "out_receipt") or not hold:
                continue
            if move.state == "draft" and not move.loyalty_points_reserved:
                move._reserve_points(hold.card_id, hold.points, hold.amount)

    def button_draft(self):
        """A credit note that is a draft again gives nothing back; posting it decides anew, by its lines."""
        notes = self.filtered(lambda move: move.move_type == "out_refund")
        payments = notes._only_loyalty_payments()
        result = super().button_draft()
        # Odoo keeps matches of drafts, and the invoice would stay paid by points that are on the card again.
        self.filtered(
            lambda move: move.loyalty_items or move in notes and move._is_reduction()
        ).line_ids.remove_move_reconcile()
        payments._undo_loyalty()
        notes._undo_reductions()
        for move in self - notes:
            lines = move.line_ids.filtered("is_loyalty_reduction")
            if lines and move.state == "draft" and not move.loyalty_redeem_points:  # it was cancelled and gave them up
                move.write({"invoice_line_ids": [fields.Command.delete(line.id) for line in lines]})
        return result

    def button_cancel(self):
        """The sale does not take place: points that paid it go back."""
        payments = self._only_loyalty_payments()
        result = super().button_cancel()
        self._remove_loyalty_points()
        payments._undo_loyalty()
        self._undo_reductions()
        return result

    def unlink(self):
        payments = self._only_loyalty_payments()
        self._undo_reductions()
        for move in self:
            if move.loyalty_hold_id:
                move.sudo().loyalty_hold_id._release()  # reservations have no write access
        result = super().unlink()
        payments._undo_loyalty()
        return result

    def _only_loyalty_payments(self):
        """Return payments with points that were made for these documents and do nothing else now."""
        documents = self.filtered(lambda move: move.move_type in ("out_invoice", "out_receipt", "out_refund"))
        if not documents:
            return self.env["account.payment"]
        payments = self.env["account.payment"].search(
            [("loyalty_move_id", "in", documents.ids), ("state", "in", ("in_process", "paid"))]
        )
        return payments.filtered(
            lambda payment: payment.loyalty_origin_id or payment.reconciled_invoice_ids <= payment.loyalty_move_id
        )

    # --- credit notes --------------------------------------------------------------------------------------------

    def _reconcile_reversed_moves(self, reverse_moves, move_reverse_cancel):
        """Credit notes give points back before they are matched with what is open of the invoice."""
        if not move_reverse_cancel:
            for number, credit_note in enumerate(reverse_moves, 1):
                invoice = credit_note.reversed_entry_id
                credit_note._return_loyalty_points(invoice, invoice._loyalty_sources(), reverse_moves[number:])
        return super()._reconcile_reversed_moves(reverse_moves, move_reverse_cancel)

    def _reverse_moves(self, default_values_list=None, cancel=False):
        """A credit note that cancels the invoice unmatches its payments first: remember which were points.

        What cancels a credit note takes the points again that it gave back, as if it had never been. Reversed otherwise,
        its points stay on the card, and the new invoice is paid like any other.
        """
        for note in self.filtered(lambda move: move.move_type == "out_refund" and move._is_reduction()):
            raise UserError(
                self.env._(
                    "%s lowers a price by points. To give the points back, credit the invoice, or reset the credit note to "
                    "draft and cancel it.",
                    note.display_name,
                )
            )
        sources = {move: move._loyalty_sources() for move in self} if cancel else {}
        if cancel:
            notes = self.filtered(lambda move: move.move_type == "out_refund")
            notes._only_loyalty_payments()._undo_loyalty()
            notes._undo_returns()
        result = super()._reverse_moves(default_values_list=default_values_list, cancel=cancel)
        for number, credit_note in enumerate(result if cancel else (), 1):
            invoice = credit_note.reversed_entry_id
            credit_note._return_loyalty_points(invoice, sources.get(invoice), result[number:])
        return result

    def _return_points_of_linked(self):
        """Give points back for credit notes that no reversal links with their invoices: Odoo matches none of those."""
        notes = self.filtered(lambda move: move.move_type == "out_refund" and not move.reversed_entry_id)
        later = notes
        for note, parents in notes._loyalty_returned().items() if notes else ():
            later -= note
            for invoice in parents:
                note._return_loyalty_points(invoice, invoice._loyalty_sources(), later)

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
