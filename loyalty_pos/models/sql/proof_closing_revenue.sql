-- Closed sessions with orders that earned in a deferral whose closing entry books another revenue than the lines of its
-- orders make.
WITH earned AS MATERIALIZED (
     SELECT o.session_id, sum(r.revenue_amount) AS revenue, sum(r.allocated) AS allocated
       FROM loyalty_earning_revenue r JOIN loyalty_earning g ON g.id = r.earning_id AND g.res_model = 'pos.order'
       JOIN pos_order o ON o.id = g.res_id
      WHERE r.program_id = %(program)s AND r.date <= %(date)s
      GROUP BY o.session_id),
sessions AS MATERIALIZED (
     SELECT e.session_id, e.revenue, e.allocated, s.move_id
       FROM earned e JOIN pos_session s ON s.id = e.session_id AND s.state = 'closed'
       LEFT JOIN account_move v ON v.id = s.move_id
      WHERE COALESCE(v.date, s.stop_at::date) <= %(date)s),
-- An order that was invoiced before is not in the closing entry; one that was invoiced later is, and another entry undoes it.
orders AS MATERIALIZED (
     SELECT o.id, o.session_id, COALESCE(NULLIF(o.currency_rate, 0), 1) AS rate,
            k.tax_calculation_rounding_method = 'round_globally' AS is_rounded_together,
            CASE WHEN jsonb_typeof(o.loyalty_items) = 'object' THEN o.loyalty_items ELSE '{}' END AS kept,
            o.account_move IS NULL OR EXISTS (
                SELECT FROM account_move x WHERE x.reversed_pos_order_id = o.id) AS is_booked
       FROM sessions s JOIN pos_order o ON o.session_id = s.session_id AND o.state IN ('paid', 'done')
       JOIN res_company k ON k.id = o.company_id),
sold AS (
     SELECT o.session_id, sum(l.price_subtotal / o.rate) AS amount, sum(l.price_subtotal_incl / o.rate) AS total,
            count(*) FILTER (WHERE o.rate <> 1 OR o.is_rounded_together) AS roundings
       FROM orders o JOIN pos_order_line l ON l.order_id = o.id WHERE o.is_booked GROUP BY 1),
paid AS (
     SELECT o.session_id, sum(y.amount / o.rate) FILTER (WHERE o.is_booked) AS amount,
            bool_or(m.loyalty_program_id IS NOT NULL AND y.amount <> 0 AND NOT o.kept ? m.loyalty_program_id::text)
            AS is_unknown
       FROM orders o JOIN pos_payment y ON y.pos_order_id = o.id
       JOIN pos_payment_method m ON m.id = y.payment_method_id GROUP BY 1),
-- What points cost is booked beside the sales, see proof_closings.sql.
redeemed AS (
     SELECT o.session_id, sum((i.item->>'balance')::numeric / o.rate) AS amount
       FROM orders o CROSS JOIN LATERAL jsonb_each(o.kept) k (program, parts)
      CROSS JOIN LATERAL jsonb_each(CASE WHEN jsonb_typeof(k.parts) = 'object' THEN k.parts ELSE '{}' END) v (part, vals)
      CROSS JOIN LATERAL jsonb_array_elements(v.vals->'items') i (item)
      WHERE i.item->>'repartition_line_id' = 'false'
        AND EXISTS (SELECT FROM pos_payment y JOIN pos_payment_method m ON m.id = y.payment_method_id
                     WHERE y.pos_order_id = o.id AND m.loyalty_program_id::text = k.program)
      GROUP BY 1),
-- Goods that leave the stock are on two accounts, which cancel each other out. A reversal undoes what points cost, too.
booked AS (
     SELECT s.session_id, -sum(l.balance) AS amount,
            count(DISTINCT m.id) FILTER (WHERE m.id = s.move_id) - count(DISTINCT m.id) FILTER (WHERE m.id <> s.move_id)
            AS times
       FROM sessions s JOIN account_move m ON s.move_id IN (m.id, m.reversed_entry_id)
        AND m.move_type = 'entry' AND m.state = 'posted' AND m.date <= %(date)s
       JOIN account_move_line l ON l.move_id = m.id AND l.tax_line_id IS NULL
       JOIN account_account a ON a.id = l.account_id AND a.account_type NOT IN ('asset_receivable', 'liability_payable')
      GROUP BY 1),
compared AS (
     SELECT s.session_id, s.revenue, s.allocated, COALESCE(d.amount, 0) AS sold, COALESCE(d.roundings, 0) AS roundings,
            COALESCE(b.amount + COALESCE(r.amount, 0) * b.times, 0) AS booked,
            -- Cash rounding, or what did not balance, is among the accounts of sales or on a receivable.
            COALESCE(p.amount, 0) - COALESCE(d.total, 0) AS rounded
       FROM sessions s LEFT JOIN sold d USING (session_id) LEFT JOIN paid p USING (session_id)
       LEFT JOIN redeemed r USING (session_id) LEFT JOIN booked b USING (session_id)
      WHERE p.is_unknown IS NOT TRUE)
SELECT session_id, booked, sold, revenue, allocated
  FROM compared
 WHERE LEAST(abs(booked - sold), abs(booked - sold - rounded)) >= %(rounding)s * (0.51 + 0.5 * roundings)
 ORDER BY session_id
