/* Employees at one till. pos_hr need not be installed, so its own helpers are not used here. */
import * as Chrome from "@point_of_sale/../tests/pos/tours/utils/chrome_util";
import * as Dialog from "@point_of_sale/../tests/generic_helpers/dialog_util";
import * as PaymentScreen from "@point_of_sale/../tests/pos/tours/utils/payment_screen_util";
import * as ProductScreen from "@point_of_sale/../tests/pos/tours/utils/product_screen_util";
import * as ReceiptScreen from "@point_of_sale/../tests/pos/tours/utils/receipt_screen_util";
import * as SelectionPopup from "@point_of_sale/../tests/generic_helpers/selection_popup_util";
import * as TextInputPopup from "@point_of_sale/../tests/generic_helpers/text_input_popup_util";
import * as Till from "@loyalty_pos/../tests/tours/utils/loyalty_pos_util";
import { scan_barcode } from "@point_of_sale/../tests/generic_helpers/utils";

const { tours } = Till;
const startAs = (name) => [
    Chrome.clickBtn("Open Register"),
    { trigger: ".login-overlay .select-cashier", run: "click" },
    SelectionPopup.has(name, { run: "click" }),
    Dialog.confirm("Open Register"),
];
const goOnAs = (name) => [
    { trigger: ".cashier-name", run: "click" },
    SelectionPopup.has(name, { run: "click" }),
];
const mayGiveNoBonus = () => [
    Till.pressF11(),
    { trigger: ".modal .loyalty-card-choice" },
    { trigger: ".modal:not(:has(.loyalty-bonus))" },
    Till.discard(),
];

tours.add("loyalty_employees", {
    steps: () =>
        [
            startAs("Emma Cashier"),
            scan_barcode("1000000007"),
            Till.cardIs("1000000007", "0"),
            Till.cardWarns("own card"),
            scan_barcode("1000000001"),
            Till.cardIs("1000000001", "1,000"),
            { trigger: ".loyalty-card-chip:not(:has(.loyalty-card-warning))" },
            mayGiveNoBonus(),
            // A supervisor steps in, on the same order.
            goOnAs("Max Manager"),
            Till.pressF11(),
            { trigger: ".modal .loyalty-bonus", run: "click" },
            Till.tapKeys("5"),
            Dialog.confirm(),
            TextInputPopup.inputText("Apology"),
            Dialog.confirm(),
            Till.notified("got 5 points"),
            Till.discard(),
            scan_barcode("1000000007"),
            Till.cardIs("1000000007", "0"),
            { trigger: ".loyalty-card-chip:not(:has(.loyalty-card-warning))" },
            goOnAs("Emma Cashier"),
            Till.cardWarns("own card"),
            scan_barcode("1000000001"),
            Till.cardIs("1000000001", "1,005"),
            ProductScreen.clickDisplayedProduct("Coffee Machine"),
            Till.clickRedeemPoints(),
            Till.typePoints("500", "5.00"),
            Till.confirmRedeem(),
            ProductScreen.clickPayButton(),
            PaymentScreen.clickPaymentMethod("Cash"),
            PaymentScreen.clickValidate(),
            ReceiptScreen.isShown(),
            Till.receiptSays("balance", "695"),
        ].flat(Infinity),
});

tours.add("loyalty_employees_shared_login", {
    steps: () =>
        [
            startAs("Max Manager"),
            scan_barcode("1000000001"),
            Till.cardIs("1000000001", "1,000"),
            mayGiveNoBonus(),
        ].flat(Infinity),
});
