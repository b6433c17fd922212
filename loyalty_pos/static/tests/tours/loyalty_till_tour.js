import * as Chrome from "@point_of_sale/../tests/pos/tours/utils/chrome_util";
import * as Dialog from "@point_of_sale/../tests/generic_helpers/dialog_util";
import * as TextInputPopup from "@point_of_sale/../tests/generic_helpers/text_input_popup_util";
import * as Offline from "@point_of_sale/../tests/generic_helpers/offline_util";
import * as PaymentScreen from "@point_of_sale/../tests/pos/tours/utils/payment_screen_util";
import * as ProductScreen from "@point_of_sale/../tests/pos/tours/utils/product_screen_util";
import * as ReceiptScreen from "@point_of_sale/../tests/pos/tours/utils/receipt_screen_util";
import * as TicketScreen from "@point_of_sale/../tests/pos/tours/utils/ticket_screen_util";
import * as Till from "@loyalty_pos/../tests/tours/utils/loyalty_pos_util";
import { scan_barcode } from "@point_of_sale/../tests/generic_helpers/utils";
import { registry } from "@web/core/registry";

const tours = registry.category("web_tour.tours");
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
            Till.typePoints("10.5", "0.11"),
            Till.errorIs("whole points"),
            Till.cannotRedeem(),
            Till.typePoints("1001", "10.01"),
            Till.errorIs("1,000 points available"),
            Till.typeMoney("2.50", "250"),
            Till.confirmRedeem(),
            Till.redeemed("250", "2.50"),
            Till.cardIs("1000000001", "750"),
            // What points pay earns nothing: 97.50 at two points a unit.
            Till.earns("195"),
            ProductScreen.clickPayButton(),
            Till.pointsPaymentIs("250", "2.50"),
            // The numpad does not change what points pay: it opens the popup.
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
            PaymentScreen.remainingIs("-90.00"),
            pay(),
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
            Till.clickRedeemPoints(),
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
            Till.notified("Choose the goods that come back"),
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
            Till.notified("5 bonus points"),
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
            pay(),
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
            // The second one does not know that yet; the server does, and says what is left.
            Till.inSecondTab(
                Till.clickRedeemPoints(),
                Till.typePoints("500", "5.00"),
                { trigger: ".modal .redeem-confirm:enabled", run: "click" },
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
