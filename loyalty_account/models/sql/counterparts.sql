-- What settled the receivables of invoices: the other side of each of their matches.
SELECT line.move_id AS invoice_id, other.id AS move_id, other.state,
       COALESCE(payment.date, other.date) AS date,
       other.move_type = 'out_refund'
           AND (COALESCE(other.loyalty_redeem_points, 0) = 0
                OR other.loyalty_redeem_origin_id IS NOT NULL) AS returns,
       sum(part.debit_amount_currency) AS amount, min(money.cash) AS cash
  FROM account_move_line line
  JOIN account_partial_reconcile part ON part.debit_move_id = line.id
  JOIN account_move_line counterpart ON counterpart.id = part.credit_move_id
  JOIN account_move other ON other.id = counterpart.move_id
  JOIN account_journal journal ON journal.id = other.journal_id
  LEFT JOIN account_payment payment ON payment.id = other.origin_payment_id
 CROSS JOIN LATERAL (
       SELECT COALESCE(LEAST(1, abs(sum(l.balance) FILTER (
                   WHERE l.account_id IN (payment.outstanding_account_id, journal.default_account_id,
                                          journal.suspense_account_id)))
              / NULLIF(abs(sum(l.balance) FILTER (
                   WHERE account.account_type IN ('asset_receivable', 'liability_payable'))), 0)), 1) AS cash
         FROM account_move_line l JOIN account_account account ON account.id = l.account_id
        WHERE l.move_id = other.id
          AND (other.origin_payment_id IS NOT NULL OR other.statement_line_id IS NOT NULL)
       ) money
 WHERE line.move_id = ANY(%s)
   AND NOT EXISTS (SELECT 1 FROM account_partial_reconcile e WHERE e.exchange_move_id = other.id)
 GROUP BY line.move_id, other.id, payment.date
