from odoo.http import content_disposition, request, route

from odoo.addons.loyalty_ledger.controllers.portal import CustomerPortalLedger


class CustomerPortalBooks(CustomerPortalLedger):
    @route("/my/loyalty_card/<int:card_id>/original_sales", type="http", auth="user", website=True)
    def portal_loyalty_card_original_sales(self, card_id, **kw):
        """Download what redeemed points took off the VAT of which sale, for one's own card, as PDF (N17)."""
        card_sudo = self._own_ledgered_card(card_id)
        if not card_sudo or not card_sudo._has_relief():
            return request.redirect("/my")
        content, __ = (
            request.env["ir.actions.report"]
            .sudo()  # the card is the user's own; portal users print no reports by themselves
            ._render_qweb_pdf("loyalty_account.action_report_loyalty_card_relief", card_sudo.ids)
        )
        name = request.env._("Redeemed points by original sale %s", card_sudo.code)
        return request.make_response(
            content,
            headers=[
                ("Content-Type", "application/pdf"),
                ("Content-Length", len(content)),
                ("Content-Disposition", content_disposition(f"{name}.pdf")),
            ],
        )
