-- What invoices, receipts and credit notes sold, line by line, without tax, in the company's currency. A credit note
-- belongs to the day of the invoice that it returns.
SELECT m.partner_id, m.commercial_partner_id, l.product_id, -l.balance AS amount, 'account.move' AS model, m.id AS document,
       l.id AS line_id, m.date AS day, CASE WHEN o.id IS NULL THEN m.date ELSE LEAST(m.date, o.date) END AS of_day
  FROM account_move m
  JOIN account_move_line l ON l.move_id = m.id AND l.display_type = 'product' AND l.is_loyalty_reduction IS NOT TRUE
  LEFT JOIN account_move o ON o.id = m.reversed_entry_id AND m.move_type = 'out_refund' AND o.state = 'posted'
 WHERE m.state = 'posted' AND m.move_type IN ('out_invoice', 'out_receipt', 'out_refund')
   AND m.company_id = ANY(%(companies)s::int[]) AND m.date <= %(date_to)s AND m.date >= %(date_from)s
   AND m.id <> ALL(%(excluded)s::int[]) AND NOT (%(deposits)s)
