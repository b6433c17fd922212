"""Registers that sell in another currency than the company's: Odoo offers programs of the register's own currency only."""

from odoo import Command
from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

from .test_session_closing import ClosingCase, ReductionCase


class Foreign:
    def open_foreign(self, name, rate):
        """Open a register whose journals and pricelist are in a currency of ``rate`` units for one of the company's."""
        currency = self.setup_other_currency(name, rates=[("2020-01-01", rate)])
        journals = [
            self.env["account.journal"].create(
                {
                    "name": f"{name} {kind}",
                    "code": f"{name[:2]}{kind[:2]}",
                    "type": kind,
                    "currency_id": currency.id,
                    "company_id": self.company.id,
                }
            )
            for kind in ("sale", "bank")
        ]
        method = self.env["pos.payment.method"].create({"name": name, "journal_id": journals[1].id})
        prices = self.env["product.pricelist"].create({"name": name, "currency_id": currency.id})
        config = self.env["pos.config"].create(
            {
                "name": f"Till {name}",
                "journal_id": journals[0].id,
                "invoice_journal_id": journals[0].id,
                "payment_method_ids": [Command.set(method.ids)],
                "use_pricelist": True,
                "available_pricelist_ids": [Command.set(prices.ids)],
                "pricelist_id": prices.id,
            }
        )
        return currency, method, self.open_session(config)

    def test_program_of_the_company(self):
        """N29, S10: a register in another currency refuses the card with the reason; its sale moves no points and closes."""
        self.program.issue_on = "paid"
        for name, rate in (("GBP", 0.8), ("EUR", 1.25)):
            with self.subTest(name):
                currency, method, session = self.open_foreign(name, rate)
                config = session.config_id
                words = f"Points of Points count in .* and can be neither earned nor redeemed at Till {name}"
                Card = self.env["loyalty.card"].with_user(self.cashier)
                found = Card.pos_find_card(config.id, self.card.code)
                self.assertFalse(found["card"])
                self.assertRegex(found["error"], words)
                with self.assertRaisesRegex(UserError, words), self.cr.savepoint():
                    Card.pos_hold(config.id, self.card.id, 10, f"payment {name}", f"order {name}")
                order = self.sell(
                    [self.taxed(100, 15)],
                    self.ann,
                    session=session,
                    payments=[{"amount": 115, "payment_method_id": method.id}],
                )
                self.assertEqual((order.loyalty_points_earned, self.card.points), (0, 1000))
                move = self.close(session)
                tax = move.line_ids.filtered(lambda line: line.account_id == self.output_vat)
                self.assertEqual((tax.amount_currency, tax.balance), (-15, round(-15 / rate, 2)))

    def test_program_of_the_register(self):
        """N29, N4: a program that counts in the register's currency earns of its amounts, and returns take back all of it."""
        currency, method, session = self.open_foreign("GBP", 0.8)
        program = self.make_program(name="Pounds", currency_id=currency.id, issue_on="paid", pos_ok=True)
        card = self.make_card(partner=self.bob, program=program)
        order = self.sell(
            [self.taxed(40, 15, qty=3)],
            self.bob,
            session=session,
            payments=[{"amount": 138, "payment_method_id": method.id}],
        )
        self.assertEqual((order.loyalty_points_earned, card.points), (120, 120))
        for points in (80, 40, 0):
            self.sell(
                [self.taxed(40, 15, qty=-1, refunded_orderline_id=order.lines.id)],
                self.bob,
                session=session,
                payments=[{"amount": -46, "payment_method_id": method.id}],
                is_refund=True,
            )
            self.assertEqual(card.points, points)
        self.close(session)
        with self.assertRaisesRegex(UserError, "Currency is GBP, but .* keeps its books in"), self.cr.savepoint():
            program.write(self.accounting_values())


@tagged("post_install", "-at_install")
class TestForeignPayment(Foreign, ClosingCase):
    """Points pay."""

    def test_currency_of_the_journal_changed(self):
        """N29, S10: a register that accepts points keeps their currency, whether it or its journal changes."""
        currency, __, session = self.open_foreign("GBP", 0.8)
        words = "are worth .* and cannot be redeemed at"
        self.close(session)
        with self.assertRaisesRegex(ValidationError, words), self.cr.savepoint():
            session.config_id.payment_method_ids += self.points_method
        self.close()
        with self.assertRaisesRegex(ValidationError, words), self.cr.savepoint():
            self.config.journal_id.currency_id = currency
            self.env.flush_all()


@tagged("post_install", "-at_install")
class TestForeignReduction(Foreign, ReductionCase):
    """Points lower the price."""
