/** Products and whether they earn in a loyalty program. The server is tested with the same cases: keep the list plain JSON. */
// prettier-ignore
export const cases = [
    {"noEarn": false, "sells": null, "giftCardsEarn": false, "earns": true},
    {"noEarn": false, "sells": null, "giftCardsEarn": true, "earns": true},
    {"noEarn": true, "sells": null, "giftCardsEarn": false, "earns": false},
    {"noEarn": true, "sells": null, "giftCardsEarn": true, "earns": false},
    {"noEarn": false, "sells": "gift_card", "giftCardsEarn": false, "earns": false},
    {"noEarn": false, "sells": "gift_card", "giftCardsEarn": true, "earns": true},
    {"noEarn": true, "sells": "gift_card", "giftCardsEarn": true, "earns": false},
    {"noEarn": false, "sells": "ewallet", "giftCardsEarn": false, "earns": false},
    {"noEarn": false, "sells": "ewallet", "giftCardsEarn": true, "earns": true},
    {"noEarn": true, "sells": "ewallet", "giftCardsEarn": true, "earns": false}
];
