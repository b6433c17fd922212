-- Cards of programs under the ledger that have points outside it.
SELECT c.id, c.points, 0 FROM loyalty_card c JOIN loyalty_program p ON p.id = c.program_id
 WHERE c.ledgered IS NOT TRUE AND c.points <> 0 AND p.program_type IN %s ORDER BY c.id
