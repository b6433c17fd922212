-- Lines by which points lower a price, and entries that undo them, with the sale that they belong to.
WITH own AS MATERIALIZED (
     SELECT m.id, m.loyalty_redeem_origin_id AS origin_id, m.loyalty_redeem_note_id AS note_id, m.move_type,
            m.reversed_entry_id
       FROM account_move m JOIN loyalty_card c ON c.id = m.loyalty_redeem_card_id
      WHERE c.program_id = %(program)s),
moves AS (
     SELECT CASE WHEN o.move_type = 'out_invoice' OR o.move_type = 'out_receipt' THEN o.id
                 WHEN o.move_type = 'out_refund' AND o.origin_id IS NULL THEN o.reversed_entry_id
                 WHEN o.move_type = 'out_refund' THEN o.origin_id
                 ELSE (SELECT x.reversed_entry_id FROM account_move x WHERE x.id = o.origin_id) END AS sale_id,
            o.id, o.move_type,
            CASE WHEN o.move_type = 'entry' THEN o.note_id
                 WHEN o.origin_id IS NOT NULL THEN o.id END AS return_id
       FROM own o
      UNION
     SELECT o.id, r.id, r.move_type, r.id FROM own o JOIN account_move r ON r.reversed_entry_id = o.id
      WHERE o.move_type IN ('out_invoice', 'out_receipt') AND r.move_type = 'out_refund'
        AND r.loyalty_redeem_card_id IS NULL)
SELECT s.sale_id, s.id, s.move_type, s.return_id, COALESCE(NULLIF(m.invoice_currency_rate, 0), 1),
       m.currency_id, l.tax_line_id, l.is_loyalty_reduction, l.balance, l.price_total, l.price_subtotal,
       a.account_type,
       (SELECT array_agg(x.account_tax_id ORDER BY x.account_tax_id)
          FROM account_move_line_account_tax_rel x WHERE x.account_move_line_id = l.id)
  FROM moves s JOIN account_move m ON m.id = s.id JOIN account_move_line l ON l.move_id = m.id
  LEFT JOIN account_account a ON a.id = l.account_id
 WHERE m.state = 'posted' AND m.date <= %(date)s
   AND (l.is_loyalty_reduction OR m.move_type = 'entry')
   AND NOT EXISTS (
       SELECT 1 FROM account_move r WHERE r.reversed_entry_id = m.id AND r.state = 'posted'
          AND r.move_type = 'entry' AND r.date <= %(date)s)
 ORDER BY s.id
