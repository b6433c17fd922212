"""Which column of a file is which: the names that shops, tills and loyalty programs give them.

A column of another name is not read, and named to the user, who can say what it is.
"""

import re
import unicodedata

#: What a column can be, and the names by which it is known; where two columns fit, the earlier name decides.
NAMES = {
    "card": (
        "card", "card number", "card no", "card code", "card id", "loyalty card number", "loyalty card", "loyalty number",
        "loyalty id", "member number", "membership number", "member no", "member card", "card barcode", "barcode", "number", "code",
        "gift card number", "gift card code", "coupon code", "kartennummer", "karten nr", "karte", "kartennr", "numero de carte", "carte",
        "no carte", "numero de tarjeta", "tarjeta", "numero carta", "carta", "numero tessera", "tessera", "kaartnummer", "kaart", "kortnummer",
        "numer karty", "numero do cartao",
    ),
    "customer": (
        "customer", "customer reference", "customer ref", "partner", "ref", "reference", "customer code", "customer number",
        "customer no", "customer id", "client code", "client id", "member id", "kundennummer", "kunden nr", "kundennr", "kunde",
        "client", "code client", "numero client", "cliente", "codigo cliente", "codice cliente", "klant", "klantnummer", "kundnummer",
    ),
    "email": (
        "email", "e mail", "email address", "e mail address", "customer email", "mail", "contact email", "member email", "email id",
        "e mail adresse", "emailadresse", "mailadresse", "adresse e mail", "adresse email", "courriel", "correo", "correo electronico",
        "posta elettronica", "indirizzo email", "e mailadres", "e post",
    ),
    "phone": (
        "mobile", "mobile number", "mobile phone", "phone", "phone number", "telephone", "tel", "customer phone", "cell", "cell phone",
        "cellphone", "contact number", "telefon", "telefonnummer", "handy", "mobil", "mobiltelefon", "telephone portable", "portable",
        "telefono", "movil", "cellulare", "telefoon", "mobiel", "celular",
    ),
    "name": (
        "name", "customer name", "full name", "fullname", "member name", "contact name", "display name", "kundenname", "nom complet",
        "nombre completo", "nome completo", "naam",
    ),
    "first_name": ("first name", "firstname", "given name", "vorname", "prenom", "nombre", "nome", "voornaam"),
    "last_name": ("last name", "lastname", "surname", "family name", "nachname", "nom", "apellido", "apellidos", "cognome", "achternaam"),
    "program": ("program", "programme", "loyalty program", "program name", "programm", "programa", "programma"),
    "points": (
        "points", "points balance", "point balance", "balance points", "current points", "available points", "current points balance",
        "loyalty points", "loyalty points balance", "reward points", "rewards points", "points available", "total points", "spendable points",
        "redeemable points", "star balance", "stars", "pts", "loyalty balance", "balance", "current balance", "remaining balance",
        "available balance", "store credit", "credit balance", "credit", "balance amount", "amount", "value",
        "punkte", "punktestand", "punktesaldo", "saldo punkte", "guthaben", "saldo", "points de fidelite", "solde points", "solde de points",
        "solde", "puntos", "saldo de puntos", "puntos disponibles", "punti", "saldo punti", "punten", "puntensaldo", "poang", "poeng", "punkty",
        "pontos", "saldo de pontos",
    ),
    "mode": ("mode", "action"),
    "level": (
        "tier", "level", "tier name", "vip tier", "loyalty tier", "member tier", "membership level", "loyalty level", "status level", "stufe", "niveau",
        "nivel", "livello",
    ),
    "expiration_date": (
        "expiry date", "expiry", "expires", "expires on", "expires at", "expiration date", "expiration", "expire date", "expiring on",
        "points expiry", "points expiry date", "points expiration", "points expiration date", "points expire on", "points expire", "valid until",
        "valid to", "valid through", "end date", "ablaufdatum", "gultig bis", "verfallsdatum", "verfallt am", "verfall", "date d expiration",
        "expire le", "valable jusqu au", "fecha de caducidad", "caducidad", "vencimiento", "fecha de vencimiento", "scadenza", "data scadenza",
        "vervaldatum", "geldig tot", "validade",
    ),
    "reason": ("reason", "description", "comment", "note", "notes", "grund", "bemerkung", "kommentar", "motif", "motivo", "reden", "opmerking"),
    "key": ("key", "external key", "transaction", "transaction id", "transaction key"),
}  # fmt: skip
#: Columns that say who gets the points.
WHO = ("card", "customer", "email", "phone", "name", "last_name")
_RANKS = {name: (role, rank) for role, names in NAMES.items() for rank, name in enumerate(names)}
#: Names that speak of an amount of money, or leave open what it is.
_MONEY = {
    "loyalty balance", "store credit", "credit balance", "credit", "balance amount", "amount", "value", "guthaben", "remaining balance",
    "available balance",
}  # fmt: skip
_TOTALS = {
    "total", "totals", "grand total", "sum", "subtotal", "summe", "gesamt", "gesamtsumme", "insgesamt", "total general", "totale", "totaal",
    "suma", "summa", "celkem", "razem", "somme",
}  # fmt: skip


def plain(text):
    """Return a name without case, accents and signs: ``Größe (alt)`` is ``grosse alt``."""
    text = unicodedata.normalize("NFKD", text.replace("ß", "ss")).casefold()
    text = "".join(char for char in text if not unicodedata.combining(char))
    return re.sub(r"[\W_]+", " ", re.sub(r"\([^)]*\)", " ", text)).strip()


def find_roles(cells):
    """Return ``{position: role}`` for the names of the columns of a file.

    Where several columns fit a role, the better known name decides; two columns of the same name both have the role,
    and somebody has to choose. A file may have several columns of phone numbers.
    """
    known = {position: _RANKS[name] for position, cell in enumerate(cells) if (name := plain(cell)) in _RANKS}
    best = {}
    for role, rank in known.values():
        best[role] = min(rank, best.get(role, rank))
    return {position: role for position, (role, rank) in known.items() if role == "phone" or rank == best[role]}


def is_header(cells):
    """Return whether a line names columns that an import can begin with: who, and how many points."""
    roles = set(find_roles(cells).values())
    return "points" in roles and not roles.isdisjoint(WHO)


def is_open(name):
    """Return whether the name of a column of points leaves open if it counts points or money."""
    return plain(name) in _MONEY


def speaks_of_expiry(name):
    """Return whether the name of a column speaks of the end of something."""
    return bool(re.search(r"expir|valid|ablauf|verfall|gultig|caduc|vencim|scaden|verval|echeance", plain(name)))


def is_total(text):
    """Return whether a cell names the total of a file, not a customer or a card."""
    return plain(text) in _TOTALS
