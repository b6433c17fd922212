"""Balances that are imported by several people at the same moment: real connections, nothing rolled back."""

import base64
from functools import partial

from crowd import CrowdCase

from odoo.tests import tagged


@tagged("post_install", "-at_install")
class TestImportConcurrency(CrowdCase):
    def upload(self, content, **values):
        """Upload and check a file; return the id of its import."""
        with self.registry.cursor() as cr:
            data = base64.b64encode(content.encode()).decode()
            record = self.env_of(cr)["loyalty.balance.import"].create(
                {"file_name": "balances.csv", "data": data, "program_id": self.program_id, **values}
            )
            record.action_check()
            return record.id

    def run_together(self, *ids):
        """Import at once; return ``(status, lines imported, lines with nothing to change)`` of each."""

        def run(id_, env):
            record = env["loyalty.balance.import"].browse(id_)
            record.action_import()
            return record.state, record.done_count, record.skipped_count

        return sorted(self.together(*(partial(run, id_) for id_ in ids)))

    def test_one_file_three_times(self):
        """N29, N7, P8: of three uploads of one file one is imported: each customer gets one card, and the points once."""
        with self.registry.cursor() as cr:
            emails = [f"crowded.{number}.{self.program_id}@example.com" for number in range(5)]
            partners = self.env_of(cr)["res.partner"].create([{"name": email, "email": email} for email in emails])
            owners = partners.ids
        content = "\n".join(["email,points", *(f"{email},10" for email in emails)])
        ids = [self.upload(content, create_missing=True) for __ in range(3)]
        self.assertEqual(self.run_together(*ids), [("checked", 0, 5), ("checked", 0, 5), ("done", 5, 0)])
        with self.registry.cursor() as cr:
            cards = self.env_of(cr)["loyalty.card"].search([("program_id", "=", self.program_id)])
            self.assertEqual(sorted((card.partner_id.id, card.points) for card in cards), [(id_, 10) for id_ in owners])
        self.assertClean()

    def test_one_import_three_times(self):
        """N29, N7, P8: an import that three people start at the same moment posts once."""
        cards = self.make_cards(0, 5)
        with self.registry.cursor() as cr:
            codes = self.env_of(cr)["loyalty.card"].browse(cards).mapped("code")
        id_ = self.upload("\n".join(["card,points", *(f"{code},10" for code in codes)]))
        self.assertEqual(self.run_together(id_, id_, id_), [("done", 2, 0)] * 3)
        self.assertEqual(self.balances(cards, "points"), [(10,), (15,)])
        self.assertClean()
