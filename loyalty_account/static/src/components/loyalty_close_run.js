import { registry } from "@web/core/registry";

/**
 * Runs a loyalty close part by part and says which step it is at. Each part is a request of its own, so what is done is
 * kept, whatever happens to the next one.
 */
export async function runLoyaltyClose(env, { params }, options) {
    const { orm, ui } = env.services;
    let message = params.message;
    try {
        while (message) {
            ui.block({ message });
            try {
                message = await orm.call("loyalty.close", "action_run_part", [
                    [params.close_id],
                    params.code,
                ]);
            } finally {
                ui.unblock();
            }
        }
    } catch (error) {
        options.onClose?.(); // the form shows what was done before
        throw error;
    }
    return { type: "ir.actions.act_window_close" };
}

registry.category("actions").add("loyalty_close_run", runLoyaltyClose);
