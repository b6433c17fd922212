from freezegun import freeze_time

from odoo import fields
from odoo.fields import Command
from odoo.tests import new_test_user

from odoo.addons.account.tests.common import AccountTestInvoicingCommon

#: The day on which these tests happen.
TODAY = "2026-03-15"


class ReadyCompanyCase(AccountTestInvoicingCommon):
    """Odoo's accounting case, with the company that the template of the tests has ready where there is one."""

    @classmethod
    def setup_independent_company(cls, **kwargs):
        company = cls.env["res.company"].search([("name", "=", "Ready Company")], limit=1)
        if kwargs or cls.country_code or cls.chart_template or not company.chart_template:
            return super().setup_independent_company(**kwargs)
        cls.env.user.company_ids = [Command.link(company.id)]
        return company


class LoyaltyAccountCase(ReadyCompanyCase):
    """A program, a customer with a card and short verbs for invoices and payments.

    The clock stands at noon (UTC) of ``TODAY``; an invoicing user does the work.
    """

    #: A browser needs a clock that goes on.
    frozen = True

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if cls.frozen:
            cls.startClassPatcher(freeze_time(f"{TODAY} 12:00:00"))
        cls.company = cls.company_data["company"]
        cls.company.partner_id.tz = "UTC"
        cls.env = cls.env(context=dict(cls.env.context, tracking_disable=True, loyalty_no_mail=True))
        cls.clerk = new_test_user(
            cls.env,
            "loyalty_clerk",
            groups="account.group_account_invoice",
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )
        cls.customer = cls.env["res.partner"].create({"name": "Ann", "company_id": False})
        cls.program = cls.make_program()
        cls.card = cls.make_card()
        cls.product = cls.env["product.product"].create(
            {"name": "Coffee", "list_price": 100.0, "taxes_id": [Command.clear()]}
        )

    @classmethod
    def get_default_groups(cls):
        """The accountant who sets things up manages loyalty too."""
        return super().get_default_groups() | cls.quick_ref("loyalty_ledger.group_loyalty_manager")

    @classmethod
    def make_program(cls, **values):
        return cls.env["loyalty.program"].create(
            {
                "name": "Points",
                "program_type": "loyalty",
                "portal_point_name": "points",
                "trigger": "auto",
                "applies_on": "both",
                "company_id": cls.company.id,
                "currency_id": cls.company.currency_id.id,
                "rule_ids": [
                    Command.clear(),
                    Command.create({"reward_point_amount": 1, "reward_point_mode": "money", "minimum_qty": 0}),
                ],
                "reward_ids": [Command.create({"required_points": 100, "discount": 10})],
                **values,
            }
        )

    @classmethod
    def make_card(cls, partner=None, program=None, **values):
        return cls.env["loyalty.card"].create(
            {"program_id": (program or cls.program).id, "partner_id": (partner or cls.customer).id, **values}
        )

    def make_invoice(
        self, *lines, partner=None, post=False, move_type="out_invoice", user=None, company=None, **values
    ):
        """Create a customer document as the invoicing user.

        :param lines: amounts, or dicts of values of the invoice lines; without tax unless they say otherwise
        """
        commands = []
        for line in lines or (100.0,):
            vals = line if isinstance(line, dict) else {"price_unit": line}
            commands.append(
                Command.create({"product_id": self.product.id, "quantity": 1, "tax_ids": [Command.clear()], **vals})
            )
        move = (
            self.env["account.move"]
            .with_user(user or self.clerk)
            .with_company(company or self.company)
            .create(
                {
                    "move_type": move_type,
                    "partner_id": (partner or self.customer).id,
                    "invoice_date": fields.Date.today(),
                    "invoice_line_ids": commands,
                    **values,
                }
            )
        )
        if post:
            move.action_post()
        return move


class LoyaltyAccountCommon(LoyaltyAccountCase):
    """A program with accounting: journal, accounts, taxes of 15, 5 and 0 % with tags and their tax mapping.

    ``sale_taxes`` and ``purchase_taxes`` are dicts by rate. Each tax has its tags for base and tax, on invoices and on
    refunds: ``tags["purchase", 15, "invoice", "tax"]``. The card has 1,000 points worth 1.00 each.
    """

    policy = "redemption"
    vat_mode = "input_tax"
    point_value = 1.0

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cost_account = cls.make_account("Loyalty Points Redeemed", "610900", "expense")
        cls.liability_account = cls.make_account("Loyalties Accrued", "251900", "liability_current")
        cls.output_vat = cls.make_account("Output VAT", "251901", "liability_current")
        cls.input_vat = cls.make_account("Input VAT", "131901", "asset_current")
        cls.receivable = cls.company_data["default_account_receivable"]
        cls.revenue = cls.company_data["default_account_revenue"]
        cls.bank_journal = cls.company_data["default_journal_bank"]
        cls.tags = {}
        cls.sale_taxes = {rate: cls.make_tax("sale", rate) for rate in (15, 5, 0)}
        cls.purchase_taxes = {rate: cls.make_tax("purchase", rate) for rate in (15, 5, 0)}
        cls.loyalty_journal = cls.make_loyalty_journal()
        cls.program.write(cls.accounting_values())
        cls.grant(1000)

    @classmethod
    def make_account(cls, name, code, account_type, **values):
        return cls.env["account.account"].create(
            {"name": name, "code": code, "account_type": account_type, "reconcile": False, **values}
        )

    @classmethod
    def make_tax(cls, use, rate, **values):
        """A tax with its own tags, whose VAT goes to ``output_vat`` or ``input_vat``."""
        country = cls.company.account_fiscal_country_id
        account = cls.output_vat if use == "sale" else cls.input_vat
        commands = {}
        for document in ("invoice", "refund"):
            for part in ("base", "tax"):
                cls.tags[use, rate, document, part] = cls.env["account.account.tag"].create(
                    {"name": f"{use} {rate} {document} {part}", "applicability": "taxes", "country_id": country.id}
                )
            commands[f"{document}_repartition_line_ids"] = [
                Command.clear(),
                *(
                    Command.create(
                        {
                            "repartition_type": part,
                            "account_id": account.id if part == "tax" else False,
                            "tag_ids": [Command.set(cls.tags[use, rate, document, part].ids)],
                        }
                    )
                    for part in ("base", "tax")
                ),
            ]
        return cls.env["account.tax"].create(
            {
                "name": f"{rate} % {use}",
                "type_tax_use": use,
                "amount_type": "percent",
                "amount": rate,
                "company_id": cls.company.id,
                "country_id": country.id,
                **commands,
                **values,
            }
        )

    @classmethod
    def make_loyalty_journal(cls, **values):
        """A cash journal whose only payment method, in and out, is Loyalty Points."""
        methods = {
            direction: cls.env.ref(f"loyalty_account.account_payment_method_loyalty_{direction}")
            for direction in ("in", "out")
        }
        return cls.env["account.journal"].create(
            {
                "name": "Loyalty Points",
                "code": "LOY",
                "type": "cash",
                "company_id": cls.company.id,
                "inbound_payment_method_line_ids": [
                    Command.clear(),
                    Command.create({"name": "Loyalty Points", "payment_method_id": methods["in"].id}),
                ],
                "outbound_payment_method_line_ids": [
                    Command.clear(),
                    Command.create({"name": "Loyalty Points", "payment_method_id": methods["out"].id}),
                ],
                **values,
            }
        )

    @classmethod
    def accounting_values(cls, **values):
        """Values of a program with accounting."""
        return {
            "accounting_policy": cls.policy,
            "vat_mode": cls.vat_mode,
            "loyalty_journal_id": cls.loyalty_journal.id,
            "cost_account_id": cls.cost_account.id,
            "liability_account_id": cls.liability_account.id,
            "point_value": cls.point_value,
            "tax_map_ids": [
                Command.clear(),
                *(
                    Command.create(
                        {"sale_tax_id": cls.sale_taxes[rate].id, "purchase_tax_id": cls.purchase_taxes[rate].id}
                    )
                    for rate in cls.sale_taxes
                ),
            ],
            **values,
        }

    @classmethod
    def grant(cls, points, card=None, **values):
        """Put points on a card, as the ledger of another program's opening would."""
        card = card or cls.card
        return card._post_entries(
            [
                {
                    "card_id": card.id,
                    "kind": "opening",
                    "points": points,
                    "key": f"test:{card.id}:{card.ledger_revision}",
                    **values,
                }
            ]
        )

    def line(self, price, rate=None, **values):
        """Values of an invoice line, for :meth:`make_invoice`, with the sales tax of a rate."""
        taxes = [Command.set(self.sale_taxes[rate].ids)] if rate is not None else [Command.clear()]
        return {"price_unit": price, "tax_ids": taxes, **values}
