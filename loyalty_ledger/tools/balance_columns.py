"""Which column of a file is which: the names that shops, tills and loyalty programs give them.

Names of other languages and programs are taken apart: ``points_approved`` holds points, ``points_pending`` does not. A column
that is not known is not read, and named to the user, who can say what it is.
"""

import re
import unicodedata

#: What a column can be, and the names by which it is known; where two columns fit, the earlier name decides.
NAMES = {
    "card": (
        "card",
        "card number",
        "card no",
        "card code",
        "card id",
        "loyalty card number",
        "loyalty card",
        "loyalty number",
        "loyalty id",
        "member number",
        "membership number",
        "member no",
        "member card",
        "card barcode",
        "barcode",
        "number",
        "code",
        "gift card number",
        "gift card code",
        "coupon code",
        "kartennummer",
        "karten nr",
        "karte",
        "kartennr",
        "numero de carte",
        "carte",
        "no carte",
        "numero de tarjeta",
        "tarjeta",
        "numero carta",
        "carta",
        "numero tessera",
        "tessera",
        "kaartnummer",
        "kaart",
        "kortnummer",
        "numer karty",
        "numero do cartao",
        "cislo karty",
        "kart no",
        "kart numarasi",
        "номер карты",
        "код карты",
        "карта",
        "штрихкод",
        "会員番号",
        "カード番号",
        "会员卡号",
        "卡号",
    ),
    "customer": (
        "customer",
        "customer reference",
        "customer ref",
        "partner",
        "ref",
        "reference",
        "customer code",
        "customer number",
        "customer no",
        "customer id",
        "client code",
        "client id",
        "member id",
        "kundennummer",
        "kunden nr",
        "kundennr",
        "kunde",
        "client",
        "code client",
        "numero client",
        "cliente",
        "codigo cliente",
        "codice cliente",
        "klant",
        "klantnummer",
        "kundnummer",
        "клиент",
        "покупатель",
        "код клиента",
    ),
    "email": (
        "email",
        "e mail",
        "email address",
        "e mail address",
        "customer email",
        "mail",
        "contact email",
        "member email",
        "email id",
        "e mail adresse",
        "emailadresse",
        "mailadresse",
        "adresse e mail",
        "adresse email",
        "courriel",
        "correo",
        "correo electronico",
        "posta elettronica",
        "indirizzo email",
        "e mailadres",
        "e post",
        "эл почта",
        "почта",
        "электронная почта",
        "メールアドレス",
        "邮箱",
    ),
    "phone": (
        "mobile",
        "mobile number",
        "mobile phone",
        "mobile phone number",
        "phone",
        "phone number",
        "telephone",
        "tel",
        "customer phone",
        "cell",
        "cell phone",
        "cell phone number",
        "contact phone",
        "primary phone",
        "cellphone",
        "contact number",
        "telefon",
        "telefonnummer",
        "handy",
        "mobil",
        "mobiltelefon",
        "telephone portable",
        "portable",
        "telefono",
        "movil",
        "cellulare",
        "telefoon",
        "mobiel",
        "celular",
        "telefon komorkowy",
        "номер телефона",
        "телефон",
        "電話番号",
        "手机号",
        "手机",
    ),
    "name": (
        "name",
        "customer name",
        "full name",
        "fullname",
        "member name",
        "contact name",
        "display name",
        "kundenname",
        "nom complet",
        "nombre completo",
        "nome completo",
        "naam",
        "imie i nazwisko",
        "jmeno a prijmeni",
        "ad soyad",
        "фио",
        "ф и о",
        "владелец",
        "владелец карты",
        "氏名",
        "名前",
        "姓名",
    ),
    "first_name": (
        "first name",
        "firstname",
        "given name",
        "vorname",
        "prenom",
        "nombre",
        "nome",
        "voornaam",
        "imie",
        "имя",
    ),
    "last_name": (
        "last name",
        "lastname",
        "surname",
        "family name",
        "nachname",
        "nom",
        "apellido",
        "apellidos",
        "cognome",
        "achternaam",
        "nazwisko",
        "фамилия",
    ),
    "program": ("program", "programme", "loyalty program", "program name", "programm", "programa", "programma"),
    "points": (
        "points",
        "points balance",
        "point balance",
        "balance points",
        "current points",
        "available points",
        "current points balance",
        "loyalty points",
        "loyalty points balance",
        "reward points",
        "rewards points",
        "points available",
        "total points",
        "spendable points",
        "redeemable points",
        "star balance",
        "stars",
        "pts",
        "loyalty balance",
        "balance",
        "current balance",
        "remaining balance",
        "available balance",
        "store credit",
        "credit balance",
        "credit",
        "balance amount",
        "amount",
        "value",
        "punkte",
        "punktestand",
        "punktesaldo",
        "saldo punkte",
        "guthaben",
        "saldo",
        "points de fidelite",
        "solde points",
        "solde de points",
        "solde",
        "puntos",
        "saldo de puntos",
        "puntos disponibles",
        "punti",
        "saldo punti",
        "punten",
        "puntensaldo",
        "poang",
        "poeng",
        "punkty",
        "pontos",
        "saldo de pontos",
        "saldo puntos",
        "saldo punktow",
        "puan",
        "puan bakiyesi",
        "остаток баллов",
        "баланс баллов",
        "баллы",
        "остаток бонусов",
        "бонусы",
        "бонусные баллы",
        "баланс",
        "остаток",
        "ポイント残高",
        "ポイント",
        "积分余额",
        "积分",
    ),
    "mode": ("mode", "action"),
    "level": (
        "tier",
        "level",
        "tier name",
        "vip tier",
        "loyalty tier",
        "member tier",
        "membership level",
        "loyalty level",
        "status level",
        "stufe",
        "niveau",
        "nivel",
        "livello",
    ),
    "expiration_date": (
        "expiry date",
        "expiry",
        "expires",
        "expires on",
        "expires at",
        "expiration date",
        "expiration",
        "expire date",
        "expiring on",
        "points expiry",
        "points expiry date",
        "points expiration",
        "points expiration date",
        "points expire on",
        "points expire",
        "valid until",
        "valid to",
        "valid through",
        "end date",
        "ablaufdatum",
        "gultig bis",
        "verfallsdatum",
        "verfallt am",
        "verfall",
        "date d expiration",
        "expire le",
        "valable jusqu au",
        "fecha de caducidad",
        "caducidad",
        "vencimiento",
        "fecha de vencimiento",
        "scadenza",
        "data scadenza",
        "vervaldatum",
        "geldig tot",
        "validade",
        "wazne do",
        "data waznosci",
        "platnost do",
        "son kullanma tarihi",
        "дата сгорания",
        "срок действия",
        "действует до",
        "действительна до",
        "有効期限",
        "有效期",
    ),
    "reason": (
        "reason",
        "description",
        "comment",
        "note",
        "notes",
        "grund",
        "bemerkung",
        "kommentar",
        "motif",
        "motivo",
        "reden",
        "opmerking",
    ),
    "key": ("key", "external key", "transaction", "transaction id", "transaction key"),
}
#: Columns that say who gets the points.
WHO = ("card", "customer", "email", "phone", "name", "last_name")
#: Names that speak of an amount of money, or leave open what it is.
_MONEY = {
    "loyalty balance",
    "store credit",
    "credit balance",
    "credit",
    "balance amount",
    "amount",
    "value",
    "guthaben",
    "remaining balance",
    "available balance",
}
_TOTALS = {
    "total",
    "totals",
    "grand total",
    "sum",
    "subtotal",
    "summe",
    "gesamt",
    "gesamtsumme",
    "insgesamt",
    "total general",
    "totale",
    "totaal",
    "suma",
    "summa",
    "celkem",
    "razem",
    "somme",
    "итого",
    "всего",
    "ogolem",
    "toplam",
    "total puntos",
    "total points",
    "合計",
    "合计",
    "总计",
}


#: Words of which other names of columns consist.
_POINTS = set(
    "points point pts stars star stamps stamp reward rewards punkte punkten puntos punti punten pontos punkty punktow pkt poang poeng puan "
    "баллы баллов бонусы бонусов".split()
)
_BALANCE = set(
    "balance available current currently approved active redeemable spendable remaining usable saldo solde stand bestand disponibles "
    "disponible disponibili dostepne bakiye остаток баланс доступно".split()
)
_REWARDS = {"reward", "rewards"}
#: Points that are no longer, or not yet, or never were the customer's.
_OTHER = set(
    "pending spent redeemed redeem earned earn lifetime expired expiring expire expires expiry expiration used converted collected awarded "
    "adjusted value per next needed until last first ever history type rule name program date at on since gesammelt eingelost verdient "
    "gastados ganados gagnes depenses utilises wydane списано начислено unavailable not total cumulative previous opening tier level "
    "status code number id no link url gesamt cash count card member".split()
)
_CARD = set(
    "card cards membership member loyalty barcode carte karte karten tarjeta tessera kaart kort karty cartao карты карта".split()
)
_NUMBER = set("number no nr num n code id barcode numero nummer numer номер код".split())
_NEITHER = set("gift brand type credit debit payment bank expiry status date level since name group tax vat".split())


def plain(text):
    """Return a name without case, accents and signs: ``Größe (alt)`` is ``grosse alt``."""
    text = unicodedata.normalize("NFKD", text.replace("ß", "ss").replace("ł", "l")).casefold()
    text = "".join(char for char in text if not unicodedata.combining(char))
    return re.sub(r"[\W_]+", " ", re.sub(r"\([^)]*\)", " ", text)).strip()


_PLAIN_TOTALS = {plain(name) for name in _TOTALS}
_RANKS = {plain(name): (role, rank) for role, names in NAMES.items() for rank, name in enumerate(names)}


def find_roles(cells):
    """Return ``{position: role}`` for the names of the columns of a file.

    Where several columns fit a role, the better known name decides; two columns of the same name both have the role,
    and somebody has to choose. A file may have several columns of phone numbers.
    """
    names = {position: plain(cell) for position, cell in enumerate(cells)}
    known = {position: _RANKS[name] for position, name in names.items() if name in _RANKS}
    best = {}
    for role, rank in known.values():
        best[role] = min(rank, best.get(role, rank))
    roles = {position: role for position, (role, rank) in known.items() if role == "phone" or rank == best[role]}
    for role, seems in (("points", _seems_points), ("card", _seems_card), ("expiration_date", _seems_expiry)):
        if role not in best:
            marks = {
                position: mark for position, name in names.items() if position not in known and (mark := seems(name))
            }
            likely = [position for position, mark in marks.items() if mark == max(marks.values())]
            if len(likely) == 1:
                roles[likely[0]] = role
    return roles


def may_be_points(cells):
    """Return the positions of all columns whose names can mean a balance; the user has to say which one counts."""
    names = [plain(cell) for cell in cells]
    return [
        position
        for position, name in enumerate(names)
        if _RANKS.get(name, ("",))[0] == "points" or (name not in _RANKS and _seems_points(name))
    ]


def count_known(cells):
    """Return how many cells are well-known names of columns."""
    return sum(plain(cell) in _RANKS for cell in cells)


def _seems_points(name):
    """Return how sure a name means a balance: 3 for a balance of points, 2 for points, 1 for a balance, else 0."""
    words = set(name.split())
    if not words or len(words) > 5 or words & _OTHER:
        return 0
    return 2 * bool(words & _POINTS) + bool(
        words & _BALANCE and (words & _POINTS or words & {"balance", "saldo", "solde"})
    )


def _seems_card(name):
    words = set(name.split())
    return int(len(words) <= 5 and bool(words & _CARD and words & _NUMBER - _CARD) and not words & _NEITHER)


def _seems_expiry(name):
    words = set(name.split())
    return int(
        bool(
            words & _POINTS
            and words & {"expire", "expires", "expiry", "expiration", "expiring"}
            and words & {"at", "on", "date"}
        )
    )


def is_header(cells):
    """Return whether a line names columns that an import can begin with: who, and how many points."""
    roles = set(find_roles(cells).values())
    return "points" in roles and not roles.isdisjoint(WHO)


def is_open(name):
    """Return whether the name of a column of points leaves open if it counts points or money."""
    name = plain(name)
    words = set(name.split())
    if name in _RANKS or not words & {"cash", "money", "wallet", "credit", "currency"}:
        return name in _MONEY or (name not in _RANKS and bool(_seems_points(name)) and not words & _POINTS - _REWARDS)
    return True


def speaks_of_expiry(name):
    """Return whether the name of a column speaks of the end of something."""
    return bool(re.search(r"expir|valid|ablauf|verfall|gultig|caduc|vencim|scaden|verval|echeance", plain(name)))


def is_total(text):
    """Return whether a cell names the total of a file, not a customer or a card."""
    return plain(text) in _PLAIN_TOTALS
