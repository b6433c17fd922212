-- Balances after transactions that are not the sum of the transactions so far.
SELECT id, balance_after, expected FROM (
    SELECT id, balance_after, sum(points) OVER (PARTITION BY card_id ORDER BY id) AS expected
      FROM loyalty_ledger_entry) e
 WHERE balance_after IS DISTINCT FROM expected ORDER BY id
