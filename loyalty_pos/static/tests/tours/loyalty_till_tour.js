import * as Chrome from "@point_of_sale/../tests/pos/tours/utils/chrome_util";
import * as Dialog from "@point_of_sale/../tests/generic_helpers/dialog_util";
import * as TextInputPopup from "@point_of_sale/../tests/generic_helpers/text_input_popup_util";
import * as NumberPopup from "@point_of_sale/../tests/generic_helpers/number_popup_util";
import * as Offline from "@point_of_sale/../tests/generic_helpers/offline_util";
import * as PaymentScreen from "@point_of_sale/../tests/pos/tours/utils/payment_screen_util";
import * as ProductScreen from "@point_of_sale/../tests/pos/tours/utils/product_screen_util";
import * as ReceiptScreen from "@point_of_sale/../tests/pos/tours/utils/receipt_screen_util";
import * as TicketScreen from "@point_of_sale/../tests/pos/tours/utils/ticket_screen_util";
import * as Till from "@loyalty_pos/../tests/tours/utils/loyalty_pos_util";
import { scan_barcode } from "@point_of_sale/../tests/generic_helpers/utils";

const { tours } = Till;
const start = () => [
    Chrome.startPoS(),
    Dialog.confirm("Open Register"),
    { content: "the register is open", trigger: "body:not(:has(.modal)) .loyalty-card-chip" },
];
const pay = (method = "Cash") => [
    ...PaymentScreen.clickPaymentMethod(method),
    ...PaymentScreen.clickValidate(),
    ...ReceiptScreen.isShown(),
];

tours.add("loyalty_till_earn", {
    steps: () =>
        [
            start(),
            Till.noCard(),
            ProductScreen.clickDisplayedProduct("Coffee Machine"),
            ProductScreen.clickPartnerButton(),
            ProductScreen.clickCustomer("Ann Member"),
            Till.cardIs("1000000001", "1,000"),
            Till.levelIs("Gold"),
            Till.earns("200"),
            ProductScreen.clickPayButton(),
            pay(),
            Till.receiptSays("card", "1000000001"),
            Till.receiptSays("level", "Gold"),
            Till.receiptSays("earned", "200"),
            Till.receiptSays("balance", "1,200"),
            ReceiptScreen.clickNextOrder(),
            // Several cards can be chosen from; the customer's next sale begins with the default one.
            ProductScreen.clickPartnerButton(),
            ProductScreen.clickCustomer("Ann Member"),
            Till.cardIs("1000000001", "1,200"),
            Till.chooseCard("1000000002"),
            Till.cardIs("1000000002", "0"),
        ].flat(Infinity),
});

tours.add("loyalty_till_redeem_part", {
    steps: () =>
        [
            start(),
            scan_barcode("1000000001"),
            Till.cardIs("1000000001", "1,000"),
            ProductScreen.customerIsSelected("Ann Member"),
            ProductScreen.clickDisplayedProduct("Coffee Machine"),
            Till.clickRedeemPoints(),
            Till.balancesAre({
                accumulated: "1,000",
                redeemed: "0",
                reserved: "0",
                available: "1,000",
            }),
            Till.typePoints("10.5", "0.10"),
            Till.errorIs("whole points"),
            Till.cannotRedeem(),
            Till.typePoints("1001", "10.01"),
            Till.errorIs("1,000 points available"),
            Till.typeMoney("2.50", "250"),
            Till.confirmRedeem(),
            Till.redeemed("250", "2.50"),
            Till.cardIs("1000000001", "750"),
            // What points cover earns nothing: 97.50 at two points a unit.
            Till.earns("195"),
            ProductScreen.clickPayButton(),
            Till.pointsPaymentIs("250", "2.50"),
            // The numpad does not change what points cover: it opens the popup.
            PaymentScreen.clickNumpad("9"),
            Till.typePoints("300", "3.00"),
            Till.confirmRedeem(),
            Till.pointsPaymentIs("300", "3.00"),
            PaymentScreen.clickPaymentlineDelButton("Points", "3.00"),
            Till.cardIs("1000000001", "1,000"),
            PaymentScreen.clickPaymentMethod("Points"),
            Till.typePoints("250", "2.50"),
            Till.confirmRedeem(),
            PaymentScreen.remainingIs("97.50"),
            pay(),
            Till.receiptSays("redeemed", "250"),
            Till.receiptSays("earned", "195"),
            Till.receiptSays("balance", "945"),
        ].flat(Infinity),
});

tours.add("loyalty_till_redeem_all", {
    steps: () =>
        [
            start(),
            ProductScreen.clickDisplayedProduct("Coffee Beans"),
            ProductScreen.clickPayButton(),
            // Without a card the tender asks for one, then goes on.
            PaymentScreen.clickPaymentMethod("Points"),
            Till.enterCard("1000000001"),
            Till.maximum(),
            Till.confirmRedeem(),
            Till.pointsPaymentIs("800", "8.00"),
            PaymentScreen.remainingIs("0.00"),
            PaymentScreen.clickValidate(),
            ReceiptScreen.isShown(),
            Till.receiptSays("redeemed", "800"),
            Till.receiptSays("balance", "200"),
        ].flat(Infinity),
});

tours.add("loyalty_till_f11", {
    steps: () =>
        [
            start(),
            Till.pressF11(),
            Till.enterCard("4711"),
            Till.errorIs("4711"),
            Till.enterCard("1000000003"),
            Till.errorIs("expired"),
            Till.enterCard("1000000004"),
            Till.errorIs("closed"),
            Till.discard(),
            Till.noCard(),
            scan_barcode("1000000003"),
            Till.notified("expired"),
            Till.noCard(),
            Till.pressF11(),
            Till.enterCard("1000000005"),
            Till.cardIs("1000000005", "0"),
            Till.cardWarns("own card"),
            ProductScreen.clickDisplayedProduct("Coffee Beans"),
            ProductScreen.clickPayButton(),
            // On the payment screen as well: another card takes the customer along.
            Till.pressF11(),
            Till.enterCard("1000000001"),
            Till.cardIs("1000000001", "1,000"),
            scan_barcode("1000000005"),
            Till.cardIs("1000000005", "0"),
            Chrome.clickOrders(),
            scan_barcode("1000000001"),
            Till.notified("card 1000000001 of Ann Member, 1,000"),
            Chrome.clickRegister(),
            Till.cardIs("1000000001", "1,000"),
        ].flat(Infinity),
});

tours.add("loyalty_till_refund", {
    steps: () =>
        [
            start(),
            scan_barcode("1000000001"),
            Till.cardIs("1000000001", "1,000"),
            ProductScreen.clickDisplayedProduct("Coffee Machine"),
            ProductScreen.clickPayButton(),
            PaymentScreen.clickPaymentMethod("Points"),
            Till.typePoints("1000", "10.00"),
            Till.confirmRedeem(),
            pay(),
            Till.receiptSays("earned", "180"),
            Till.receiptSays("balance", "180"),
            ReceiptScreen.clickNextOrder(),
            ProductScreen.clickRefund(),
            TicketScreen.selectOrder("001"),
            ProductScreen.clickNumpad("1"),
            TicketScreen.confirmRefund(),
            PaymentScreen.isShown(),
            Till.refundNotice("back", "1,000 points"),
            Till.refundNotice("taken", "180 points"),
            Till.pointsPaymentIs("1,000", "-10.00"),
            // Points that go back are no choice of the cashier's.
            PaymentScreen.clickPaymentlineDelButton("Points", "-10.00"),
            Dialog.confirm(),
            Till.pointsPaymentIs("1,000", "-10.00"),
            // The rest goes back as it was paid.
            PaymentScreen.selectedPaymentlineHas("Cash", "90.00"),
            PaymentScreen.remainingIs("0.00"),
            PaymentScreen.clickValidate(),
            ReceiptScreen.isShown(),
            Till.receiptSays("redeemed", "1,000"),
            Till.receiptSays("earned", "180"),
            Till.receiptSays("balance", "1,000"),
        ].flat(Infinity),
});

tours.add("loyalty_till_offline", {
    steps: () =>
        [
            start(),
            scan_barcode("1000000001"),
            Till.cardIs("1000000001", "1,000"),
            ProductScreen.clickDisplayedProduct("Coffee Machine"),
            Offline.setOfflineMode(),
            Till.pressF9(),
            Till.typePoints("250", "2.50"),
            { trigger: ".modal .redeem-confirm:enabled", run: "click" },
            Till.errorIs("no connection"),
            Till.discard(),
            ProductScreen.clickPayButton(),
            PaymentScreen.clickPaymentMethod("Cash"),
            PaymentScreen.clickValidate(),
            {
                content: "the till goes on without connection",
                trigger: ".modal:contains('Connection Lost') .modal-footer .btn-primary",
                run: "click",
            },
            ReceiptScreen.isShown(),
            Till.receiptIsEstimated(),
            Till.receiptSays("earned", "200"),
            Offline.setOnlineMode(),
            ReceiptScreen.clickNextOrder(),
            ProductScreen.clickDisplayedProduct("Coffee Beans"),
            ProductScreen.clickPayButton(),
            pay(),
            Chrome.isSynced(),
        ].flat(Infinity),
});

tours.add("loyalty_till_price_reduction", {
    steps: () =>
        [
            start(),
            scan_barcode("1000000001"),
            Till.cardIs("1000000001", "1,000"),
            ProductScreen.clickDisplayedProduct("Coffee Machine"),
            Till.clickRedeemPoints(),
            Till.typePoints("1000", "10.00"),
            Till.confirmRedeem(),
            Till.redeemed("1,000", "10.00"),
            ProductScreen.totalAmountIs("90.00"),
            // One redemption is removed as one, and its points are free again.
            { trigger: ".orderline:contains('points redeemed')", run: "click" },
            ProductScreen.clickNumpad("⌫"),
            ProductScreen.totalAmountIs("100.00"),
            Till.cardIs("1000000001", "1,000"),
            Till.clickRedeemPoints(),
            Till.typePoints("500", "5.00"),
            Till.confirmRedeem(),
            ProductScreen.clickPayButton(),
            pay(),
            ReceiptScreen.totalAmountContains("95.00"),
            Till.receiptSays("redeemed", "500"),
        ].flat(Infinity),
});

tours.add("loyalty_till_price_reduction_refund", {
    steps: () =>
        [
            start(),
            scan_barcode("1000000001"),
            Till.cardIs("1000000001", "1,000"),
            ProductScreen.clickDisplayedProduct("Coffee Machine"),
            ProductScreen.clickDisplayedProduct("Coffee Beans"),
            Till.clickRedeemPoints(),
            Till.typePoints("1000", "10.00"),
            Till.confirmRedeem(),
            ProductScreen.totalAmountIs("98.00"),
            ProductScreen.clickPayButton(),
            pay(),
            Till.receiptSays("redeemed", "1,000"),
            Till.receiptSays("earned", "196"),
            ReceiptScreen.clickNextOrder(),
            // What points took off the price is nothing to return by itself; it follows the goods, by their part.
            ProductScreen.clickRefund(),
            TicketScreen.selectOrder("001"),
            { trigger: ".orderline:contains('points redeemed')", run: "click" },
            ProductScreen.clickNumpad("1"),
            Till.notified("Choose the goods that are returned"),
            { trigger: ".orderline:contains('Coffee Machine')", run: "click" },
            ProductScreen.clickNumpad("1"),
            TicketScreen.confirmRefund(),
            PaymentScreen.isShown(),
            Till.refundNotice("back", "926 points"),
            PaymentScreen.totalIs("-90.74"),
            pay(),
            Till.receiptSays("redeemed", "926"),
            { trigger: ".pos-receipt .orderline:contains('926 points given back')" },
            ReceiptScreen.clickNextOrder(),
            // The rest returns the rest: money and points.
            ProductScreen.clickRefund(),
            TicketScreen.selectOrder("001"),
            { trigger: ".orderline:contains('Coffee Beans')", run: "click" },
            ProductScreen.clickNumpad("1"),
            TicketScreen.confirmRefund(),
            PaymentScreen.isShown(),
            Till.refundNotice("back", "74 points"),
            PaymentScreen.totalIs("-7.26"),
            pay(),
            Till.receiptSays("redeemed", "74"),
            Till.receiptSays("balance", "1,000"),
        ].flat(Infinity),
});

/** Put a product on the order and redeem points on the payment screen. */
const redeemOn = (product, points, money) => [
    scan_barcode("1000000001"),
    Till.cardIs("1000000001"),
    ProductScreen.clickDisplayedProduct(product),
    ProductScreen.clickPayButton(),
    PaymentScreen.clickPaymentMethod("Points"),
    Till.typePoints(points, money),
    Till.confirmRedeem(),
    Till.pointsPaymentIs(points, money),
];
const validate = (points) => [
    PaymentScreen.clickValidate(),
    ReceiptScreen.isShown(),
    Till.receiptSays("redeemed", points),
    ReceiptScreen.clickNextOrder(),
];

tours.add("loyalty_till_notes", {
    steps: () =>
        [
            start(),
            // A note on the numpad: more than is due goes back as change, the points stay.
            redeemOn("Oak Chair", "1,000", "10.00"),
            PaymentScreen.clickPaymentMethod("Cash"),
            PaymentScreen.remainingIs("0.00"),
            PaymentScreen.clickNumpad("+20 +20"),
            PaymentScreen.changeIs("40.00"),
            Till.pointsPaymentIs("1,000", "10.00"),
            validate("1,000"),
            // The note on the keyboard, to the same end.
            redeemOn("Oak Chair", "500", "5.00"),
            PaymentScreen.clickPaymentMethod("Cash"),
            Till.pressKeys("1 0 0"),
            PaymentScreen.changeIs("35.00"),
            // Points can be changed while the note lies there, also to more: the change follows.
            PaymentScreen.clickPaymentline("Points", "5.00"),
            Till.typePoints("600", "6.00"),
            Till.confirmRedeem(),
            PaymentScreen.changeIs("36.00"),
            PaymentScreen.clickPaymentline("Points", "6.00"),
            Till.typePoints("400", "4.00"),
            Till.confirmRedeem(),
            PaymentScreen.changeIs("34.00"),
            validate("400"),
            // A card pays a part, a note the rest.
            redeemOn("Oak Chair", "500", "5.00"),
            PaymentScreen.clickPaymentMethod("Bank"),
            PaymentScreen.clickNumpad("2 5"),
            PaymentScreen.selectedPaymentlineHas("Bank", "25.00"),
            PaymentScreen.clickPaymentMethod("Cash"),
            PaymentScreen.clickNumpad("5 0"),
            PaymentScreen.changeIs("10.00"),
            validate("500"),
        ].flat(Infinity),
});

tours.add("loyalty_till_cash_rounding", {
    steps: () =>
        [
            start(),
            // 27.48 in cash are 27.50: two cents more than due, and no points less.
            redeemOn("Jug", "500", "5.00"),
            PaymentScreen.clickPaymentMethod("Cash"),
            PaymentScreen.selectedPaymentlineHas("Cash", "27.50"),
            validate("500"),
            // 27.52 in cash are 27.50.
            redeemOn("Mug", "500", "5.00"),
            PaymentScreen.clickPaymentMethod("Cash"),
            PaymentScreen.selectedPaymentlineHas("Cash", "27.50"),
            validate("500"),
            // With a note of 30 the change is rounded.
            redeemOn("Mug", "500", "5.00"),
            PaymentScreen.clickPaymentMethod("Cash"),
            PaymentScreen.clickNumpad("3 0"),
            PaymentScreen.changeIs("2.50"),
            validate("500"),
        ].flat(Infinity),
});

const refundOne = (order, product) => [
    ProductScreen.clickRefund(),
    TicketScreen.selectOrder(order),
    { trigger: `.orderline:contains('${product}')`, run: "click" },
    ProductScreen.clickNumpad("1"),
    TicketScreen.confirmRefund(),
    PaymentScreen.isShown(),
];

tours.add("loyalty_till_cash_rounding_refund", {
    steps: () =>
        [
            start(),
            redeemOn("Spoon", "200", "2.00"),
            PaymentScreen.clickPaymentMethod("Bank"),
            PaymentScreen.selectedPaymentlineHas("Bank", "7.98"),
            validate("200"),
            // The card paid 7.98; coins give 8.00 back.
            refundOne("001", "Spoon"),
            Till.pointsPaymentIs("200", "-2.00"),
            PaymentScreen.clickPaymentMethod("Cash"),
            PaymentScreen.selectedPaymentlineHas("Cash", "8.00"),
            PaymentScreen.clickValidate(),
            ReceiptScreen.isShown(),
        ].flat(Infinity),
});

tours.add("loyalty_till_price_reduction_parts", {
    steps: () =>
        [
            start(),
            scan_barcode("1000000001"),
            Till.cardIs("1000000001"),
            ProductScreen.clickDisplayedProduct("Lamp"),
            ProductScreen.clickDisplayedProduct("Lamp"),
            Till.clickRedeemPoints(),
            Till.typePoints("2000", "20.00"),
            Till.confirmRedeem(),
            ProductScreen.totalAmountIs("210.00"),
            ProductScreen.clickPayButton(),
            pay("Bank"),
            ReceiptScreen.clickNextOrder(),
            ["first", "second"].map(() => [
                refundOne("001", "Lamp"),
                Till.refundNotice("back", "1,000 points"),
                PaymentScreen.totalIs("-105.00"),
                pay("Bank"),
                ReceiptScreen.clickNextOrder(),
            ]),
        ].flat(Infinity),
});

tours.add("loyalty_till_total_rounding", {
    steps: () =>
        [
            start(),
            // The total is 10.00, whatever its lines say.
            scan_barcode("1000000001"),
            Till.cardIs("1000000001", "1,000"),
            ProductScreen.clickDisplayedProduct("Spoon"),
            ProductScreen.clickPayButton(),
            PaymentScreen.clickPaymentMethod("Points"),
            Till.maximum(),
            Till.confirmRedeem(),
            Till.pointsPaymentIs("1,000", "10.00"),
            PaymentScreen.remainingIs("0.00"),
            validate("1,000"),
        ].flat(Infinity),
});

tours.add("loyalty_till_fast_payment", {
    steps: () =>
        [
            start(),
            // A fast payment pays what the points leave.
            scan_barcode("1000000001"),
            Till.cardIs("1000000001", "1,000"),
            ProductScreen.clickDisplayedProduct("Oak Chair"),
            Till.clickRedeemPoints(),
            Till.typePoints("100", "1.00"),
            Till.confirmRedeem(),
            ProductScreen.clickFastPaymentButton("Bank"),
            ReceiptScreen.isShown(),
            Till.receiptSays("redeemed", "100"),
            ReceiptScreen.clickNextOrder(),
            // An order that became smaller than its points: nothing changes unless the cashier says so.
            scan_barcode("1000000001"),
            Till.cardIs("1000000001"),
            ProductScreen.clickDisplayedProduct("Coffee Beans"),
            ProductScreen.clickDisplayedProduct("Oak Chair"),
            Till.clickRedeemPoints(),
            Till.typePoints("1000", "10.00"),
            Till.confirmRedeem(),
            { trigger: ".orderline.selected:contains('Oak Chair')" },
            ProductScreen.clickNumpad("⌫"),
            ProductScreen.clickNumpad("⌫"),
            { trigger: ".order-container:not(:contains('Oak Chair'))" },
            ProductScreen.clickFastPaymentButton("Bank"),
            Till.askedForFewer("only $ 8.00 of this order can be paid", "Back"),
            Till.redeemed("1,000", "10.00"),
            ProductScreen.clickFastPaymentButton("Bank"),
            Till.askedForFewer("Redeem 800 points", "Redeem 800 points"),
            Till.redeemed("800", "8.00"),
            ProductScreen.clickPayButton(),
            PaymentScreen.remainingIs("0.00"),
            validate("800"),
        ].flat(Infinity),
});

tours.add("loyalty_till_note_offline", {
    steps: () =>
        [
            start(),
            redeemOn("Oak Chair", "1,000", "10.00"),
            Offline.setOfflineMode(),
            PaymentScreen.clickPaymentMethod("Cash"),
            PaymentScreen.clickNumpad("+20 +20"),
            PaymentScreen.changeIs("40.00"),
            PaymentScreen.clickValidate(),
            {
                content: "the till goes on without connection",
                trigger: ".modal:contains('Connection Lost') .modal-footer .btn-primary",
                run: "click",
            },
            ReceiptScreen.isShown(),
            Till.receiptIsEstimated(),
            Till.receiptSays("redeemed", "1,000"),
            Offline.setOnlineMode(),
            ReceiptScreen.clickNextOrder(),
            ProductScreen.clickDisplayedProduct("Coffee Beans"),
            ProductScreen.clickPayButton(),
            pay(),
            Chrome.isSynced(),
        ].flat(Infinity),
});

tours.add("loyalty_till_note_reduction", {
    steps: () =>
        [
            start(),
            scan_barcode("1000000001"),
            Till.cardIs("1000000001", "1,000"),
            ProductScreen.clickDisplayedProduct("Oak Chair"),
            Till.clickRedeemPoints(),
            Till.typePoints("1000", "10.00"),
            Till.confirmRedeem(),
            ProductScreen.clickPayButton(),
            PaymentScreen.clickPaymentMethod("Cash"),
            PaymentScreen.clickNumpad("+20 +20"),
            PaymentScreen.changeIs("40.00"),
            validate("1,000"),
        ].flat(Infinity),
});

tours.add("loyalty_till_stored_value", {
    steps: () =>
        [
            start(),
            // Neither tips nor gift cards are paid with points, and tips earn none.
            scan_barcode("1000000001"),
            Till.cardIs("1000000001", "1,000"),
            ProductScreen.clickDisplayedProduct("Prepaid Voucher"),
            ProductScreen.clickPayButton(),
            PaymentScreen.clickPaymentMethod("Points"),
            {
                trigger:
                    ".modal .modal-body:contains('cannot be redeemed for any of these products')",
            },
            Dialog.confirm(),
            PaymentScreen.clickBackToProductScreen(),
            ProductScreen.clickDisplayedProduct("Coffee Beans"),
            ProductScreen.clickPayButton(),
            PaymentScreen.clickTipButton(),
            NumberPopup.enterValue("2"),
            Dialog.confirm(),
            PaymentScreen.clickPaymentMethod("Points"),
            Till.typePoints("801", "8.01"),
            Till.errorIs("at most 800 points"),
            Till.maximum(),
            Till.confirmRedeem(),
            Till.pointsPaymentIs("800", "8.00"),
            PaymentScreen.remainingIs("12.00"),
            PaymentScreen.clickPaymentMethod("Bank"),
            validate("800"),
        ].flat(Infinity),
});

tours.add("loyalty_till_issue", {
    steps: () =>
        [
            start(),
            ProductScreen.clickPartnerButton(),
            ProductScreen.clickCustomer("Cleo New"),
            Till.noCard(),
            // A pre-printed number.
            { trigger: ".loyalty-card-chip", run: "click" },
            Till.enterCard("7777000001"),
            Till.errorIs("7777000001"),
            { trigger: ".modal .loyalty-issue-code", run: "click" },
            Till.cardIs("7777000001", "0"),
            // Cashiers give no bonus points.
            Till.pressF11(),
            { trigger: ".modal .loyalty-card-choice" },
            { trigger: ".modal:not(:has(.loyalty-bonus))" },
            Till.discard(),
            // A generated number.
            ProductScreen.clickPartnerButton(),
            ProductScreen.clickCustomer("Dan New"),
            Till.noCard(),
            Till.pressF11(),
            { trigger: ".modal .loyalty-issue", run: "click" },
            { trigger: ".loyalty-card-chip .loyalty-card-number" },
        ].flat(Infinity),
});

tours.add("loyalty_till_bonus", {
    steps: () =>
        [
            start(),
            scan_barcode("1000000001"),
            Till.cardIs("1000000001", "1,000"),
            Till.pressF11(),
            { trigger: ".modal .loyalty-bonus", run: "click" },
            Till.tapKeys("5"),
            Dialog.confirm(),
            TextInputPopup.inputText("Apology"),
            Dialog.confirm(),
            Till.notified("got 5 points"),
            { trigger: ".modal .loyalty-card-choice:contains('1,005')" },
            Till.discard(),
            Till.cardIs("1000000001", "1,005"),
        ].flat(Infinity),
});

tours.add("loyalty_till_phone", {
    steps: () =>
        [
            Chrome.startPoS(),
            Dialog.confirm("Open Register"),
            ProductScreen.clickDisplayedProduct("Coffee Machine"),
            ProductScreen.clickReview(),
            { trigger: ".loyalty-card-chip", run: "click" },
            Till.enterCard("1000000001"),
            Till.cardIs("1000000001", "1,000"),
            Till.clickRedeemPoints(),
            Till.tapKeys("2 5 0"),
            { trigger: '.modal .redeem-money-input:value("2.50")' },
            Till.confirmRedeem(),
            Till.redeemed("250", "2.50"),
            { trigger: ".pay-order-button", run: "click" },
            // Odoo's till asks for a new amount on small screens; points have their own popup.
            PaymentScreen.clickPaymentline("Points", "2.50"),
            Till.tapKeys("5 0 0"),
            Till.confirmRedeem(),
            Till.pointsPaymentIs("500", "5.00"),
            // A note of 100 for 95.00.
            PaymentScreen.clickPaymentMethod("Cash"),
            PaymentScreen.fillPaymentLineAmountMobile("Cash", "100"),
            PaymentScreen.changeIs("5.00"),
            PaymentScreen.clickValidate(),
            ReceiptScreen.isShown(),
            Till.receiptSays("redeemed", "500"),
        ].flat(Infinity),
});

tours.add("loyalty_till_invoice", {
    steps: () =>
        [
            start(),
            scan_barcode("1000000001"),
            Till.cardIs("1000000001", "1,000"),
            ProductScreen.clickDisplayedProduct("Coffee Machine"),
            ProductScreen.clickPayButton(),
            PaymentScreen.clickPaymentMethod("Points"),
            Till.typePoints("250", "2.50"),
            Till.confirmRedeem(),
            PaymentScreen.clickInvoiceButton(),
            PaymentScreen.remainingIs("97.50"),
            pay(),
            Till.receiptSays("redeemed", "250"),
            Till.receiptSays("earned", "195"),
            Till.receiptSays("balance", "945"),
        ].flat(Infinity),
});

tours.add("loyalty_till_two_tabs", {
    steps: () =>
        [
            start(),
            Till.openSecondTab("Second Till"),
            Till.inSecondTab(
                Chrome.startPoS(),
                Till.noCard(),
                { trigger: ".loyalty-card-chip", run: "click" },
                Till.enterCard("1000000001"),
                Till.cardIs("1000000001", "1,000"),
                ProductScreen.clickDisplayedProduct("Coffee Machine")
            ),
            // The first tab reserves most of the points.
            scan_barcode("1000000001"),
            Till.cardIs("1000000001", "1,000"),
            ProductScreen.clickDisplayedProduct("Coffee Machine"),
            Till.clickRedeemPoints(),
            Till.typePoints("800", "8.00"),
            Till.confirmRedeem(),
            Till.redeemed("800", "8.00"),
            // The second one did not know that; it asks the server as it opens the dialog, and says what is left.
            Till.inSecondTab(
                Till.clickRedeemPoints(),
                Till.typePoints("500", "5.00"),
                Till.errorIs("200"),
                Till.balancesAre({
                    accumulated: "1,000",
                    redeemed: "0",
                    reserved: "800",
                    available: "200",
                }),
                Till.typePoints("200", "2.00"),
                Till.confirmRedeem(),
                Till.redeemed("200", "2.00"),
                ProductScreen.clickPayButton(),
                Till.pointsPaymentIs("200", "2.00"),
                pay("Bank"),
                Till.receiptSays("redeemed", "200"),
                Till.receiptSays("earned", "196")
            ),
            ProductScreen.clickPayButton(),
            Till.pointsPaymentIs("800", "8.00"),
            pay(),
            Till.receiptSays("redeemed", "800"),
            Till.receiptSays("earned", "184"),
            Till.receiptSays("balance", "380"),
        ].flat(Infinity),
});
