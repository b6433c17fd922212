-- Input VAT of payments with points, what gave them back and what reversed them.
WITH payments AS MATERIALIZED (
     SELECT p.id, p.move_id, p.payment_type, COALESCE(p.loyalty_origin_id, p.id) AS origin_id,
            p.loyalty_move_id
       FROM account_payment p JOIN loyalty_card c ON c.id = p.loyalty_card_id
      WHERE c.program_id = %(program)s AND p.move_id IS NOT NULL),
items AS (
     SELECT p.id, l.balance, l.tax_line_id, l.account_id
       FROM (SELECT id, move_id FROM payments UNION ALL
             SELECT p.id, r.id FROM payments p JOIN account_move r ON r.reversed_entry_id = p.move_id) p
       JOIN account_move_line l ON l.move_id = p.move_id
      WHERE l.parent_state = 'posted' AND l.date <= %(date)s),
money AS (
     SELECT i.id, -sum(i.balance) AS amount FROM items i
       JOIN account_account a ON a.id = i.account_id AND a.account_type = 'asset_receivable' GROUP BY i.id),
taxes AS (
     SELECT i.id, t.amount AS rate, sum(i.balance) AS vat FROM items i
       JOIN account_tax t ON t.id = i.tax_line_id GROUP BY i.id, t.amount)
SELECT o.loyalty_move_id, p.id, p.payment_type, p.loyalty_move_id, COALESCE(m.amount, 0), t.rate, t.vat
  FROM payments p JOIN payments o ON o.id = p.origin_id
  LEFT JOIN money m ON m.id = p.id LEFT JOIN taxes t ON t.id = p.id
 WHERE (m.amount <> 0 OR t.vat <> 0)
   -- VAT of the sales that earned is compared with these.
   AND NOT EXISTS (SELECT 1 FROM loyalty_relief r WHERE r.move_id = o.move_id)
   AND EXISTS (SELECT 1 FROM account_move_line l WHERE l.move_id = o.move_id AND l.tax_line_id IS NOT NULL)
 ORDER BY p.id
