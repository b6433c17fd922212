"""What the till asks the server about cards. No amount that a till sends is taken for true."""

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import SQL

from odoo.addons.loyalty_ledger.ledger.rounding import UNIT, to_units
from odoo.addons.loyalty_ledger.ledger.usability import EARN
from odoo.addons.loyalty_ledger.tools.today import loyalty_today

from ..tools import remote
from ..tools.queue import StillBusy, stand_in_line

#: Minutes for which a till reserves points; a payment that comes later is a plain redemption.
HOLD_MINUTES = 30
#: What calls of a till ask of it.
CONFIG_NAMES = ("company_id", "currency_id", "name")


class LoyaltyCard(models.Model):
    _inherit = "loyalty.card"

    level_name = fields.Char(related="level_id.name", string="Level Name")
    points_to_code = fields.Char(related="points_to_id.code", string="Number of the Linked Card")

    @api.model
    def _load_pos_data_fields(self, config):
        return [
            *super()._load_pos_data_fields(config),
            "accumulated_points",
            "available_points",
            "closed",
            "debt_points",
            "is_default",
            "level_basis_value",
            "level_id",
            "level_multiplier",
            "level_name",
            "lifetime_points",  # what levels count by comes with the rest, and costs no query of its own
            "next_expiry_date",
            "next_expiry_points",
            "points_to_code",
            "points_to_id",
            "redeemed_points",
            "reserved_points",
            "start_date",
        ]

    # --- remote calls --------------------------------------------------------------------------------------------

    @api.model
    @remote.checked(config_id=remote.an_id, code=remote.a_text)
    def pos_find_card(self, config_id, code):
        """Find a loyalty card by its number, as swiped, scanned or typed at a till (H1, S9).

        :return: dict with ``card`` (what the till loads of it) or False, ``partner`` (what the till loads of the
            customer) or False, ``error``: why the card can neither earn nor redeem points, ``warning``: what the
            cashier should tell the customer, and ``taken``: whether the number is one that no new card can have,
            such as a gift card's. After too many unknown numbers in a row the answer is only to wait.
        """
        config = self._till_of_call(config_id)
        Miss = self.env["loyalty.till.miss"]
        if refusal := Miss._wait_reason():
            return self._nothing_found(refusal, taken=True)
        result = self._find_for_till(config, code)
        if not (result["card"] or result["taken"]) and (refusal := Miss._note(config, code)):
            result = self._nothing_found(refusal, taken=True)
        return result

    @api.model
    def _nothing_found(self, error, taken=False):
        """Return the answer of :meth:`pos_find_card` to a number that is no loyalty card's."""
        return {"card": False, "partner": False, "error": error, "warning": False, "taken": taken}

    @api.model
    def _find_for_till(self, config, code):
        """Return what :meth:`pos_find_card` answers to a user who may ask."""
        Card = self.sudo()  # the till and its programs were checked; whose card it is, the number itself says
        card = Card.browse()
        code = str(code or "").strip()
        if code:
            programs = config._get_program_ids().filtered(lambda program: program.program_type == "loyalty")
            found = Card._find_by_numbers([code]).get(code, card)
            found = found.filtered(lambda card: card.active and card.program_id in programs)
            card = found if len(found) == 1 else card  # where spaces and zeros were lost, another one may fit as well
        if not card:
            if error := code and Card._other_use_of_number(config, code):
                return self._nothing_found(error, taken=True)
            return self._nothing_found(
                self.env._(
                    "No loyalty card has the number %s. Without the card, use Customer and search by name.", code
                )
            )
        day = loyalty_today(self.env, config.company_id)
        Partner = self.env["res.partner"]
        return {
            "card": card._till_values(config),
            "partner": next(iter(Partner._load_pos_data_read(card.partner_id.with_env(self.env), config)), False),
            "error": card._unusable_reason(day, EARN),
            "warning": card._till_warning(),
            "taken": True,
        }

    @api.model
    def _other_use_of_number(self, config, code):
        """Say what a number is that no loyalty card of this till has, and where it is used, or return False.

        It tells no balance. Cards of other companies stay unknown. Override to know more kinds of numbers; call super.
        """
        card = self.with_context(active_test=False).search([("code", "=", code)], limit=1)
        if card.company_id and card.company_id not in config.company_id.parent_ids:
            return False
        offered, program = config._get_program_ids(), card.program_id
        if not card:
            rules = self.env["loyalty.rule"].search([("mode", "=", "with_code"), ("code", "=", code)], limit=1)
            program = rules.program_id & offered
        if not program:
            return False
        kinds = dict(program._fields["program_type"]._description_selection(self.env))
        values = {"code": code, "program": program.name, "till": config.name, "kind": kinds[program.program_type]}
        if program not in offered:
            if problem := program._say_other_currency(config):
                return problem
            return self.env._("%(code)s belongs to %(program)s (%(kind)s), which is not offered at %(till)s.", **values)
        if program.program_type == "loyalty" or (card and not card.active):
            return self.env._("%(code)s of %(program)s (%(kind)s) can no longer be used.", **values)
        if program.program_type == "gift_card":
            return self.env._(
                "%(code)s is a gift card (%(program)s), not a loyalty card. To pay with it, press Enter Code (under ⋮) "
                "and enter the number there.",
                **values,
            )
        if program.program_type == "ewallet":
            return self.env._(
                "%(code)s is an eWallet (%(program)s), not a loyalty card. To pay with it, choose its customer and press "
                "eWallet (under ⋮).",
                **values,
            )
        return self.env._(
            "%(code)s is a code of %(program)s (%(kind)s), not a loyalty card. To use it, press Enter Code (under ⋮) and "
            "enter it there.",
            **values,
        )

    @api.model
    @remote.checked(
        config_id=remote.an_id,
        card_id=remote.an_id,
        uuid=remote.a_text,
        order_uuid=remote.a_text,
        sale_order_ids=remote.ids,
        basket=remote.basket,
    )
    def pos_hold(self, config_id, card_id, points, uuid, order_uuid, sale_order_ids=None, basket=None):
        """Reserve points of a card for a payment of a till; the same payment again replaces what it reserved (N6).

        :param uuid: uuid of the payment, or of the redemption lines
        :param order_uuid: uuid of the order, which need not be on the server yet
        :param sale_order_ids: sales orders that the order settles: what they reserved can pay it
        :param basket: list of (product id, total with tax) of its lines; where a till says it, points that are worth
            more than they may pay of it are refused. What a till says wrongly is listed once the order is paid.
        :return: dict with ``card`` as the till loads it, ``points`` reserved and ``amount`` that they pay
        """
        config = self._till_of_call(config_id)
        self._stand_in_line_for_cards([card_id])
        config.fetch(CONFIG_NAMES)  # what was read before the wait is forgotten: a new transaction has begun
        Card = self.sudo().with_context(active_test=False)  # the till was checked; cashiers reserve, nothing else
        card = Card.search_fetch([("id", "=", card_id)]).with_env(self.sudo().env)
        program = card.program_id._read_for_till()
        if not card or not program._is_offered_at(config) or not program._pays_at_till():
            problem = card and program._say_other_currency(config)
            raise UserError(problem or self.env._("Points of this card cannot be redeemed at %s.", config.name))
        points = card._check_points_of_till(points)
        if not uuid or not isinstance(uuid, str):
            raise UserError(self.env._("Points can only be reserved for a payment at the register."))
        if basket:
            card._check_basket(config, points, basket)
        hold = card._hold_for_till(config, points, uuid, order_uuid, sale_order_ids)
        return {"card": card._till_values(config), "points": hold.points, "amount": hold.amount}

    def _check_basket(self, config, points, basket):
        """Refuse points for tips, and for gift cards and what else points may not pay."""
        program = self.program_id
        amount = program._points_to_money(points, loyalty_today(self.env, self.company_id))
        try:
            totals = [(int(product_id), float(total)) for product_id, total in basket]
        except (TypeError, ValueError):
            raise UserError(
                self.env._("The register did not say which products the points are redeemed for. Reload it.")
            ) from None
        products = self.env["product.product"].with_context(active_test=False)
        products = products.browse(product_id for product_id, __ in totals).exists()
        payable = sum(
            total
            for product_id, total in totals
            if product_id in products._ids
            and product_id != config.tip_product_id.id
            and program._may_pay_for(products.browse(product_id), total)
        )
        # Taxes may be rounded for the whole order, and cash to coins.
        currency = config.currency_id
        slack = currency.rounding * len(totals) + (config.rounding_method.rounding if config.cash_rounding else 0.0)
        if currency.compare_amounts(amount, payable + slack) > 0:
            raise UserError(
                self.env._(
                    "Points can cover %(payable)s of this order, not %(amount)s: they cannot be redeemed for tips, gift cards, "
                    "top-ups and products that are not eligible in %(program)s.",
                    payable=currency.format(max(payable, 0.0)),
                    amount=currency.format(amount),
                    program=program.name,
                )
            )

    @api.model
    @remote.checked(config_id=remote.an_id, uuid=remote.a_text)
    def pos_release_hold(self, config_id, uuid):
        """Give back what a payment of a till reserved. Releasing again changes nothing.

        :return: dict with ``card`` as the till loads it, or False
        """
        config = self._till_of_call(config_id)
        # Only tills of the company, and only the payment whose uuid the till made up.
        ours = [("pos_config_id.company_id", "=", config.company_id.id)]
        self._stand_in_line_for_cards(self._holds_of_payment(str(uuid or "")).filtered_domain(ours).card_id.ids)
        holds = self._holds_of_payment(str(uuid or "")).filtered_domain(ours)
        holds.filtered(lambda hold: hold._is_active())._release()
        card = holds[:1].card_id
        card.invalidate_recordset()
        return {"card": card._till_values(config) if card else False}

    @api.model
    @remote.checked(config_id=remote.an_id, partner_id=remote.maybe_id, code=remote.a_text, program_id=remote.maybe_id)
    def pos_issue_card(self, config_id, partner_id, code=None, program_id=None):
        """Issue a loyalty card to a customer at a till (H1, H3, S17).

        :param code: number of a pre-printed card; without one a number is generated
        :param program_id: needed where the till offers several loyalty programs
        :return: dict with ``card`` as the till loads it, or False, and ``error``: why not. A number that somebody else has
            counts like an unknown one: it tells that there is such a card, and after too many the answer is only to wait.
        """
        config = self._till_of_call(config_id)
        Miss, code = self.env["loyalty.till.miss"], str(code or "").strip()
        if code and (refusal := Miss._wait_reason()):
            return {"card": False, "error": refusal}
        partner = self.env["res.partner"].browse(partner_id).exists()
        if not partner:
            raise UserError(self.env._("Choose the customer who gets the card."))
        partner.check_access("read")
        # Cashiers may have no access to the contact's settings; only whether it participates is said.
        if not partner.sudo()._earns_loyalty():
            raise UserError(
                self.env._(
                    "%s does not participate in loyalty programs. Change that on the customer first.", partner.name
                )
            )
        programs = config._get_program_ids().filtered(lambda program: program.program_type == "loyalty")
        if program_id:
            programs = programs.filtered(lambda program: program.id == program_id)
        if len(programs) != 1:
            raise UserError(self.env._("Choose the loyalty program of the card."))
        # Cashiers have no right to create cards; what the till may issue was checked above.
        card = self.sudo()._issue_at_till(programs, partner, code)
        if not card:
            refusal = Miss._note(config, code)
            return {
                "card": False,
                "error": refusal or self.env._("The number %s belongs to another card. Use another one.", code),
            }
        return {"card": card._till_values(config), "error": False}

    def _issue_at_till(self, program, partner, code):
        """Return the card with that number for the customer: a blank one that exists already, or a new one.

        Without a number the customer's card that can be used, if there is one by now. No card where the number is
        somebody else's.
        """
        self._lock_customer(partner)
        if not code and (own := self._default_card(partner, program)) and own._is_usable():
            return own
        card = self.with_context(active_test=False).search([("code", "=", code)], limit=1) if code else self.browse()
        if not card:
            self._check_new_numbers([code])
            return self.create({"program_id": program.id, "partner_id": partner.id, **({"code": code} if code else {})})
        if card.program_id != program or not card.active or (card.partner_id and card.partner_id != partner):
            return self.browse()
        if not card.partner_id:
            card.partner_id = partner
        return card

    @api.model
    @remote.checked(config_id=remote.an_id, card_id=remote.an_id, reason=remote.a_text, uuid=remote.a_text)
    def pos_give_bonus(self, config_id, card_id, points, reason, uuid):
        """Give bonus points at a till: supervisors only, with a reason (bH7, C31). The same uuid again gives nothing.

        :param uuid: what the till made up for this bonus
        :return: dict with ``card`` as the till loads it
        """
        config = self._till_of_call(config_id)
        user = self.env.user
        if not (
            user.has_group("point_of_sale.group_pos_manager") or user.has_group("loyalty_ledger.group_loyalty_manager")
        ):
            raise AccessError(self.env._("Only a manager of the Point of Sale may give bonus points."))
        card = self.sudo().browse(card_id).exists()  # the supervisor was checked; the gateway checks the card
        if not card or card.program_type != "loyalty" or card.program_id not in config._get_program_ids().sudo():
            raise UserError(self.env._("This card cannot be used at %s.", config.name))
        points = card._check_points_of_till(points)
        if not uuid or not isinstance(uuid, str):
            raise UserError(self.env._("The register must send a unique number with a bonus."))
        document = ("pos.session", config.current_session_id.id)
        entries = card._adjust("add", points, reason, f"pos-bonus:{uuid}", document=document, approved=False)
        if entries is None:
            raise UserError(
                self.env._(
                    "Together with what you granted this customer within 24 hours, %s points exceed the "
                    "single-approver limit. Use Adjust Points in the back end, which asks a second manager for "
                    "approval.",
                    points,
                )
            )
        return {"card": card._till_values(config)}

    def _stand_in_line_for_cards(self, card_ids):
        """Let calls about the same cards follow each other, and start over after them; rights are checked before.

        :raises odoo.exceptions.UserError: when the others take too long
        """
        try:
            stand_in_line(self.env.cr, [f"loyalty.card:{card_id}" for card_id in card_ids])
        except StillBusy as error:
            raise UserError(
                self.env._("Another register is using this card right now. Try again in a few seconds.")
            ) from error

    def _hold_for_till(self, config, points, uuid, order_uuid, sale_order_ids=None):
        """Reserve points for a payment at a till; what the payment had reserved before is replaced."""
        self.ensure_one()
        earlier, settled = self._uses_of_payment(uuid)
        if settled or any(hold.state == "consumed" for hold in earlier):
            raise UserError(self.env._("The points of this payment are spent already."))
        if reason := self._unusable_reason(loyalty_today(self.env, config.company_id)):
            raise UserError(reason)
        active = earlier.filtered(lambda hold: hold._is_active())
        if len(active) == 1 and active.card_id == self and active.points == points:
            if order_uuid and active.pos_order_uuid != order_uuid:  # a bill that was split or merged
                active._settle({"pos_order_uuid": order_uuid})
            return active
        program, today = self.program_id, loyalty_today(self.env, self.company_id)
        if problem := program._too_few_points(points, today):
            raise UserError(problem)
        active._release()
        if sale_order_ids:
            self._take_from_orders(config, sale_order_ids, points)
        # Of two reservations at once one waits for the card, fails because its row changed, and is tried again.
        return self._hold(
            points,
            f"pos:{uuid}:{len(earlier)}",
            ttl=HOLD_MINUTES,
            values={
                "pos_uuid": uuid,
                "pos_order_uuid": str(order_uuid or "") or False,
                "pos_config_id": config.id,
                "currency_id": program.currency_id.id,
                "amount": program._points_to_money(points, today),
            },
        )

    @api.model
    def _names_in_line(self, card_ids, partner_ids):
        """Return names of the cards, their masters and the loyalty cards of these customers, for waiting in line."""
        if not card_ids and not partner_ids:
            return []
        rows = self.env.execute_query(
            SQL(
                """
                SELECT c.id, c.points_to_id FROM loyalty_card c
                 WHERE c.ledgered AND (c.id = ANY(%(cards)s) OR c.partner_id = ANY(%(partners)s))
                """,
                cards=card_ids,
                partners=partner_ids,
            )
        )
        return [f"loyalty.card:{card_id}" for row in rows for card_id in row if card_id]

    # --- checks and answers --------------------------------------------------------------------------------------

    @api.model
    def _till_of_call(self, config_id):
        """Return the till that asks: one with an open session that the user may work at."""
        if not self.env.user.has_group("point_of_sale.group_pos_user"):
            raise AccessError(self.env._("Only users of the Point of Sale may look up cards at the register."))
        Config, named = self.env["pos.config"], Domain("id", "=", config_id)
        is_open = Domain("session_ids", "any", [("state", "!=", "closed"), ("rescue", "=", False)])
        config = Config.search_fetch(named & is_open, CONFIG_NAMES)
        closed = Config.browse() if config else Config.search_fetch(named, CONFIG_NAMES)
        if (config | closed).company_id not in self.env.companies:
            raise AccessError(self.env._("You do not have access to this register."))
        if closed:
            raise UserError(self.env._("Open a session of %s first.", closed.name))
        return config.with_company(config.company_id)

    def _check_points_of_till(self, points):
        """Return the whole number of points that a till asks for (C21)."""
        try:
            units = to_units(points)
        except (OverflowError, TypeError, ValueError):
            units = 0
        if units <= 0 or units % UNIT:
            raise UserError(self.env._("Enter a whole number of points."))
        return units // UNIT

    @api.model
    def _holds_of_payment(self, uuid):
        holds = self.env["loyalty.hold"].sudo()  # cashiers have no access to reservations
        return holds.search([("pos_uuid", "=", uuid)], order="id") if uuid else holds

    @api.model
    def _uses_of_payment(self, uuid):
        """Return what a payment reserved so far, and whether it took its points already.

        It can have taken them also when its reservation had timed out before. The first reservation needs one query.
        """
        self.env["loyalty.hold"].flush_model(["pos_uuid"])
        ((held, settled),) = self.env.execute_query(
            SQL(
                """
                SELECT EXISTS (SELECT 1 FROM loyalty_hold WHERE pos_uuid = %s),
                       EXISTS (SELECT 1 FROM loyalty_ledger_entry WHERE idempotency_key = %s)
                """,
                uuid,
                self.env["pos.order"]._redeem_key(uuid),
            )
        )
        return self._holds_of_payment(uuid if held else False), settled

    def _till_values(self, config):
        """Return what the till loads of the card."""
        self.ensure_one()
        return self._load_pos_data_read(self, config)[0]

    def _till_warning(self):
        """Return what a cashier should know about a card, or False. Override to warn of more; call super."""
        self.ensure_one()
        if self.points_to_id and not self.closed:
            return self.env._(
                "Card %(code)s is linked to card %(master)s: it earns there, and only that card can redeem points.",
                code=self._say_code(),
                master=self.points_to_id._say_code(),
            )
        if self.partner_id and self.partner_id == self.env.user.partner_id:
            return self.env._("This is your own card.")
        return False
