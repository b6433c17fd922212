"""Which level a card has after a movement (H14)."""

from collections import defaultdict

from odoo.tools import SQL

from . import arrays
from .plan import add_delay

#: Bases of levels that the card itself knows; for the others entries are counted.
KNOWN_BASES = ("balance", "lifetime")


class Levels:
    """Levels of the cards that were touched. Part of :class:`.gateway.Gateway`."""

    def _with_levels(self, cards):
        """Return ``{program: cards}`` of the programs that have levels."""
        by_program = defaultdict(list)
        for card in cards:
            by_program[card.info["program_id"]].append(card)
        programs = self.env["loyalty.program"].sudo().browse(by_program)
        return {program: by_program[program.id] for program in programs if program._level_steps()}

    def _assign_levels(self, cards):
        """Set the level of each card by its program's basis (H14).

        :param cards: dict program with levels -> cards
        :return: ``{card id: level before}`` of changes
        """
        changed = {}
        for program, of_program in cards.items():
            levels = program._level_steps()
            basis = self._level_basis(program, of_program)
            for card in of_program:
                level_id = levels[0][1]
                if not card.source:
                    value = basis[card.id]
                    for minimum, candidate in levels:
                        if value < minimum:
                            break
                        level_id = candidate
                if card.level_id != level_id:
                    changed[card.id] = card.level_id
                    card.level_id = level_id
        return changed

    def _level_basis(self, program, cards):
        """Return ``{card id: basis}`` in ten-thousandths of points (or of purchases)."""
        if program.level_basis == "balance":
            return {card.id: card.balance for card in cards}
        if program.level_basis == "lifetime":
            return {card.id: card.lifetime for card in cards}
        ids = arrays.numbers([card.id for card in cards])
        if program.level_basis == "last_12_months":
            # Twelve months back from the latest use: the same for a sale today and for a replay of the past.
            ends = [min(card.last_use or self.today(card), self.today(card)) for card in cards]
            query = SQL(
                """
                SELECT e.card_id, (sum(e.level_points) * 10000)::bigint
                  FROM unnest(%s::int[], %s::date[]) AS u(card_id, since)
                  JOIN loyalty_ledger_entry e ON e.card_id = u.card_id AND e.effective_date > u.since
                 GROUP BY e.card_id
                """,
                ids,
                arrays.numbers([add_delay(end, -1, "year") for end in ends]),
            )
        else:
            query = SQL(
                """
                SELECT COALESCE(c.points_to_id, c.id), count(DISTINCT (e.res_model, e.res_id)) * 10000
                  FROM loyalty_ledger_entry e JOIN loyalty_card c ON c.id = e.card_id
                 WHERE (c.id = ANY(%(ids)s::int[]) OR c.points_to_id = ANY(%(ids)s::int[]))
                   AND e.kind = 'earn' AND e.res_id IS NOT NULL
                   AND NOT EXISTS (SELECT 1 FROM loyalty_ledger_entry r WHERE r.reversed_entry_id = e.id
                                    GROUP BY r.reversed_entry_id HAVING sum(abs(r.points) + r.waived_points) >= e.points)
                 GROUP BY 1
                """,
                ids=ids,
            )
        self.cr.execute(query)
        values = dict(self.cr.fetchall())
        return {card.id: values.get(card.id, 0) for card in cards}
