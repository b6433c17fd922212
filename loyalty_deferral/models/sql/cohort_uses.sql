-- What was used of the points of cohorts, or given back to them: whatever lot these are in by now. Cohorts are told apart as in
-- deferral_uses.sql, and what is of before the transition is no use of its cohorts here either.
SELECT c.id, c.debit_entry_id, c.entry_id, k.id AS cohort_id
  FROM loyalty_ledger_consumption c
  JOIN loyalty_ledger_entry d ON d.id = c.debit_entry_id AND d.kind <> 'transfer'
  JOIN loyalty_ledger_entry u ON u.id = c.entry_id
  JOIN loyalty_lot l ON l.id = c.lot_id
  JOIN loyalty_lot o ON o.id = COALESCE(l.origin_lot_id, l.id)
  JOIN loyalty_program p ON p.id = o.program_id
  JOIN loyalty_ledger_entry e ON e.id = o.entry_id
  LEFT JOIN loyalty_earning g ON e.kind = 'earn' AND g.res_id = e.res_id AND g.res_model = e.res_model
                             AND g.program_id = e.program_id AND g.terms ? 'deferral'
  LEFT JOIN LATERAL (SELECT s.last_entry_id FROM loyalty_deferral_switch s
                      WHERE s.program_id = p.id AND s.state = 'posted' AND s.policy = 'deferral'
                      ORDER BY s.date DESC, s.id DESC LIMIT 1) s ON true
 CROSS JOIN LATERAL (SELECT CASE WHEN g.id IS NOT NULL THEN 'sale'
                                 WHEN o.date < p.deferral_from AND COALESCE(o.entry_id <= s.last_entry_id, true)
                                 THEN 'transition' ELSE 'grant' END AS kind) x
  JOIN loyalty_cohort k ON k.program_id = o.program_id AND k.kind = x.kind
                       AND k.date_from = date_trunc('month', CASE WHEN x.kind = 'sale' THEN g.date ELSE o.date END)::date
 WHERE %(condition)s
   AND NOT (x.kind = 'transition' AND GREATEST(d.effective_date, u.effective_date) < p.deferral_from
            AND COALESCE(GREATEST(d.id, u.id) <= s.last_entry_id, true))
