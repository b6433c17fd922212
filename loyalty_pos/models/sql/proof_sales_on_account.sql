-- Orders on account whose invoice is paid, that earned nowhere or twice.
WITH earned AS (
     SELECT res_model, res_id, sum(points) AS points FROM loyalty_ledger_entry
      WHERE program_id = %(program)s AND NOT is_redemption AND kind IN ('earn', 'reversal')
        AND res_model IN ('pos.order', 'account.move') GROUP BY 1, 2)
SELECT o.id, COALESCE(a.points, 0), COALESCE(b.points, 0), m.payment_state
  FROM pos_order o JOIN account_move m ON m.id = o.account_move
  LEFT JOIN earned a ON a.res_model = 'pos.order' AND a.res_id = o.id
  LEFT JOIN earned b ON b.res_model = 'account.move' AND b.res_id = m.id
 WHERE o.state IN ('paid', 'done') AND m.state = 'posted' AND o.amount_total > 0
   AND o.company_id = ANY(%(companies)s) AND m.date <= %(date)s
   AND (a.points > 0 AND b.points > 0
        OR m.payment_state = 'paid' AND COALESCE(a.points, 0) <= 0 AND COALESCE(b.points, 0) <= 0
           AND EXISTS (SELECT 1 FROM pos_payment p JOIN pos_payment_method y ON y.id = p.payment_method_id
                        WHERE p.pos_order_id = o.id AND y.journal_id IS NULL
                          AND y.loyalty_program_id IS NULL)
           AND EXISTS (SELECT 1 FROM account_move_line l
                         JOIN account_partial_reconcile r ON r.debit_move_id = l.id
                         JOIN account_move_line c ON c.id = r.credit_move_id
                         JOIN account_payment p ON p.move_id = c.move_id
                         JOIN account_payment_method_line y ON y.id = p.payment_method_line_id
                        WHERE l.move_id = m.id AND y.earns_loyalty))
 ORDER BY o.id
