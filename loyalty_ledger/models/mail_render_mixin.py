import re

from odoo import api, models

#: ``object.points`` in a template, in whatever expression it stands.
POINTS = re.compile(r"\bobject\.points\b")


class MailRenderMixin(models.AbstractModel):
    _inherit = "mail.render.mixin"

    @api.model
    def _render_template(self, template_src, model, res_ids, *args, **kwargs):
        """Tell customers what they can spend (P11): mails about cards show spendable points as "points".

        Replaced while rendering, so templates stay as the shop wrote them and still work without this add-on. One field
        stands for the other, so that it may stand wherever a field may (``t-field``, templates that people without the
        right to program have changed).
        """
        if model == "loyalty.card" and template_src and "object.points" in template_src:
            template_src = POINTS.sub("object.spendable_points", template_src)
        return super()._render_template(template_src, model, res_ids, *args, **kwargs)
