from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..earning.basket import Line, Rule, earn
from ..earning.claim import Claim
from ..ledger.rounding import to_points, to_units
from ..tools.trusted import trusted_defaults

#: Why a document earns nothing at all, decided when it is synchronised first.
BLOCKED = [
    ("customer", "The customer does not collect points"),
    ("program", "The program is not awarding points now"),
    ("dates", "The program does not run on the date of the document"),
    ("pricelist", "The pricelist earns no points"),
    ("elsewhere", "The points were given on another document"),
]


class LoyaltyEarning(models.Model):
    """The award of one document in one program: frozen terms, what was posted, and why.

    The first synchronisation of a document freezes the terms: rules, what they count, level, multiplier, basis and
    rounding. Later ones post the difference between what the document has earned on those terms and what was posted
    before, so that any event may call :meth:`_synchronise` any number of times and no later change of rules, rates,
    levels or products is retroactive.
    """

    _name = "loyalty.earning"
    _inherit = ["loyalty.document.mixin"]
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
        help="Waiting for payment: nothing is earned before the document is paid in full.\n"
        "Earned: paid in full; the points are on the card.\n"
        "Earns nothing: the document does not take part, or nothing in it earns points.\n"
        "Withdrawn: the document was cancelled or is a draft again.",
    )
    blocked = fields.Selection(BLOCKED, "Does Not Take Part", readonly=True)
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
    def default_get(self, fields):
        """Terms and results are the server's, also where a default from a context would say them."""
        return trusted_defaults(self, fields, self._fields, super().default_get)

    def _compute_entry_ids(self):
        own = self.sudo()._own_entries()  # whoever may read the earning may see what it posted
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

    # --- freezing ------------------------------------------------------------------------------------------------

    @api.model
    def _freeze(self, claims, known=None):
        """Return ``{claim key: earning}``, creating those of documents that are synchronised first."""
        __, earnings, new = self._find(claims, known)
        earnings.update(zip([claim.key() for claim in new], self.create(self._prepare_terms(new))))
        return earnings

    @api.model
    def _find(self, claims, known=None):
        """Return the claims by key, the earnings that they have by key, and the claims that are to get one.

        Documents that do not count and never did get none. Earnings of a program that the document left with its card
        are withdrawn.
        """
        existing = self._of_documents([claim.document for claim in claims]) if known is None else known.sudo()
        wanted = {claim.key(): claim for claim in claims}
        earnings = {(earning.res_model, earning.res_id, earning.program_id.id): earning for earning in existing}
        if left := existing.filtered(lambda e: (e.res_model, e.res_id, e.program_id.id) not in wanted and e.points):
            left._withdraw()
        self._extend_terms([(earnings[key], claim) for key, claim in wanted.items() if key in earnings])
        new = [claim for key, claim in wanted.items() if claim.active and key not in earnings]
        return wanted, {key: earnings[key] for key in wanted if key in earnings}, new

    @api.model
    def _prepare_terms(self, claims):
        """Return the values that freeze the terms of each claim as they are now."""
        programs = self.env["loyalty.program"].union(*(claim.card.program_id for claim in claims))
        rules = {program: program._frozen_rules() for program in programs}
        products = {
            program: self._match_products(
                [rule.counts for rule in rules[program]],
                {pid for claim in claims if claim.card.program_id == program for pid in claim.product_ids()},
            )
            for program in programs
        }
        values = []
        for claim in claims:
            program = claim.card.program_id
            values.append(
                {
                    "res_model": claim.document[0],
                    "res_id": claim.document[1],
                    "date": claim.date,
                    "program_id": program.id,
                    "company_id": program.company_id.id,
                    "currency_id": program.currency_id.id,
                    "earning_basis": program.earning_basis,
                    "earning_rounding": program.earning_rounding,
                    "currency_rate": claim.rate,
                    "terms": {
                        "rules": [{**rule.terms} for rule in rules[program]],
                        "products": {str(pid): products[program][pid] for pid in sorted(claim.product_ids())},
                    },
                    **self._card_terms(claim),
                }
            )
        return values

    @api.model
    def _card_terms(self, claim):
        """What the card, the customer and the program of today say about the document."""
        level = (claim.card.points_to_id or claim.card).level_id
        return {
            "card_id": claim.card.id,
            "level_id": level.id,
            "level_name": level.name,
            "multiplier": level.multiplier if level else 1.0,
            "blocked": self._blocked_reason(claim),
        }

    @api.model
    def _blocked_reason(self, claim):
        """Say why the document earns nothing at all, or return False."""
        program = claim.card.program_id
        if claim.elsewhere:
            return "elsewhere"
        if not program.active or not program.accumulates:
            return "program"
        if (program.date_from and claim.date < program.date_from) or (program.date_to and claim.date > program.date_to):
            return "dates"
        if claim.customer and not claim.customer._earns_loyalty():
            return "customer"
        if program._excludes_pricelist(claim.pricelist):
            return "pricelist"
        return False

    @api.model
    def _match_products(self, rules, product_ids):
        """Return ``{product id: positions of the rules that count it}``: at most one query for each rule.

        A line without product counts where the rule takes every product.

        :param rules: :class:`ProductFilter` of each rule
        """
        matches = {product_id: [] for product_id in product_ids}
        Product = self.env["product.product"].with_context(active_test=False)
        real = Product.browse([product_id for product_id in product_ids if product_id])
        for position, rule in enumerate(rules):
            if real and rule.plain:
                found = real.filtered_domain(rule.domain).ids
            else:
                found = Product._search(rule.domain & Domain("id", "in", real.ids)) if real else []
            for product_id in found:
                matches[product_id].append(position)
            if 0 in matches and rule.every:
                matches[0].append(position)
        return matches

    @api.model
    def _extend_terms(self, pairs):
        """Bring frozen terms up to a document that was changed as a draft: another card, products not seen before."""
        unseen = {}
        for earning, claim in pairs:
            if earning.card_id != claim.card and claim.active:
                earning._change_card(claim)
            products = earning.terms["products"]
            if missing := {product_id for product_id in claim.product_ids() if str(product_id) not in products}:
                unseen[earning] = missing
        for earning, missing in unseen.items():
            rules = self.env["loyalty.rule"].with_context(active_test=False)
            kept = rules.browse([rule["id"] for rule in earning.terms["rules"]]).exists()
            positions = [position for position, rule in enumerate(earning.terms["rules"]) if rule["id"] in kept.ids]
            matches = self._match_products([rule._product_filter() for rule in kept], missing)
            products = dict(earning.terms["products"])
            for product_id, found in matches.items():
                products[str(product_id)] = [positions[position] for position in found]
            earning.terms = {**earning.terms, "products": products}

    def _change_card(self, claim):
        """The document has another card: what was posted to the old one is taken back first."""
        if self.points:
            self._withdraw()
        self.write(self._card_terms(claim))

    # --- what it earns -------------------------------------------------------------------------------------------

    def _evaluate(self, claim):
        """Return what the document earns on its frozen terms (:class:`earning.basket.Result`)."""
        self.ensure_one()
        if not claim.active:
            return earn([], [])
        if self.blocked:
            result = earn([], [])
            result.steps.append({"step": "blocked", "reason": self.blocked})
            return result
        terms = self.terms
        rules = [
            Rule(
                rule["mode"],
                rule["rate"],
                rule["minimum_quantity"],
                rule["minimum_amount"],
                rule["minimum_tax"],
                name=rule["name"],
            )
            for rule in terms["rules"]
        ]
        result = earn(
            rules,
            self._lines(claim.lines),
            self._lines(claim.returned),
            claim.settlement,
            multiplier=self.multiplier,
            basis=self.earning_basis,
            rounding=self.earning_rounding,
        )
        result.steps[:0] = self._excluded_step(claim)
        return result

    def _lines(self, lines):
        products, rate, rounded = self.terms["products"], self.currency_rate, self.currency_id.round
        return [
            Line(
                line.quantity,
                line.untaxed if rate == 1 else rounded(line.untaxed * rate),
                line.total if rate == 1 else rounded(line.total * rate),
                products[str(line.product_id)],
                line.deposit,
            )
            for line in lines
        ]

    def _excluded_step(self, claim):
        """Name the lines that no rule counts (C13)."""
        products = self.terms["products"]
        lines = [line for line in claim.lines if not products[str(line.product_id)]]
        if not lines:
            return []
        amount = sum(line.untaxed if self.earning_basis == "untaxed" else line.total for line in lines)
        names = list(dict.fromkeys(line.product_id for line in lines if line.product_id))
        return [{"step": "excluded", "amount": self.currency_id.round(amount * self.currency_rate), "products": names}]

    # --- posting -------------------------------------------------------------------------------------------------

    @api.model
    def _post_differences(self, sync, first=()):
        """Post target minus posted of each earning, all through one call of the gateway.

        :param sync: list of ``(earning, claim, result)``
        :param first: movements that go before
        :return: dict earning -> values that say what was posted, and why
        """
        ops, owners = [*first], [None] * len(first)
        changed = self.browse().union(
            *(e for e, __, result in sync if e.revision and result.points != to_units(e.points))
        )
        entries, net = changed._own_entries(), {}
        for earning, claim, result in sync:
            difference = result.points - to_units(earning.points)
            if difference > 0 and (reason := earning._unusable_reason(claim)):
                result.steps.append({"step": "card", "reason": reason})
                result.points = result.earnable = to_units(earning.points)
                continue
            own = entries.get(earning.id, ())
            net[earning] = quiet = earning._without_movement(difference, own)
            new = earning._prepare_ops(claim, difference - quiet, own)
            ops += new
            owners += [earning] * len(new)
        posted = self.env["loyalty.card"]._post_entries(ops) if ops else ()
        for op, earning, entry in zip(ops, owners, posted):
            if earning is None:
                continue
            # What is earned is posted as it is; of what is taken back a part can be waived.
            earned = op["kind"] == "earn"
            change = to_units(op["points"]) if earned else to_units(entry.points) - to_units(entry.waived_points)
            net[earning] = net.get(earning, 0) + change
        return {earning: earning._note(claim, result, net.get(earning, 0)) for earning, claim, result in sync}

    def _without_movement(self, difference, entries):
        """Return the part of a difference in ten-thousandths that moves no points, with the sign of the difference.

        A return does not take back what had expired or been waived. When it is undone these points are still gone, so
        they do not come back either; and a later return of the same goods finds no transaction that gave them.

        :param entries: what :meth:`_own_entries` says of this earning
        """
        left = sum(entry["left"] for entry in entries)
        restored = max(0, to_units(self.points) - left) if entries else 0
        if difference > 0:
            cards = (self.card_id | self.card_id.points_to_id).ids  # on another card they are fresh ones
            waived = sum(entry["waived"] for entry in entries if entry["card_id"] in cards)
            return min(difference, max(0, waived - restored))
        return min(0, difference + left) if restored else 0

    def _prepare_ops(self, claim, difference, entries):
        """Return the movements of a difference in ten-thousandths: an earning, or reversals of earlier ones.

        What is taken back comes from the latest earning first, so that its own lot gives it.
        """
        document = claim.document
        key = f"earn:{document[0]}:{document[1]}:{self.program_id.id}:{self.revision}"
        if difference > 0:
            return [
                {
                    "card_id": self.card_id.id,
                    "kind": "earn",
                    "points": to_points(difference),
                    "key": key,
                    "document": document,
                    "effective_date": claim.earned_on,
                }
            ]
        ops, left = [], -difference
        for entry in entries:
            part = min(left, entry["left"])
            if part <= 0:
                continue
            left -= part
            ops.append(
                {
                    "card_id": entry["card_id"],
                    "kind": "reversal",
                    "points": -to_points(part),
                    "key": f"{key}:{entry['id']}",
                    "reversed_entry_id": entry["id"],
                    "document": document,
                    "effective_date": self._taken_back_on(claim),
                }
            )
        return ops

    def _taken_back_on(self, claim):
        """A return takes points back on its own day; whatever undoes a payment or the document, today."""
        if claim.active and claim.returned_on and claim.settlement.settled:
            return claim.returned_on
        return None

    def _unusable_reason(self, claim):
        """Say why the card cannot earn on that day, or return False."""
        return (self.card_id.points_to_id or self.card_id)._unusable_reason(claim.earned_on)

    def _own_entries(self):
        """Return ``{earning id: [{"id", "card_id", "left", "waived"}]}``: earned entries, latest first; what of them is not
        taken back yet, and what returns left out."""
        if not self.ids:
            return {}
        rows = self.env.execute_query_dict(
            SQL(
                """
                SELECT g.id AS earning_id, e.id, e.card_id,
                       ((e.points - COALESCE(sum(abs(r.points) + r.waived_points), 0)) * 10000)::bigint AS left,
                       (COALESCE(sum(r.waived_points), 0) * 10000)::bigint AS waived
                  FROM loyalty_earning g
                  JOIN loyalty_ledger_entry e ON e.res_id = g.res_id AND e.res_model = g.res_model
                   AND e.program_id = g.program_id AND e.kind = 'earn'
                  LEFT JOIN loyalty_ledger_entry r ON r.reversed_entry_id = e.id
                 WHERE g.id = ANY(%s)
                 GROUP BY g.id, e.id
                 ORDER BY g.id, e.id DESC
                """,
                self.ids,
            )
        )
        found = {}
        for row in rows:
            found.setdefault(row.pop("earning_id"), []).append(row)
        return found

    def _note(self, claim, result, change):
        """Return what to remember: what was posted, and why."""
        points = to_units(self.points) + change
        values = {
            "state": self._next_state(claim, result, points),
            "earnable_points": to_points(result.earnable),
            "points": to_points(points),
            "share": result.share,
            "steps": result.steps,
        }
        if change:
            values["revision"] = self.revision + 1
        return values

    def _write_changes(self, values):
        changed = {name: value for name, value in values.items() if self[name] != value}
        if changed:
            self.write(changed)

    def _next_state(self, claim, result, points):
        if not claim.active:
            return "withdrawn"
        if points:
            return "earned"
        if self.blocked or not result.earnable:
            return "withdrawn" if self.revision else "nothing"
        return "waiting"

    # --- buttons -------------------------------------------------------------------------------------------------

    def action_view_entries(self):
        """Open the transactions that the document's earning posted."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("loyalty_ledger.loyalty_ledger_entry_action")
        action["domain"] = [("id", "in", self.entry_ids.ids)]
        action["context"] = {}
        return action
