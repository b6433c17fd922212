"""VAT mode "original sale": redemptions take off the VAT of the sales that earned (N17)."""

import io
import json
from datetime import date

import openpyxl
from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import HttpCase, new_test_user, tagged

from .golden_vat_rates_of_earning import CASES, EXPIRED
from .redemption_common import RedemptionCase


class EarningSaleCase(RedemptionCase):
    """Sales at 19 and 7 %; 1 point per unit of money without tax, worth 0.01. The card starts empty."""

    vat_mode = "earning_sale"
    point_value = 0.01

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sale_taxes |= {rate: cls.make_tax("sale", rate) for rate in (19, 7)}
        cls.program.issue_on = "paid"
        cls.contra = cls.make_account("Points Deducted from Sales", "410900", "income")
        cls.program.cost_account_id = cls.contra

    @classmethod
    def grant(cls, points, card=None, **values):
        return super().grant(points, card, **values) if values else cls.env["loyalty.ledger.entry"]

    def sell(self, net, rate, **values):
        """A sale that earns ``net`` points."""
        move = self.make_invoice(*self.lines_of(net, rate), post=True, **values)
        self.pay(move)
        self.env.cr.flush()
        return move

    def lines_of(self, net, rate):
        pairs = net if isinstance(net, list) else [(net, rate)]
        return [self.line(price, of_line) for price, of_line in pairs]

    def bonus(self, points, **values):
        op = {"card_id": self.card.id, "kind": "adjust", "points": points, "key": f"bonus:{self.id()}:{points}"}
        return self.card._post_entries([{**op, "reason": "Bonus", **values}])

    def spend(self, points, net=200.0, rate=7, **values):
        """Redeem points on a new invoice; return the invoice and its payment with points."""
        move = self.make_invoice(self.line(net, rate), post=True, **values)
        self.apply_points(move, points)
        return move, self.loyalty_payments(move)

    def vat_by_rate(self, *payments):
        """Output VAT that payments took off, by rate, from their journal items."""
        result = {}
        for line in self.env["account.payment"].union(*payments).move_id.line_ids.filtered("tax_line_id"):
            self.assertEqual(line.account_id, self.output_vat)
            rate = line.tax_line_id.amount
            result[rate] = round(result.get(rate, 0) + line.balance, 2)
        return {rate: vat for rate, vat in result.items() if vat}

    def returns_of(self, payment):
        return self.env["account.payment"].search([("loyalty_origin_id", "=", payment.id)], order="id")

    def assertProved(self):
        proof = self.program._loyalty_proof()
        self.assertEqual((proof["residual"], proof["residual_points"]), (0.0, 0.0), proof)


@tagged("post_install", "-at_install")
class TestEarningSale(EarningSaleCase):
    def test_golden(self):
        """N17: each golden case to the cent, whatever taxes the goods have on which points are redeemed."""
        for number, case in enumerate(CASES):
            with self.subTest(number):
                self.card = self.make_card(self.env["res.partner"].create({"name": f"Customer {number}"}))
                self.customer = self.card.partner_id
                for amount, rate in case["lots"]:
                    points = round(amount * 100)
                    self.sell(points, rate) if rate else self.bonus(points)
                __, payment = self.spend(round(case["redeemed"] * 100), rate=case["basket_rate"])
                self.assertEqual(self.vat_by_rate(payment), case["vat"])
                self.assertAlmostEqual(sum(self.vat_by_rate(payment).values()), case["vat_total"])
                self.assertNotEqual(case["vat_total"], case.get("at_basket_rate"))
        self.assertProved()

    def test_entry(self):
        """N17: Dr redemption account by the rates of the sales, Dr output VAT with the tags of refunds, Cr receivable."""
        self.sell(300, 19)
        self.sell(200, 7)
        __, payment = self.spend(500)
        self.assertEntry(
            payment.move_id,
            [
                (self.contra, 2.52, [self.tags["sale", 19, "refund", "base"]]),
                (self.output_vat, 0.48, [self.tags["sale", 19, "refund", "tax"]]),
                (self.contra, 1.87, [self.tags["sale", 7, "refund", "base"]]),
                (self.output_vat, 0.13, [self.tags["sale", 7, "refund", "tax"]]),
                (self.receivable, -5.0, []),
            ],
        )
        self.assertProved()

    def test_expiry(self):
        """N17: points that expire correct nothing."""
        self.program.write({"expiry_policy": "lot", "expiry_delay": 10, "expiry_unit": "day"})
        self.sell(round(EXPIRED["expired"][0][0] * 100), 19, invoice_date="2026-03-01")
        before = self.env["account.move.line"].search_count([("account_id", "=", self.output_vat.id)])
        self.card._refresh_ledger(date(2026, 4, 1))
        self.assertEqual(self.card.points, 0)
        self.assertEqual(self.env["account.move.line"].search_count([("account_id", "=", self.output_vat.id)]), before)
        self.assertFalse(self.env["loyalty.relief"].search([("program_id", "=", self.program.id)]))

    def test_sale_with_two_rates(self):
        """N17: points of a sale at two rates carry both, by the gross of the products that earned."""
        none = self.env["product.product"].create({"name": "Stamps", "loyalty_no_earn": True})
        move = self.make_invoice(
            self.line(100, 19), self.line(100, 7), self.line(100, 19, product_id=none.id), post=True
        )
        self.pay(move)
        self.env.cr.flush()
        earning = move.sudo().loyalty_earning_id
        self.assertEqual(
            [(row["taxes"], row["gross"]) for row in earning.tax_sets],
            [([self.sale_taxes[19].id], 119.0), ([self.sale_taxes[7].id], 107.0)],
        )
        self.assertAlmostEqual(earning.relief, 26 / 226)
        __, payment = self.spend(200)
        self.assertEqual(self.vat_by_rate(payment), {19: 0.17, 7: 0.06})
        self.assertProved()

    def test_rates_of_then(self):
        """N17: a rate that was changed since is that of the sale."""
        self.sell(500, 19)
        self.sale_taxes[19].amount = 16
        __, payment = self.spend(500)
        self.assertEqual(sum(self.vat_by_rate(payment).values()), 0.80)
        self.assertEqual(self.env["loyalty.relief"].search([("res_id", "=", payment.id)]).rates, "19%")
        self.sale_taxes[19].amount = 19
        self.sell(500, 19)
        self.sale_taxes[19].amount = 16
        self.sell(100, 19)
        __, payment = self.spend(600)
        self.assertEqual(sum(self.vat_by_rate(payment).values()), 0.94)
        self.assertEqual([row.rates for row in self.env["loyalty.relief"]._of_document(payment)], ["19%", "16%"])
        self.assertProved()

    def draft_again(self, move, points, price=None):
        """Take the money back, reset a paid invoice to draft, change it, and pay it again."""
        payments = move.matched_payment_ids or move._get_reconciled_payments()
        payments.action_draft()
        payments.action_cancel()
        move.button_draft()
        self.env.cr.flush()
        if price:
            move.invoice_line_ids.price_unit = price
        move.action_post()
        self.pay(move)
        self.env.cr.flush()
        self.assertEqual(self.card.points, points)
        __, payment = self.spend(500)
        row = self.env["loyalty.relief"].search([("res_id", "=", payment.id)])
        return move.amount_tax, sum(self.vat_by_rate(payment).values()), row.rates

    def test_drafted_again(self):
        """N17: Odoo taxes an invoice that is drafted and confirmed again at the rates of that day: its points have them too."""
        move = self.sell(500, 19)
        self.sale_taxes[19].amount = 16
        self.assertEqual(self.draft_again(move, 500), (80.0, 0.69, "16%"))
        self.assertProved()

    def test_drafted_again_with_another_price(self):
        """N17: the same where the draft was changed."""
        move = self.sell(400, 19)
        self.sale_taxes[19].amount = 16
        self.assertEqual(self.draft_again(move, 500, price=500), (80.0, 0.69, "16%"))
        self.assertProved()

    def test_drafted_again_as_it_was(self):
        """N17: a rate that is another one and the old one again leaves nothing behind."""
        move = self.sell(500, 19)
        self.sale_taxes[19].amount = 16
        self.sale_taxes[19].amount = 19
        self.assertEqual(self.draft_again(move, 500), (95.0, 0.80, "19%"))

    def test_tax_included(self):
        """N17: a price with tax that is confirmed again at another rate has the same gross, more net, and less VAT."""
        self.sale_taxes[19].price_include_override = "tax_included"
        move = self.sell(595, 19)
        self.assertEqual((move.amount_untaxed, move.amount_total), (500.0, 595.0))
        self.sale_taxes[19].amount = 16
        self.assertEqual(self.draft_again(move, 512), (82.07, 0.69, "16%"))
        self.assertEqual(move.amount_total, 595.0)
        self.assertProved()

    def test_rate_known_from_the_document(self):
        """N17: a document that gives its points long after its day has the rates of its own amounts, not of today."""
        self.program.accounting_policy = "none"
        move = self.make_invoice(self.line(500, 19), post=True)
        self.env.cr.flush()
        self.program.accounting_policy = "redemption"
        self.sale_taxes[19].amount = 16
        self.pay(move)
        self.env.cr.flush()
        __, payment = self.spend(500)
        self.assertEqual(sum(self.vat_by_rate(payment).values()), 0.80)
        self.assertEqual(self.env["loyalty.relief"].search([("res_id", "=", payment.id)]).rates, "19%")
        self.assertProved()

    def test_fixed_tax(self):
        """N17: an amount for each piece is part of what the customer paid, and no VAT; where VAT is due on it, it has its
        part of the VAT."""
        for base, vat in ((False, 0.77), (True, 0.80)):
            with self.subTest(base):
                fixed = self.make_tax("sale", 3 + base)
                values = {"amount": 5, "amount_type": "fixed", "include_base_amount": base, "sequence": 1}
                fixed.write({**values, "is_base_affected": False})
                self.sale_taxes[19].write({"sequence": 2, "is_base_affected": True})
                line = {
                    **self.line(500, 19),
                    "tax_ids": [Command.set((fixed | self.sale_taxes[19]).ids)],
                    "quantity": 5,
                }
                line["price_unit"] = 100
                move = self.make_invoice(line, post=True)
                self.assertEqual(move.amount_tax, 124.75 if base else 120.0)
                self.pay(move)
                self.env.cr.flush()
                __, payment = self.spend(500)
                self.assertEqual(sum(self.vat_by_rate(payment).values()), vat)
                self.assertProved()

    def test_refund_lot_by_lot(self):
        """N17, N4: what was used last comes back first, with exactly the VAT that it took off."""
        self.sell(300, 19)
        self.sell(200, 7)
        move, payment = self.spend(500, net=100)
        self.credit(move, self.line(20, 7))
        self.assertEqual(self.vat_by_rate(self.returns_of(payment)), {7: -0.07})
        self.assertEqual(self.card.lot_ids.sorted("id").mapped("remaining"), [0, 100])
        self.credit(move, self.line(40, 7))
        self.assertEqual(self.vat_by_rate(self.returns_of(payment)), {19: -0.16, 7: -0.13})
        self.assertEqual(self.card.lot_ids.sorted("id").mapped("remaining"), [100, 200])
        self.credit(move, self.line(40, 7))
        self.assertEqual(self.vat_by_rate(self.returns_of(payment)), {19: -0.48, 7: -0.13})
        lines = (payment | self.returns_of(payment)).move_id.line_ids
        for account in (self.contra, self.output_vat):
            self.assertAlmostEqual(sum(lines.filtered(lambda line: line.account_id == account).mapped("balance")), 0)  # noqa: B023
        self.assertEqual(
            lines.filtered(lambda line: line.tax_line_id and line.balance < 0).tax_tag_ids,
            self.tags["sale", 19, "invoice", "tax"] | self.tags["sale", 7, "invoice", "tax"],
        )
        self.assertProved()

    def test_refund_of_points_of_two_rates(self):
        """N17, N4: points of a sale at two rates come back with both, by their parts."""
        self.sell([(100, 19), (100, 7)], None)
        move, payment = self.spend(200, net=100)
        self.assertEqual(self.vat_by_rate(payment), {19: 0.17, 7: 0.06})
        self.credit(move, self.line(50, 7))
        self.assertEqual(self.vat_by_rate(self.returns_of(payment)), {19: -0.09, 7: -0.03})
        self.assertProved()
        self.credit(move, self.line(50, 7))
        self.assertEqual(self.vat_by_rate(self.returns_of(payment)), {19: -0.17, 7: -0.06})
        self.assertProved()

    def test_draft_that_reserves(self):
        """N17, N6: a draft invoice that reserved points takes off the VAT of the lots that they come from."""
        self.sell(300, 19)
        self.sell(200, 7)
        move = self.make_invoice(self.line(200, 7))
        self.apply_points(move, 400)
        move.action_post()
        self.assertEqual(self.vat_by_rate(self.loyalty_payments(move)), {19: 0.48, 7: 0.07})
        self.assertProved()

    def test_payments_confirmed_together(self):
        """N17: payments that are confirmed at once use lots one after the other."""
        self.sell(300, 19)
        self.sell(300, 7)
        moves = [self.make_invoice(self.line(200, 7), post=True) for __ in range(2)]
        method = self.loyalty_journal.inbound_payment_method_line_ids
        payments = self.env["account.payment"].create(
            [
                {
                    "payment_type": "inbound",
                    "partner_id": self.customer.id,
                    "journal_id": self.loyalty_journal.id,
                    "payment_method_line_id": method.id,
                    "loyalty_card_id": self.card.id,
                    "loyalty_points": 300,
                    "loyalty_move_id": move.id,
                    "amount": 3.0,
                }
                for move in moves
            ]
        )
        payments.action_post()
        self.assertEqual([self.vat_by_rate(payment) for payment in payments], [{19: 0.48}, {7: 0.20}])
        self.assertProved()

    def test_cancel_and_again(self):
        """N17, S11: a payment that was reset is confirmed with the same lots, or refused with the way out."""
        self.sell(300, 19)
        self.sell(300, 7)
        __, payment = self.spend(300)
        payment.action_draft()
        self.assertEqual(self.card.available_points, 300, "reserved for the draft")
        payment.action_post()
        self.assertEqual(self.vat_by_rate(payment), {19: 0.48})
        payment.action_cancel()
        self.assertEqual(self.card.points, 600)
        self.assertFalse(self.statement())
        self.assertProved()

    def statement(self, user=None):
        report = self.env["loyalty.relief.report"].with_user(user or self.env.user)
        return report.search([("program_id", "=", self.program.id)])

    def test_statement(self):
        """N17: the statement names redemption, original sale, rate, base and VAT; what comes back is negative."""
        first, second = self.sell(300, 19), self.sell(200, 7)
        self.bonus(50)
        move, payment = self.spend(550, net=100)
        auditor = new_test_user(
            self.env, "auditor_19", groups="loyalty_ledger.group_loyalty_auditor", company_id=self.company.id
        )
        rows = self.statement(auditor)
        self.assertRecordValues(
            rows,
            [
                {"sale_name": first.name, "rates": "19%", "points": 300, "net_amount": 2.52, "vat_amount": 0.48},
                {"sale_name": second.name, "rates": "7%", "points": 200, "net_amount": 1.87, "vat_amount": 0.13},
                {"sale_name": False, "rates": False, "points": 50, "net_amount": 0.50, "vat_amount": 0.0},
            ],
        )
        self.assertEqual(rows.mapped("document_name"), [move.name] * 3)
        self.assertEqual(rows.mapped("origin"), ["sale", "sale", "none"])
        self.assertEqual(rows[0].action_open_sale()["res_id"], first.id)
        (section,) = rows._sections()
        self.assertEqual((section, section.partner_id), (rows, self.customer))
        self.assertEqual(
            section._totals(),
            [
                ("Subtotal", "19%", 300, 3.0, 2.52, 0.48),
                ("Subtotal", "7%", 200, 2.0, 1.87, 0.13),
                ("Subtotal", "Reduces no sale", 50, 0.5, 0.5, 0.0),
                ("Total", "", 550, 5.5, 4.89, 0.61),
            ],
        )
        self.assertEqual(rows[:1]._totals(), [("Total", "19%", 300, 3.0, 2.52, 0.48)])
        self.credit(move)
        self.assertAlmostEqual(sum(self.statement().mapped("vat_amount")), 0)
        self.assertEqual(len(self.statement()), 6)
        html = self.env["ir.actions.report"]._render_qweb_html(
            "loyalty_account.report_loyalty_card_relief", self.card.ids
        )[0]
        self.assertIn(first.name.encode(), html)
        with self.assertRaises(AccessError):
            self.env["loyalty.relief"].sudo().search([], limit=1).write({"vat_amount": 5})

    def test_statement_keeps_programs_apart(self):
        """N17: points of two programs are never added, not even those of one customer."""
        self.sell(300, 19)
        self.spend(300, net=100)
        other = self.program.copy({"name": "Other Club"})
        self.env.flush_all()
        self.env.cr.execute(
            "INSERT INTO loyalty_relief (res_model, res_id, date, program_id, company_id, card_id, origin, points, amount,"
            " vat_amount) SELECT res_model, res_id, date, %s, company_id, card_id, 'none', 7, 0.07, 0 FROM loyalty_relief"
            " WHERE program_id = %s",
            (other.id, self.program.id),
        )
        both = self.env["loyalty.relief.report"].search([("program_id", "in", (self.program | other).ids)])
        sections = both._sections()
        self.assertEqual([section.program_id for section in sections], [self.program, other])
        self.assertEqual([section._totals()[-1][2] for section in sections], [300, 7])
        html = self.env["ir.actions.report"]._render_qweb_html("loyalty_account.report_loyalty_relief", both.ids)[0]
        self.assertIn(b"Other Club", html)

    def test_statement_in_the_pack(self):
        """N17, M17: the report pack of a close lists what redemptions of its period took off which sale; another period has
        none, and no sheet."""
        with freeze_time("2026-02-03 12:00:00"):
            first = self.sell(300, 19, invoice_date="2026-02-03")
            self.sell(200, 7, invoice_date="2026-02-03")
        with freeze_time("2026-02-10 12:00:00"):
            move, __ = self.spend(500, net=100, invoice_date="2026-02-10")
            self.env.cr.flush()
        accountant = new_test_user(
            self.env, "closer_19", groups="account.group_account_user", company_id=self.company.id
        )
        for start, end, rates in (
            ("2026-01-01", "2026-01-31", []),
            ("2026-02-01", "2026-02-28", [("19%", 300, 3.0, 2.52, 0.48), ("7%", 200, 2.0, 1.87, 0.13)]),
        ):
            with freeze_time("2026-03-15 12:00:00"):
                close = (
                    self.env["loyalty.close"]
                    .with_user(accountant)
                    .create({"company_id": self.company.id, "date_from": start, "date_to": end})
                )
                close._run()
                self.env.flush_all()
            self.assertEqual((close.state, close.problem), ("done", False))
            file = close.attachment_ids.filtered(lambda file: file.name.endswith("xlsx"))
            book = openpyxl.load_workbook(io.BytesIO(file.raw))
            html = self.env["ir.actions.report"]._render_qweb_html(
                "loyalty_account.action_report_loyalty_close", close.ids
            )
            self.assertEqual("VAT of Original Sales" in html[0].decode(), bool(rates))
            self.assertEqual("Original Sales" in book.sheetnames, bool(rates))
        rows = list(book["Original Sales"].iter_rows(min_row=5, values_only=True))
        self.assertEqual([row[6:] for row in rows if row[4] == "Subtotal"], rates)
        self.assertEqual([row[7:] for row in rows if row[4] == "Total"], [(500, 5.0, 4.39, 0.61)])
        self.assertEqual([row[6:] for row in rows[:2]], rates)
        self.assertEqual((rows[0][2:5]), (move.name, self.customer.name, first.name))

    def test_documents_from_before(self):
        """N17: a sale whose rates were not kept is said so, and not guessed."""
        move = self.sell(500, 19)
        move.sudo().loyalty_earning_id.write({"tax_sets": False, "relief": 0})
        __, payment = self.spend(500)
        self.assertEqual(self.vat_by_rate(payment), {})
        self.assertEqual((self.statement().origin, self.statement().sale_name), ("unknown", move.name))
        self.assertProved()
        self.credit(move, self.line(100, 19))
        self.env.cr.flush()
        self.assertFalse(move.sudo().loyalty_earning_id.tax_sets, "rates of today would be a guess")

    def change_taxes(self, move, rate):
        """Reset an invoice to draft, give its lines another rate, confirm and pay it."""
        move.button_draft()
        self.env.cr.flush()
        move.invoice_line_ids.tax_ids = self.sale_taxes[rate]
        move.action_post()
        self.pay(move)
        self.env.cr.flush()

    def test_sale_changed_after_its_points_were_redeemed(self):
        """N17: an invoice whose taxes change does not change what its points took off before; what they take off from then
        on has its new rates. Whoever changed it is told."""
        sale = self.sell(500, 19)
        move, payment = self.spend(300)
        self.change_taxes(sale, 7)
        self.assertProved()
        message = sale.message_ids.filtered(lambda message: payment.display_name in (message.body or ""))
        self.assertIn("The VAT that they took off stays as it was", message.body)
        self.assertEqual(self.card.points, 200)
        __, second = self.spend(100)
        self.assertEqual(self.vat_by_rate(second), {7: 0.07})
        self.assertProved()
        self.change_taxes(sale, 19)
        self.assertProved()
        __, third = self.spend(100)
        self.assertEqual(self.vat_by_rate(third), {19: 0.16})
        self.assertProved()
        self.credit(move, self.line(100, 7))
        self.assertEqual(self.vat_by_rate(self.returns_of(payment)), {19: -0.24})
        self.assertProved()
        earning = sale.sudo().loyalty_earning_id
        self.assertEqual([row["sets"][0]["parts"][0][1] for row in earning.earlier_tax_sets], [19.0, 7.0])

    def test_sale_changed_before_its_points_were_redeemed(self):
        """N17: where nothing was redeemed, nothing of before is kept and nobody is told."""
        sale = self.sell(500, 19)
        self.change_taxes(sale, 7)
        earning = sale.sudo().loyalty_earning_id
        self.assertFalse(earning.earlier_tax_sets)
        self.assertFalse(sale.message_ids.filtered(lambda message: "had been redeemed" in (message.body or "")))
        __, payment = self.spend(500)
        self.assertEqual(self.vat_by_rate(payment), {7: 0.33})
        self.assertProved()

    def test_sale_changed_where_the_proof_still_looks(self):
        """N17, N1: a redemption after the change at the rates of before is named."""
        sale = self.sell(500, 19)
        self.spend(300)
        self.change_taxes(sale, 7)
        __, payment = self.spend(100)
        earning = sale.sudo().loyalty_earning_id
        earlier = [{**row, "until": row["until"] + 10**6} for row in earning.earlier_tax_sets]
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE loyalty_earning SET earlier_tax_sets = %s WHERE id = %s", [json.dumps(earlier), earning.id]
        )
        self.env.invalidate_all()
        items = self.program._loyalty_proof()["payments"]["items"]
        self.assertEqual([item["id"] for item in items], [payment.id], items)

    def test_transferred_points(self):
        """N17, N11: points that moved to another card keep their sale."""
        self.sell(500, 19)
        other = self.make_card()
        self.card._post_entries(
            [{"card_id": self.card.id, "kind": "transfer", "points": 0, "target_card_id": other.id, "key": "move"}]
        )
        move = self.make_invoice(self.line(200, 7), post=True)
        self.apply_points(move, 500, card=other)
        self.assertEqual(self.vat_by_rate(self.loyalty_payments(move)), {19: 0.80})
        self.assertProved()

    def test_tax_due_on_payment(self):
        """N17: a sale whose tax is due on payment is refused, saying which."""
        account = self.make_account("Cash Basis", "251999", "liability_current", reconcile=True)
        tax = self.make_tax("sale", 9, tax_exigibility="on_payment", cash_basis_transition_account_id=account.id)
        self.sale_taxes[9] = tax
        self.sell(500, 9)
        with self.assertRaisesRegex(UserError, "9 % sale.*cash basis.*another VAT mode"):
            self.spend(500)

    def test_proof_names_other_vat(self):
        """N17, N1: the proof recalculates from the ledger and names an entry that takes off something else."""
        self.sell(500, 19)
        __, payment = self.spend(500)
        self.env.flush_all()
        line = payment.move_id.line_ids.filtered("tax_line_id")
        self.env.cr.execute("UPDATE account_move_line SET balance = balance - 0.47 WHERE id = %s", [line.id])
        base = payment.move_id.line_ids.filtered("tax_ids")
        self.env.cr.execute("UPDATE account_move_line SET balance = balance + 0.47 WHERE id = %s", [base.id])
        self.env.invalidate_all()
        items = self.program._loyalty_proof()["payments"]["items"]
        self.assertEqual([(item["id"], round(item["size"], 2)) for item in items], [(payment.id, 0.47)], items)
        self.assertIn("19 % sale: $\xa00.33 instead of $\xa00.80", items[0]["problem"])

    def test_foreign_currency_and_discount(self):
        """N17: weights are those of the sale in its currency; a deduction lowers what its rate weighs."""
        euro = self.setup_other_currency("EUR", rates=[("2026-01-01", 2.0)])
        move = self.make_invoice(
            self.line(100, 19), self.line(100, 7), self.line(-50, 19), post=True, currency_id=euro.id
        )
        self.pay(move)
        self.env.cr.flush()
        self.assertEqual([row["gross"] for row in move.sudo().loyalty_earning_id.tax_sets], [59.5, 107.0])


@tagged("post_install", "-at_install")
class TestEarningSaleAccrual(EarningSaleCase):
    """The liability: each lot at the rate of its own sale."""

    policy = "accrual"

    def run_accrual(self):
        run = self.env["loyalty.accrual.run"].create({"program_id": self.program.id, "date_to": "2026-03-15"})
        run.action_post()
        return run

    def test_unit_value_of_each_lot(self):
        """N17, M12: 300 points of 19 %, 200 of 7 % and 100 without sale are 2.52, 1.87 and 1.00; redeeming releases
        them."""
        self.sell(300, 19)
        self.sell(200, 7)
        self.bonus(100)
        run = self.run_accrual()
        self.assertEqual((run.amount, run.target_amount), (4.39, 5.39))
        self.assertFalse(self.run_accrual().amount)
        values = self.env["loyalty.valuation"]._read_group(
            [("program_id", "=", self.program.id)], ["lot_id"], ["amount:sum"]
        )
        self.assertEqual([round(amount, 2) for __, amount in values], [2.52, 1.87, 1.0])
        self.assertProved()
        self.spend(500)
        self.assertProved()
        lines = self.env["account.move.line"].search(
            [("account_id", "=", self.liability_account.id), ("parent_state", "=", "posted")]
        )
        self.assertAlmostEqual(-sum(lines.mapped("balance")), 1.0)

    def test_used_before_the_run(self):
        """N17: what was issued and used between two runs is in the roll-forward at the rate of its sale."""
        self.sell(300, 19)
        self.spend(300)
        found = self.program._rollforward(date(2026, 3, 1), date(2026, 3, 15))
        self.assertEqual((found["issued"][1], found["redeemed"][1]), (2.52, -2.52))


@tagged("post_install", "-at_install")
class TestEarningSaleSetUp(EarningSaleCase):
    policy = "none"
    vat_mode = False

    def test_set_up(self):
        """N17: Set Up Accounting makes a contra-revenue account for the mode, and proposes nothing that it does not
        source."""
        self.program.write({"cost_account_id": False, "accounting_policy": "none"})
        wizard = self.env["loyalty.account.setup"].create(
            {"program_id": self.program.id, "accounting_policy": "redemption", "vat_mode": "earning_sale"}
        )
        wizard.action_set_up()
        self.assertEqual(self.program.cost_account_id.internal_group, "income")

    def test_proposal(self):
        """N17: the wizard says what is settled in the company's country, with the source, and chooses nothing."""
        wizard = self.env["loyalty.account.setup"].create({"program_id": self.program.id})
        expected = {
            "base.de": ("V R 42/17", "“Original sale”"),
            "base.fr": ("C-436/24", "“Price reduction”"),
            "base.za": ("Interpretation Note 118", "“Means of payment”"),
            "base.au": ("GSTR 2012/1", "“Price reduction”"),
            "base.uk": ("[2003] EWCA Civ 1367", "“Price reduction”"),
        }
        for country, texts in expected.items():
            self.company.account_fiscal_country_id = self.env.ref(country)
            wizard.invalidate_recordset(["vat_proposal"])
            for text in texts:
                self.assertIn(text, wizard.vat_proposal)
        self.company.account_fiscal_country_id = self.env.ref("base.us")
        wizard.invalidate_recordset(["vat_proposal"])
        self.assertFalse(wizard.vat_proposal)
        self.assertFalse(wizard.vat_mode)

    def test_expense_is_accepted(self):
        """N17: an expense may carry the redemptions as well."""
        self.program.write(
            {
                "accounting_policy": "redemption",
                "vat_mode": "earning_sale",
                "cost_account_id": self.cost_account.id,
                "tax_map_ids": [Command.clear()],
            }
        )
        self.assertFalse(self.program._accounting_problem())


@tagged("post_install", "-at_install")
class TestPortalOriginalSales(EarningSaleCase, HttpCase):
    def test_own_card(self):
        """N17: customers download the statement of original sales of their own card; where there is nothing, no link."""
        portal = {"groups": "base.group_portal", "company_id": self.company.id}
        own = new_test_user(self.env, "sales_own", password="sales_own", **portal)
        new_test_user(self.env, "sales_other", password="sales_other", **portal)
        self.card.partner_id = own.partner_id
        self.sell(300, 19, partner=own.partner_id)
        history, path = (f"/my/loyalty_card/{self.card.id}/{what}" for what in ("history", "original_sales"))
        self.authenticate("sales_own", "sales_own")
        self.assertNotIn(path, self.url_open(history).text)
        self.assertEqual(self.url_open(path, allow_redirects=False).status_code, 303)
        self.spend(300, net=100, partner=own.partner_id)
        self.env.flush_all()
        self.assertIn(path, self.url_open(history).text)
        file = self.url_open(path)
        self.assertEqual(file.headers["Content-Type"], "application/pdf")
        self.assertIn(self.card.code, file.headers["Content-Disposition"])
        self.authenticate("sales_other", "sales_other")
        self.assertNotIn(path, self.url_open(history).text)
        self.assertEqual(self.url_open(path, allow_redirects=False).status_code, 303)
