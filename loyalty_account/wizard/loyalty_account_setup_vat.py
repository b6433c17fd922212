"""What Set Up Accounting says about VAT in the country of the company: a proposal with its source, never a decision."""

from odoo import api, fields, models

#: Which mode the sources of a country point to; ``docs/accounting.md`` has the whole matrix, with what is open.
MODES = {"ZA": "tender", "DE": "earning_sale", "AU": "price_reduction", "GB": "price_reduction"}
#: All other countries of the European Union.
EUROPE = "price_reduction"


class LoyaltyAccountSetup(models.TransientModel):
    _inherit = "loyalty.account.setup"

    vat_proposal = fields.Text("Proposal", compute="_compute_vat_proposal")

    @api.depends("company_id")
    def _compute_vat_proposal(self):
        modes = dict(self._fields["vat_mode"]._description_selection(self.env))
        europe = self.env.ref("base.europe", raise_if_not_found=False)
        for wizard in self:
            company = wizard.company_id
            country = company.account_fiscal_country_id or company.root_id.account_fiscal_country_id
            code = country.code if country.code in MODES else "EU" if europe and country in europe.country_ids else None
            if not code:
                wizard.vat_proposal = False
                continue
            wizard.vat_proposal = self.env._(
                "%(country)s: %(settled)s This points to “%(mode)s”. The terms of your program decide; ask your accountant.",
                country=country.name,
                settled=wizard._vat_sources()[code],
                mode=modes[MODES.get(code, EUROPE)].split(":")[0],
            )

    def _vat_sources(self):
        """Return what is settled by country code, with the source."""
        _ = self.env._
        return {
            "ZA": _(
                "SARS Interpretation Note 118 (4 November 2021) treats points as payment or part-payment, so the VAT of the "
                "sale stays. It does not apply where the terms make points a discount on future purchases."
            ),
            "DE": _(
                "Redeeming points lowers the base of the sale that earned them, once they are redeemed (BFH, 16 January 2020, "
                "V R 42/17; OFD Frankfurt, 5 November 2012, S 7200 A - 219 - St 111, which asks that customers may also take "
                "money). Points that only lower the next purchase are a discount on that one (ECJ C-436/24)."
            ),
            "EU": _(
                "Points that can only be used together with a further purchase are no vouchers but a discount on it (ECJ, 5 "
                "March 2026, C-436/24, Lyko Operations)."
            ),
            "AU": _(
                "Redeeming points is not consideration for the goods (ATO, GSTR 2012/1; edited private advice "
                "1052336000338, which is not binding), so GST is on what is paid in money."
            ),
            "GB": _(
                "The sale that awards points is taxed in full, and points are a reduction of the later one (Tesco plc v "
                "Commissioners of Customs and Excise [2003] EWCA Civ 1367; see VAT Notice 700/7)."
            ),
        }
