from odoo.http import Controller, request, route

MANAGER = "loyalty_ledger.group_loyalty_manager"


class LoyaltyProgramPage(Controller):
    @route("/loyalty/program/<string:slug>", type="http", auth="public", website=True, sitemap=False, readonly=True)
    def loyalty_program_page(self, slug, **kw):
        """Show the public page of a program (bP11); to managers before it is published, to others not found."""
        __, program_id = request.env["ir.http"]._unslug(slug)
        # Read for visitors, who have no rights on programs: only what the page says leaves this method.
        program = request.env["loyalty.program"].sudo().browse(program_id or []).exists()
        is_preview = program and not program.public_page and request.env.user.has_group(MANAGER)
        if is_preview and not self._may_read(program):
            is_preview = False
        if not program or not program.active or not program.is_ledgered or not (program.public_page or is_preview):
            raise request.not_found()
        card = self._card_of_visitor(program)
        return request.render(
            "loyalty_ledger.public_program_page",
            {
                "program": program,
                "is_preview": is_preview,
                "no_breadcrumbs": True,
                "card": card,
                "can_join": not card and program._can_join(),
                **program._public_values(),
            },
        )

    def _card_of_visitor(self, program):
        """Return the open card of who is logged in, which the page shows instead of the form to join."""
        user = request.env.user
        cards = request.env["loyalty.card"].sudo()  # customers see their own cards; which one is theirs is asked here
        if user._is_public():
            return cards
        own = [("program_id", "=", program.id), ("partner_id", "=", user.partner_id.id), ("closed", "=", False)]
        return cards.search(own, limit=1)

    def _may_read(self, program):
        """Return whether the user may read the program anyway: its company is one of theirs."""
        return program.with_user(request.env.user).has_access("read")
