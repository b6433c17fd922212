"""Whose card a line of an import means: asked at the check, and again with the same rights when it is posted."""

import re
from collections import defaultdict

from odoo.tools import SQL, email_normalize

from .balance_columns import plain

#: How a spreadsheet shows a number that is too long for it.
SCIENTIFIC = re.compile(r"\d+(?:[.,]\d+)?[eE]\+?\d{1,3}")
#: Digits of a phone number by which the database looks; :func:`same_phone` decides.
PHONE_DIGITS = 7


def phone_key(text):
    """Return the last digits of a phone number, or "" for what is none."""
    digits = re.sub(r"\D", "", text)
    return digits[-PHONE_DIGITS:] if len(digits) >= 7 else ""


def same_phone(one, other):
    """Return whether two texts are the same phone number, with or without the prefix of country and trunk.

    >>> same_phone("+44 (0)7700 900123", "07700 900123"), same_phone("+1 212 555 0101", "(312) 555-0101")
    (True, False)
    """
    one, other = _phone(one), _phone(other)
    return one == other or _is_within(*one, *other) or _is_within(*other, *one)


def _is_within(local, has_country, whole, whole_has_country):
    """Return whether the first number is the second without its country."""
    if has_country:
        return local == whole  # the second one may lack its "+"
    # Without "+", what is as long as a number with its country may be one.
    may_have_country = whole_has_country or (len(whole) >= 11 and len(local) >= 9)
    # "0" is the prefix of the trunk, in Russia "8".
    for number in {local, local.removeprefix("0"), local[1:] if re.fullmatch(r"8\d{10}", local) else local}:
        if number == whole.removeprefix("0") and not whole_has_country:
            return True
        if may_have_country and whole.endswith(number) and re.fullmatch(r"[1-9]\d{0,2}", whole[: -len(number)]):
            return True
    return False


def _phone(text):
    """Return the digits of a phone number, and whether they begin with a country."""
    text = re.sub(r"\(0\)", "", text).strip()
    digits = re.sub(r"\D", "", text)
    if digits.startswith("00"):
        return digits[2:], True
    return digits, text.startswith(("+", "(+"))


def turned_name(text):
    """Return “Jürgen Müller” for “Müller, Jürgen”, as registers sort people; nothing for other texts."""
    last, comma, first = (part.strip() for part in text.partition(","))
    return f"{first} {last}" if comma and last and first and "," not in first else ""


def _share_a_word(name, partner):
    """Return whether a name and a customer (or the company of it) have a word in common, in any order and case."""
    ours, theirs = plain(name or ""), plain(f"{partner.name} {partner.commercial_partner_id.name}")
    return not set(ours.split()).isdisjoint(theirs.split())


class Match:
    """What one line means: a card, or the customer who gets a new one, or a problem; ``note`` is for the user."""

    def __init__(self, env):
        self.card, self.partner = env["loyalty.card"], env["res.partner"]
        self.is_new = False
        self.problem = self.note = False


class Matcher:
    """Finds cards and customers for many lines in a handful of queries, with the rights of the user who imports.

    :param env: environment of that user and the companies chosen at the check, without sudo
    :param create_missing: whether numbers and customers without a card get one
    """

    def __init__(self, env, create_missing):
        self.env = env
        self.create_missing = create_missing
        #: Lines whose customer nobody is.
        self.unknown_count = 0
        #: Lines whose card could be created.
        self.missing_count = 0

    def match(self, lines):
        """Return a :class:`Match` for each ``(who, program)``.

        :param lines: ``who``: texts by ``card``, ``customer``, ``email``, ``phone``, ``name``; ``program``: its id or False
        """
        Card = self.env["loyalty.card"]
        codes = {who["card"] for who, __ in lines if who.get("card")}
        self.by_code = Card._find_by_numbers(codes)
        unknown = list(codes - self.by_code.keys())
        self.number_problems = Card._number_problems(unknown)
        # A number that the user does not see is taken all the same; only that it is taken is said.
        hidden = Card.sudo().with_context(active_test=False).search_fetch([("code", "in", unknown)], ["code"])
        self.taken = set(hidden.mapped("code"))
        self._find_partners([who for who, __ in lines])
        matches = [self._match(who, program) for who, program in lines]
        self._find_cards_of(matches, lines)
        return matches

    # --- customers -----------------------------------------------------------------------------------------------

    def _find_partners(self, whos):
        Partner = self.env["res.partner"]
        texts = {kind: {who[kind] for who in whos if who.get(kind)} for kind in ("customer", "email", "phone", "name")}
        anything = texts["customer"]
        by_ref = self._search("ref", anything, str)
        by_email = self._search("email_normalized", anything | texts["email"], lambda text: email_normalize(text) or "")
        names = (anything | texts["name"]) - by_ref.keys() - by_email.keys()
        by_name = self._search("name", names, str)
        self.turned = self._search("name", names - by_name.keys(), turned_name)
        by_name |= self.turned
        by_phone = self._search_phone((anything | texts["phone"]) - by_ref.keys() - by_email.keys() - by_name.keys())
        self.partners = {
            "customer": {
                text: by_ref.get(text) or by_email.get(text) or by_name.get(text) or by_phone.get(text) or Partner
                for text in anything
            },
            "email": by_email,
            "phone": {**{text: by_name[text] for text in texts["phone"] & by_name.keys()}, **by_phone},
            "name": by_name,
        }

    def _search(self, field, texts, normal):
        """Return ``{text: customers}`` whose field is the text in its normal form."""
        Partner = self.env["res.partner"]
        wanted = {text: value for text in texts if (value := normal(text))}
        found = defaultdict(lambda: Partner)
        for partner in Partner.search([(field, "in", list(set(wanted.values())))]) if wanted else ():
            found[partner[field]] |= partner
        return {text: found[value] for text, value in wanted.items() if value in found}

    def _search_phone(self, texts):
        """Return ``{text: customers}`` who have the phone number."""
        Partner = self.env["res.partner"]
        wanted = {text: key for text in texts if not re.search(r"[^\W\d_]", text) and (key := phone_key(text))}
        if not wanted:
            return {}
        Partner.flush_model(["phone"])
        rows = self.env.execute_query(
            SQL(
                r"""
                SELECT id, phone FROM res_partner
                 WHERE phone IS NOT NULL AND right(regexp_replace(phone, '\D', '', 'g'), %(digits)s) = ANY(%(keys)s)
                """,
                digits=PHONE_DIGITS,
                keys=list(set(wanted.values())),
            )
        )
        phones, near = dict(rows), defaultdict(lambda: Partner)
        for partner in Partner.search([("id", "in", list(phones))]):
            near[phone_key(phones[partner.id])] |= partner
        found = {
            text: near[key].filtered(lambda partner, text=text: same_phone(text, phones[partner.id]))
            for text, key in wanted.items()
            if key in near
        }
        return {text: partners for text, partners in found.items() if partners}

    def _partner(self, who, match):
        """Put the one customer that the texts mean, or the problem, into ``match``; say whether there were texts."""
        _ = self.env._
        kinds = [kind for kind in ("customer", "email", "phone", "name") if who.get(kind)]
        decided, by = self.env["res.partner"], None
        for kind in kinds:
            found = self.partners[kind].get(who[kind], self.env["res.partner"])
            if not found:
                continue
            if not decided:
                decided, by = found, kind
            elif decided & found:
                decided &= found
            elif kind != "name":
                match.problem = _(
                    "“%(first)s” and “%(second)s” are different customers: %(names)s.",
                    first=who[by],
                    second=who[kind],
                    names=", ".join((decided | found)[:4].mapped("display_name")),
                )
                return kinds
        if len(decided) > 1:
            match.problem = _(
                "Column customer: %(count)s customers match “%(text)s”. Use the reference or the card number.",
                count=len(decided),
                text=who[by],
            )
        else:
            match.partner = decided
            self._doubt(who, match, by)
            if decided and not match.problem and who[by] in self.turned:
                match.note = _("Read as %s.", decided.name)
        return kinds

    def _doubt(self, who, match, by):
        """Say so where a customer has another e-mail, phone or name than the line: by a name alone, or by a number that may
        be one of the other system, it is somebody else."""
        _, partner = self.env._, match.partner
        if by == "customer" and partner.ref != who[by]:
            by = "name" if who[by] in self.partners["name"] else "email"
        weaker = {"customer": ("email", "phone", "name"), "phone": ("email",), "name": ("email", "phone")}.get(by, ())
        for kind in weaker:
            if not (who.get(kind) and partner[kind]):
                continue
            if (found := self.partners[kind].get(who[kind])) and (kind != "name" or partner in found):
                continue
            alike = _share_a_word(who.get("name"), partner)
            if kind == "name" and alike:
                continue
            words = {
                "first": who.get(by) or who["customer"],
                "name": partner.name,
                "theirs": partner[kind],
                "ours": who[kind],
            }
            if by == "name":
                match.problem = _(
                    "“%(first)s” is a customer, but with another e-mail or phone: %(theirs)s, not %(ours)s. Correct the contact or the "
                    "file.",
                    **words,
                )
            elif by == "customer" and not alike:
                match.problem = _(
                    "“%(first)s” is the reference of %(name)s, but the line says %(ours)s. Is it a number of the other system? Then "
                    "choose under Columns not to read it; otherwise correct the contact or the file.",
                    **words,
                )
            elif by == "customer":
                match.note = _(
                    "Found by reference; the customer has another e-mail or phone: %(theirs)s, not %(ours)s.", **words
                )
            else:
                match.note = _("Found by phone; the customer has another e-mail: %(theirs)s, not %(ours)s.", **words)
            if match.problem:
                return

    # --- cards ---------------------------------------------------------------------------------------------------

    def _match(self, who, program):
        _, match = self.env._, Match(self.env)
        kinds = self._partner(who, match)
        if match.problem:
            return match
        unknown = (
            not match.partner
            and kinds
            and _("Column customer: no customer has the reference, e-mail, phone or name “%s”.", who[kinds[0]])
        )
        self.unknown_count += bool(unknown)
        if who.get("card"):
            self._match_number(who["card"], program, match)
            if unknown and match.card:
                match.note = unknown
            elif unknown:
                match.problem = match.problem or unknown
        elif unknown:
            match.problem = unknown
        elif not program:
            match.problem = _("Column program: name the program, or choose one for the whole file.")
        return match

    def _match_number(self, code, program, match):
        _ = self.env._
        cards = self.by_code.get(code, self.env["loyalty.card"])
        if len(cards) > 1:
            match.problem = _(
                "Column card: %(count)s cards match “%(code)s”: %(numbers)s. Enter the full number.",
                count=len(cards),
                code=code,
                numbers=", ".join(cards[:4].mapped("code")),
            )
        elif not cards:
            self._new_number(code, program, match)
        elif not cards.active:
            match.problem = _("Column card: %s", cards._say_unusable("archived"))
        elif (
            match.partner
            and cards.partner_id
            and (cards.partner_id.commercial_partner_id != match.partner.commercial_partner_id)
        ):
            customer = match.partner.display_name
            match.problem = _("Column card: %s", cards._say_unusable("owner", customer=customer))
        elif program and cards.program_id.id != program:
            match.problem = _(
                "Column card: card %(code)s belongs to program %(program)s.",
                code=cards.code,
                program=cards.program_id.name,
            )
        else:
            match.card = cards
            match.partner = cards.partner_id or match.partner
            if cards.code != code:
                read = _("Read as card %s.", cards.code)
                match.note = f"{match.note} {read}" if match.note else read

    def _new_number(self, code, program, match):
        _ = self.env._
        if SCIENTIFIC.fullmatch(code):
            match.problem = _(
                "Column card: “%s” is a number that a spreadsheet has shortened. Format the column as text and export "
                "it again.",
                code,
            )
        elif re.fullmatch(r"\d{15}\d*", code) and len(code) > 15 and not code[15:].strip("0"):
            match.problem = _(
                "Column card: “%s” has lost its last digits: spreadsheets keep 15 of a number. Format the column as "
                "text and export it again.",
                code,
            )
        elif not self.create_missing:
            match.problem = _("Column card: no card has the number %s.", code)
            self.missing_count += 1
        elif code in self.taken:
            match.problem = _(
                "Column card: the number %s is in use where you have no access. Choose another number.", code
            )
        elif re.fullmatch(r"4[234]\d{10}", code):
            match.problem = _(
                "Column card: “%(code)s” has 12 digits. Did you mean 0%(code)s? Spreadsheets drop leading zeros: format "
                "the column as text.",
                code=code,
            )
        elif code in self.number_problems:
            match.problem = _("Column card: %s No card can have this number.", self.number_problems[code])
        elif not program:
            match.problem = _("Column program: name the program of the new card, or choose one for the file.")
        else:
            match.is_new = True

    def _find_cards_of(self, matches, lines):
        """Find the cards of customers that were named without a number."""
        _ = self.env._
        asked = [
            (match, program)
            for match, (who, program) in zip(matches, lines)
            if not match.problem and not who.get("card")
        ]
        partners = self.env["res.partner"].union(*(match.partner for match, __ in asked))
        programs = self.env["loyalty.program"].browse({program for __, program in asked if program})
        Card = self.env["loyalty.card"]
        cards = Card._default_cards(partners, programs)
        for match, program in asked:
            partner = match.partner
            match.card = cards.get((partner, programs.browse(program)), Card)
            if match.card:
                continue
            if self.create_missing:
                match.is_new = True
            else:
                match.problem = _("Column customer: %s has no open card in the program.", partner.display_name)
                self.missing_count += 1
