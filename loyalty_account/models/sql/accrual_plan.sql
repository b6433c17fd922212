-- The value lines of an accrual run, and two rows without a lot: what is on the books, and openings that are left out.
CREATE TEMPORARY TABLE loyalty_accrual_plan ON COMMIT DROP AS
WITH %(lots)s,
opening AS (
     SELECT l.id FROM loyalty_ledger_entry e JOIN loyalty_lot l ON l.entry_id = e.id
      WHERE e.program_id = %(program)s AND e.kind = 'opening'),
dirty AS MATERIALIZED (
     SELECT id, remaining, worth, amount, valued,
            NOT valued AND COALESCE(origin_lot_id, id) IN (SELECT id FROM opening) AS is_opening
       FROM state
      WHERE NOT valued OR abs(worth * %(numerator)s::numeric - amount * %(denominator)s::numeric)
                          >= %(rounding)s::numeric * %(denominator)s::numeric),
outstanding AS MATERIALIZED (
     SELECT COALESCE(sum(amount), 0) AS amount, COALESCE(sum(remaining), 0) AS points,
            COALESCE(sum(worth), 0) AS worth FROM state),
left_out AS MATERIALIZED (
     SELECT COALESCE(sum(remaining), 0) AS points, COALESCE(sum(worth), 0) AS worth FROM dirty WHERE is_opening AND NOT %(with_opening)s),
total AS MATERIALIZED (
     SELECT o.amount, round(round((o.worth - f.worth) * %(numerator)s::numeric / %(denominator)s::numeric, 10)
                            / %(rounding)s::numeric) * %(rounding)s::numeric AS target
       FROM outstanding o CROSS JOIN left_out f),
rounded AS (
     SELECT d.*, round(round(t.amount + sum(d.worth) OVER lots * %(numerator)s::numeric
                              / %(denominator)s::numeric - sum(d.amount) OVER lots, 10)
                       / %(rounding)s::numeric) * %(rounding)s::numeric AS reached
       FROM dirty d CROSS JOIN total t
      WHERE NOT d.is_opening OR %(with_opening)s
     WINDOW lots AS (ORDER BY d.id ROWS UNBOUNDED PRECEDING)),
lines AS MATERIALIZED (
     SELECT r.id, r.remaining, r.valued, r.is_opening,
            r.reached - lag(r.reached, 1, t.amount) OVER (ORDER BY r.id) AS amount
       FROM rounded r CROSS JOIN total t),
rest AS MATERIALIZED (
     SELECT t.target - t.amount - COALESCE((SELECT sum(amount) FROM lines), 0) AS amount FROM total t),
cents AS (
     SELECT s.id, s.remaining, TRUE AS valued, FALSE AS is_opening,
            (SELECT sign(amount) FROM rest) * %(rounding)s::numeric AS amount
       FROM state s
      WHERE (SELECT amount FROM rest) <> 0 AND s.valued
        AND abs(s.worth * %(numerator)s::numeric - s.amount * %(denominator)s::numeric)
            < %(rounding)s::numeric * %(denominator)s::numeric
      ORDER BY (SELECT sign(amount) FROM rest)
               * (s.worth * %(numerator)s::numeric - s.amount * %(denominator)s::numeric) DESC, s.id
      LIMIT (SELECT abs(amount) / %(rounding)s::numeric FROM rest)::bigint)
SELECT n.id AS lot_id, n.amount, n.remaining AS points,
       CASE WHEN n.is_opening THEN 'opening' WHEN NOT n.valued THEN 'issue'
            WHEN n.remaining > 0 AND %(revalued)s THEN 'revalue'
            WHEN n.amount < 0 THEN COALESCE((
                 SELECT CASE d.kind WHEN 'redeem' THEN 'redeem' WHEN 'expire' THEN 'expire' END
                   FROM loyalty_ledger_consumption c JOIN loyalty_ledger_entry d ON d.id = c.debit_entry_id
                  WHERE c.lot_id = n.id AND c.points > 0 ORDER BY c.id DESC LIMIT 1), 'correct')
            ELSE 'correct' END AS kind
  FROM (SELECT * FROM lines UNION ALL SELECT * FROM cents) n
 WHERE n.amount <> 0 OR NOT n.valued
 UNION ALL
SELECT NULL, amount, points, 'before' FROM outstanding
 UNION ALL
SELECT NULL, worth * %(numerator)s::numeric / %(denominator)s::numeric, points, 'left_out' FROM left_out
