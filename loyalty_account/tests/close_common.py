from .books_common import BooksCase
from .proof_common import ProofVerbs


class CloseCase(ProofVerbs, BooksCase):
    """Today is 15 March 2026; February is closed. A point is 0.10 with 15 % VAT expected: 0.086957 on the books."""

    def make_close(self, user=None, **values):
        return self.env["loyalty.close"].with_user(user or self.accountant).create(values)

    def february(self):
        """Points of February: 1,000 earned, 300 redeemed, 100 expired; 50 earned in March."""
        self.earn(900, day="2026-02-03")
        self.earn(100, day="2026-01-10", expiration_date="2026-02-20")
        self.redeem(300, day="2026-02-10")
        self.earn(50, day="2026-03-02")

    def steps(self, close, *names):
        return [tuple(step[name] for name in names) for step in close.step_ids]
