"""Posting a list of documents: one whose reserved points no longer fit does not keep the others from being posted."""

from odoo import models
from odoo.exceptions import UserError

#: Key of the context of a posting that leaves such documents as drafts; its value is a :class:`LeftOut`.
LEFT_OUT = "loyalty_left_out"


class LeftOut(dict):
    """``{document id: reason}``. A class of its own, so that no remote call can send one."""


class AccountMove(models.Model):
    _inherit = "account.move"

    def _post(self, soft=True):
        """Post the documents at once; what people post from a list goes on without those whose points cannot be
        redeemed.

        Odoo posts a list as a whole or not at all, and so it stays for code that posts, and for documents without
        reserved points. Only where the posting as a whole failed is each document with some tried on its own.
        """
        left_out = self.env.context.get(LEFT_OUT)
        several = isinstance(left_out, LeftOut) and len(self) > 1
        reserved = self.filtered("loyalty_hold_id") if several else self.browse()
        if not reserved:
            return super()._post(soft)
        rest = self
        try:
            with self.env.cr.savepoint():
                return super()._post(soft)
        except UserError:
            rest = self - reserved  # those with reserved points follow one by one
        posted = super(AccountMove, rest)._post(soft) if rest else self.browse()
        for move in reserved:
            try:
                with self.env.cr.savepoint():
                    posted |= super(AccountMove, move)._post(soft)
            except UserError as error:
                left_out[move.id] = str(error)
        return posted

    def _report_left_out(self, left_out, action):
        """Return ``action``, or, where documents were left out, the notification that names them and why.

        :raises odoo.exceptions.UserError: where nothing was posted
        """
        if not left_out:
            return action
        moves = self.filtered(lambda move: move.id in left_out)
        reasons = "\n".join(f"{move.display_name}: {left_out[move.id]}" for move in moves)
        if moves == self:
            raise UserError(reasons)
        for move in moves:
            move.message_post(body=self.env._("Not posted together with others: %s", left_out[move.id]))
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning",
                "sticky": True,
                "title": self.env._("Posted, except %s with reserved points", len(moves)),
                "message": reasons,
                "next": action or {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def action_validate_moves_with_confirmation(self):
        """Post the documents of a list; name those whose reserved points cannot be redeemed, and post the others."""
        left_out = LeftOut()
        moves = self.with_context(**{LEFT_OUT: left_out})
        return self._report_left_out(left_out, super(AccountMove, moves).action_validate_moves_with_confirmation())
