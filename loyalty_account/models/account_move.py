from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools.sql import column_exists, create_column

#: Documents of customers: what earns points, takes them back and can be paid with them.
CUSTOMER_DOCUMENTS = ("out_invoice", "out_refund", "out_receipt")


class AccountMove(models.Model):
    _inherit = "account.move"

    loyalty_card_id = fields.Many2one(
        "loyalty.card",
        "Loyalty Card",
        compute="_compute_loyalty_card_id",
        store=True,
        readonly=False,
        precompute=True,
        copy=False,
        index="btree_not_null",
        tracking=True,
        domain="[('ledgered', '=', True), ('program_type', '=', 'loyalty'), ('program_id.active', '=', True),"
        " ('closed', '=', False), ('points_to_id', '=', False),"
        " '|', ('company_id', '=', False), ('company_id', 'parent_of', company_id)]",
        help="Card on which this document earns and redeems points. By default the customer's own card. Scan or type "
        "the full number to use another card.",
    )

    def _auto_init(self):
        """Documents from before the installation have no card: nothing is retroactive, and nothing to compute."""
        if not column_exists(self.env.cr, "account_move", "loyalty_card_id"):
            create_column(self.env.cr, "account_move", "loyalty_card_id", "int4")
        return super()._auto_init()

    def _is_loyalty_document(self):
        """Return whether the document can have a loyalty card: invoices, credit notes and receipts of customers."""
        self.ensure_one()
        return self.move_type in CUSTOMER_DOCUMENTS

    @api.depends("partner_id", "move_type", "company_id", "reversed_entry_id")
    def _compute_loyalty_card_id(self):
        """Take the customer's card, and on a credit note the card of the invoice that it reverses."""
        drafts = self.filtered(lambda move: move.state in (False, "draft"))
        own = drafts.filtered(lambda move: move._is_loyalty_document() and not move.reversed_entry_id)
        cards = self.env["loyalty.card"]._cards_of_documents(own)
        for move in drafts:
            if move in own:
                move.loyalty_card_id = cards[move]
            else:
                move.loyalty_card_id = move._is_loyalty_document() and move.reversed_entry_id.loyalty_card_id
        for move in self - drafts:
            move.loyalty_card_id = move.loyalty_card_id

    @api.constrains("loyalty_card_id")
    def _check_loyalty_card(self):
        """Refuse cards that can neither earn nor redeem points; credit notes keep their invoice's card whatever became
        of it."""
        for move in self:
            # Invoicing users may have no access to the card; access to the invoice was checked.
            card = move.loyalty_card_id.sudo()
            if not card or move.state != "draft" or card == move.reversed_entry_id.loyalty_card_id:
                continue
            if not move._is_loyalty_document():
                raise ValidationError(
                    self.env._("Only customer invoices, credit notes and receipts have a loyalty card.")
                )
            if reason := card._unusable_reason(company=move.company_id):
                raise ValidationError(reason)
