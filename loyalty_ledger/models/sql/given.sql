-- What a user gave to customers within a day, by customer or card, and program.
WITH head AS (
    SELECT c.id, p.commercial_partner_id AS customer_id
      FROM loyalty_card c LEFT JOIN res_partner p ON p.id = c.partner_id
     WHERE c.id IN (%(cards)s)
), watched AS (
    SELECT id AS card_id, customer_id FROM head WHERE customer_id IS NULL
     UNION ALL
    SELECT c.id, o.id
      FROM (SELECT customer_id AS id FROM head WHERE customer_id IS NOT NULL
             UNION SELECT unnest(%(customers)s::int[])) o
      JOIN res_partner p ON p.commercial_partner_id = o.id
      JOIN loyalty_card c ON c.partner_id = p.id
), given AS (
    SELECT w.*, e.program_id, abs(e.points) AS points
      FROM watched w
      JOIN loyalty_ledger_entry e ON e.card_id = w.card_id
      LEFT JOIN loyalty_balance_import i ON e.res_model = 'loyalty.balance.import' AND i.id = e.res_id
      LEFT JOIN loyalty_card s ON e.kind = 'transfer' AND e.res_model = 'loyalty.card' AND s.id = e.res_id
      LEFT JOIN res_partner sp ON sp.id = s.partner_id
     WHERE NOT EXISTS (SELECT 1 FROM loyalty_card_handover h  -- the whole balance counts, see below
                         JOIN res_partner hp ON hp.id = h.customer_id
                        WHERE h.card_id = w.card_id AND hp.commercial_partner_id = w.customer_id
                          AND h.user_id = %(author)s AND h.date > %(since)s AND h.date >= e.date)
       AND e.author_id = %(author)s AND e.date > %(since)s
       AND e.res_model IS DISTINCT FROM 'loyalty.adjustment' AND i.approver_id IS NULL
       AND (e.kind = 'adjust' OR i.id IS NOT NULL OR (
                e.points > 0 AND s.id <> w.card_id
            AND (w.customer_id IS NULL OR sp.commercial_partner_id IS DISTINCT FROM w.customer_id)))
     UNION ALL
    SELECT h.card_id, hp.commercial_partner_id, h.program_id, h.points  -- of today: who got it may have joined a company
      FROM loyalty_card_handover h JOIN res_partner hp ON hp.id = h.customer_id
     WHERE h.user_id = %(author)s AND h.date > %(since)s
       AND hp.commercial_partner_id IN (SELECT customer_id FROM head UNION SELECT unnest(%(customers)s::int[]))
     UNION ALL
    SELECT w.*, l.program_id, abs(l.change)
      FROM loyalty_balance_import i
      JOIN loyalty_balance_import_line l ON l.import_id = i.id AND l.state = 'pending' AND l.change <> 0
      JOIN watched w ON w.card_id = l.card_id
     WHERE i.state IN ('approved', 'stopped') AND i.requester_id = %(author)s AND i.approver_id IS NULL
)
SELECT customer_id, CASE WHEN customer_id IS NULL THEN card_id END AS card_id, program_id,
       (sum(points) * 10000)::bigint AS units
  FROM given GROUP BY 1, 2, 3
