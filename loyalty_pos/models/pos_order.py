from odoo import models
from odoo.tools import SQL, float_compare

from odoo.addons.loyalty_ledger.ledger.rounding import to_points, to_units
from odoo.addons.loyalty_ledger.ledger.usability import EARN
from odoo.addons.loyalty_ledger.tools.words import say_points

from ..tools import remote
from ..tools.source import TillSource
from ..tools.trust import server_vouches
from .pos_order_settle import ids_of


class PosOrder(models.Model):
    _inherit = "pos.order"

    # --- before payment ------------------------------------------------------------------------------------------

    @remote.checked(point_changes=remote.numbers_by_id, new_codes=remote.texts)
    def validate_coupon_programs(self, point_changes, new_codes):
        """Refuse what a card cannot spend now. Advisory: the till goes on when it has no connection."""
        changes = {int(card_id): points for card_id, points in point_changes.items()}
        Card = self.env["loyalty.card"].with_context(active_test=False)
        cards = Card.search_fetch([("id", "in", list(changes)), ("ledgered", "=", True)])
        for card in cards:
            if changes[card.id] >= 0:
                # Anybody who earns spends nothing: a card in debt is no reason to refuse the order.
                changes[card.id] = max(changes[card.id], -card.points)
                continue
            points = card._spendable_points()
            if float_compare(points, -changes[card.id], 2) < 0:
                return {
                    "successful": False,
                    "payload": {
                        "message": self.env._(
                            "Card %(code)s has %(points)s points available, fewer than the %(wanted)s of this order.",
                            code=card._say_code(),
                            points=say_points(self.env, points),
                            wanted=say_points(self.env, -changes[card.id]),
                        ),
                        "updated_points": {other.id: other._spendable_points() for other in cards},
                    },
                }
        result = super().validate_coupon_programs(changes, new_codes)
        updated = result["payload"].get("updated_points", {})
        updated.update({card.id: card._spendable_points() for card in cards if card.id in updated})
        return result

    # --- after payment -------------------------------------------------------------------------------------------

    @remote.checked(coupon_data=remote.claims_by_id)
    def confirm_coupon_programs(self, coupon_data):
        """Settle the points of a paid order, once, as far as the order supports what its till claims.

        Each card gets one entry for what it earned and one for what it spent. A second call, at the same time or
        later, changes nothing. Points that are reduced end in the exceptions list: goods already handed over are
        no reason for an error.
        """
        self.ensure_one()
        self.check_access("write")
        asked = self._read_claims(coupon_data)
        if self._is_settled_by_server(asked):
            return self._reply_to_till(self._empty_reply(), asked)
        card_ids = sorted(ids_of(int(key) for key in coupon_data) | {*self.lines.coupon_id.ids})
        self._stand_in_line(
            [f"pos.order:{self.uuid}", *self.env["loyalty.card"]._names_in_line(card_ids, self.partner_id.ids)]
        )
        self._loyalty_serialize()
        asked = self._read_claims(coupon_data)
        settled = self._settled_programs()
        claims = {key: vals for key, vals in asked.items() if vals["program_id"] not in settled.ids}
        checked = claims if server_vouches(self.env) else self._check_claims(claims)
        source = TillSource(self, {*checked})
        result = super(PosOrder, source.bind(self)).confirm_coupon_programs(checked)
        source.settle()
        if self.loyalty_settled and self.loyalty_card_id:
            # What a card earned with Odoo's own timing is known only now. Results are the server's. What gift cards and
            # rewards of other programs took is no redemption of this card.
            order, redeemed = self.sudo(), self.loyalty_points_redeemed
            order._refresh_points_of_order()
            order.loyalty_points_redeemed = redeemed
        return self._reply_to_till(result, asked)

    def _is_settled_by_server(self, asked):
        """Return whether a confirmation is about nothing but programs whose points the server gave and took already."""
        programs = {vals["program_id"] for vals in asked.values()} | {*self._reward_lines().reward_id.program_id.ids}
        return bool(asked) and programs <= {*self._programs_of_server().ids}

    def _empty_reply(self):
        """Return the answer to a confirmation that changes nothing, in Odoo's shape."""
        return {"coupon_updates": [], "program_updates": [], "new_coupon_info": [], "coupon_report": {}}

    def _loyalty_serialize(self):
        """Let only one transaction settle this order: the others fail to serialize and are tried again after it.

        A lock would not do: anybody who waited for it goes on with the cards and entries that it saw before.
        """
        self.flush_recordset()
        self.env.cr.execute(
            SQL("UPDATE pos_order SET write_uid = write_uid WHERE id = %s", self.id), log_exceptions=False
        )

    def _settled_programs(self):
        """Return the programs whose points are settled: by the server itself, or by an earlier confirmation."""
        entries = self._entries_of_order().filtered(
            lambda entry: (entry.idempotency_key or "").startswith(f"pos:{self.uuid or self.id}:")
        )
        issued = self.env["loyalty.card"].sudo().with_context(active_test=False)
        confirmed = entries.program_id | issued.search([("source_pos_order_id", "=", self.id)]).program_id
        return confirmed | self._programs_of_server()

    def _read_claims(self, coupon_data):
        """Return the client's claims by number, each with a program: that of its card, else the one it names."""
        cards = self.env["loyalty.card"].sudo().browse([int(key) for key in coupon_data if int(key) > 0]).exists()
        programs = {card.id: card.program_id.id for card in cards}
        claims = {}
        for key, vals in coupon_data.items():
            named = int(vals.get("program_id") or 0)
            program_id = programs.get(int(key), named)
            claims[int(key)] = {**vals, "program_id": program_id, "misnamed": named not in (0, program_id)}
        return claims

    def _check_existing_loyalty_cards(self, coupon_data):
        """A claim without a card belongs to the customer's default card; Odoo takes whichever comes first."""
        Card = self.env["loyalty.card"].sudo()
        for key in [key for key in coupon_data if key < 0]:
            vals = coupon_data[key]
            program = self.env["loyalty.program"].sudo().browse(vals.get("program_id"))
            partner = self.env["res.partner"].browse(vals.get("partner_id") or []).exists()
            if partner and program.program_type in ("loyalty", "ewallet"):
                day = self._loyalty_day()
                card = Card._earning_card(partner, program, day)
                if card and card._is_usable(day, EARN):
                    self._merge_claim(coupon_data, card.id, {**coupon_data.pop(key), "coupon_id": card.id})

    def _merge_claim(self, claims, key, vals):
        """Put a claim under ``key``, adding it to one that is there already."""
        other = claims.setdefault(key, vals)
        if other is not vals:
            other["points"] += vals["points"]
            other["line_codes"] = [*other.get("line_codes", ()), *vals.get("line_codes", ())]

    def _post_till_points(self, changes, claimed):
        """Post what Odoo's code changed: one entry per card and direction.

        :param changes: dict card id -> ten-thousandths of points, net
        :param claimed: ids of the cards that the checked claims are about
        """
        reward_lines = self._reward_lines()
        costs = self._reward_costs(reward_lines)
        issued = self.env["loyalty.card"].sudo().search([("source_pos_order_id", "=", self.id)])
        ids = set(changes) | ({*reward_lines.coupon_id.ids} & {*claimed, *issued.ids})
        ops = []
        for card in self.env["loyalty.card"].sudo().browse(sorted(ids)).filtered("ledgered"):
            spent = sum(to_units(cost) for line, cost in costs.items() if line.coupon_id == card)
            earned = changes.get(card.id, 0) + spent
            if earned > 0:
                ops.append(self._till_op(card, "earn", earned))
            else:
                spent -= earned
            if spent:
                # A card that is linked to another card has none; the card that got them answers for the goods.
                ops.append(self._till_op(card.points_to_id or card, "redeem", -spent))
        posted = self._posted_keys([op["key"] for op in ops])
        self.env["loyalty.card"].sudo()._post_entries([op for op in ops if op["key"] not in posted])
        self.env["loyalty.card"].browse(ids).invalidate_recordset()

    def _till_op(self, card, kind, units):
        return {
            "card_id": card.id,
            "kind": kind,
            "points": to_points(units),
            "key": f"pos:{self.uuid or self.id}:{card.id}:{kind}",
            "document": ("pos.order", self.id),
            "effective_date": self._loyalty_day(),
            "overdraw": "debt",  # the order is paid and gone: it can no longer be refused
        }

    def _posted_keys(self, keys):
        entries = self.env["loyalty.ledger.entry"].sudo().search([("idempotency_key", "in", keys)])
        return set(entries.mapped("idempotency_key"))

    def _reply_to_till(self, result, asked):
        """Tell the till the spendable points of each card it asked about that belongs to the order's customer.

        A card that the till only knew by a number of its own gets its place there.
        """
        Card = self.env["loyalty.card"].sudo()
        own = self._programs_of_server()
        updates = {update["id"]: update for update in result["coupon_updates"]}
        for key, vals in asked.items():
            program = self.env["loyalty.program"].sudo().browse(vals["program_id"]).exists()
            if program.program_type not in ("loyalty", "ewallet") or not self.partner_id:
                continue
            card = Card.browse(key).exists() if key > 0 else Card._default_card(self.partner_id, program)
            if card and card.id not in updates and self._is_customers_card(card):
                updates[card.id] = {
                    "old_id": key if program in own else card.id,
                    "id": card.id,
                    "code": card.code,
                    "program_id": card.program_id.id,
                    "partner_id": card.partner_id.id,
                }
        for card_id, update in updates.items():
            update["points"] = Card.browse(card_id)._spendable_points()
        return {**result, "coupon_updates": list(updates.values())}
