"""Odoo's wizard that generates cards: who may use it, and what the ledger says about it."""

from collections import Counter, defaultdict

from odoo import models
from odoo.exceptions import AccessError, ValidationError
from odoo.tools import SQL

from ..ledger.rounding import to_units
from ..models.loyalty_card_given import NO_CARDS
from ..tools.source import Source
from ..tools.words import say_points

#: How many cards one click issues at most.
MOST_CARDS = 1_000_000


class LoyaltyGenerateWizard(models.TransientModel):
    _name = "loyalty.generate.wizard"
    _inherit = ["loyalty.values.mixin", "loyalty.generate.wizard"]

    def generate_coupons(self):
        """Issue cards with an entry that says why; anybody who may set programs up may issue balances."""
        self._check_quantity()
        coupons = self.env["loyalty.card"]
        for wizard in self:
            program = wizard.program_id
            if not program.is_ledgered or not wizard.points_granted:
                coupons |= super(LoyaltyGenerateWizard, wizard).generate_coupons()
                continue
            wizard._check_may_generate()
            source = Source(
                document=(program._name, program.id),
                reason=wizard.description or self.env._("Gift For Customer"),
                kind="adjust",
            )
            created = super(LoyaltyGenerateWizard, source.bind(wizard)).generate_coupons()
            coupons |= created.with_env(self.env)
        return coupons

    def _check_quantity(self):
        """Refuse a slip of the finger before it fills the memory of the server, and cards that owe from the beginning."""
        for wizard in self:
            if wizard.program_id.is_ledgered and wizard.points_granted < 0:
                raise ValidationError(
                    self.env._(
                        "Cards start with zero or more points, not %s.", say_points(self.env, wizard.points_granted)
                    )
                )
            chosen = len(wizard._get_partners()) if wizard.mode == "selected" else 0
            quantity = chosen or wizard.coupon_qty  # as Odoo counts
            if quantity > MOST_CARDS:
                raise ValidationError(
                    self.env._(
                        "At most %(most)s cards can be issued in one go, not %(quantity)s. Enter a smaller quantity, and "
                        "issue the rest afterwards; cards that are printed already are imported from a file.",
                        most=f"{MOST_CARDS:,}",
                        quantity=f"{quantity:,}",
                    )
                )

    def _check_may_generate(self):
        """Salespeople and cashiers have this wizard too, and could give themselves points by RPC."""
        program = self.program_id
        if not program.has_access("write"):
            raise AccessError(self.env._("Only users who can set up programs can issue cards with a balance."))
        if self._exceeds_limit():
            raise ValidationError(
                self.env._(
                    "Together with what you granted these customers within 24 hours, this exceeds the "
                    "single-approver limit. Issue the cards without points, then use Adjust Points, which asks "
                    "another manager for approval."
                )
            )

    def _exceeds_limit(self):
        """Return whether these cards need a second person's approval, with what the user gave before (N10).

        Points for several customers count together, also those of cards for nobody that were generated before. Gift
        cards are sold and printed in numbers: those count by customer, and one by one where they have none.
        """
        Card, Company = self.env["loyalty.card"], self.env["res.company"]
        if not Company._has_loyalty_limits():
            return False
        program, units = self.program_id.sudo(), abs(to_units(self.points_granted))
        customers = [partner.commercial_partner_id.id for partner in self._get_partners().sudo()]
        quantity = len(customers) or max(self.coupon_qty, 0)
        if program.program_type != "gift_card":
            earlier = SQL(
                """
                SELECT e.card_id FROM loyalty_ledger_entry e JOIN loyalty_card c ON c.id = e.card_id
                 WHERE e.res_model = %s AND e.res_id = %s AND c.partner_id IS NULL
                """,
                program._name,
                program.id,
            )
            return Card._exceeds_limit({program: units * quantity}, NO_CARDS if customers else earlier, customers)
        Card._lock_giver()
        gifts = {customer: defaultdict(int, {program: units * count}) for customer, count in Counter(customers).items()}
        for customer, __, program_id, given in self.env.execute_query(Card._sql_given(NO_CARDS, set(customers))):
            gifts[customer][program.browse(program_id)] += given
        return Company._exceeds_loyalty_limit({program: units}, *gifts.values())
