-- Orders with what money and points paid of them, as tills and ledger say it.
SELECT o.id, o.account_move, o.amount_total, COALESCE(p.money, 0), COALESCE(l.reduced, 0),
       COALESCE(p.paid, 0), COALESCE(e.points, 0), COALESCE(j.currency_id, k.currency_id), o.currency_rate,
       CASE WHEN c.cash_rounding THEN GREATEST(0, LEAST(
            o.amount_total - COALESCE(p.money, 0) - COALESCE(p.paid, 0), r.rounding)) ELSE 0 END + COALESCE(b.odd, 0),
       EXISTS (SELECT 1 FROM loyalty_exception x WHERE x.res_model = 'pos.order' AND x.res_id = o.id
                  AND x.kind IN ('claim', 'return'))
  FROM pos_order o JOIN pos_session s ON s.id = o.session_id JOIN pos_config c ON c.id = s.config_id
  JOIN res_company k ON k.id = o.company_id JOIN account_journal j ON j.id = c.journal_id
  LEFT JOIN account_cash_rounding r ON r.id = c.rounding_method
  LEFT JOIN (SELECT y.pos_order_id, sum(y.amount) FILTER (WHERE m.loyalty_program_id IS NULL) AS money,
                    sum(y.amount) FILTER (WHERE m.loyalty_program_id IS NOT NULL) AS paid
               FROM pos_payment y JOIN pos_payment_method m ON m.id = y.payment_method_id
              WHERE y.pos_order_id = ANY(%(ids)s) GROUP BY 1) p ON p.pos_order_id = o.id
  LEFT JOIN (SELECT l.order_id, sum(l.price_subtotal_incl) AS reduced FROM pos_order_line l
               LEFT JOIN pos_order_line f ON f.id = l.refunded_orderline_id
              WHERE l.order_id = ANY(%(ids)s)
                AND (l.loyalty_redeem_uuid IS NOT NULL OR f.loyalty_redeem_uuid IS NOT NULL)
              GROUP BY 1) l ON l.order_id = o.id
  -- What rounding makes of pieces that come back: two of three of 29.84 are 19.90 and not 19.89.
  LEFT JOIN (SELECT l.order_id, abs(sum(l.price_subtotal_incl - f.price_subtotal_incl * l.qty / f.qty)) AS odd
               FROM pos_order_line l JOIN pos_order_line f ON f.id = l.refunded_orderline_id
              WHERE l.order_id = ANY(%(ids)s) AND f.qty <> 0 AND f.loyalty_redeem_uuid IS NULL
                AND l.price_unit = f.price_unit AND l.discount = f.discount
              GROUP BY 1) b ON b.order_id = o.id
  LEFT JOIN (SELECT res_id, -sum(points) AS points FROM loyalty_ledger_entry
              WHERE res_model = 'pos.order' AND res_id = ANY(%(ids)s) AND program_id = %(program)s
                AND is_redemption AND idempotency_key LIKE 'pos-pay:%%'
                AND idempotency_key NOT LIKE '%%:rewards:%%' AND effective_date <= %(date)s
              GROUP BY 1) e ON e.res_id = o.id
 WHERE o.id = ANY(%(ids)s) AND o.state IN ('paid', 'done') AND (o.date_order AT TIME ZONE 'UTC' AT TIME ZONE %(zone)s)::date <= %(date)s
