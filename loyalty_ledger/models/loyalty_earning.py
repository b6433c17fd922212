from odoo import api, fields, models

from ..earning.claim import Claim

#: Why a document earns nothing at all, decided when it is synchronised first.
BLOCKED = [
    ("customer", "The customer does not collect points"),
    ("program", "The program is not awarding points now"),
    ("dates", "The program does not run on the date of the document"),
    ("pricelist", "The pricelist earns no points"),
    ("elsewhere", "The points were awarded on another document"),
]


class LoyaltyEarning(models.Model):
    """The award of one document in one program: frozen terms, what was posted, and why.

    The first synchronisation of a document freezes the terms: rules, what they count, level, multiplier, basis and
    rounding. Later ones post the difference between what the document has earned on those terms and what was posted
    before, so that any event may call :meth:`_synchronise` any number of times and no later change of rules, rates,
    levels or products is retroactive.
    """

    _name = "loyalty.earning"
    _inherit = ["loyalty.server.fields.mixin", "loyalty.document.mixin", "loyalty.program.sums.mixin"]
    _description = "Earning of a Document"
    _order = "id desc"
    _rec_name = "document_name"
    _allow_sudo_commands = False
    res_model = fields.Char("Document Model", required=True, readonly=True)
    res_id = fields.Many2oneReference("Document", model_field="res_model", required=True, readonly=True)
    document_name = fields.Char("Source Document", compute="_compute_document_name")
    date = fields.Date("Date", required=True, readonly=True, help="Date of the document.")
    program_id = fields.Many2one("loyalty.program", "Program", required=True, readonly=True, ondelete="restrict")
    # A card with transactions is never deleted; one without takes along what nobody has earned yet.
    card_id = fields.Many2one("loyalty.card", "Card", required=True, readonly=True, ondelete="cascade", index=True)
    partner_id = fields.Many2one(related="card_id.partner_id", string="Customer")
    company_id = fields.Many2one("res.company", "Company", readonly=True, ondelete="restrict")
    currency_id = fields.Many2one("res.currency", "Currency", required=True, readonly=True, ondelete="restrict")
    state = fields.Selection(
        [
            ("waiting", "Waiting for Payment"),
            ("earned", "Earned"),
            ("nothing", "Earns Nothing"),
            ("withdrawn", "Withdrawn"),
        ],
        "Status",
        required=True,
        readonly=True,
        default="waiting",
        index=True,
        help="Waiting for payment: nothing is earned until the document is paid in full.\n"
        "Earned: paid in full; the points are on the card.\n"
        "Earns nothing: no product of the document earns points, or its customer, pricelist or program does not "
        "participate.\n"
        "Withdrawn: the document was cancelled or reset to draft.",
    )
    blocked = fields.Selection(BLOCKED, "Reason for Earning Nothing", readonly=True)
    earnable_points = fields.Float(
        "Earnable",
        digits=(16, 4),
        readonly=True,
        help="What the document earns once it is paid in full; equal to what it earned from then on.",
    )
    points = fields.Float("Earned", digits=(16, 4), readonly=True, help="Points posted for the document, net.")
    share = fields.Float(
        "Qualifying Share",
        digits=(16, 6),
        readonly=True,
        aggregator=None,
        help="Part of the document that was paid, or can be paid, by ways of payment that earn points.",
    )
    level_id = fields.Many2one("loyalty.level", "Level Before", readonly=True, ondelete="set null")
    level_name = fields.Char("Level", readonly=True)
    multiplier = fields.Float("Multiplier", digits=(16, 4), readonly=True, default=1.0, aggregator=None)
    earning_basis = fields.Char("Basis", readonly=True)
    earning_rounding = fields.Char("Rounding", readonly=True)
    currency_rate = fields.Float(
        "Rate",
        digits=0,
        readonly=True,
        default=1.0,
        aggregator=None,
        help="Value of one unit of the document's currency in the currency of the program.",
    )
    terms = fields.Json("Terms", readonly=True)
    steps = fields.Json("Steps", readonly=True)
    explanation = fields.Text("Why This Many Points?", compute="_compute_explanation")
    revision = fields.Integer(readonly=True, default=0)
    entry_ids = fields.Many2many("loyalty.ledger.entry", string="Transactions", compute="_compute_entry_ids")
    _document_unique = models.UniqueIndex(
        "(res_id, res_model, program_id)", "The points of this document were calculated already."
    )

    @api.model
    def _server_fields(self):
        return self._fields.keys()

    def _compute_entry_ids(self):
        # Readers of the earning may have no access to the ledger; the earning was read with their rights.
        own = self.sudo()._own_entries()
        for earning in self:
            ids = [row["id"] for row in own.get(earning.id, ())]
            earning.entry_ids = self.env["loyalty.ledger.entry"].search(
                ["|", ("id", "in", ids), ("reversed_entry_id", "in", ids)]
            )

    # --- synchronisation -----------------------------------------------------------------------------------------

    @api.model
    def _synchronise(self, claims, known=None, first=()):
        """Post for each document what it has earned by now less what was posted for it before.

        Idempotent: the same claims again post nothing. One set-based pass for any number of claims.

        :param claims: list of :class:`Claim`, one for each document and program
        :param known: all earnings of these documents, if the caller has them
        :param first: movements to post before, in the same call of the gateway, such as what the documents spend: the
            terms are those of before
        :return: the earnings of the documents
        """
        # Events of other documents cause it, whatever rights their users have on loyalty.
        self = self.browse().sudo()
        wanted, earnings, new = self._find(claims, known)
        terms = {claim.key(): values for claim, values in zip(new, self._prepare_terms(new))}
        # New ones are written once, with what they earned.
        drafts = {key: self.new({**values, "res_id": False}) for key, values in terms.items()}
        sync = []
        for key, claim in wanted.items():
            earning = earnings.get(key) or drafts.get(key)
            if earning is not None:
                sync.append((earning, claim, earning._evaluate(claim)))
        notes = self._post_differences(sync, first)
        created = self.create([{**values, **notes.pop(drafts[key])} for key, values in terms.items()])
        earnings.update(zip(terms, created))
        for earning, values in notes.items():
            earning._write_changes(values)
        return self.union(*earnings.values())

    @api.model
    def _preview(self, claims):
        """Return ``{claim: earning.basket.Result}`` of documents without frozen terms, in words too; writes nothing."""
        self = self.sudo()
        previews = {}
        for claim, values in zip(claims, self._prepare_terms(claims)):
            earning = self.new({name: value for name, value in values.items() if name != "res_id"})
            result = earning._evaluate(claim)
            earning.steps = result.steps
            result.words = "\n".join(earning._explain())
            previews[claim] = result
        return previews

    def _withdraw(self):
        """Take back what was posted for documents that are about to disappear."""
        self = self.sudo()
        sync = []
        for earning in self:
            claim = Claim((earning.res_model, earning.res_id), earning.card_id, earning.date, active=False)
            sync.append((earning, claim, earning._evaluate(claim)))
        for earning, values in self._post_differences(sync).items():
            earning._write_changes(values)

    def _synchronise_documents(self):
        """Have the documents of these earnings claimed again. Hook: override to know the documents of a channel."""

    @api.model
    def _of_documents(self, documents):
        """Return the earnings of ``[(model, id)]``."""
        found = self.browse()
        by_model = {}
        for model, res_id in documents:
            by_model.setdefault(model, set()).add(res_id)
        for model, ids in by_model.items():
            found |= self.search([("res_model", "=", model), ("res_id", "in", list(ids))])
        return found

    # --- buttons -------------------------------------------------------------------------------------------------

    def action_view_entries(self):
        """Open the transactions that the document's earning posted."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("loyalty_ledger.loyalty_ledger_entry_action")
        action["domain"] = [("id", "in", self.entry_ids.ids)]
        action["context"] = {}
        return action
