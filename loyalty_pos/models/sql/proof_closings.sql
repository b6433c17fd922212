-- Closing entries that book something else on a redemption account than their orders wrote down.
WITH used AS MATERIALIZED (
     SELECT DISTINCT s.id, s.move_id FROM pos_payment p
       JOIN pos_payment_method m ON m.id = p.payment_method_id
       JOIN pos_order o ON o.id = p.pos_order_id JOIN pos_session s ON s.id = o.session_id
       JOIN account_move v ON v.id = s.move_id
      WHERE s.state = 'closed' AND m.loyalty_program_id = %(program)s AND v.date <= %(date)s
        AND v.state = 'posted' AND p.amount <> 0),
orders AS MATERIALIZED (
     SELECT u.id AS session_id, o.id,
            CASE WHEN jsonb_typeof(o.loyalty_items) = 'object' THEN o.loyalty_items ELSE '{}' END AS kept,
            (SELECT array_agg(DISTINCT m.loyalty_program_id::text) FROM pos_payment p
               JOIN pos_payment_method m ON m.id = p.payment_method_id
              WHERE p.pos_order_id = o.id AND m.loyalty_program_id IS NOT NULL
                AND p.amount <> 0) AS programs
       FROM used u JOIN pos_order o ON o.session_id = u.id AND o.state IN ('paid', 'done')),
items AS MATERIALIZED (
     SELECT o.session_id, k.program::int AS program_id, (i.item->>'account_id')::int AS account_id,
            (i.item->>'balance')::numeric AS balance
       FROM orders o CROSS JOIN LATERAL unnest(o.programs) k (program)
      CROSS JOIN LATERAL jsonb_each(COALESCE(o.kept->k.program, '{}')) v (part, vals)
      CROSS JOIN LATERAL jsonb_array_elements(v.vals->'items') i (item)
      WHERE i.item->>'repartition_line_id' = 'false'),
kept AS (
     SELECT session_id, account_id, sum(balance) AS amount,
            bool_or(program_id = %(program)s) AS is_ours
       FROM items GROUP BY session_id, account_id)
SELECT k.session_id, k.account_id, k.amount - COALESCE(b.amount, 0)
  FROM kept k JOIN used u ON u.id = k.session_id
  JOIN account_account a ON a.id = k.account_id AND a.active
  LEFT JOIN LATERAL (
       SELECT sum(l.balance) AS amount FROM account_move_line l
        WHERE l.move_id = u.move_id AND l.account_id = k.account_id AND l.tax_line_id IS NULL) b ON TRUE
 WHERE k.is_ours AND abs(k.amount - COALESCE(b.amount, 0)) >= %(rounding)s * 0.51
   AND NOT EXISTS (SELECT 1 FROM orders o CROSS JOIN LATERAL unnest(o.programs) x (program)
                    WHERE o.session_id = u.id AND NOT o.kept ? x.program)
   AND NOT EXISTS (SELECT 1 FROM orders o JOIN pos_order_line l ON l.order_id = o.id
                     LEFT JOIN pos_order_line f ON f.id = l.refunded_orderline_id
                    WHERE o.session_id = u.id
                      AND (l.loyalty_redeem_uuid IS NOT NULL OR f.loyalty_redeem_uuid IS NOT NULL))
 ORDER BY k.session_id, k.account_id
