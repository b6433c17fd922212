/** Cards and why they cannot be used on 2026-03-15. The server is tested with the same cases: keep the list plain JSON. */
// prettier-ignore
export const cases = [
    {"earn": null, "redeem": null, "card": {}},
    {"earn": null, "redeem": null, "card": {"start": "2026-03-15", "expiry": "2026-03-15"}},
    {"earn": "not_started", "redeem": "not_started", "card": {"start": "2026-03-16"}},
    {"earn": "expired", "redeem": "expired", "card": {"expiry": "2026-03-14"}},
    {"earn": null, "redeem": "linked", "card": {"linked": true}},
    {"earn": null, "redeem": "linked", "card": {"linked": true, "expiry": "2026-03-14"}},
    {"earn": null, "redeem": "linked", "card": {"linked": true, "start": "2026-03-16"}},
    {"earn": "closed", "redeem": "closed", "card": {"closed": true}},
    {"earn": "closed", "redeem": "closed", "card": {"closed": true, "linked": true}},
    {"earn": "closed", "redeem": "closed", "card": {"closed": true, "expiry": "2026-03-14"}},
    {"earn": "archived", "redeem": "archived", "card": {"archived": true}},
    {"earn": "archived", "redeem": "archived", "card": {"archived": true, "closed": true, "linked": true}}
];
