-- Invoices of orders at the register that book something else for the points which lowered prices than the lines of their
-- orders say.
WITH lines AS MATERIALIZED (
     SELECT o.account_move AS move_id, o.company_id, l.product_id, l.price_subtotal, c.program_id
       FROM pos_order_line l JOIN pos_order o ON o.id = l.order_id
       LEFT JOIN pos_order_line f ON f.id = l.refunded_orderline_id
       JOIN loyalty_card c ON c.id = COALESCE(l.loyalty_card_id, f.loyalty_card_id)
      WHERE o.account_move IS NOT NULL AND o.state IN ('paid', 'done')
        AND (l.loyalty_redeem_uuid IS NOT NULL OR f.loyalty_redeem_uuid IS NOT NULL)),
sold AS (
     SELECT move_id, company_id, array_agg(DISTINCT product_id) AS products, -sum(price_subtotal) AS amount,
            count(*) AS roundings
       FROM lines GROUP BY move_id, company_id HAVING bool_or(program_id = %(program)s))
SELECT s.move_id, b.amount, s.amount
  FROM sold s JOIN account_move m ON m.id = s.move_id AND m.state = 'posted' AND m.date <= %(date)s
  JOIN res_company k ON k.id = s.company_id
 CROSS JOIN LATERAL (
       SELECT COALESCE(sum(x.amount_currency), 0) AS amount FROM account_move_line x
        WHERE x.move_id = s.move_id AND x.display_type = 'product' AND x.product_id = ANY(s.products)) b
       -- Where taxes are rounded for the whole order, the cents that are left over are on any of its lines.
 WHERE abs(b.amount - s.amount) >= %(rounding)s * CASE k.tax_calculation_rounding_method
       WHEN 'round_globally' THEN 0.51 + s.roundings ELSE 0.51 END
 ORDER BY s.move_id
