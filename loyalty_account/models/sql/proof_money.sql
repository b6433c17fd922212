-- Money of transactions against documents, key by key: those that differ, and one row for all that fit.
WITH entries AS MATERIALIZED (
     SELECT id, kind, points, reversed_entry_id, effective_date, %(key)s AS key,
            res_id AS source
       FROM loyalty_ledger_entry
      WHERE program_id = %(program)s AND is_redemption AND kind IN ('redeem', 'reversal')
        AND effective_date <= %(date)s AND %(condition)s),
taken AS MATERIALIZED (
     SELECT e.id, e.key, e.source, -e.points AS points, COALESCE(h.amount, %(worth)s) AS money,
            h.amount IS NULL AS is_free
       FROM entries e
       LEFT JOIN (SELECT entry_id, sum(amount) AS amount FROM loyalty_hold
                   WHERE program_id = %(program)s AND entry_id IS NOT NULL AND amount <> 0
                   GROUP BY entry_id) h ON h.entry_id = e.id
      WHERE e.kind = 'redeem'),
back AS MATERIALIZED (
     SELECT e.id, e.key, e.points, e.reversed_entry_id, t.key AS from_key, t.source,
            COALESCE(t.money / NULLIF(t.points, 0), %(value)s) AS value
       FROM entries e LEFT JOIN taken t ON t.id = e.reversed_entry_id WHERE e.kind = 'reversal'),
undone AS (
     SELECT reversed_entry_id, sum(points) AS points FROM back WHERE from_key = key GROUP BY 1),
debits AS (
     SELECT t.key, t.source, max(t.id) AS entry_id, sum(t.points - COALESCE(u.points, 0)) AS points,
            sum(t.money * (t.points - COALESCE(u.points, 0)) / NULLIF(t.points, 0)) AS money,
            bool_or(t.is_free) AS is_free
       FROM taken t LEFT JOIN undone u ON u.reversed_entry_id = t.id GROUP BY t.key, t.source),
sources AS (SELECT source, sum(points) AS points, sum(money) AS money FROM debits GROUP BY source),
credits AS (
     SELECT key, max(id) AS entry_id, sum(points) AS points, sum(points * value) AS money,
            CASE WHEN count(DISTINCT source) = 1 THEN max(source) END AS origin
       FROM back WHERE from_key IS DISTINCT FROM key GROUP BY key),
ledger AS (
     SELECT COALESCE(c.key, d.key) AS key, GREATEST(c.entry_id, d.entry_id) AS entry_id, c.origin,
            COALESCE(d.points, 0) - COALESCE(c.points, 0) AS points,
            CASE WHEN c.points > 0
                 THEN (COALESCE(d.points, 0) - c.points) * c.money / c.points ELSE d.money END AS money,
            d.is_free, CASE WHEN c.origin IS NULL THEN c.money / NULLIF(c.points, 0) END AS unit
       FROM debits d FULL JOIN credits c ON c.key = d.key),
documents AS (%(documents)s),
pairs AS (
     SELECT d.model, d.id, COALESCE(d.key, l.key) AS key,
            CASE WHEN l.unit IS NULL THEN COALESCE(l.origin, d.origin) END AS origin,
            l.entry_id, COALESCE(l.points, 0) AS points, COALESCE(l.money, 0) AS ledger,
            COALESCE(d.books, 0) AS books, COALESCE(d.slack, 0) AS slack, d.day,
            COALESCE(l.is_free, FALSE) AS is_free, COALESCE(l.unit, 0) AS unit,
            COALESCE(d.explained, FALSE) AND l.entry_id IS NULL AS explained,
            COALESCE(d.is_waiting, FALSE) AS is_waiting
       FROM ledger l FULL JOIN documents d ON d.key = l.key
      WHERE COALESCE(l.points, 0) <> 0 OR COALESCE(l.money, 0) <> 0 OR COALESCE(d.books, 0) <> 0),
running AS (
     SELECT p.*, o.money AS whole, o.money / NULLIF(o.points, 0) AS value,
            sum(p.points) OVER w AS all_points, sum(p.books) OVER w AS all_books
       FROM pairs p LEFT JOIN sources o ON o.source = p.origin
     WINDOW w AS (PARTITION BY p.origin ORDER BY p.day, COALESCE(p.entry_id, 0), p.id)),
judged AS (
     SELECT r.*, COALESCE(CASE WHEN origin IS NULL OR value IS NULL OR books > 0
            THEN abs(ledger - books) < %(rounding)s / 2.0 + slack OR is_free AND points > 0
                 AND books <= ledger + slack AND books > ledger * (points - 1) / points - slack
                 OR points < 0 AND abs(ledger - books) < unit + slack
            ELSE abs(all_points * value - all_books) < GREATEST(value, %(rounding)s / 2.0) + slack
                 AND -all_books < whole + %(rounding)s / 2.0 + slack
            END, FALSE) AS fits
       FROM running r)
SELECT COALESCE(model, 'loyalty.ledger.entry') AS model, COALESCE(id, entry_id) AS id, entry_id, points,
       ledger, books, day, explained, is_waiting
  FROM judged WHERE NOT fits
 UNION ALL
SELECT %(name)s, %(program)s, NULL, 0, COALESCE(sum(books), 0), COALESCE(sum(books), 0), NULL, FALSE, FALSE
  FROM judged WHERE fits HAVING count(*) > 0
 ORDER BY 1, 2
