from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command, Domain
from odoo.tools import SQL

from ..tools.memory import forget

#: Totals of the customer and the column of the card that they sum up.
SUMS = {
    "loyalty_accumulated_points": "accumulated_points",
    "loyalty_redeemed_points": "redeemed_points",
    "loyalty_outstanding_points": "points",
}
OPERATORS = {"=": SQL("="), "!=": SQL("!="), ">": SQL(">"), ">=": SQL(">="), "<": SQL("<"), "<=": SQL("<=")}


class ResPartner(models.Model):
    _inherit = "res.partner"

    loyalty_tracked = fields.Boolean(
        "Collects Points",
        default=lambda self: self.env.company.loyalty_tracked_default,
        help="If this is not ticked, the customer's purchases earn nothing. The customer keeps existing points.",
    )
    loyalty_card_ids = fields.One2many(
        "loyalty.card", "partner_id", "Loyalty Cards", domain=[("ledgered", "=", True)], groups="base.group_user"
    )
    loyalty_accumulated_points = fields.Float(
        "Accumulated Points",
        digits=(16, 4),
        compute="_compute_loyalty_sums",
        search="_search_loyalty_accumulated",
        compute_sudo=True,
        groups="base.group_user",
        help="Loyalty points earned, granted, expired and taken back; without redemptions.",
    )
    loyalty_redeemed_points = fields.Float(
        "Redeemed Points",
        digits=(16, 4),
        compute="_compute_loyalty_sums",
        search="_search_loyalty_redeemed",
        compute_sudo=True,
        groups="base.group_user",
        help="Redemptions less returned points.",
    )
    loyalty_outstanding_points = fields.Float(
        "Outstanding Points",
        digits=(16, 4),
        compute="_compute_loyalty_sums",
        search="_search_loyalty_outstanding",
        compute_sudo=True,
        groups="base.group_user",
        help="Accumulated minus redeemed points.",
    )
    loyalty_reserved_points = fields.Float(
        "Reserved Points",
        digits=(16, 4),
        compute="_compute_loyalty_now",
        compute_sudo=True,
        groups="base.group_user",
        help="Points reserved for documents that are not final.",
    )
    loyalty_available_points = fields.Float(
        "Available Points",
        digits=(16, 4),
        compute="_compute_loyalty_now",
        compute_sudo=True,
        groups="base.group_user",
        help="What the customer can spend now.",
    )

    loyalty_points_text = fields.Char(
        "Loyalty Points",
        compute="_compute_loyalty_now",
        compute_sudo=True,
        groups="base.group_user",
        help="What the customer can spend now, by program.",
    )
    # Totals over cards of several programs add what cannot be added: screens show them for one program only.
    loyalty_one_program = fields.Boolean(
        compute="_compute_loyalty_sums", compute_sudo=True, groups="base.group_user", string="Cards of One Program"
    )

    def _init_column(self, column_name):
        """Existing customers are tracked; the company's own column may not exist yet."""
        if column_name == "loyalty_tracked":
            self.env.cr.execute(SQL("UPDATE res_partner SET loyalty_tracked = TRUE"))
        else:
            super()._init_column(column_name)

    # --- who earns -----------------------------------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        """New customers follow their tags and the company (C5); later changes of those change no customer."""
        for vals in vals_list:
            self.browse()._check_loyalty_join(vals)
        partners = super().create(vals_list)
        for partner, vals in zip(partners, vals_list):
            if "loyalty_tracked" not in vals:
                tracked = partner._default_loyalty_tracked()
                if tracked != partner.loyalty_tracked:
                    partner.loyalty_tracked = tracked
        return partners

    def write(self, vals):
        self._check_loyalty_join(vals)
        result = super().write(vals)
        companies = self.env["res.company"].sudo().with_context(active_test=False)  # an archived one has cards too
        if "tz" in vals and companies.search_count([("partner_id", "in", self.ids)], limit=1):
            forget(self.env)  # the time zone of the company
        return result

    def _check_loyalty_join(self, vals):
        """Check what makes one customer of several: another company around contacts, or contacts of a company (N10)."""
        if self.env.su or not (vals.get("parent_id") or vals.get("child_ids") or vals.get("is_company") is False):
            return
        ids = [vals["parent_id"]] if "parent_id" in vals else self.parent_id.ids
        for command in vals.get("child_ids") or ():
            if isinstance(command, (int, models.BaseModel)):  # a list of contacts, as Odoo's ORM takes it too
                ids += [command] if isinstance(command, int) else command.ids
            elif command[0] in (Command.LINK, Command.SET):  # they do not go through write()
                ids += [command[1]] if command[0] == Command.LINK else command[2]
        joined = self | self.browse([id_ for id_ in ids if isinstance(id_, int) and id_])
        if len(joined) > 1:
            self.env["loyalty.card"]._check_customers_join(joined.exists())

    @api.onchange("category_id")
    def _onchange_category_loyalty(self):
        if not self._origin:
            self.loyalty_tracked = self._default_loyalty_tracked()

    def _default_loyalty_tracked(self):
        """A tag that differs from the company's setting decides, else the company."""
        company = (self.company_id or self.env.company).sudo()
        default = company.loyalty_tracked_default
        return default != any(tag.loyalty_tracked_default != default for tag in self.category_id)

    def _earns_loyalty(self):
        """Return whether purchases of this customer earn points (C4). No customer: nothing speaks against it."""
        return all(partner.loyalty_tracked for partner in self | self.commercial_partner_id)

    # --- totals --------------------------------------------------------------------------------------------------

    def _loyalty_domain(self):
        """Loyalty cards that the totals count: closed and archived ones too, their points are owed as well."""
        return [
            ("ledgered", "=", True),
            ("program_type", "=", "loyalty"),
            ("company_id", "in", [False, *self.env.companies.ids]),
        ]

    def _loyalty_owners(self, owner):
        """Customers whose totals count a card of ``owner``: itself and its commercial entity."""
        return (owner | owner.commercial_partner_id) & self

    def _loyalty_cards_domain(self):
        ids = self._origin.ids
        owners = ["|", ("partner_id", "in", ids), ("partner_id.commercial_partner_id", "in", ids)]
        return [*self._loyalty_domain(), *owners]

    @api.depends_context("allowed_company_ids")
    @api.depends("loyalty_card_ids")
    def _compute_loyalty_sums(self):
        totals, programs = defaultdict(lambda: [0.0] * len(SUMS)), defaultdict(set)
        partners = self._origin
        groups = (
            self.env["loyalty.card"]
            .with_context(active_test=False)
            ._read_group(
                self._loyalty_cards_domain(),
                ["partner_id", "program_id"],
                [f"{column}:sum" for column in SUMS.values()],
            )
        )
        for owner, program, *sums in groups:
            for partner in partners._loyalty_owners(owner):
                programs[partner.id].add(program.id)
                totals[partner.id] = [total + number for total, number in zip(totals[partner.id], sums)]
        for partner in self:
            for name, total in zip(SUMS, totals[partner._origin.id]):
                partner[name] = total
            partner.loyalty_one_program = len(programs[partner._origin.id]) < 2

    @api.depends_context("allowed_company_ids", "lang")
    @api.depends(
        "loyalty_card_ids.closed",
        "loyalty_card_ids.start_date",
        "loyalty_card_ids.expiration_date",
        "loyalty_card_ids.points_to_id",
    )
    def _compute_loyalty_now(self):
        reserved, available = defaultdict(float), defaultdict(float)
        by_program = defaultdict(lambda: defaultdict(float))
        cards = self.env["loyalty.card"].search(self._loyalty_cards_domain())
        partners = self._origin
        balances = cards._balances_now()
        for card in cards:
            for partner in partners._loyalty_owners(card.partner_id):
                reserved[partner.id] += balances[card.id][0]
                available[partner.id] += balances[card.id][3]
                by_program[partner.id][card.program_id] += balances[card.id][3]
        for partner in self:
            points = by_program[partner._origin.id]
            partner.loyalty_points_text = self._say_loyalty_points(points)
            partner.loyalty_reserved_points = reserved[partner._origin.id]
            partner.loyalty_available_points = available[partner._origin.id]

    @api.model
    def _say_loyalty_points(self, points):
        """Return ``{program: points}`` in words; of several programs those with points are named, one after the other."""
        if len(points) < 2:
            return next((program._public_points(number) for program, number in points.items()), False)
        held = {program: number for program, number in points.items() if number} or points
        return ", ".join(f"{program.name}: {program._public_points(number)}" for program, number in held.items())

    def _forget_loyalty_totals(self):
        """Totals follow the ledger, which changes cards in bulk: what was read before is read again."""
        self.invalidate_model(
            [
                *SUMS,
                "loyalty_reserved_points",
                "loyalty_available_points",
                "loyalty_points_text",
                "loyalty_one_program",
            ],
            flush=False,
        )

    def _loyalty_sum_rows(self, field):
        """SQL of ``(partner_id, points)``: each card once for its customer and once for the commercial entity."""
        cards = self.env["loyalty.card"].sudo().with_context(active_test=False)
        query = cards._search([*self._loyalty_domain(), ("partner_id", "!=", False)], order=None)
        return SQL(
            """
            SELECT u.partner_id, c.%(column)s AS points
              FROM loyalty_card c JOIN res_partner o ON o.id = c.partner_id
             CROSS JOIN LATERAL (SELECT c.partner_id UNION SELECT o.commercial_partner_id) u(partner_id)
             WHERE c.id IN %(cards)s
            """,
            column=SQL.identifier(SUMS[field]),
            cards=query.subselect(),
        )

    def _search_loyalty_sum(self, field, operator, value):
        if operator in ("in", "not in") and len(value) == 1:
            operator, value = ("=" if operator == "in" else "!="), next(iter(value))
        if operator not in OPERATORS or isinstance(value, str):
            return NotImplemented
        value = float(value or 0)
        # Customers without a card have the total 0: where 0 fits, look for those that do not fit.
        zero_fits = {
            "=": not value,
            "!=": bool(value),
            ">": value < 0,
            ">=": value <= 0,
            "<": value > 0,
            "<=": value >= 0,
        }
        condition = SQL("sum(points) %s %s", OPERATORS[operator], value)
        query = SQL(
            "(SELECT partner_id FROM (%s) loyalty_sums GROUP BY partner_id HAVING %s)",
            self._loyalty_sum_rows(field),
            SQL("NOT (%s)", condition) if zero_fits[operator] else condition,
        )
        return Domain("id", "not in" if zero_fits[operator] else "in", query)

    def _search_loyalty_accumulated(self, operator, value):
        return self._search_loyalty_sum("loyalty_accumulated_points", operator, value)

    def _search_loyalty_redeemed(self, operator, value):
        return self._search_loyalty_sum("loyalty_redeemed_points", operator, value)

    def _search_loyalty_outstanding(self, operator, value):
        return self._search_loyalty_sum("loyalty_outstanding_points", operator, value)

    def _order_field_to_sql(self, alias, field_name, direction, nulls, query):
        """Sort by totals that the cards' own columns give (P2)."""
        if field_name not in SUMS:
            return super()._order_field_to_sql(alias, field_name, direction, nulls, query)
        self._check_field_access(self._fields[field_name], "read")
        return SQL(
            "(SELECT COALESCE(sum(points), 0) FROM (%s) s WHERE s.partner_id = %s) %s %s",
            self._loyalty_sum_rows(field_name),
            SQL.identifier(alias, "id"),
            direction,
            nulls,
        )

    # --- leaving -------------------------------------------------------------------------------------------------

    @api.ondelete(at_uninstall=False)
    def _unlink_except_card_holders(self):
        """A customer with a used card stays: the card would lose its owner without a word, and its points with him.

        Merging contacts moves their cards first.
        """
        cards = (
            self.env["loyalty.card"]
            .sudo()  # also cards that the user cannot see
            .with_context(active_test=False)
            .search([("partner_id", "in", self.ids), ("ledger_revision", ">", 0)], limit=5)
        )
        if cards:
            raise UserError(
                self.env._(
                    "%(customer)s has loyalty cards with transactions: %(cards)s. Archive the customer instead, or move "
                    "the points to another customer's card first (Transfer Points) and change the owner of the card.",
                    customer=", ".join(cards.partner_id.mapped("display_name")),
                    cards=", ".join(card._shown_code() for card in cards.with_env(self.env)),
                )
            )

    # --- buttons -------------------------------------------------------------------------------------------------

    def action_view_loyalty_transactions(self):
        """Open the transactions of the customer's cards (C24)."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Loyalty Transactions"),
            "res_model": "loyalty.ledger.entry",
            "views": [(False, "list"), (False, "kanban"), (False, "form")],
            "domain": [
                "|",
                ("card_id.partner_id", "=", self.id),
                ("card_id.partner_id.commercial_partner_id", "=", self.id),
            ],
        }

    def action_adjust_loyalty_points(self):
        """Open the adjustment of the customer's cards."""
        self.ensure_one()
        return self.loyalty_card_ids.filtered(lambda card: not card.points_to_id).action_adjust_points()

    def action_issue_loyalty_card(self):
        """Give a customer without cards one of the first program, in one click. A second click gives no second card."""
        self.ensure_one()
        self.check_access("read")
        Card = self.env["loyalty.card"]
        Card._check_ledger_group("loyalty_ledger.group_loyalty_user")
        if self.loyalty_card_ids:
            raise UserError(
                self.env._(
                    "%(customer)s has card %(card)s already. Create cards of other programs under Loyalty / Cards.",
                    customer=self.display_name,
                    card=self.loyalty_card_ids[0]._say_code(),
                )
            )
        company = self.company_id or self.env.company
        programs = Card._programs_to_join(company)
        if not programs:
            raise UserError(
                self.env._(
                    "%s has no loyalty program in which customers earn points. Create one under Loyalty / Programs.",
                    company.name,
                )
            )
        missing = programs - Card._family_cards(self, programs)[self].program_id
        if not missing:
            raise UserError(self.env._("The company of %s has a card of each program already.", self.display_name))
        return Card._issue_to(self, missing[0])._notify_issued()
