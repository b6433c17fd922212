-- A CTE list that ends in dated: the lots of a program on a day, and when they expire as it was known that day.
%(lots)s,
renewed AS (
     -- An earning of a day before the last one did not move it, but counts where the last one came later.
     SELECT e.card_id, max(e.last_earning_date) AS recorded,
            max(COALESCE(e.last_earning_date, e.effective_date)) FILTER (WHERE e.effective_date <= %(date)s) AS day
       FROM loyalty_ledger_entry e
      WHERE e.program_id = %(program)s AND (e.last_earning_date IS NOT NULL OR e.kind = 'earn' AND e.points > 0)
      GROUP BY e.card_id),
dated AS (
     SELECT s.id, s.origin_lot_id, s.remaining, s.amount,
            LEAST(c.expiration_date, COALESCE(
                CASE WHEN x.effective_date > %(date)s THEN e.expiration_date ELSE l.expiration_date END,
                CASE WHEN p.expiry_policy = 'rolling' THEN
                     -- Transactions of earlier releases did not record what moved the last earning.
                     (CASE WHEN c.last_earning_date <= %(date)s AND r.recorded IS DISTINCT FROM c.last_earning_date
                           THEN c.last_earning_date ELSE COALESCE(r.day, c.last_earning_date) END
                      + p.expiry_delay * CASE p.expiry_unit WHEN 'day' THEN interval '1 day'
                                         WHEN 'month' THEN interval '1 month'
                                         ELSE interval '1 year' END)::date END)) AS expiry
       FROM state s
       JOIN loyalty_lot l ON l.id = s.id
       JOIN loyalty_card c ON c.id = l.card_id
       JOIN loyalty_program p ON p.id = l.program_id
       JOIN loyalty_ledger_entry e ON e.id = l.entry_id
       LEFT JOIN loyalty_ledger_entry x ON x.id = l.expiry_entry_id
       LEFT JOIN renewed r ON r.card_id = l.card_id)
