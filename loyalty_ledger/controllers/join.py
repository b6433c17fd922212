from odoo.exceptions import UserError
from odoo.http import Controller, request, route


class LoyaltyJoinController(Controller):
    """Joining a program: the form of its public page, and the link of the confirmation mail."""

    @route(
        "/loyalty/program/<string:slug>/join", type="http", auth="public", website=True, methods=["POST"], sitemap=False
    )
    def loyalty_join(self, slug, name="", email="", phone="", consent=None, homepage="", **kw):
        """Take the request of a visitor; the answer is the same whether or not the address is known."""
        __, program_id = request.env["ir.http"]._unslug(slug)
        # Visitors have no rights on programs: only what the page says leaves this method.
        program = request.env["loyalty.program"].sudo().browse(program_id or []).exists()
        if not program or not program.active or not program._can_join():
            raise request.not_found()
        values = {"program": program, "no_breadcrumbs": True, "asked": {"name": name, "email": email, "phone": phone}}
        try:
            if not consent:
                raise UserError(request.env._("Please tick the box to agree."))
            if not homepage:  # people do not see that field; programs fill it in
                address = request.httprequest.remote_addr
                request.env["loyalty.join"].sudo()._ask(program, name, email, phone, address)
        except UserError as error:
            values["error"] = str(error)
        return request.render("loyalty_ledger.public_join_asked", values)

    # Mail programs open links by themselves to look at them: a visit alone confirms nothing.
    @route("/loyalty/join/<string:token>", type="http", auth="public", website=True, sitemap=False)
    def loyalty_join_confirm(self, token, **kw):
        """Show what is confirmed; the button issues the card."""
        # The link is the secret: only the confirmation mail contains it.
        join = request.env["loyalty.join"].sudo()._by_token(token)
        values = {"join": join, "token": token, "no_breadcrumbs": True, "card": join.card_id}
        if join and request.httprequest.method == "POST":
            try:
                with request.env.cr.savepoint():  # a refused visitor leaves nothing behind, no customer either
                    values["card"] = join._confirm()
            except UserError as error:
                values["error"] = str(error)
        return request.render("loyalty_ledger.public_join_confirm", values)
