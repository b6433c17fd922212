from odoo.http import request, route

from odoo.addons.loyalty.controllers.portal import CustomerPortalLoyalty


class CustomerPortalLedger(CustomerPortalLoyalty):
    def _prepare_home_portal_values(self, counters):
        """Show customers the cards that they can use: not closed, not sending their points elsewhere, in date."""
        values = super()._prepare_home_portal_values(counters)
        if "cards_per_programs" in values:
            usable = {
                program: cards.filtered(lambda card: not card.ledgered or card._is_usable())
                for program, cards in values["cards_per_programs"].items()
            }
            values["cards_per_programs"] = {program: cards for program, cards in usable.items() if cards}
        return values

    @route()
    def portal_get_card_history_values(self, card_id):
        """Offer only rewards that the available points pay for."""
        values = super().portal_get_card_history_values(card_id)
        if not values:
            return values
        card_sudo = request.env["loyalty.card"].sudo().browse(values["card"]["id"])  # checked by super: the user's own
        if card_sudo.ledgered:
            spendable = card_sudo._spendable_points()
            rewards = card_sudo.program_id.reward_ids.filtered(lambda reward: reward.required_points <= spendable)
            values["rewards"] = [
                {"description": reward.description, "points": card_sudo._format_points(reward.required_points)}
                for reward in rewards.sorted("required_points", reverse=True)[:3]
            ]
        return values
