from odoo import fields
from odoo.http import content_disposition, request, route

from odoo.addons.loyalty.controllers.portal import CustomerPortalLoyalty

#: Transactions in the dialog of a card, as in Odoo.
LAST_TRANSACTIONS = 5


class CustomerPortalLedger(CustomerPortalLoyalty):
    def _prepare_home_portal_values(self, counters):
        """Show customers the cards that they can use: not closed, not linked to another card, in date."""
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
        """Offer only rewards that the available points cover; the transactions are those of the ledger."""
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
            values["history_lines"] = [
                {
                    "order_id": entry.res_id or False,
                    "description": entry._portal_description(),
                    "order_portal_url": entry._portal_url(request.env.user),
                    "points": card_sudo._say_points(entry.points, signed=True),
                }
                for entry in card_sudo.env["loyalty.ledger.entry"].search(
                    [("card_id", "=", card_sudo.id), ("points", "!=", 0)], limit=LAST_TRANSACTIONS
                )
            ]
        return values

    def _own_ledgered_card(self, card_id):
        """Return the user's own card with a ledger, in superuser mode, or no card. Another's card is none."""
        return (
            request.env["loyalty.card"]
            .sudo()
            .search(
                [("id", "=", card_id), ("partner_id", "=", request.env.user.partner_id.id), ("ledgered", "=", True)]
            )
        )

    def _card_statement(self, card_sudo, date_from=None, date_to=None, detail=None):
        """Return a statement of a card that is the user's own; what makes no sense in the address is left out."""
        values = {"card_ids": card_sudo.ids, "detail": "summary" if detail == "summary" else "detailed"}
        for name, text in (("date_from", date_from), ("date_to", date_to)):
            try:
                values[name] = fields.Date.to_date(text)
            except (TypeError, ValueError):
                values[name] = None
        statement = request.env["loyalty.statement"].sudo()
        values = {name: value for name, value in values.items() if value}
        values = {**statement.default_get(["date_from", "date_to"]), **values}
        values["date_from"], values["date_to"] = sorted(
            fields.Date.to_date(values[name]) for name in ("date_from", "date_to")
        )
        return statement.create(values)

    @route()
    def portal_my_loyalty_card_history(self, card_id, page=1, sortby="date", **kw):
        """Show the statement of a card with a ledger for a period, Odoo's history for the others."""
        card_sudo = self._own_ledgered_card(card_id)
        if not card_sudo:
            return super().portal_my_loyalty_card_history(card_id, page=page, sortby=sortby, **kw)
        statement = self._card_statement(card_sudo, kw.get("date_from"), kw.get("date_to"))
        (__, values) = statement._values(card_sudo, request.env.lang)[0]
        return request.render(
            "loyalty_ledger.portal_card_statement",
            {"page_name": "loyalty_history", "card": card_sudo, "statement": statement, "values": values},
        )

    @route("/my/loyalty_card/<int:card_id>/show", type="http", auth="user", website=True)
    def portal_loyalty_card_show(self, card_id, **kw):
        """Show the barcode of one's own card on the whole screen, to be scanned."""
        card_sudo = self._own_ledgered_card(card_id)
        if not card_sudo:
            return request.redirect("/my")
        return request.render("loyalty_ledger.portal_card_show", {"card": card_sudo})

    @route("/my/loyalty_card/<int:card_id>/statement", type="http", auth="user", website=True)
    def portal_loyalty_card_statement(self, card_id, date_from=None, date_to=None, detail=None, **kw):
        """Download the statement of one's own card as PDF (S25, bH10)."""
        card_sudo = self._own_ledgered_card(card_id)
        if not card_sudo:
            return request.redirect("/my")
        statement = self._card_statement(card_sudo, date_from, date_to, detail)
        content, __ = (
            request.env["ir.actions.report"]
            .sudo()  # the card is the user's own; portal users print no reports by themselves
            ._render_qweb_pdf("loyalty_ledger.action_report_loyalty_statement", statement.ids)
        )
        return request.make_response(
            content,
            headers=[
                ("Content-Type", "application/pdf"),
                ("Content-Length", len(content)),
                ("Content-Disposition", content_disposition(f"{statement._file_name()}.pdf")),
            ],
        )
