from odoo import fields, models


class LoyaltyException(models.Model):
    _inherit = "loyalty.exception"

    kind = fields.Selection(
        selection_add=[("guess", "Unknown Numbers Entered")],
        ondelete={"guess": lambda exceptions: exceptions.write({"kind": "claim"})},
        help="Overspent: the card had fewer points than the event took; the rest is owed.\n"
        "Waived: points should have been taken back but were spent; the program waives them.\n"
        "Claim Reduced: a document claimed more points than the program's rules give.\n"
        "Integrity Check Failed: the verification found a row that was changed.\n"
        "Another Customer's Card: an invoice earns or redeems points on a card that is not its customer's.\n"
        "Return without Receipt: money was given back that points or gift cards may have paid.\n"
        "Unknown Numbers Entered: somebody entered many numbers at a Point of Sale that no card has, or that are somebody "
        "else's.",
    )

    def action_settle_again(self):
        """Settle the points of till orders again, now that what kept them from it is fixed (N8)."""
        self.env["loyalty.card"]._check_ledger_group("loyalty_ledger.group_loyalty_manager")
        self.check_access("write")
        of_till = self.filtered(lambda exception: exception.res_model == "pos.order" and exception.state == "open")
        # The group was checked; who manages loyalty need not work at tills.
        orders = self.env["pos.order"].sudo().browse(of_till.mapped("res_id")).exists()
        orders._loyalty_settle()
        settled = set(orders.filtered("loyalty_settled").ids)
        return of_till.filtered(lambda exception: exception.res_id in settled).action_resolve()
