from odoo import models
from odoo.tools import format_date

from ..tools.disclosure_sheets import add_sheets, total_of


class LoyaltyClose(models.Model):
    _inherit = "loyalty.close"

    def _programs_of_step(self, code):
        programs = super()._programs_of_step(code)
        if code != "defer":
            return programs
        own = self.env["loyalty.program"].sudo().with_context(active_test=False)  # the close checks the right to run
        return programs | own.search(
            [("company_id", "=", self.company_id.id), ("accounting_policy", "=", "deferral")], order="id"
        )

    def _pack_programs(self):
        """Add the disclosure of the financial year until the end of the close, for programs with deferred revenue."""
        result = super()._pack_programs()
        start = self.company_id.compute_fiscalyear_dates(self.date_to)["date_from"]
        for data in result:
            program = data["program"].sudo()  # figures only; the close checks the right to run
            # What the program was on the last day counts: its policy may have changed since.
            is_deferred = program._deferred_on(self.date_to)
            if is_deferred or program._booked_until(self.date_to):
                disclosure = program._deferral_disclosure(start, self.date_to)
                period = f"{format_date(self.env, start)} – {format_date(self.env, self.date_to)}"
                data["disclosure"] = {**disclosure, "period": period}
                if is_deferred:
                    # Money has no month of expiry here: the cohort carries it, and what is expected says when it goes.
                    data |= {name: float(disclosure[name]) for name in ("current", "non_current")}
                    data["has_amounts"] = False
                    data["expiry_note"] = self.env._(
                        "Deferred revenue is current as far as it is expected to be recognised within twelve months, see "
                        "Deferred Revenue. Points show by when they can be redeemed."
                    )
        return result

    def _total_disclosure(self, programs):
        """Return the disclosure of all programs together, or False where there are not several.

        :param programs: what :meth:`_pack_programs` returned
        """
        found = [data["disclosure"] for data in programs if data.get("disclosure")]
        return len(found) > 1 and {**total_of(found)[-1], "period": found[0]["period"]}

    def _add_sheets(self, book, formats, programs):
        super()._add_sheets(book, formats, programs)
        found = [data["disclosure"] for data in programs if data.get("disclosure")]
        if found:
            add_sheets(self, book, formats, total_of(found), found[0]["period"])
