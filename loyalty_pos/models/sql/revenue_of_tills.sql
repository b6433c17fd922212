-- What orders of registers without an invoice say, and what points paid of orders with or without one, see
-- revenue_of_invoices.sql.
WITH orders AS (
     SELECT d.sale, o.id, COALESCE(NULLIF(o.currency_rate, 0), 1) AS rate, v.id IS NOT NULL AS is_invoiced
       FROM documents d JOIN pos_order o ON d.model = 'pos.order' AND o.id = d.id
       LEFT JOIN account_move v ON v.id = o.account_move AND v.state = 'posted' AND v.date <= %(date)s
      WHERE o.state IN ('paid', 'done') AND (o.date_order AT TIME ZONE 'UTC' AT TIME ZONE %(timezone)s)::date <= %(date)s)
SELECT o.sale, COALESCE(k.product_id, l.product_id) AS product_id, l.price_subtotal / o.rate AS amount, FALSE AS is_deposit
  FROM orders o JOIN pos_order_line l ON l.order_id = o.id
  LEFT JOIN pos_order_line k ON k.id = l.combo_parent_id AND k.order_id = o.id
 WHERE NOT o.is_invoiced
 UNION ALL
SELECT o.sale, NULL, -y.amount / o.rate, FALSE
  FROM orders o JOIN pos_payment y ON y.pos_order_id = o.id
  JOIN pos_payment_method m ON m.id = y.payment_method_id AND m.loyalty_program_id IS NOT NULL
