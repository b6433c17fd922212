"""Which buttons ask first: each button of our views is in one of the two lists below."""

from collections import defaultdict
from pathlib import Path

from lxml import etree

from odoo.tests import BaseCase, TransactionCase, tagged

OURS = ("loyalty_ledger", "loyalty_account", "loyalty_sale", "loyalty_pos", "loyalty_rebate", "loyalty_deferral")

#: They move points or money, or write what cannot be deleted: one click asks.
ASKS = {
    "loyalty.accrual.run": {"action_post"},
    "loyalty.adjustment": {"action_refuse", "action_withdraw"},
    "loyalty.card": {"action_close", "action_undo_payout"},
    "loyalty.close": {"action_run", "action_lock", "action_close_again"},
    "loyalty.deferral.switch": {"action_post"},
    "loyalty.redemption.study": {"action_decide"},
    "step_ids": {"action_run", "action_accept"},
    "loyalty.exception": {"action_waive", "action_settle_again"},
    "loyalty.hold": {"action_release"},
    "loyalty.balance.import": {"action_refuse", "action_withdraw"},
    "loyalty.program": {"action_recompute_levels", "action_correct_stored_products"},
    "account.payment": {"action_cancel"},
}

#: They post too, but what they post stands beside them, line by line, and the answer says what was posted. Where several
#: rows are chosen in a list, they ask.
SHOWN = {
    "loyalty.adjustment": {"action_approve"},
    "loyalty.balance.import": {"action_import", "action_approve"},
}

#: A dialog was opened for it and says what will happen.
IN_DIALOGS = {
    "loyalty.account.setup": {"action_set_up", "action_correct"},
    "loyalty.adjust.wizard": {"action_confirm"},
    "loyalty.apply.points": {"action_apply", "action_issue_card", "action_remove", "action_use_maximum"},
    "loyalty.disclosure": {"action_print", "action_export"},
    "loyalty.redemption.study": {"action_calculate", "action_export"},
    "loyalty.payout": {"action_pay_out"},
    "loyalty.program.change": {"action_preview", "action_apply"},
    "loyalty.rollforward": {"action_print"},
    "loyalty.source.wizard": {"action_show"},
    "loyalty.statement": {"action_print"},
    "loyalty.replace.wizard": {"action_confirm"},
    "loyalty.transfer.wizard": {"action_confirm"},
}

#: They can be undone by another click (Close, Reopen, Review Again, Continue), change a draft only, or do at once what a job
#: does by itself. A card is issued in one click: what it earns is what the customer was promised.
UNDONE_EASILY = {
    "account.move": {"action_issue_loyalty_card", "action_retry_loyalty"},
    "loyalty.accrual.run": {"action_preview"},
    "loyalty.card": {"action_reopen"},
    "loyalty.close": {"action_preview"},
    "loyalty.deferral.switch": {"action_preview"},
    "loyalty.exception": {"action_reopen", "action_resolve"},
    "loyalty.balance.import": {"action_answer", "action_check", "action_continue", "action_stop"},
    "loyalty.proof": {"action_reconcile", "action_reconcile_all"},
    "loyalty.verification": {"action_verify"},
    "res.partner": {"action_issue_loyalty_card"},
    "sale.order": {"action_issue_loyalty_card", "action_recalculate_loyalty_points"},
}

#: They open something.
OPENS = {
    "action_adjust_loyalty_points",
    "action_adjust_points",
    "action_apply_loyalty_points",
    "action_loyalty_inquiry",
    "action_open",
    "action_open_document",
    "action_open_sale",
    "action_open_move",
    "action_open_public_page",
    "action_preview_change",
    "action_print",
    "action_print_loyalty_statement",
    "action_reconcile_loyalty",
    "action_replace_card",
    "action_print_card",
    "action_coupon_send",
    "action_set_up_accounting",
    "action_study_redemption",
    "action_switch_deferral",
    "action_transfer_points",
}


def buttons():
    """Yield ``(model, button)`` of all views of ours."""
    for addon in OURS:
        for path in sorted((Path(__file__).parents[1] / addon).rglob("*.xml")):
            for record in etree.parse(path).iter("record"):
                if record.get("model") != "ir.ui.view":
                    continue
                model = next((field.text for field in record.iter("field") if field.get("name") == "model"), "")
                for button in record.xpath(".//*[@type='object'][@name]"):
                    inner = button.xpath("ancestor::field[@name][not(@name='arch')][list or kanban]")
                    yield inner and inner[-1].get("name") or model, button


@tagged("post_install", "-at_install")
class TestButtons(BaseCase):
    def test_who_asks(self):
        """N29: one-click actions that move money or points, or write history, ask first; each button is in a list."""
        lines = {"loyalty_card_ids": "loyalty.card"}
        for model, button in buttons():
            model, name = lines.get(model, model), button.get("name")
            with self.subTest(model=model, button=name):
                if name in ASKS.get(model, ()):
                    self.assertTrue(button.get("confirm"), "asks nothing")
                    continue
                if name in SHOWN.get(model, ()):
                    of_rows = bool(button.xpath("parent::header/parent::list"))
                    self.assertEqual(bool(button.get("confirm")), of_rows, "asks where rows are chosen, and only there")
                    continue
                self.assertFalse(button.get("confirm"), "asks, so it belongs into ASKS")
                known = name in IN_DIALOGS.get(model, ()) or name in UNDONE_EASILY.get(model, ())
                self.assertTrue(
                    known or name in OPENS or name.startswith("action_view_"),
                    "in no list: does it move points or money?",
                )

    def test_titles(self):
        """A list that opens from a figure of a pivot or graph is not called "Untitled"."""
        for addon in OURS:
            for path in sorted((Path(__file__).parents[1] / addon).rglob("*.xml")):
                for view in etree.parse(path).xpath("//field[@name='arch']/*[self::pivot or self::graph]"):
                    with self.subTest(path=path.name, view=view.tag, line=view.sourceline):
                        self.assertTrue(view.get("string"))


@tagged("post_install", "-at_install")
class TestMethods(TransactionCase):
    def test_buttons_take_records(self):
        """N29: a button calls its method with the ids of what is shown; a method of the model (api.model) takes none and fails."""
        rows = defaultdict(set)  # models of the rows of a field: other models may have one of the same name
        for fields in (model._fields.values() for model in self.registry.values()):
            for field in fields:
                if field.comodel_name:
                    rows[field.name].add(field.comodel_name)
        count = 0
        for model, button in buttons():
            owners = [model] if model in self.registry else rows[model]
            with self.subTest(model=model, button=button.get("name")):
                methods = [getattr(self.registry[owner], button.get("name"), None) for owner in owners]
                self.assertTrue(any(methods))
                self.assertFalse([method for method in methods if getattr(method, "_api_model", False)])
                count += 1
        self.assertGreater(count, 100)


@tagged("post_install", "-at_install")
class TestPhone(TransactionCase):
    def test_lists_have_cards(self):
        """N29: on a phone Odoo shows cards where an action has them: each list of ours does."""
        data = self.env["ir.model.data"].search([("module", "in", OURS), ("model", "=", "ir.actions.act_window")])
        actions = self.env["ir.actions.act_window"].browse(data.mapped("res_id"))
        lists = actions.filtered(lambda action: action.view_mode.split(",")[0] == "list")
        self.assertGreater(len(lists), 10)
        for action in lists:
            with self.subTest(action.name):
                self.assertIn("kanban", action.view_mode.split(","))
                view = next((view for view in action.view_ids if view.view_mode == "kanban"), None)
                self.env[action.res_model].get_view(view.view_id.id if view else None, "kanban")

    def test_lists_in_forms_have_cards(self):
        """N29: a list inside a form that is wider than a phone is cards there; what is typed into stays a list."""
        wide = 5
        checked = 0
        for addon in OURS:
            for path in sorted((Path(__file__).parents[1] / addon).rglob("*.xml")):
                for field in etree.parse(path).xpath("//form//field[list[not(@editable)]]"):
                    columns = field.xpath("list/field[not(@optional='hide') and not(@column_invisible='1')]")
                    if len(columns) < wide:
                        continue
                    checked += 1
                    with self.subTest(path=path.name, field=field.get("name")):
                        self.assertTrue(field.xpath("kanban"), "is cut off on a phone")
        self.assertGreater(checked, 5)
