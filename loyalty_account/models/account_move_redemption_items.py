"""Journal entries that carry points are posted as they were made, however often they are reset (S8, S11)."""

from odoo import fields, models
from odoo.exceptions import UserError

from odoo.addons.loyalty_ledger.tools.words import say_points


class AccountMove(models.Model):
    _inherit = "account.move"

    loyalty_items = fields.Json(
        "Journal Items of the Points",
        copy=False,
        readonly=True,
        help="The journal items as they were created for the points. The entry can be posted with these only.",
    )

    loyalty_sets = fields.Json(
        "Redemption Details",
        copy=False,
        readonly=True,
        help="As of the redemption: taxes of the sale, taxes of the journal items of the redemption, and eligible "
        "products.",
    )

    def _freeze_loyalty_items(self):
        """Remember the journal items of these new entries."""
        for move in self.sudo():  # the field is the server's
            move.loyalty_items = move._list_loyalty_items()

    def _freeze_loyalty_sets(self, program, document):
        """Remember which taxes of ``document`` became which lines of this entry, and what points could cover: returns
        mirror that, whatever the program says by then."""
        payable = document._loyalty_payable_lines(program).product_id
        self.sudo().loyalty_sets = {  # the field is the server's
            "sets": [
                [sorted(taxes.ids), sorted(self._booked_taxes(program, taxes).ids), gross]
                for taxes, gross in document._loyalty_payable_sets(None).items()
            ],
            "payable": payable.ids,
            "excluded": (document.invoice_line_ids.product_id - payable).ids,
        }

    def _frozen_sets(self):
        """Return ``[(taxes of the sale, taxes of the line that pays them, gross)]`` as it was when points paid, or []."""
        return (self.sudo().loyalty_sets or {}).get("sets", [])  # the field is the server's

    def _frozen_products(self):
        """Return ``(ids of products that points could cover, of those that they could not)``, or None if not known."""
        frozen = self.sudo().loyalty_sets  # the field is the server's
        return frozen and (set(frozen["payable"]), set(frozen["excluded"]))

    def _booked_taxes(self, program, taxes):
        """Return the taxes of the lines by which points cover lines with ``taxes``."""
        if self.move_type != "entry":
            return self._reducible(taxes)
        if program.vat_mode != "input_tax":
            return taxes.browse()
        mapped = {row.sale_tax_id: row.purchase_tax_id for row in program.tax_map_ids}
        leaves = [tax if tax in mapped else tax.flatten_taxes_hierarchy() for tax in taxes]
        return taxes.browse().union(*(mapped.get(leaf, leaf.browse()) for part in leaves for leaf in part))

    def _list_loyalty_items(self, sign=1):
        """Return what decides the books and the tax report: a sorted list with an item for each line."""
        self.ensure_one()
        return sorted(
            [
                line.account_id.id,
                line.currency_id.id,
                line.currency_id.round(sign * line.amount_currency),
                line.company_currency_id.round(sign * line.balance),
                sorted(line.tax_ids.ids),
                sorted(line.tax_tag_ids.ids),
                line.tax_repartition_line_id.id or 0,
            ]
            for line in self.line_ids
        )

    def _reverse_moves(self, default_values_list=None, cancel=False):
        """The draft of a reversal takes back what its entry says in the tax report; Odoo drops tags of tax lines."""
        result = super()._reverse_moves(default_values_list=default_values_list, cancel=cancel)
        for reverse in result.filtered(lambda move: move.state == "draft" and move.reversed_entry_id.loyalty_items):
            for line in reverse.with_context(skip_invoice_sync=True).line_ids.filtered("tax_repartition_line_id"):
                line.tax_tag_ids = reverse.reversed_entry_id.line_ids.filtered(
                    lambda origin: origin.tax_repartition_line_id == line.tax_repartition_line_id  # noqa: B023
                ).tax_tag_ids
        return result

    def _post(self, soft=True):
        """Entries with points settle what they were made for, the first time and whenever they are confirmed again."""
        posted = super()._post(soft)
        entries = posted.filtered("loyalty_items")
        entries.origin_payment_id._reconcile_with_loyalty_move()
        entries._match_returns()
        return posted

    def _check_loyalty_items(self):
        """Refuse entries that would book something else than the points justify; their reversals mirror them."""
        for move in self:
            origin = move if move.loyalty_items else move.reversed_entry_id
            if move.state != "posted" or move.move_type != "entry" or not origin.loyalty_items:
                continue
            # Users may have no access to the origin; access to the entry was checked.
            payment, note = origin.sudo().origin_payment_id, origin.sudo().loyalty_redeem_note_id
            customer = (payment or note).partner_id.commercial_partner_id
            items = move._list_loyalty_items(1 if origin == move else -1)
            if move.line_ids.partner_id.commercial_partner_id - customer or items != origin.loyalty_items:
                raise UserError(
                    self.env._(
                        "%(entry)s carries %(points)s loyalty points for %(amount)s and must keep its journal items: "
                        "accounts, amounts, taxes and customer. Undo your changes, or delete the entry.",
                        entry=move.display_name,
                        points=say_points(self.env, payment.loyalty_points or origin.loyalty_redeem_points),
                        amount=origin.company_currency_id.format(payment.amount or origin.loyalty_redeem_amount),
                    )
                )
