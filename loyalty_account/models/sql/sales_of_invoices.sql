-- What invoices, receipts and credit notes sold, line by line, without tax, in the company's currency. A credit note
-- belongs to the day of the sale that it returns.
SELECT m.partner_id, m.commercial_partner_id, l.product_id, -l.balance AS amount, 'account.move' AS model, m.id AS document,
       l.id AS line_id, m.date AS day, LEAST(m.date, (%(day_of_sale)s)) AS of_day
  FROM account_move m
  JOIN account_move_line l ON l.move_id = m.id AND l.display_type = 'product' AND l.is_loyalty_reduction IS NOT TRUE
  LEFT JOIN account_move o ON o.id = m.reversed_entry_id AND m.move_type = 'out_refund' AND o.state = 'posted'
 CROSS JOIN LATERAL (SELECT COALESCE(o.id, m.id) AS id, COALESCE(o.date, m.date) AS date) i
 WHERE m.state = 'posted' AND m.move_type IN ('out_invoice', 'out_receipt', 'out_refund')
   AND m.company_id = ANY(%(companies)s::int[]) AND m.date <= %(date_to)s AND m.date >= %(date_from)s
   AND m.id <> ALL(%(excluded)s::int[]) AND NOT (%(deposits)s)
