from odoo import api, fields, models
from odoo.exceptions import ValidationError

from odoo.addons.loyalty_ledger.ledger.usability import CODES
from odoo.addons.loyalty_ledger.tools.memory import forget
from odoo.addons.loyalty_ledger.tools.words import say_points

from ..tools import remote
from .pos_payment_method import LOYALTY


class PosConfig(models.Model):
    _name = "pos.config"
    _inherit = ["loyalty.values.mixin", "pos.config"]

    loyalty_offline_policy = fields.Selection(
        [("deny", "Not allowed"), ("cap", "Up to a limit per card")],
        "Points Without Connection",
        required=True,
        default="deny",
        help="Whether points can be redeemed while the register is offline and the balance of a card is unknown.",
    )
    loyalty_offline_cap = fields.Float(
        "Limit per Card",
        digits=(16, 4),
        default=0.0,
        help="Maximum points that one card can redeem at this register until it has a connection again.",
    )

    _check_loyalty_offline_cap = models.Constraint(
        "CHECK (loyalty_offline_cap >= 0)", "The limit of points without connection cannot be negative."
    )

    def unlink(self):
        result = super().unlink()
        forget(self.env)  # which tills a program is limited to, and its rates there
        return result

    # --- points as a means of payment ----------------------------------------------------------------------------

    def _default_payment_methods(self):
        return super(PosConfig, self.with_context(loyalty_new_till=True))._default_payment_methods()

    def _create_journal_and_payment_methods(self, cash_ref=None, cash_journal_vals=None):
        """A new till gets no payment by points by accident: Odoo links every method without a journal."""
        return super(PosConfig, self.with_context(loyalty_new_till=True))._create_journal_and_payment_methods(
            cash_ref=cash_ref, cash_journal_vals=cash_journal_vals
        )

    def _link_same_non_cash_payment_methods(self, source_config):
        points = source_config.payment_method_ids.filtered(lambda method: method.type == LOYALTY)
        result = super()._link_same_non_cash_payment_methods(source_config)
        self.payment_method_ids -= points
        return result

    @api.constrains("payment_method_ids", "fast_payment_method_ids", "journal_id", "company_id", "currency_id")
    def _check_loyalty_payment_methods(self):
        for config in self:
            for method in config.payment_method_ids.filtered("loyalty_program_id"):
                # Point of Sale managers may have no access to the program; access to the method was checked.
                program = method.loyalty_program_id.sudo()
                if program.currency_id != config.currency_id:
                    raise ValidationError(
                        self.env._(
                            "Points of %(program)s are worth %(currency)s and cannot be redeemed at %(till)s, which sells in "
                            "%(other)s.",
                            program=program.name,
                            currency=program.currency_id.name,
                            till=config.name,
                            other=config.currency_id.name,
                        )
                    )
                if program.pos_config_ids and config not in program.pos_config_ids or not program.pos_ok:
                    raise ValidationError(
                        self.env._(
                            "Program %(program)s is not offered at %(till)s. Add the Point of Sale to the program first.",
                            program=program.name,
                            till=config.name,
                        )
                    )
            fast = config.fast_payment_method_ids.filtered("loyalty_program_id")
            if fast:
                raise ValidationError(
                    self.env._(
                        "%s cannot be a fast payment method: the cashier has to say how many points the customer "
                        "wishes to use.",
                        fast[0].name,
                    )
                )

    def _get_special_products(self):
        """The product of redemption lines is loaded, and not offered for sale."""
        product = self.env.ref("loyalty_pos.product_redemption", raise_if_not_found=False)
        return super()._get_special_products() | (product or self.env["product.product"])

    @api.model
    def _load_pos_data_read(self, records, config):
        values = super()._load_pos_data_read(records, config)
        words = {code: self.env["loyalty.card"]._usability_words(code) for code in CODES}
        product = self.env.ref("loyalty_pos.product_redemption", raise_if_not_found=False)
        for vals in values:
            vals["_loyalty_redemption_product_id"] = product.id if product else False
            vals["_loyalty_card_words"] = words
        return values

    @remote.checked(
        code=remote.a_text, creation_date=remote.a_moment, partner_id=remote.maybe_id, pricelist_id=remote.maybe_id
    )
    def use_coupon_code(self, code, creation_date, partner_id, pricelist_id):
        """A card under the ledger pays with what it has available, on the days on which it can be used.

        Codes of gift cards are money: numbers that no card has are noted, and after too many the user has to wait.
        """
        Miss = self.env["loyalty.till.miss"]
        if refusal := Miss._wait_reason():
            return {"successful": False, "payload": {"error_message": refusal}}
        result = super().use_coupon_code(code, creation_date, partner_id, pricelist_id)
        if not result["successful"]:
            known = self.env["loyalty.card"].sudo().search_count([("code", "=", code)], limit=1)
            if not known and (refusal := Miss._note(self, code)):
                return {"successful": False, "payload": {"error_message": refusal}}
            return result
        card = self.env["loyalty.card"].browse(result["payload"]["coupon_id"])
        if not card.ledgered:
            return result
        points = card._spendable_points()
        message = card._unusable_reason(fields.Date.to_date(creation_date[:10]))
        if not message and not any(reward.required_points <= points for reward in card.program_id.reward_ids):
            message = self.env._(
                "No reward can be claimed with card %(code)s: %(points)s points available.",
                code=code,
                points=say_points(self.env, points),
            )
        if not message:
            result["payload"]["points"] = points
            return result
        return {"successful": False, "payload": {"error_message": message}}
