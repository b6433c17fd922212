-- With which value and expected redemption documents of each day were allocated.
SELECT g.date, g.terms -> 'deferral', max(g.create_date), array_agg(g.id ORDER BY g.id),
       array_agg(COALESCE((SELECT sum(r.allocated) FROM loyalty_earning_revenue r WHERE r.earning_id = g.id), 0) ORDER BY g.id)
  FROM loyalty_earning g
 WHERE g.program_id = %(program)s AND g.terms ? 'deferral' AND g.date <= %(date)s
 GROUP BY 1, 2 ORDER BY 1
