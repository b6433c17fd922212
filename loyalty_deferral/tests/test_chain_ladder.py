import json
from pathlib import Path

from odoo.tests import BaseCase, tagged

from ..tools import chain_ladder

GOLDEN = Path(__file__).with_name("golden") / "chain_ladder.json"


@tagged("post_install", "-at_install")
class TestChainLadder(BaseCase):
    """The arithmetic of the estimate."""

    def assertClose(self, found, expected):
        self.assertLessEqual(abs(found - expected), 1e-9 * max(1.0, abs(expected)), (found, expected))

    def test_like_the_package(self):
        """N16: factors and ultimates are those of chainladder 0.10.1 on the purchases of CDNOW and on 50 random triangles,
        with empty and short cohorts (golden/make_chain_ladder.py made the figures)."""
        golden = json.loads(GOLDEN.read_text())
        self.assertEqual((golden["package"], len(golden["cases"])), ("chainladder 0.10.1", 51))
        for case in golden["cases"]:
            triangle = case["triangle"]
            steps, ends = chain_ladder.factors(triangle), chain_ladder.ultimates(triangle)
            self.assertEqual(len(steps), len(case["factors"]))
            for found, expected in zip(steps, case["factors"]):
                self.assertClose(found, 1.0 if expected is None else expected)  # no cohort says anything
            begun = [end for row, end in zip(triangle, ends) if row]
            self.assertEqual(len(begun), len(case["ultimates"]))
            for found, expected in zip(begun, case["ultimates"]):
                self.assertClose(found, 0.0 if expected is None else expected)  # nothing was redeemed yet

    def test_proposals(self):
        """N16: a part of what was issued, at most all of it, never less than was redeemed; a month without redemptions gets
        the rate of the others."""
        triangle = [[100.0, 150.0, 165.0], [110.0, 170.0], [0.0], []]
        found = chain_ladder.proposals(triangle, [500, 180, 300, 200])
        self.assertEqual([round(row.rate, 6) for row in found], [0.33, 1.0, 0.517647, 0.517647])
        self.assertEqual([row.is_borrowed for row in found], [False, False, True, True])
        self.assertTrue(all(row.low <= row.rate <= row.high for row in found))
        self.assertEqual(chain_ladder.proposals([], []), [])
        self.assertEqual(chain_ladder.proposals([[0.0]], [0])[0].rate, 0.0)

    def test_expiry_ends_the_tail(self):
        """N16: from the age at which points expire on, nothing more is expected."""
        triangle = [[100.0, 150.0, 180.0], [100.0, 150.0], [100.0]]
        self.assertEqual(chain_ladder.ultimates(triangle), [180.0, 180.0, 180.0])
        self.assertEqual(chain_ladder.ultimates(triangle, last_age=1), [180.0, 150.0, 150.0])

    def test_back_test(self):
        """N16: what the method would have said two steps ago, of the cohorts that existed then."""
        triangle = [[100.0, 150.0, 165.0, 170.0], [110.0, 170.0, 180.0], [90.0, 140.0], [80.0]]
        self.assertEqual(chain_ladder.truncate(triangle, 2), [[100.0, 150.0], [110.0], [], []])
        self.assertEqual(chain_ladder.back_test(triangle, 2), [(150.0, 170.0), (165.0, 180.0)])
        self.assertEqual(chain_ladder.back_test(triangle, 9), [])
