-- Payments with points of documents: what of them was matched, and their points by the ledger.
WITH payments AS MATERIALIZED (
     SELECT p.id, p.loyalty_move_id, p.payment_type, p.amount, p.move_id
       FROM account_payment p JOIN loyalty_card c ON c.id = p.loyalty_card_id
       JOIN account_move m ON m.id = p.move_id
      WHERE p.loyalty_move_id = ANY(%(ids)s) AND c.program_id = %(program)s
        AND m.state = 'posted' AND m.date <= %(date)s AND NOT EXISTS (
            SELECT 1 FROM account_move r WHERE r.reversed_entry_id = m.id AND r.state = 'posted'
               AND r.move_type = 'entry' AND r.date <= %(date)s)),
matched AS (
     SELECT p.id, sum(r.amount) AS amount, sum(r.in_currency) AS in_currency
       FROM payments p JOIN account_move_line l ON l.move_id = p.move_id
       JOIN LATERAL (
            SELECT amount, debit_amount_currency AS in_currency, debit_move_id AS other_id
              FROM account_partial_reconcile WHERE credit_move_id = l.id
             UNION ALL
            SELECT amount, credit_amount_currency, credit_move_id
              FROM account_partial_reconcile WHERE debit_move_id = l.id) r ON TRUE
       JOIN account_move_line o ON o.id = r.other_id AND o.move_id = p.loyalty_move_id
      GROUP BY p.id)
SELECT p.loyalty_move_id, p.payment_type, p.amount, COALESCE(m.in_currency, 0), COALESCE(m.amount, 0),
       COALESCE((SELECT -sum(e.points) FROM loyalty_ledger_entry e WHERE e.res_model = 'account.payment'
                    AND e.res_id = p.id AND e.effective_date <= %(date)s), 0), p.move_id
  FROM payments p LEFT JOIN matched m ON m.id = p.id ORDER BY p.id
