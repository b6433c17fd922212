"""Posting and paying invoices that earn points against plain Odoo (target: 1.1x)."""

import contextlib

from bench import common
from devtools import session

TARGET = 1.1


class Side:
    """One database with draft invoices; with our add-ons each customer has a card and each paid invoice earns."""

    def __init__(self, name, env, number, ours):
        self.name = name
        self.clock = common.Clock()
        self.company = env.ref("base.main_company")
        self.env = env(context={**env.context, "tracking_disable": True, "allowed_company_ids": self.company.ids})
        env = self.env
        self.user = env.ref("base.user_admin").id
        env["loyalty.program"].search([]).active = False
        product = env["product.product"].create({"name": "Benchmark", "list_price": 40})
        partners = env["res.partner"].create([{"name": f"Customer {n}"} for n in range(number)])
        self.cards = env["loyalty.card"]
        if ours:
            program = env["loyalty.program"].create(
                {
                    "name": "Benchmark",
                    "program_type": "loyalty",
                    "company_id": self.company.id,
                    "issue_on": "paid",
                    "rule_ids": [(0, 0, {"reward_point_mode": "money", "reward_point_amount": 1})],
                }
            )
            self.cards = (
                env["loyalty.card"]
                .with_context(loyalty_no_mail=True)
                .create([{"program_id": program.id, "partner_id": partner.id} for partner in partners])
            )
        self.invoices = env["account.move"].create(
            [
                {
                    "move_type": "out_invoice",
                    "partner_id": partner.id,
                    "invoice_line_ids": [
                        (0, 0, {"product_id": product.id, "quantity": quantity, "price_unit": 40})
                        for quantity in (1, 2)
                    ],
                }
                for partner in partners
            ]
        )
        env.cr.commit()
        env.registry.signal_changes()  # as the end of a request does
        self.queue = list(self.invoices.ids)

    def settle(self, number, keep=True):
        """Post the next invoices together and pay each, as an accountant does; a cursor of its own, nothing cached."""
        with self.env.registry.cursor() as cr:
            env = self.env(cr, self.user)
            invoices = env["account.move"].browse(self.queue[:number])
            del self.queue[:number]
            with self.clock if keep else common.Clock():
                invoices.action_post()
                env["account.payment.register"].with_context(
                    active_model="account.move", active_ids=invoices.ids
                ).create({"group_payment": False})._create_payments()
                cr.flush()
            cr.commit()

    def unpaid(self):
        self.env.cr.commit()
        self.env.invalidate_all()
        return len(self.invoices.filtered(lambda invoice: invoice.payment_state not in ("paid", "in_payment")))

    def points(self):
        self.env.invalidate_all()
        return sum(self.cards.mapped("points"))


def main(options):
    with contextlib.ExitStack() as stack:
        total = options.invoices + options.batch
        sides = [
            Side(name, stack.enter_context(session.environment(plain=plain)), total, not plain)
            for name, plain in (("plain Odoo", True), ("with our add-ons", False))
        ]
        for turn in range(total // options.batch):
            for side in sides if turn % 2 else reversed(sides):
                side.settle(options.batch, keep=turn > 0)
        plain, ours = sides
        for side in sides:
            common.say(
                f"{side.name:<17} {side.clock.median * 1000 / options.batch:.2f} ms an invoice "
                f"(median of {len(side.clock.runs)} batches of {options.batch}), {side.unpaid()} unpaid"
            )
        earned = total * 120
        common.say(f"   points earned: {ours.points():g} of {earned}")
        wrong = plain.unpaid() or ours.unpaid() or ours.points() != earned
        return common.verdict("invoices", ours.clock.median / plain.clock.median, TARGET) or int(bool(wrong))


if __name__ == "__main__":
    common.finish([main(common.arguments(__doc__, invoices=1000, batch=50))])
