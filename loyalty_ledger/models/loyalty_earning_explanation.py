"""Why a document earned what it earned, in the reader's language."""

from odoo import api, models
from odoo.tools import formatLang

from ..tools.words import say_points


class LoyaltyEarning(models.Model):
    _inherit = "loyalty.earning"

    @api.depends_context("lang")
    @api.depends("steps", "state", "points")
    def _compute_explanation(self):
        for earning in self:
            earning.explanation = "\n".join(earning._explain())

    def _explain(self):
        """Return the steps of the earning as sentences in the reader's language."""
        self.ensure_one()
        if self.state == "withdrawn" and not self.steps:
            return [self.env._("The document was cancelled, deleted or is a draft again: its points were taken back.")]
        lines = [words for step in self.steps or [] if (words := self._explain_step(step))]
        return lines or [self.env._("No line of this document earns points.")]

    def _money_text(self, amount):
        return formatLang(self.env, amount, currency_obj=self.currency_id)

    def _explain_step(self, step):
        """Return one step in words. Override to explain steps of your own."""
        explain = getattr(self, f"_explain_{step['step']}", None)
        return explain(step) if explain else ""

    def _explain_blocked(self, step):
        return dict(self._fields["blocked"]._description_selection(self.env)).get(step["reason"], "") + "."

    def _explain_excluded(self, step):
        products = self.env["product.product"].sudo().browse(step["products"][:5]).exists()
        names = ", ".join(products.mapped("name"))
        amount = self._money_text(step["amount"])
        if not names:
            return self.env._("%s of lines that earn nothing.", amount)
        return self.env._("%(amount)s of products that earn nothing: %(names)s.", amount=amount, names=names)

    def _explain_rule(self, step):
        values = {
            "rate": say_points(self.env, step["rate"]),
            "points": say_points(self.env, step["points"]),
            "currency": self.currency_id.name,
        }
        left = step["base"] - step["returned"]
        if step["mode"] == "unit":
            values["units"] = say_points(self.env, left)
            text = self.env._("%(units)s units × %(rate)s = %(points)s points.", **values)
            back = self.env._("%s units were returned.", say_points(self.env, step["returned"]))
        elif step["mode"] == "order":
            text = self.env._("%(rate)s for the document: %(points)s points.", **values)
            back = self.env._("%s%% of it was returned.", say_points(self.env, round(step["returned"] * 100, 2)))
        else:
            values["amount"] = self._money_text(left)
            if self.earning_basis == "total":
                text = self.env._("%(amount)s with tax × %(rate)s per %(currency)s = %(points)s points.", **values)
            else:
                text = self.env._("%(amount)s without tax × %(rate)s per %(currency)s = %(points)s points.", **values)
            back = self.env._(
                "%(back)s of %(base)s were credited.",
                back=self._money_text(step["returned"]),
                base=self._money_text(step["base"]),
            )
        return f"{text} {back}" if step["returned"] else text

    def _explain_no_products(self, step):
        return self.env._("A rule of %s points counts other products.", say_points(self.env, step["rate"]))

    def _explain_minimum_amount(self, step):
        return self.env._(
            "A rule of %(rate)s points needs a purchase of %(minimum)s; this is %(amount)s.",
            rate=say_points(self.env, step["rate"]),
            minimum=self._money_text(step["minimum"]),
            amount=self._money_text(step["amount"]),
        )

    def _explain_minimum_quantity(self, step):
        return self.env._(
            "A rule of %(rate)s points needs %(minimum)s units; these are %(quantity)s.",
            rate=say_points(self.env, step["rate"]),
            minimum=say_points(self.env, step["minimum"]),
            quantity=say_points(self.env, step["quantity"]),
        )

    def _explain_multiplier(self, step):
        return self.env._(
            "Level %(level)s multiplies by %(multiplier)s: %(points)s points.",
            level=self.level_name or "-",
            multiplier=say_points(self.env, step["multiplier"]),
            points=say_points(self.env, step["points"]),
        )

    def _explain_share(self, step):
        return self.env._(
            "%(qualifying)s of %(paid)s (%(percent)s%%) paid in ways that earn points: %(points)s points.",
            qualifying=formatLang(self.env, step["qualifying"], digits=2),
            paid=formatLang(self.env, step["paid"], digits=2),
            percent=formatLang(self.env, step["share"] * 100, digits=2),
            points=say_points(self.env, step["points"]),
        )

    def _explain_rounding(self, step):
        points = say_points(self.env, step["points"])
        if step["rounding"] == "nearest":
            return self.env._("Rounded to whole points: %s points.", points)
        return self.env._("Rounded down to whole points: %s points.", points)

    def _explain_unpaid(self, step):
        return self.env._(
            "Not paid in full yet: nothing is earned before, then %s points.", say_points(self.env, step["points"])
        )

    def _explain_card(self, step):
        return step["reason"]
