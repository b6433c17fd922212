-- Write what a roll-over found: new lines are inserted, known ones updated. Lines of customers who were merged into one hold
-- nothing any longer, because the first line holds the sum.
WITH rows AS (
     SELECT * FROM unnest(%(id)s::int[], %(period_id)s::int[], %(partner_id)s::int[], %(card_id)s::int[], %(entry_id)s::int[],
                          %(sales)s::numeric[], %(credit)s::numeric[], %(posted)s::numeric[], %(gross)s::numeric[],
                          %(skipped)s::bool[], %(terms)s::int[], %(base)s::text[])
            AS r (id, period_id, partner_id, card_id, entry_id, sales, credit, posted, gross, skipped, terms, base)),
terms AS MATERIALIZED (SELECT place, t::jsonb AS terms FROM unnest(%(all_terms)s::text[]) WITH ORDINALITY AS t (t, place)),
changed AS (
     UPDATE loyalty_period_line l
        SET sales = r.sales, credit_amount = r.credit, posted_amount = r.posted, gross = r.gross, base = r.base::jsonb,
            card_id = COALESCE(l.card_id, r.card_id), entry_id = COALESCE(l.entry_id, r.entry_id)
       FROM rows r WHERE l.id = r.id),
merged AS (
     UPDATE loyalty_period_line SET sales = 0, credit_amount = 0, posted_amount = 0, gross = 0, base = '{}'
      WHERE id = ANY(%(merged)s::int[]))
INSERT INTO loyalty_period_line (period_id, program_id, company_id, date_from, date_to, partner_id, card_id, entry_id, sales,
                                 credit_amount, posted_amount, gross, is_skipped, terms, base)
SELECT p.id, p.program_id, p.company_id, p.date_from, p.date_to, r.partner_id, r.card_id, r.entry_id, r.sales, r.credit,
       r.posted, r.gross, r.skipped, t.terms, r.base::jsonb
  FROM rows r JOIN loyalty_period p ON p.id = r.period_id JOIN terms t ON t.place = r.terms
 WHERE r.id IS NULL
