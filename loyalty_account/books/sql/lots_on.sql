-- A CTE list that ends in state: the lots of a program on a day and what they carry in the books. worth: how many whole
-- points what remains is worth, where redeeming it takes off the VAT of its own sale.
late AS MATERIALIZED (
     SELECT id, reversed_entry_id FROM loyalty_ledger_entry
      WHERE program_id = %(program)s AND effective_date > %(date)s),
later AS MATERIALIZED (
     SELECT c.lot_id, sum(c.points) AS points FROM loyalty_ledger_consumption c
      WHERE c.moved_to_lot_id IS NULL
        AND c.debit_entry_id IN (SELECT id FROM late UNION
                                 SELECT reversed_entry_id FROM late WHERE reversed_entry_id IS NOT NULL)
        AND (c.debit_entry_id IN (SELECT id FROM late) OR c.entry_id IN (SELECT id FROM late))
      GROUP BY c.lot_id),
posted AS (
     SELECT lot_id, sum(amount) AS amount FROM loyalty_valuation
      WHERE program_id = %(program)s AND %(dated)s <= %(date)s GROUP BY lot_id),
state AS MATERIALIZED (
     SELECT l.id, l.entry_id, l.origin_lot_id, l.remaining + COALESCE(r.points, 0) AS remaining,
            COALESCE(p.amount, 0) AS amount, p.lot_id IS NOT NULL AS valued, %(worth)s AS worth
       FROM loyalty_lot l
       LEFT JOIN later r ON r.lot_id = l.id
       LEFT JOIN posted p ON p.lot_id = l.id
       %(sales)s
      WHERE l.program_id = %(program)s AND l.date <= %(date)s
        AND (l.remaining + COALESCE(r.points, 0) > 0 OR p.amount <> 0))
