-- What outstanding points are worth on a day and what is booked for them, by the reason for the difference.
WITH %(lots)s,
deviations AS (
     SELECT s.*, s.worth * %(numerator)s::numeric / %(denominator)s::numeric AS target,
            s.worth * %(numerator)s::numeric / %(denominator)s::numeric - s.amount AS deviation
       FROM state s),
classed AS (
     SELECT d.id, d.entry_id, d.remaining, d.amount, d.target, d.deviation, CASE
       WHEN d.valued AND abs(d.deviation) < %(rounding)s::numeric THEN 'rounding'
       WHEN NOT d.valued AND r.kind = 'opening' THEN 'opening'
       -- What a lot released or got back presupposes that it was valued, by a run or when it came.
       WHEN d.valued AND NOT EXISTS (
            SELECT 1 FROM loyalty_valuation v
             WHERE v.lot_id = d.id AND (v.run_id IS NOT NULL OR v.entry_id = d.entry_id)) THEN 'fault'
       WHEN EXISTS (SELECT 1 FROM loyalty_valuation v WHERE v.lot_id = d.id AND v.date > %(date)s
                       AND v.effective_date <= %(date)s) THEN 'locked'
       WHEN d.valued AND EXISTS (
            SELECT 1 FROM loyalty_ledger_consumption c
             WHERE c.lot_id = d.id AND c.entry_id IN (SELECT id FROM (%(deferred)s) w)
               AND NOT EXISTS (SELECT 1 FROM loyalty_valuation v WHERE v.consumption_id = c.id))
            THEN 'deferred'
       WHEN %(run)s::int IS NULL THEN 'no_run'
       WHEN e.effective_date > %(until)s THEN 'after'
       WHEN e.id > %(last)s OR e.date > %(posted)s THEN 'late'
       WHEN d.valued AND %(revalued)s THEN 'revalued'
       WHEN d.valued AND EXISTS (
            SELECT 1 FROM loyalty_ledger_consumption c JOIN loyalty_ledger_entry x
                   ON x.id IN (c.debit_entry_id, c.entry_id)
             WHERE c.lot_id = d.id AND (x.id > %(last)s OR x.effective_date > %(until)s)
               AND (c.points < 0 OR c.entry_id <> c.debit_entry_id)) THEN 'moved'
       WHEN d.valued AND EXISTS (
            SELECT 1 FROM loyalty_ledger_consumption c JOIN loyalty_ledger_entry x
                   ON x.id = c.debit_entry_id
             WHERE c.lot_id = d.id AND x.effective_date > %(until)s AND x.id <= %(last)s) THEN 'moved'
       WHEN d.valued AND EXISTS (
            SELECT 1 FROM loyalty_valuation v WHERE v.lot_id = d.id AND v.kind = 'reversal') THEN 'reversed'
       ELSE 'fault' END AS class
       FROM deviations d
       JOIN loyalty_ledger_entry e ON e.id = d.entry_id
       LEFT JOIN loyalty_lot o ON o.id = d.origin_lot_id
       JOIN loyalty_ledger_entry r ON r.id = COALESCE(o.entry_id, d.entry_id))
SELECT class, count(*), sum(target), sum(deviation),
       CASE WHEN class IN ('late', 'fault') THEN (array_agg(id ORDER BY id))[1:%(named)s] END,
       CASE WHEN class IN ('late', 'fault') THEN (array_agg(entry_id ORDER BY id))[1:%(named)s] END,
       CASE WHEN class IN ('late', 'fault')
            THEN (array_agg((target - deviation)::float8 ORDER BY id))[1:%(named)s] END,
       CASE WHEN class IN ('late', 'fault')
            THEN (array_agg(deviation::float8 ORDER BY id))[1:%(named)s] END
  FROM classed GROUP BY class ORDER BY class
