-- What counts in a period, as its roll-over begins: percentages of the products that were sold (NULL: they do not count),
-- customers that do not participate (companies and each of their contacts), and the dates and pricelists of the program.
WITH sales AS MATERIALIZED (SELECT DISTINCT partner_id, commercial_partner_id, COALESCE(product_id, 0) AS product_id
                              FROM (%(sources)s) s),
counted AS (%(counted)s)
UPDATE loyalty_period
   SET marks = jsonb_build_object(
       'products', (SELECT COALESCE(jsonb_object_agg(s.product_id, k.percentage), '{}')
                      FROM (SELECT DISTINCT product_id FROM sales) s LEFT JOIN counted k ON k.product_id = s.product_id),
       'untracked', (SELECT COALESCE(jsonb_agg(p.id), '[]') FROM res_partner p
                      WHERE p.loyalty_tracked IS NOT TRUE
                        AND p.commercial_partner_id IN (SELECT commercial_partner_id FROM sales UNION ALL
                                                        SELECT c.commercial_partner_id FROM sales s
                                                          JOIN res_partner c ON c.id = s.partner_id)),
       'begin', %(begin)s::date, 'end', %(end)s::date, 'pricelists', %(pricelists)s::jsonb)
 WHERE id = %(period)s
