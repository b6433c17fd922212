"""Which card an order uses (H2, H18, H25): the chosen one, else the customer's default card."""

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools.sql import column_exists, create_column

from odoo.addons.loyalty_ledger.ledger.usability import EARN

from ..tools.order_event import OrderEvent


class SaleOrder(models.Model):
    _inherit = "sale.order"

    loyalty_card_id = fields.Many2one(
        "loyalty.card",
        "Loyalty Card",
        compute="_compute_loyalty_card_id",
        store=True,
        readonly=False,
        copy=False,
        domain="[('program_id.program_type', '=', 'loyalty'), ('closed', '=', False), ('points_to_id', '=', False), "
        "'|', ('partner_id', '=', False), ('partner_id', 'parent_of', partner_id)]",
        index="btree_not_null",
        ondelete="set null",
        help="Card that this order earns on. Empty: a card is issued when the order earns its first points.",
    )

    loyalty_can_issue_card = fields.Boolean(compute="_compute_loyalty_can_issue_card")
    loyalty_has_card = fields.Boolean(
        compute="_compute_loyalty_can_issue_card", help="The customer has a card that is not on the order."
    )

    def _auto_init(self):
        # Orders of the past keep no card: computing it for all of them would only cost time.
        if not column_exists(self.env.cr, self._table, "loyalty_card_id"):
            create_column(self.env.cr, self._table, "loyalty_card_id", "int4")
        return super()._auto_init()

    @api.depends("partner_id", "company_id")
    def _compute_loyalty_card_id(self):
        drafts = self.filtered(lambda order: order.state not in ("sale", "cancel"))
        # Customers who order online may have no access to cards; only those of the order's customer are searched.
        cards = self.env["loyalty.card"].sudo()._cards_of_documents(drafts)
        for order in self:
            if order not in drafts or order._keeps_chosen_card():
                order.loyalty_card_id = order.loyalty_card_id
            else:
                order.loyalty_card_id = cards[order].sudo(False)

    def _keeps_chosen_card(self):
        """Return whether the card that was chosen is still one for this customer and company."""
        card = self.loyalty_card_id._origin.sudo()  # as above
        return bool(card._only_open().partner_id) and not card._misfit_code(self.partner_id, self.company_id)

    @api.depends("loyalty_card_id", "partner_id", "company_id", "state")
    def _compute_loyalty_can_issue_card(self):
        """Whether the form offers Issue Card: there is no card, and a program would take the customer."""
        for order in self:
            order.loyalty_has_card = bool(order._loyalty_card_missed())
            order.loyalty_can_issue_card = order.loyalty_has_card or bool(order._loyalty_programs_to_join())

    def _loyalty_card_missed(self):
        """Return the customer's usable card where the order has none: it was issued after the order was entered."""
        self.ensure_one()
        # Customers who order online may have no access to cards; this one is the customer's own.
        Card, partner = self.env["loyalty.card"].sudo(), self.partner_id
        if self.loyalty_card_id or self.state == "cancel" or not partner:
            return Card
        return Card._cards_of_documents(self)[self]

    def _loyalty_programs_to_join(self):
        """Return the programs in which the customer of an order without card can be given one; those whose points can
        pay the order come first."""
        self.ensure_one()
        Card = self.env["loyalty.card"]
        if self.loyalty_card_id or self.state == "cancel" or not Card._may_join(self.partner_id):
            return self.env["loyalty.program"]
        programs = Card._programs_to_join(self.company_id).filtered("sale_ok")
        programs -= Card._family_cards(self.partner_id, programs)[self.partner_id].program_id
        return programs.sorted(lambda program: bool(program._redemption_problem(self.company_id)))

    def action_issue_loyalty_card(self):
        """Give the customer a card and put it on the order, in one click (H1); a quotation is calculated with it."""
        self.ensure_one()
        self.check_access("write")
        card = self._loyalty_card_missed().sudo(False)
        programs = self._loyalty_programs_to_join()
        if not card and not programs:
            raise UserError(
                self.env._(
                    "No card can be issued for %s: the order or the customer has a card already, the customer does "
                    "not collect points, or no program is awarding points now.",
                    self.display_name,
                )
            )
        card = card or self.env["loyalty.card"]._issue_to(self.partner_id, programs[0])
        self.loyalty_card_id = card
        if self.state in ("draft", "sent"):
            self._update_programs_and_rewards()
        return card._notify_issued()

    @api.constrains("loyalty_card_id", "partner_id")
    def _check_loyalty_card_id(self):
        """A personal card is its customer's, also when a confirmed order, which keeps its card, gets another customer."""
        for order in self:
            card = order.loyalty_card_id.sudo()  # the customer's card; the name alone is told
            if card and (problem := card._unusable_for(order.partner_id)):
                raise ValidationError(problem)

    def _may_use_card(self, card):
        """Return whether the card may pay and earn on this order: personal cards belong to its customer."""
        return not card._misfit_code(self.partner_id)

    def _earning_card(self, program):
        """Return the card that earns in ``program``, usable or not, or no card when the customer has none."""
        chosen = self.loyalty_card_id
        if chosen.program_id == program and self._may_use_card(chosen):
            return chosen
        return self.env["loyalty.card"]._earning_card(self.partner_id, program)

    def _why_no_earning(self, card):
        """Return why ``card`` earns nothing on this order, or False."""
        card = card.sudo()  # the master of a family card may belong to somebody whom the user cannot see
        if not card.ledgered:
            return False
        if not self._customer_earns(card.program_id):
            return self.env._("%s does not participate in the loyalty program.", self.partner_id.display_name)
        if card.program_type == "loyalty" and (reason := card.program_id._why_no_sale_earns()):
            return reason
        if card.program_type == "loyalty" and card.program_id._excludes_pricelist(self.pricelist_id):
            return self.env._("Pricelist %s earns no points.", self.pricelist_id.name)
        return card._unusable_reason(purpose=EARN)

    def _customer_earns(self, program):
        """Return whether purchases of the customer earn points (C4); prepaid money is no earning."""
        return program.program_type != "loyalty" or self.partner_id._earns_loyalty()

    def _keep_loyalty_cards(self, changes):
        """Bring cards in line with the customer before Odoo's update, which knows only cards of the very contact.

        :return: dict program -> (card, points) of cards to restore after it: those of the commercial partner, and on
            a confirmed order every card that earned on it
        """
        is_open = self.state in ("draft", "sent")
        if is_open:
            foreign = self.applied_coupon_ids.filtered(lambda card: card.ledgered and not self._may_use_card(card))
            if foreign:
                self.applied_coupon_ids -= foreign
        self._apply_commercial_cards()
        given = self.env["sale.order.coupon.points"]
        kept = {}
        for line in self.coupon_point_ids:
            card = line.coupon_id
            if not card.ledgered or not card.program_id.is_nominative:
                continue
            if is_open and not self._keeps_card(card):
                given |= line
            elif card.partner_id and card.partner_id != self.partner_id and not card.partner_id.is_public:
                given |= line
                kept[card.program_id] = (card, line.points)
        if given:
            given.sudo().unlink()  # salespeople may not delete what an order gives; the update itself does
        changes.kept = {program.id: card.id for program, (card, __) in kept.items()}
        return kept

    def _keeps_card(self, card):
        """Return whether what this quotation gives to the card still stands."""
        if card.partner_id.is_public and not self.partner_id.is_public:
            # Odoo hands a visitor's card over to the customer, who may have one already.
            return not self._earning_card(card.program_id)
        chosen = self.loyalty_card_id
        return (
            self._may_use_card(card)
            and (chosen.program_id != card.program_id or chosen == card)
            and not self._why_no_earning(card)
        )

    def _apply_commercial_cards(self):
        """Let a contact spend from the cards of its company, as Odoo does for the cards of its own."""
        company_partner = self.partner_id.commercial_partner_id
        if company_partner == self.partner_id or not self._allow_nominative_programs():
            return
        cards = self.env["loyalty.card"].search(
            [
                ("id", "not in", self.applied_coupon_ids.ids),
                ("partner_id", "=", company_partner.id),
                ("ledgered", "=", True),
                ("points", ">", 0),
                ("program_id.program_type", "in", ("loyalty", "ewallet")),
                ("program_id.applies_on", "!=", "current"),
            ]
        )
        cards = cards.filtered(lambda card: card._spendable_points() > 0)
        if cards:
            self.applied_coupon_ids += cards

    def _restore_loyalty_cards(self, kept):
        """Give the cards set aside by :meth:`_keep_loyalty_cards` what the updated order gives them."""
        programs = self.env["loyalty.program"].browse([program.id for program in kept])
        if not programs:
            return
        status = self._program_check_compute_points(programs.filtered_domain(self._get_program_domain()))
        commands = []
        for program, (card, points) in kept.items():
            result = status.get(program, {"error": True})
            if "error" not in result:
                points = result["points"][0]
            elif self.state != "sale":
                continue
            commands.append((0, 0, {"coupon_id": card.id, "points": points}))
        if commands:
            self.sudo().with_context(tracking_disable=True).write({"coupon_point_ids": commands})

    def __try_apply_program(self, program, coupon, status):
        """Replace Odoo's choice of any card of the contact (name mangled like its own, so that it is called)."""
        if coupon or not (program.is_ledgered and program.is_nominative):
            return super().__try_apply_program(program, coupon, status)
        event = OrderEvent.of(self.env)
        changes = event.changes_of(self) if event is not None else None
        if changes is not None and program.id in changes.kept:
            return {"error": self.env._("This program is already applied to this order.")}
        if not self._customer_earns(program):
            return {
                "error": self.env._("%s does not participate in the loyalty program.", self.partner_id.display_name)
            }
        card = self._earning_card(program)
        if not card:
            self.env["loyalty.card"]._lock_customer(self.partner_id)  # Odoo issues one
            result = super().__try_apply_program(program, coupon, status)
            issued = result.get("coupon")
            if issued and program.program_type == "loyalty" and not self.loyalty_card_id:
                self.loyalty_card_id = issued[:1]
            return result
        reason = self._why_no_earning(card)
        if reason:
            if event is not None and event.stack[0] is None and any(status["points"]):
                event.skipped.setdefault(self.id, []).append(self.env._("No points earned. %s", reason))
            return {"error": reason}
        return super().__try_apply_program(program, card, status)
