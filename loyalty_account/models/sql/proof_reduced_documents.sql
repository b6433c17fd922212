-- Documents whose price points lowered, or that take such a reduction back, and what the books say of them.
WITH own AS MATERIALIZED (
     SELECT m.id, m.loyalty_redeem_origin_id AS origin FROM account_move m
       JOIN loyalty_card c ON c.id = m.loyalty_redeem_card_id
      WHERE c.program_id = %(program)s),
moves AS (
     SELECT id, origin FROM own UNION ALL
    SELECT r.id, r.reversed_entry_id FROM own JOIN account_move r ON r.reversed_entry_id = own.id
     WHERE r.move_type = 'out_refund' AND r.loyalty_redeem_card_id IS NULL),
standing AS (
     SELECT m.id, moves.origin, m.move_type, m.date,
            COALESCE(NULLIF(m.invoice_currency_rate, 0), 1) AS rate,
            m.currency_id <> k.currency_id AS is_foreign,
            m.move_type = 'entry' OR m.move_type = 'out_refund' AND moves.origin IS NULL AS by_items
       FROM moves JOIN account_move m ON m.id = moves.id JOIN res_company k ON k.id = m.company_id
      WHERE m.state = 'posted' AND m.date <= %(date)s AND NOT EXISTS (
            SELECT 1 FROM account_move r WHERE r.reversed_entry_id = m.id AND r.state = 'posted'
               AND r.move_type = 'entry' AND r.date <= %(date)s)),
amounts AS (
     SELECT s.id, s.origin, s.date, s.is_foreign, s.rate,
            CASE WHEN s.by_items THEN -sum(l.balance) FILTER (WHERE a.account_type = 'asset_receivable')
                 ELSE CASE WHEN s.move_type = 'out_refund' THEN 1 ELSE -1 END
                      * sum(l.price_total) FILTER (WHERE l.is_loyalty_reduction) / s.rate END AS books
       FROM standing s JOIN account_move_line l ON l.move_id = s.id
       LEFT JOIN account_account a ON a.id = l.account_id
      GROUP BY s.id, s.origin, s.date, s.is_foreign, s.rate, s.by_items, s.move_type)
SELECT 'account.move' AS model, id, id::text AS key, origin,
       round(COALESCE(books, 0), 6) AS books,
       CASE WHEN is_foreign THEN %(rounding)s * (1 + 2 / rate) ELSE 0 END AS slack, date AS day,
       FALSE AS explained, FALSE AS is_waiting
  FROM amounts
