from odoo.tools import SQL

PARTS = ("points", "value", "completeness", "payments")
#: Tables whose triggers protect what tests of the proof spoil.
PROTECTED = ("ledger_entry", "lot", "ledger_consumption", "valuation", "card")


class ProofVerbs:
    """What tests of the proof say. Faults are planted as rows, never by code that may be right by now."""

    def prove(self, date=None, program=None):
        self.env.invalidate_all()
        return (program or self.program)._loyalty_proof(date)

    def assertSound(self, date=None, program=None):
        """Nothing is unexplained and no row is a fault."""
        proof = self.prove(date, program)
        problems = [item for part in PARTS for item in proof[part]["items"] if not item["explained"]]
        self.assertEqual((proof["residual"], proof["residual_points"], problems), (0.0, 0.0, []))
        return proof

    def assertNamed(self, record, text, part="payments", explained=False, size=None, date=None, program=None):
        """The proof names the record as a fault, in these words, and says how large it is."""
        proof = self.prove(date, program)
        found = [item for item in proof[part]["items"] if (item["model"], item["id"]) == (record._name, record.id)]
        self.assertTrue(found, proof[part])
        words = " | ".join(item["problem"] for item in found)
        self.assertRegex(words.replace("\N{NO-BREAK SPACE}", "").replace("\N{ZERO WIDTH NO-BREAK SPACE}", ""), text)
        self.assertEqual({item["explained"] for item in found}, {explained})
        if not explained:
            self.assertTrue(proof["residual_points" if part == "points" else "residual"])
        if size is not None:
            self.assertEqual([round(item["size"], 2) for item in found], [size])
        return proof

    def tamper(self, query, *args):
        """Change rows as a database administrator can: with triggers off."""
        self._tamper(query, args)

    def _tamper(self, query, args):
        self.env.flush_all()
        for verb in ("DISABLE", "ENABLE"):
            if verb == "ENABLE":
                self.env.cr.execute(SQL(query, *args))
                self.assertTrue(self.env.cr.rowcount)
            for table in PROTECTED:
                self.env.cr.execute(
                    SQL("ALTER TABLE %s %s TRIGGER USER", SQL.identifier(f"loyalty_{table}"), SQL(verb))
                )
        self.env.invalidate_all()

    def plain_note(self, invoice, *lines, link=True):
        """Return a posted credit note of which nothing knows that it returns ``invoice``, and which gave nothing back;
        then it is linked."""
        note = self.make_invoice(*lines, move_type="out_refund", post=True, currency_id=invoice.currency_id.id)
        self.env.flush_all()
        self.env.cr.execute(
            SQL("DELETE FROM loyalty_exception WHERE res_model = 'account.move' AND res_id = %s", note.id)
        )
        if link:
            self.tamper("UPDATE account_move SET reversed_entry_id = %s WHERE id = %s", invoice.id, note.id)
        return note
