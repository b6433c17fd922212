-- What paid orders say about points: the amounts of payments, the prices of lines.
WITH documents AS (
     SELECT 'pos.payment' AS model, p.id, p.uuid, p.amount, p.pos_order_id, p.payment_method_id
       FROM pos_payment p JOIN pos_payment_method m ON m.id = p.payment_method_id
      WHERE m.loyalty_program_id = %(program)s AND p.amount <> 0
      UNION ALL
     SELECT 'pos.order.line', min(l.id),
            CASE WHEN l.loyalty_redeem_uuid IS NOT NULL THEN l.loyalty_redeem_uuid
                 ELSE o.uuid || ':' || s.loyalty_redeem_uuid END,
            -sum(l.price_subtotal_incl), l.order_id, NULL
       FROM pos_order_line l JOIN pos_order o ON o.id = l.order_id
       LEFT JOIN pos_order_line s ON s.id = l.refunded_orderline_id
       JOIN loyalty_card c ON c.id = COALESCE(l.loyalty_card_id, s.loyalty_card_id)
      WHERE (l.loyalty_redeem_uuid IS NOT NULL OR s.loyalty_redeem_uuid IS NOT NULL)
        AND c.program_id = %(program)s
      GROUP BY 3, l.order_id),
paid AS (
     SELECT d.*, o.loyalty_settled, o.loyalty_unsettled AND s.state <> 'closed' AS is_waiting,
            LEAST((o.date_order AT TIME ZONE 'UTC' AT TIME ZONE %(zone)s)::date, %(today)s) AS day
       FROM documents d JOIN pos_order o ON o.id = d.pos_order_id JOIN pos_session s ON s.id = o.session_id
      WHERE o.state IN ('paid', 'done'))
SELECT p.model, p.id, p.uuid AS key,
       CASE WHEN p.amount < 0 THEN (
            SELECT min(f.order_id) FROM pos_order_line l JOIN pos_order_line f ON f.id = l.refunded_orderline_id
             WHERE l.order_id = p.pos_order_id) END AS origin,
       p.amount AS books, 0 AS slack, p.day,
       p.amount > 0 AND (COALESCE(p.is_waiting, FALSE) OR p.loyalty_settled AND EXISTS (
            SELECT 1 FROM loyalty_exception x
             WHERE x.res_model = 'pos.order' AND x.res_id = p.pos_order_id AND x.kind = 'claim'
               AND x.card_id IS NULL)) AS explained,
       COALESCE(p.is_waiting, FALSE) AS is_waiting
  FROM paid p WHERE p.day <= %(date)s
