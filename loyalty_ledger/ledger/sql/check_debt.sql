-- What a card owes is what its transactions have not paid.
IF (SELECT COALESCE(c.debt_points, 0) FROM loyalty_card c WHERE c.id = %(card)s) IS DISTINCT FROM
   (SELECT COALESCE(sum(e.unpaid_points), 0) FROM loyalty_ledger_entry e
     WHERE e.card_id = %(card)s AND e.unpaid_points > 0) THEN
    RAISE EXCEPTION USING MESSAGE = concat('What card ', %(card)s, ' owes must equal its unpaid transactions.'), %(refusal)s;
END IF;
