from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain

#: Type of the payment methods with which points are redeemed.
LOYALTY = "loyalty"
#: What a payment by points does not have: no money moves, the closing entry books it on the program's accounts.
CLEARED = (
    "journal_id",
    "outstanding_account_id",
    "qr_code_method",
    "receivable_account_id",
    "split_transactions",
    "use_payment_terminal",
)


class PosPaymentMethod(models.Model):
    _inherit = "pos.payment.method"

    type = fields.Selection(selection_add=[(LOYALTY, "Loyalty Points")])
    loyalty_program_id = fields.Many2one(
        "loyalty.program",
        "Loyalty Program",
        index="btree_not_null",
        ondelete="restrict",
        domain="[('program_type', '=', 'loyalty'), ('accounting_policy', '!=', 'none'),"
        " ('vat_mode', 'in', ('tender', 'input_tax', 'earning_sale'))]",
        help="Customers redeem points of this program as payment. No journal is needed: the accounts are those of "
        "the program, and are booked when the session is closed.",
    )

    earns_loyalty = fields.Boolean(
        "Earns Points",
        compute="_compute_earns_loyalty",
        store=True,
        readonly=False,
        precompute=True,
        help="Amounts paid this way earn loyalty points. Yes for cash and card; no for points, and for the "
        "customer's account, which is not paid yet.",
    )

    @api.model
    def _load_pos_data_fields(self, config):
        return [*super()._load_pos_data_fields(config), "earns_loyalty", "loyalty_program_id"]

    @api.depends("type")
    def _compute_earns_loyalty(self):
        for method in self:
            method.earns_loyalty = method.type not in (LOYALTY, "pay_later")

    def _is_write_forbidden(self, fields):
        """Which payments earn may change while sessions are open: it holds for orders from then on."""
        return super()._is_write_forbidden(fields - {"earns_loyalty"})

    @api.depends("loyalty_program_id")
    def _compute_type(self):
        points = self.filtered("loyalty_program_id")
        points.type = LOYALTY
        super(PosPaymentMethod, self - points)._compute_type()

    @api.depends("type")
    def _compute_hide_use_payment_terminal(self):
        super()._compute_hide_use_payment_terminal()
        self.filtered(lambda method: method.type == LOYALTY).hide_use_payment_terminal = True

    @api.onchange("loyalty_program_id")
    def _onchange_loyalty_program_id(self):
        if self.loyalty_program_id:
            self.update({**dict.fromkeys(CLEARED, False), "payment_method_type": "none"})

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            if vals.get("loyalty_program_id"):
                vals.update({**dict.fromkeys(CLEARED, False), "payment_method_type": "none"})
        return super().create(vals_list)

    def write(self, vals):
        """Keep what a payment by points does not have empty, whichever way the method is written."""
        if vals.get("loyalty_program_id"):
            vals = {**vals, **dict.fromkeys(CLEARED, False), "payment_method_type": "none"}
        points = self.filtered("loyalty_program_id") if "loyalty_program_id" not in vals else self.browse()
        result = super(PosPaymentMethod, self - points).write(vals)
        if points:
            kept = {name: False if name in CLEARED else value for name, value in vals.items()}
            if "payment_method_type" in kept:
                kept["payment_method_type"] = "none"
            result = super(PosPaymentMethod, points).write(kept) and result
        return result

    @api.model
    def _search(self, domain, *args, **kwargs):
        """New tills take over every method without a journal; points are paid with only where somebody says so."""
        if self.env.context.get("loyalty_new_till"):
            domain = Domain(domain) & Domain("loyalty_program_id", "=", False)
        return super()._search(domain, *args, **kwargs)

    @api.constrains("loyalty_program_id", "earns_loyalty")
    def _check_earns_loyalty(self):
        for method in self:
            if method.loyalty_program_id and method.earns_loyalty:
                raise ValidationError(
                    self.env._("%s: payments with points earn no points. Untick Earns Points.", method.name)
                )

    @api.constrains("loyalty_program_id", "company_id", "config_ids")
    def _check_loyalty_program(self):
        for method in self.filtered("loyalty_program_id"):
            program = method.loyalty_program_id.sudo()  # set up by managers of the till, who need not see all programs
            program._check_pays_at_till()
            if program.company_id and program.company_id not in method.company_id.parent_ids:
                raise ValidationError(
                    self.env._(
                        "Program %(program)s belongs to %(company)s: its points cannot be redeemed at registers of %(other)s.",
                        program=program.name,
                        company=program.company_id.name,
                        other=method.company_id.name,
                    )
                )
            method.config_ids._check_loyalty_payment_methods()
