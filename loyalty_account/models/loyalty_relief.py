from odoo import api, fields, models

from odoo.addons.loyalty_ledger.ledger.rounding import from_cents, to_cents, to_points, to_units
from odoo.addons.loyalty_ledger.tools.trusted import by_server, is_server

from ..books.origin_vat import Share

ORIGINS = [
    ("sale", "Sale"),
    ("unknown", "Sale whose rates were not kept"),
    ("none", "No sale"),
    ("owed", "Points that were owed"),
]


class LoyaltyRelief(models.Model):
    """Which part of a redemption used points of which sale, and the VAT of that sale that it takes off (N17).

    Rows of a redemption are in the order in which the lots were used; rows of what gives it back are negative and name the
    row that they take back. Together they are what the journal items of the redemption book.
    """

    _name = "loyalty.relief"
    _inherit = ["loyalty.server.fields.mixin"]
    _description = "Redeemed Points by Original Sale"
    _order = "id"
    _allow_sudo_commands = False

    res_model = fields.Char("Document Model", required=True, readonly=True)
    res_id = fields.Many2oneReference("Document", model_field="res_model", required=True, readonly=True)
    move_id = fields.Many2one(
        "account.move", "Journal Entry", readonly=True, ondelete="cascade", index="btree_not_null"
    )
    date = fields.Date("Date", required=True, readonly=True)
    program_id = fields.Many2one("loyalty.program", "Program", required=True, readonly=True, ondelete="restrict")
    company_id = fields.Many2one("res.company", "Company", required=True, readonly=True, ondelete="restrict")
    currency_id = fields.Many2one(related="company_id.currency_id")
    card_id = fields.Many2one("loyalty.card", "Card", readonly=True, ondelete="restrict", index=True)
    lot_id = fields.Many2one("loyalty.lot", "Lot", readonly=True, ondelete="restrict", index="btree_not_null")
    earning_id = fields.Many2one(
        "loyalty.earning", "Earning", readonly=True, ondelete="restrict", index="btree_not_null"
    )
    origin = fields.Selection(ORIGINS, "Points From", required=True, readonly=True)
    origin_id = fields.Many2one(
        "loyalty.relief", "Takes Back", readonly=True, ondelete="restrict", index="btree_not_null"
    )
    taxes = fields.Json("Taxes", readonly=True, help="Taxes of the sale, in the order of their ids.")
    rates = fields.Char("Rate", readonly=True, help="Rates of VAT of the sale, as they were then.")
    points = fields.Float("Points", digits=(16, 4), required=True, readonly=True)
    amount = fields.Monetary("Amount", required=True, readonly=True, help="What the points covered, with VAT.")
    vat_amount = fields.Monetary("VAT", required=True, readonly=True, help="VAT of the sale that it takes off.")
    vat = fields.Json("VAT by Tax", readonly=True)

    _document_idx = models.Index("(res_model, res_id)")

    @api.model
    def _server_fields(self):
        return self._fields.keys()

    @api.model
    def _may_write_server_fields(self):
        """What points took off the VAT of which sale is written with their entry only, superusers included."""
        return is_server(self)

    @api.model
    def _say_server_fields(self, names):
        return self.env._("What points take off the VAT of which sale follows from their redemption.")

    @api.model
    def _of_document(self, document):
        """Return the rows of a redemption, in the order in which its lots were used."""
        # Rows are read for the books of the document, which was checked.
        return self.sudo().search([("res_model", "=", document._name), ("res_id", "=", document.id)])

    @api.model
    def _keep(self, document, rows, **values):
        """Write down rows that ``loyalty.program`` planned for a redemption, or for what gives it back."""
        return by_server(self.sudo()).create(
            [{**row, "res_model": document._name, "res_id": document.id, **values} for row in rows]
        )

    def _as_shares(self):
        """Return these rows as :class:`books.origin_vat.Share`, positive whatever their sign."""
        return [
            Share(
                row.lot_id.id or -number - 1,
                tuple(row.taxes or ()),
                abs(to_units(row.points)),
                abs(to_cents(row.amount, row.currency_id.rounding)),
                {int(tax): abs(to_cents(vat, row.currency_id.rounding)) for tax, vat in (row.vat or {}).items()},
            )
            for number, row in enumerate(self)
        ]

    def _prepare_back(self, shares):
        """Return values of rows that take :class:`books.origin_vat.Share` of these rows back.

        :param shares: ``{position: Share}``
        """
        result = []
        for position, share in shares.items():
            row = self[position]
            unit = row.currency_id.rounding
            result.append(
                {
                    "origin_id": row.id,
                    "program_id": row.program_id.id,
                    "company_id": row.company_id.id,
                    "card_id": row.card_id.id,
                    "lot_id": row.lot_id.id,
                    "earning_id": row.earning_id.id,
                    "origin": row.origin,
                    "taxes": row.taxes or [],
                    "rates": row.rates,
                    "points": -to_points(share.points),
                    "amount": -from_cents(share.gross, unit),
                    "vat_amount": -from_cents(sum(share.vat.values()), unit),
                    "vat": {str(tax): -from_cents(vat, unit) for tax, vat in share.vat.items()},
                }
            )
        return result
