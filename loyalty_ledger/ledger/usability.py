"""May a card be used, and if not, why: the one answer, as a code.

What it is. :func:`why_unusable` looks at the facts of a card on a day; the gateway, balances, documents, dialogs and
imports ask it, and the register's script (`loyalty_pos/static/src/app/utils/usability.js`) gives the same answers to the
same cases. `models/loyalty_card_usability.py` turns codes into words, the same words for everybody.

How to use it. The purpose says what the card is wanted for:

>>> import datetime
>>> today = datetime.date(2026, 3, 1)
>>> why_unusable(today, closed=True)
'closed'
>>> why_unusable(today, linked=True), why_unusable(today, EARN, linked=True)
('linked', None)
>>> why_unusable(today, expiry=datetime.date(2026, 2, 28)), why_unusable(today, expiry=today)
('expired', None)
"""

#: Purchases earn; points are redeemed; a person gives points (an adjustment, a transfer).
EARN, REDEEM, ADJUST = "earn", "redeem", "adjust"

#: What may be wrong with the card itself, in the order in which it is told: what a person has to change first.
CODES = ("archived", "closed", "linked", "not_started", "expired")


def why_unusable(day, purpose=REDEEM, archived=False, closed=False, linked=False, start=None, expiry=None):
    """Return why a card cannot be used, as one of :data:`CODES`, or None.

    :param day: date of the use
    :param purpose: :data:`EARN`, :data:`REDEEM` or :data:`ADJUST`
    :param start: first day on which the card can be used, or None
    :param expiry: last day on which the card can be used, or None
    """
    if archived and purpose != ADJUST:  # an archived card may be corrected
        return "archived"
    if closed:
        return "closed"
    if linked:
        # Points for a linked card go to its master, whose dates count.
        return "linked" if purpose == REDEEM else None
    if start and start > day:
        return "not_started"
    if expiry and expiry < day:
        return "expired"
    return None
