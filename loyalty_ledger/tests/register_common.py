from odoo.tests import Form, new_test_user

from .common import LedgerCase


class RegisterCase(LedgerCase):
    """The people of the register and the card form."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.user = cls.make_user("loyalty_user", "loyalty_ledger.group_loyalty_user")
        cls.manager = cls.make_user("loyalty_manager", "loyalty_ledger.group_loyalty_manager")
        cls.auditor = cls.make_user("loyalty_auditor", "loyalty_ledger.group_loyalty_auditor")

    @classmethod
    def make_user(cls, login, groups):
        return new_test_user(cls.env, login, groups=groups, context={"no_reset_password": True})

    @classmethod
    def make_levels(cls, program=None):
        """The structure of H15: up to 100, 101 to 500, 501 and more."""
        return cls.env["loyalty.level"].create(
            [
                {"name": name, "min_points": minimum, "program_id": (program or cls.program).id}
                for name, minimum in (("One", 0), ("Two", 101), ("Three", 501))
            ]
        )

    def card_form(self, card=None, user=None):
        """The card form as ``user`` (default the manager) meets it."""
        cards = self.Card.with_user(user or self.manager)
        return Form(cards.browse(card.id) if card else cards, view="loyalty.loyalty_card_view_form")
