-- What journal items say that sales are worth without VAT, in the company's currency, up to a day: goods, less credit notes,
-- less what points paid. Reads the CTE documents (model, id, sale).
SELECT d.sale, l.product_id,
       -- What came back is worth what it was sold for, whatever the rate of another currency is by then.
       CASE WHEN m.move_type = 'out_refund' AND l.currency_id <> l.company_currency_id
            THEN -COALESCE(l.amount_currency / (
                 SELECT NULLIF(i.invoice_currency_rate, 0) FROM documents x
                   JOIN account_move i ON x.model = 'account.move' AND i.id = x.id
                  WHERE x.sale = d.sale AND i.move_type <> 'out_refund' AND i.currency_id = l.currency_id
                  ORDER BY i.id LIMIT 1), l.balance)
            ELSE -l.balance END AS amount, (%(deposits)s) IS TRUE AS is_deposit
  FROM documents d JOIN account_move m ON d.model = 'account.move' AND m.id = d.id
  JOIN account_move_line l ON l.move_id = m.id AND l.display_type = 'product'
 WHERE m.state = 'posted' AND m.date <= %(date)s AND m.move_type IN ('out_invoice', 'out_receipt', 'out_refund')
 UNION ALL
-- Credit notes by which points lowered the price of a posted invoice, and entries that gave it back.
SELECT d.sale, NULL, -l.balance, FALSE
  FROM documents d JOIN account_move m ON d.model = 'account.move' AND m.state = 'posted' AND m.date <= %(date)s
   AND (m.reversed_entry_id = d.id AND m.move_type = 'out_refund' AND m.loyalty_redeem_card_id IS NOT NULL
        AND m.loyalty_redeem_points <> 0 AND m.loyalty_redeem_origin_id IS NULL
        OR m.loyalty_redeem_note_id = d.id AND m.move_type = 'entry')
  JOIN account_move_line l ON l.move_id = m.id AND l.tax_line_id IS NULL
  JOIN account_account a ON a.id = l.account_id AND a.account_type <> 'asset_receivable'
 WHERE m.id NOT IN (SELECT id FROM documents WHERE model = 'account.move')
   AND NOT EXISTS (SELECT FROM account_move r WHERE r.reversed_entry_id = m.id AND r.state = 'posted'
                      AND r.move_type = 'entry' AND r.date <= %(date)s)
 UNION ALL
-- Payments with points, as far as they are matched with a document.
SELECT d.sale, NULL, CASE WHEN l.balance < 0 THEN -r.amount ELSE r.amount END, FALSE
  FROM documents d JOIN account_move_line o ON d.model = 'account.move' AND o.move_id = d.id
  JOIN account_partial_reconcile r ON o.id IN (r.debit_move_id, r.credit_move_id)
  JOIN account_move_line l ON l.id IN (r.debit_move_id, r.credit_move_id) AND l.id <> o.id
   AND l.parent_state = 'posted' AND l.date <= %(date)s
  JOIN account_payment p ON p.move_id = l.move_id AND p.loyalty_card_id IS NOT NULL
 WHERE o.parent_state = 'posted' AND o.date <= %(date)s
