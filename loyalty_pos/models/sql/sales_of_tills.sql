-- What orders of tills sold that had no invoice by the last day, line by line, without tax, in the company's currency.
-- Returned goods belong to the day of the order that sold them.
SELECT o.partner_id, c.commercial_partner_id, COALESCE(k.product_id, l.product_id) AS product_id,
       l.price_subtotal / COALESCE(NULLIF(o.currency_rate, 0), 1) AS amount, 'pos.order' AS model, o.id AS document,
       l.id AS line_id, d.day, COALESCE(LEAST(d.day, (s.date_order AT TIME ZONE 'UTC' AT TIME ZONE %(timezone)s)::date), d.day)
  FROM pos_order o
 CROSS JOIN LATERAL (SELECT (o.date_order AT TIME ZONE 'UTC' AT TIME ZONE %(timezone)s)::date AS day) d
  JOIN res_partner c ON c.id = o.partner_id
  JOIN pos_order_line l ON l.order_id = o.id AND l.loyalty_redeem_uuid IS NULL
  LEFT JOIN pos_order_line k ON k.id = l.combo_parent_id
  LEFT JOIN pos_order_line r ON r.id = l.refunded_orderline_id
  LEFT JOIN pos_order s ON s.id = r.order_id
 WHERE o.state IN ('paid', 'done') AND o.company_id = ANY(%(companies)s::int[])
   AND (o.account_move IS NULL OR EXISTS (SELECT FROM account_move v WHERE v.id = o.account_move AND v.date > %(date_to)s))
   AND o.date_order >= %(date_from)s::date - 1 AND o.date_order < %(date_to)s::date + 2
   AND d.day BETWEEN %(date_from)s AND %(date_to)s
   AND (o.pricelist_id IS NULL OR o.pricelist_id <> ALL(%(excluded)s::int[]))
   AND (%(all)s OR o.pricelist_id IS NULL OR o.pricelist_id = ANY(%(only)s::int[]))
