"""Joining a program on its public page: what a visitor asked for, until the confirmation mail is answered."""

import hashlib
import secrets
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, email_normalize

#: How long the link of the confirmation mail works, and how long requests are kept.
VALID, KEPT = timedelta(days=2), timedelta(days=30)
#: Requests an hour from one address of the network (a shop's guests share one), for one program; mails a day to one address.
PER_ADDRESS, PER_PROGRAM, PER_EMAIL = 20, 300, 3
#: Characters that a name, an address or a number may have.
LONGEST = 200

#: Characters that show nothing, but belong to words and emoji: the joiners.
JOINERS = "\u200c\u200d"


class LoyaltyJoin(models.Model):
    """Somebody who wants to join. No customer and no card is made before the mail was answered."""

    _name = "loyalty.join"
    _inherit = ["loyalty.server.fields.mixin"]
    _description = "Request to Join a Loyalty Program"
    _order = "id desc"

    program_id = fields.Many2one("loyalty.program", "Program", required=True, readonly=True, ondelete="cascade")
    company_id = fields.Many2one(related="program_id.company_id", store=True, precompute=True)
    name = fields.Char("Name", required=True, readonly=True)
    email = fields.Char("E-mail", required=True, readonly=True, index=True)
    phone = fields.Char("Phone", readonly=True)
    lang = fields.Char("Language", readonly=True)
    consent = fields.Char("Agreed To", required=True, readonly=True)
    address = fields.Char("Network Address", readonly=True, help="For the limit of requests; removed after a day.")
    token_hash = fields.Char(required=True, readonly=True, groups="base.group_no_one", index=True)
    state = fields.Selection(
        [("asked", "Waiting for Confirmation"), ("confirmed", "Joined")],
        "Status",
        required=True,
        readonly=True,
        default="asked",
    )
    card_id = fields.Many2one("loyalty.card", "Card", readonly=True, ondelete="set null")

    _recent_idx = models.Index("(program_id, create_date)")

    @api.model
    def _server_fields(self):
        return self._fields.keys()

    # --- asking --------------------------------------------------------------------------------------------------

    @api.model
    def _ask(self, program, name, email, phone, address):
        """Note a request and send the mail that confirms it. Whether the address is known already, nobody learns.

        :param address: network address of the visitor
        :raises odoo.exceptions.UserError: for what is missing, or too many requests, in words for the visitor
        """
        _ = self.env._
        name, email, phone = (_cleaned(text) for text in (name, email, phone))
        email = email_normalize(email, strict=True)
        if not name:
            raise UserError(_("Please enter your name."))
        if not email:
            raise UserError(_("Please enter a valid e-mail address."))
        if max(len(name), len(email), len(phone)) > LONGEST:
            raise UserError(_("Please enter no more than %s characters.", LONGEST))
        # Who is past a limit already waits for nobody, and takes no second connection: a flood keeps no place occupied.
        for count in (self._read_requests, self._count_requests):
            of_address, of_program, of_email = count(program, email, address)
            if of_address >= PER_ADDRESS or of_program >= PER_PROGRAM:
                raise UserError(_("Too many people are joining at the moment. Please try again in an hour."))
            if of_email >= PER_EMAIL:
                return
        token = secrets.token_urlsafe(24)
        request = self.create(
            {
                "program_id": program.id,
                "name": name,
                "email": email,
                "phone": phone,
                "lang": self.env.lang,
                "consent": program._join_consent(),
                "address": address,
                "token_hash": self._hash(token),
            }
        )
        request._send_confirmation(token)

    @api.model
    def _count_requests(self, program, email, address):
        """Return how many requests there are: of the address and for the program in an hour, to the e-mail in a day.

        One after the other: until this transaction ends, nobody else counts for the program or the e-mail. It saw the
        database as it was before it waited, so another one counts: that sees the requests of those who came first.
        """
        self.env.cr.execute(
            SQL(
                "SELECT pg_advisory_xact_lock(hashtext('loyalty.join'), %s), pg_advisory_xact_lock(hashtext('loyalty.join.email'), hashtext(%s))",
                program.id,
                email,
            )
        )
        with self.env.registry.cursor() as cr:
            return self.with_env(self.env(cr=cr))._read_requests(program, email, address)

    @api.model
    def _read_requests(self, program, email, address):
        """Return the numbers of :meth:`_count_requests` as this transaction sees them, which may be too few."""
        now = fields.Datetime.now()
        [counts] = self.env.execute_query(
            SQL(
                """
                SELECT count(*) FILTER (WHERE of_program AND address = %(address)s), count(*) FILTER (WHERE of_program),
                       count(*) FILTER (WHERE email = %(email)s)
                  FROM (SELECT address, email, program_id = %(program)s AND create_date > %(hour)s AS of_program
                          FROM loyalty_join
                         WHERE create_date > %(day)s AND (program_id = %(program)s OR email = %(email)s)) r
                """,
                program=program.id,
                email=email,
                address=address,
                hour=now - timedelta(hours=1),
                day=now - timedelta(days=1),
            )
        )
        return counts

    @api.model
    def _hash(self, token):
        return hashlib.sha256((token or "").encode()).hexdigest()

    def _send_confirmation(self, token):
        """Send the link. Nobody waits for the mail server: the queue of mails is told to go at once."""
        template = self.env.ref("loyalty_ledger.mail_template_join")
        url = f"{self.get_base_url()}/loyalty/join/{token}"
        template.with_context(loyalty_join_url=url).send_mail(self.id)
        self.env.ref("mail.ir_cron_mail_scheduler_action")._trigger()

    # --- confirming ----------------------------------------------------------------------------------------------

    @api.model
    def _by_token(self, token):
        """Return the request that a link stands for, or none where it is unknown or too old."""
        since = fields.Datetime.now() - VALID
        return self.search([("token_hash", "=", self._hash(token)), ("create_date", ">", since)], limit=1)

    def _confirm(self):
        """Make the card, and the customer where the shop knows nobody with the address; a second time changes nothing.

        :return: the ``loyalty.card``
        :raises odoo.exceptions.UserError: where the customer cannot join, in words for the visitor
        """
        self.ensure_one()
        # All of the address, in one order: a visitor who opens two links at the same moment becomes one customer.
        self.env.cr.execute(SQL("SELECT id FROM loyalty_join WHERE email = %s ORDER BY id FOR UPDATE", self.email))
        self.invalidate_recordset()
        if self.state == "confirmed" and self.card_id:
            return self.card_id
        if not self.program_id._can_join():
            raise UserError(self.env._("%s takes no new members at the moment.", self.program_id.name))
        partner = self._find_customer() or self.env["res.partner"].create(self._customer_values())
        if not self.env["loyalty.card"]._may_join(partner):
            raise UserError(self.env._("You do not participate in loyalty programs. Please ask the shop."))
        card = self.env["loyalty.card"]._issue_to(partner, self.program_id).sudo()
        self.write({"state": "confirmed", "card_id": card.id})
        card.message_post(
            body=self.env._("Joined on the public page, confirmed by e-mail, and agreed: “%s”", self.consent)
        )
        return card

    def _find_customer(self):
        """Return the customer with the address, which the answer to the mail proves to be the visitor's own."""
        companies = [False, (self.program_id.company_id or self.env.company).id]
        return self.env["res.partner"].search(
            [("email_normalized", "=", self.email), ("company_id", "in", companies)], order="id", limit=1
        )

    def _customer_values(self):
        """Return the values of a new customer. Override to add some."""
        return {
            "name": self.name,
            "email": self.email,
            "phone": self.phone,
            "lang": self.lang,
            "company_id": self.program_id.company_id.id,
            "loyalty_tracked": True,  # members collect points, whatever the company sets for new customers
        }

    @api.autovacuum
    def _gc_requests(self):
        now = fields.Datetime.now()
        self.search([("create_date", "<", now - KEPT)]).unlink()
        self.search([("create_date", "<", now - timedelta(days=1)), ("address", "!=", False)]).write({"address": False})


def _cleaned(text):
    """Return what a visitor typed on one line, without characters that cannot be stored or seen.

    >>> _cleaned(" An\\0n\\n B\\u200bell"), _cleaned("\\u200d")
    ('Ann Bell', '')
    """
    shown = "".join(char for char in text or "" if char.isprintable() or char.isspace() or char in JOINERS)
    return " ".join(shown.split()) if shown.strip(JOINERS + " ") else ""
