from odoo.tests import tagged

from .test_session_closing import ClosingCase


@tagged("post_install", "-at_install")
class TestTillProof(ClosingCase):
    policy = "accrual"

    def test_open_session_is_explained(self):
        """N1: value that waits for the closing of a session is listed as such, and gone once it is closed."""
        card = self.make_card()
        card._post_entries(
            [{"card_id": card.id, "kind": "earn", "points": 100, "key": "proof", "effective_date": "2026-03-01"}]
        )
        self.env["loyalty.accrual.run"].create({"program_id": self.program.id, "date_to": "2026-03-02"}).action_post()
        self.sell(
            [self.taxed(100, 15)],
            self.ann,
            payments=[self.pay(65.0, self.cash_method), self.pay_points(50, card, uuid="proof")],
        )
        proof = self.program._loyalty_proof()
        problems = [item["problem"] for item in proof["completeness"]["items"]]
        self.assertEqual(proof["residual"], 0.0, proof)
        self.assertTrue([problem for problem in problems if "open sessions" in problem], problems)
        self.close()
        proof = self.program._loyalty_proof()
        self.assertEqual(proof["residual"], 0.0, proof)
        problems = [item["problem"] for item in proof["completeness"]["items"]]
        self.assertFalse([problem for problem in problems if "open sessions" in problem], problems)
