/* Tabs of a restaurant. pos_restaurant need not be installed, so its own helpers are not used here. */
import * as Chrome from "@point_of_sale/../tests/pos/tours/utils/chrome_util";
import * as Dialog from "@point_of_sale/../tests/generic_helpers/dialog_util";
import * as Order from "@point_of_sale/../tests/generic_helpers/order_widget_util";
import * as PaymentScreen from "@point_of_sale/../tests/pos/tours/utils/payment_screen_util";
import * as ProductScreen from "@point_of_sale/../tests/pos/tours/utils/product_screen_util";
import * as ReceiptScreen from "@point_of_sale/../tests/pos/tours/utils/receipt_screen_util";
import * as Till from "@loyalty_pos/../tests/tours/utils/loyalty_pos_util";
import { scan_barcode } from "@point_of_sale/../tests/generic_helpers/utils";

const { tours } = Till;
const start = () => [Chrome.startPoS(), Dialog.confirm("Open Register")];
const clickTable = (number) => ({
    content: `open table ${number}`,
    trigger: `.floor-map .table:has(.label:contains("${number}"))`,
    run: "click",
});
/** Move the order to a table: an empty one takes it, another's order takes it in. */
const moveTo = (number) => [
    ProductScreen.clickControlButton("Transfer / Merge"),
    clickTable(number),
    { content: "the order is at the table", trigger: `.product-screen .loyalty-card-chip` },
];
const putOnTab = (points, money) => [
    Till.clickRedeemPoints(),
    Till.typePoints(points, money),
    Till.confirmRedeem(),
];
const payCash = () => [
    ...PaymentScreen.clickPaymentMethod("Cash"),
    ...PaymentScreen.clickValidate(),
    ...ReceiptScreen.isShown(),
];

tours.add("loyalty_restaurant_tab", {
    steps: () =>
        [
            start(),
            clickTable("5"),
            ProductScreen.clickDisplayedProduct("Coffee Machine"),
            scan_barcode("1000000001"),
            Till.cardIs("1000000001", "1,000"),
            putOnTab("250", "2.50"),
            Till.redeemed("250", "2.50"),
            // The tab stays open while others are served.
            Chrome.clickPlanButton(),
            clickTable("2"),
            Till.noCard(),
            Chrome.clickPlanButton(),
            clickTable("5"),
            Till.cardIs("1000000001", "750"),
            Till.redeemed("250", "2.50"),
            // The guests move, with all that is on their tab.
            moveTo("4"),
            Till.cardIs("1000000001", "750"),
            Till.redeemed("250", "2.50"),
            Chrome.clickPlanButton(),
            clickTable("4"),
            ProductScreen.clickDisplayedProduct("Coffee Beans"),
            Till.earns("211"),
            ProductScreen.clickPayButton(),
            Till.pointsPaymentIs("250", "2.50"),
            PaymentScreen.remainingIs("105.50"),
            payCash(),
            Till.receiptSays("redeemed", "250"),
            Till.receiptSays("earned", "211"),
            Till.receiptSays("balance", "961"),
        ].flat(Infinity),
});

tours.add("loyalty_restaurant_leave", {
    steps: () =>
        [
            start(),
            clickTable("5"),
            ProductScreen.clickDisplayedProduct("Coffee Machine"),
            scan_barcode("1000000001"),
            Till.cardIs("1000000001", "1,000"),
            putOnTab("250", "2.50"),
            Till.redeemed("250", "2.50"),
            Chrome.clickPlanButton(),
            clickTable("4"),
            ProductScreen.clickDisplayedProduct("Coffee Beans"),
            scan_barcode("1000000006"),
            Till.cardIs("1000000006", "500"),
            putOnTab("100", "1.00"),
            Chrome.clickPlanButton(),
            Chrome.isSynced(),
        ].flat(Infinity),
});

tours.add("loyalty_restaurant_come_back", {
    steps: () =>
        [
            Chrome.startPoS(),
            clickTable("5"),
            Till.cardIs("1000000001", "750"),
            Till.redeemed("250", "2.50"),
            // This device gives back what the other one had reserved.
            { trigger: ".loyalty-redemption", run: "click" },
            { trigger: ".modal .redeem-remove", run: "click" },
            Till.cardIs("1000000001", "1,000"),
            putOnTab("600", "6.00"),
            ProductScreen.clickPayButton(),
            PaymentScreen.remainingIs("94.00"),
            payCash(),
            Till.receiptSays("redeemed", "600"),
            Till.receiptSays("balance", "588"),
            { content: "next", trigger: ".receipt-screen .button.next", run: "click" },
            Chrome.clickPlanButton(),
            // Or it pays with them.
            clickTable("4"),
            Till.redeemed("100", "1.00"),
            ProductScreen.clickPayButton(),
            PaymentScreen.remainingIs("7.00"),
            payCash(),
            Till.receiptSays("redeemed", "100"),
        ].flat(Infinity),
});

tours.add("loyalty_restaurant_split", {
    steps: () =>
        [
            start(),
            clickTable("5"),
            ProductScreen.clickDisplayedProduct("Coffee Machine"),
            ProductScreen.clickDisplayedProduct("Coffee Beans"),
            scan_barcode("1000000001"),
            Till.cardIs("1000000001", "1,000"),
            putOnTab("1000", "10.00"),
            ProductScreen.clickControlButton("Split"),
            Order.hasLine({ productName: "Coffee Machine", run: "click" }),
            { trigger: ".splitbill-screen .split-order-button:enabled", run: "click" },
            ProductScreen.totalAmountIs("100.00"),
            // The part is the same customer's.
            ProductScreen.customerIsSelected("Ann Member"),
            Till.cardIs("1000000001", "0"),
            ProductScreen.clickPayButton(),
            payCash(),
            Till.receiptSays("earned", "200"),
            {
                content: "go on with the rest",
                trigger: ".receipt-screen .button.next",
                run: "click",
            },
            Chrome.clickPlanButton(),
            clickTable("5"),
            // The points stay on the tab of the card, as far as they pay what is left.
            ProductScreen.totalAmountIs("8.00"),
            Till.redeemed("1,000", "10.00"),
            ProductScreen.clickPayButton(),
            Till.notified("products were removed"),
            Till.pointsPaymentIs("800", "8.00"),
            PaymentScreen.remainingIs("0.00"),
            PaymentScreen.clickValidate(),
            ReceiptScreen.isShown(),
            Till.receiptSays("redeemed", "800"),
            Till.receiptSays("balance", "400"),
        ].flat(Infinity),
});

tours.add("loyalty_restaurant_merge", {
    steps: () =>
        [
            start(),
            // Ben's tab.
            clickTable("2"),
            ProductScreen.clickDisplayedProduct("Coffee Beans"),
            scan_barcode("1000000006"),
            Till.cardIs("1000000006", "500"),
            putOnTab("100", "1.00"),
            Chrome.clickPlanButton(),
            // A tab of nobody in particular.
            clickTable("4"),
            ProductScreen.clickDisplayedProduct("Coffee Machine"),
            Till.noCard(),
            Chrome.clickPlanButton(),
            // Ann's tab joins it: her card and her points come along.
            clickTable("5"),
            ProductScreen.clickDisplayedProduct("Coffee Beans"),
            scan_barcode("1000000001"),
            Till.cardIs("1000000001", "1,000"),
            putOnTab("250", "2.50"),
            moveTo("4"),
            ProductScreen.totalAmountIs("108.00"),
            ProductScreen.customerIsSelected("Ann Member"),
            Till.cardIs("1000000001", "750"),
            Till.redeemed("250", "2.50"),
            Chrome.clickPlanButton(),
            // Ben joins as well: his points are his.
            clickTable("2"),
            Till.cardIs("1000000006", "400"),
            moveTo("4"),
            Till.notified(
                "100 points that were redeemed on the other order are back on card 1000000006"
            ),
            Till.cardIs("1000000001", "750"),
            Till.redeemed("250", "2.50"),
            ProductScreen.clickPayButton(),
            payCash(),
            Till.receiptSays("redeemed", "250"),
            Till.receiptSays("earned", "227"),
        ].flat(Infinity),
});

tours.add("loyalty_restaurant_split_reduction", {
    steps: () =>
        [
            start(),
            clickTable("5"),
            ProductScreen.clickDisplayedProduct("Coffee Machine"),
            ProductScreen.clickDisplayedProduct("Coffee Beans"),
            scan_barcode("1000000001"),
            Till.cardIs("1000000001", "1,000"),
            putOnTab("500", "5.00"),
            ProductScreen.totalAmountIs("103.00"),
            ProductScreen.clickControlButton("Split"),
            // What points take off the price is no piece that can be split off.
            Order.hasLine({ productName: "points redeemed", run: "click" }),
            Till.notified("Redeemed points stay on this bill"),
            Order.hasLine({ productName: "Coffee Machine", run: "click" }),
            { trigger: ".splitbill-screen .split-order-button:enabled", run: "click" },
            ProductScreen.totalAmountIs("100.00"),
            ProductScreen.clickPayButton(),
            payCash(),
            {
                content: "go on with the rest",
                trigger: ".receipt-screen .button.next",
                run: "click",
            },
            Chrome.clickPlanButton(),
            clickTable("5"),
            ProductScreen.totalAmountIs("3.00"),
            Till.redeemed("500", "5.00"),
            // It moves to a table where others sit.
            Chrome.clickPlanButton(),
            clickTable("4"),
            ProductScreen.clickDisplayedProduct("Coffee Machine"),
            Chrome.clickPlanButton(),
            clickTable("5"),
            moveTo("4"),
            ProductScreen.totalAmountIs("103.00"),
            Till.cardIs("1000000001", "700"),
            Till.redeemed("500", "5.00"),
            ProductScreen.clickPayButton(),
            payCash(),
            Till.receiptSays("redeemed", "500"),
        ].flat(Infinity),
});
