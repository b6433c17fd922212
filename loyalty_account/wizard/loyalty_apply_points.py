from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools.misc import clean_context

from odoo.addons.loyalty_ledger.tools.today import loyalty_today
from odoo.addons.loyalty_ledger.tools.words import say_points


class LoyaltyApplyPoints(models.TransientModel):
    """The dialog by which points cover an invoice: card, points, money, and what is left (S9, S10, C17-C21)."""

    _name = "loyalty.apply.points"
    _inherit = ["loyalty.values.mixin"]
    _description = "Apply Loyalty Points"

    move_id = fields.Many2one("account.move", "Invoice", required=True, ondelete="cascade")
    move_state = fields.Selection(related="move_id.state")
    company_id = fields.Many2one(related="move_id.company_id")
    partner_id = fields.Many2one(related="move_id.commercial_partner_id", string="Customer")
    card_number = fields.Char("Card Number", help="Scan the card, or type its full number and press Enter.")
    card_id = fields.Many2one(
        "loyalty.card",
        "Card",
        compute="_compute_card_id",
        store=True,
        readonly=False,
        domain="[('ledgered', '=', True), ('program_type', '=', 'loyalty')]",
    )
    card_partner_id = fields.Many2one(related="card_id.partner_id", string="Card Holder")
    program_id = fields.Many2one(related="card_id.program_id")
    currency_id = fields.Many2one(related="company_id.currency_id")
    problem = fields.Char(compute="_compute_problem")
    missing_card = fields.Char(compute="_compute_missing_card")
    can_issue = fields.Boolean(compute="_compute_missing_card")
    notice = fields.Char(compute="_compute_notice")
    accumulated_points = fields.Float("Accumulated", digits=(16, 4), compute="_compute_balances")
    redeemed_points = fields.Float("Redeemed", digits=(16, 4), compute="_compute_balances")
    reserved_points = fields.Float(
        "Reserved", digits=(16, 4), compute="_compute_balances", help="Points reserved for other documents."
    )
    available_points = fields.Float(
        "Available",
        digits=(16, 4),
        compute="_compute_balances",
        help="Points that this invoice can use: those that it reserves itself are included.",
    )
    point_value = fields.Float("Value of One Point", digits=(16, 6), compute="_compute_maximum")
    due_amount = fields.Monetary("Eligible Amount", compute="_compute_maximum")
    maximum_points = fields.Float("Maximum Points", digits=(16, 4), compute="_compute_maximum")
    is_foreign = fields.Boolean(compute="_compute_is_foreign")
    move_currency_id = fields.Many2one(related="move_id.currency_id", string="Currency of the Invoice")
    move_due_amount = fields.Monetary(
        "Invoice Due",
        currency_field="move_currency_id",
        related="move_id.amount_residual",
        help="In the currency of the invoice. Points are valued in the company's currency and converted at today's "
        "rate, or at the rate of the draft if they reduce its price.",
    )
    points = fields.Float(
        "Points",
        digits=(16, 4),
        compute="_compute_points",
        store=True,
        readonly=False,
        help="Whole points to redeem. Changing them changes the amount.",
    )
    amount = fields.Monetary(
        "Amount",
        compute="_compute_points",
        store=True,
        readonly=False,
        help="Amount covered by the points, rounded down to the currency's unit. Changing the amount changes the "
        "points, rounded up to whole points.",
    )
    reserved_here = fields.Float(digits=(16, 4), compute="_compute_balances")

    @api.depends("move_id")
    def _compute_is_foreign(self):
        for wizard in self:
            wizard.is_foreign = wizard.move_id.currency_id != wizard.currency_id

    # --- card ----------------------------------------------------------------------------------------------------

    @api.depends("move_id")
    def _compute_card_id(self):
        for wizard in self:
            wizard.card_id = wizard.move_id._redeeming_card() if wizard.move_id else False

    @api.onchange("card_number")
    def _onchange_card_number(self):
        """A scan picks the card (S9)."""
        if self.card_number:
            self.card_id = self.env["loyalty.card"]._by_number(self.card_number)

    @api.depends("card_id", "card_number", "move_id")
    def _compute_problem(self):
        for wizard in self:
            wizard.problem = False
            if wizard.card_id:
                wizard.problem = wizard.card_id._payment_problem(wizard.company_id)
            elif wizard.card_number:
                wizard.problem = self.env._("No loyalty card has the number %s.", wizard.card_number.strip())

    @api.depends("card_id", "card_number", "move_id")
    def _compute_missing_card(self):
        """Without a card, say what to do: nobody is left before an empty dialog."""
        for wizard in self:
            customer = wizard.move_id.partner_id
            wizard.can_issue = not wizard.card_id and wizard.move_id.loyalty_can_issue_card
            wizard.missing_card = False
            if wizard.card_id or wizard.problem:
                continue
            # The reason is told to who serves the customer, and may not see the card.
            unusable = self.env["loyalty.card"].sudo()._unusable_of(wizard.move_id)
            if not customer:
                wizard.missing_card = self.env._(
                    "This invoice has no customer. Scan or choose the card to redeem from."
                )
            elif unusable:
                wizard.missing_card = self.env._(
                    "%(customer)s has no card that can be used. %(reason)s Scan or choose the card to redeem from.",
                    customer=customer.display_name,
                    reason=unusable._unusable_reason(),
                )
            else:
                wizard.missing_card = self.env._(
                    "%s has no loyalty card. Scan or choose the card to redeem from.", customer.display_name
                )
                if wizard.can_issue:
                    wizard.missing_card += " " + self.env._(
                        "Or issue a card: it has no points yet, but this invoice can earn some."
                    )

    @api.depends("card_id", "move_id", "points")
    def _compute_notice(self):
        """Say at once what Apply would refuse, and whose card it is."""
        for wizard in self:
            notices = []
            card = wizard.card_id.sudo()  # the owner's name, for anybody who presents the card
            if card and not card._belongs_to(wizard.move_id.partner_id):
                notices.append(
                    self.env._(
                        "This card belongs to %(holder)s, the invoice to %(customer)s.",
                        holder=card.partner_id.display_name,
                        customer=wizard.partner_id.name,
                    )
                )
            elif card and not card._is_known_of(wizard.move_id.partner_id):
                notices.append(self.env._("This card has no customer yet; a manager will see that it was used."))
            if wizard.card_id and not wizard.maximum_points:
                notices.append(wizard._nothing_to_redeem())
            elif wizard.points != int(wizard.points):
                notices.append(self.env._("Only whole points can be redeemed."))
            elif wizard.card_id and (problem := wizard._too_few_points()):
                notices.append(problem)
            elif wizard.card_id and wizard.points > wizard.maximum_points:
                notices.append(
                    self.env._(
                        "At most %s points: the card has no more, or no more is due.",
                        say_points(self.env, wizard.maximum_points),
                    )
                )
            if wizard.card_id and (outstanding := wizard.move_id._say_outstanding()):
                notices.append(outstanding)
            wizard.notice = not wizard.problem and " ".join(notices)

    def _nothing_to_redeem(self):
        if int(self.available_points) and not self.move_id._loyalty_payable_lines(self.program_id.sudo()):
            return self.env._(
                "None of the products on this invoice are eligible for points of program %s.",
                self.program_id.sudo().name,
            )
        if self.due_amount and (problem := self._too_few_points(int(self.available_points))):
            return problem
        if int(self.available_points) and self.move_id._say_outstanding():
            return self.env._("No more points can be redeemed on this invoice.")  # the reason follows
        if int(self.available_points):
            return self.env._(
                "No points can be redeemed on this invoice: the amount due is less than the value of one point."
            )
        return self.env._("Card %s has no points that can be redeemed.", self.card_id._say_code())

    def _too_few_points(self, points=None):
        # Users may lack access to the program (another company); the document was checked.
        program = self.card_id.sudo().program_id
        points = self.points if points is None else points
        return program._too_few_points(points, loyalty_today(self.env, self.move_id.company_id))

    # --- balances ------------------------------------------------------------------------------------------------

    @api.depends("card_id", "move_id")
    def _compute_balances(self):
        for wizard in self:
            card, hold = wizard.card_id, wizard.move_id.loyalty_hold_id.sudo()  # the clerk reads cards, not holds
            own = hold.points if hold and hold.card_id == card and hold._is_active() else 0
            wizard.accumulated_points = card.accumulated_points
            wizard.redeemed_points = card.redeemed_points
            wizard.reserved_points = card.reserved_points - own
            wizard.reserved_here = own
            wizard.available_points = card.available_points + own

    @api.depends("card_id", "move_id")
    def _compute_maximum(self):
        for wizard in self:
            # Users may lack access to the program (another company); the document was checked.
            program, today = wizard.card_id.sudo().program_id, loyalty_today(self.env, wizard.move_id.company_id)
            wizard.due_amount = wizard.move_id._loyalty_payable_amount(program) if wizard.move_id else 0
            if not program or wizard.problem:
                wizard.point_value = wizard.maximum_points = 0
                continue
            wizard.point_value = program._point_value_at(today)[0]
            wizard.maximum_points = program._points_within(wizard.due_amount, today, wizard.available_points)

    # --- points and money ----------------------------------------------------------------------------------------

    @api.depends("card_id", "move_id")
    def _compute_points(self):
        """Offer what can be used; on a draft that has points already, these."""
        for wizard in self:
            wizard.points = wizard.reserved_here or wizard.maximum_points
            wizard.amount = wizard._money(wizard.points)

    def _money(self, points):
        # Users may lack access to the program (another company); the document was checked.
        program = self.card_id.sudo().program_id
        return program._points_to_money(points, loyalty_today(self.env, self.move_id.company_id)) if program else 0.0

    @api.onchange("points")
    def _onchange_points(self):
        """Points to money (C19)."""
        self.amount = self._money(self.points)

    @api.onchange("amount")
    def _onchange_amount(self):
        """Money to whole points, and back to what these points cover (C20, C21)."""
        # Users may lack access to the program (another company); the document was checked.
        program = self.card_id.sudo().program_id
        if not program or self.currency_id.compare_amounts(self.amount, self._money(self.points)) == 0:
            return
        self.points = program._points_typed(
            self.amount, self.due_amount, loyalty_today(self.env, self.move_id.company_id)
        )
        self.amount = self._money(self.points)

    # --- buttons -------------------------------------------------------------------------------------------------

    def action_use_maximum(self):
        """Fill in as many points as the card has and the invoice needs."""
        self.ensure_one()
        self.points = self.maximum_points
        self.amount = self._money(self.points)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Apply Loyalty Points"),
            "res_model": self._name,
            "res_id": self.id,
            "views": [(False, "form")],
            "target": "new",
        }

    def action_issue_card(self):
        """Give the customer a card and put it on the invoice, without leaving for another menu."""
        self.ensure_one()
        return self.move_id.with_env(self.env(context=clean_context(self.env.context))).action_issue_loyalty_card()

    def action_apply(self):
        """Redeem the points: reserve them on a draft, book them on a posted invoice (C27)."""
        self.ensure_one()
        if self.card_number and not self.card_id:
            self.card_id = self.env["loyalty.card"]._by_number(self.card_number)
        if self.problem or not self.card_id:
            raise UserError(self.problem or self.env._("Scan or choose a card."))
        if self.points > self.available_points:
            raise UserError(
                self.env._(
                    "Card %(card)s has %(available)s points available, fewer than the %(points)s asked for.",
                    card=self.card_id._say_code(),
                    available=say_points(self.env, self.available_points),
                    points=say_points(self.env, self.points),
                )
            )
        # The dialog's defaults must not become those of the payment.
        move = self.move_id.with_env(self.env(context=clean_context(self.env.context)))
        move._apply_loyalty_points(self.card_id, self.points)
        return {"type": "ir.actions.act_window_close"}

    def action_remove(self):
        """Take the points off the draft: they are available again."""
        self.ensure_one()
        self.move_id.check_access("write")
        if self.move_id.state != "draft":
            raise UserError(
                self.env._(
                    "%s is not a draft: cancel its payment or credit note with points.", self.move_id.display_name
                )
            )
        self.move_id._remove_loyalty_points()
        return {"type": "ir.actions.act_window_close"}
