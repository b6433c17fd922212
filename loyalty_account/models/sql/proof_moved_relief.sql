-- Redemptions that relieved VAT and are matched with another document than the one that their points paid.
WITH redemptions AS MATERIALIZED (
     SELECT 'account.payment' AS model, p.id, p.move_id, p.loyalty_move_id AS paid_id
       FROM account_payment p JOIN loyalty_card c ON c.id = p.loyalty_card_id
      WHERE c.program_id = %(program)s AND p.payment_type = 'inbound' AND p.move_id IS NOT NULL
      UNION ALL
     SELECT 'account.move', m.id, m.id, m.reversed_entry_id
       FROM account_move m JOIN loyalty_card c ON c.id = m.loyalty_redeem_card_id
      WHERE c.program_id = %(program)s AND m.move_type = 'out_refund' AND m.loyalty_redeem_origin_id IS NULL)
SELECT r.model, r.id, r.paid_id, d.move_id, sum(x.amount)
  FROM redemptions r
  JOIN account_move_line l ON l.move_id = r.move_id AND l.parent_state = 'posted' AND l.date <= %(date)s
  JOIN account_partial_reconcile x ON x.credit_move_id = l.id
  JOIN account_move_line d ON d.id = x.debit_move_id AND d.parent_state = 'posted'
  JOIN account_move m ON m.id = d.move_id AND m.move_type IN ('out_invoice', 'out_receipt')
 WHERE d.move_id IS DISTINCT FROM r.paid_id
   AND EXISTS (SELECT 1 FROM account_move_line t WHERE t.move_id = r.move_id AND t.tax_line_id IS NOT NULL)
 GROUP BY r.model, r.id, r.paid_id, d.move_id
 ORDER BY r.model, r.id, d.move_id
