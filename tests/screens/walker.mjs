/*
 * One person at one screen: clicks what they would click, counts it, and looks at what they see.
 *
 * A click, a tap and a key that stands for one (Enter, F9) count one. Typing counts the click into the field; it counts
 * nothing where the field has the focus already. Everything is found as a person finds it, by role, label and text.
 */
import { Buffer } from "node:buffer";
import { axeFaults } from "./accessibility.mjs";

export const SIZES = {
    desktop: { viewport: { width: 1366, height: 768 } },
    tablet: { viewport: { width: 820, height: 1180 }, hasTouch: true },
    phone: { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true },
};
/** How long the page has to be silent before it counts as ready. */
const QUIET_MS = 120;
const PATIENCE_MS = 45_000;
/** How long a page may take that makes its scripts and styles first. */
export const OPENING_MS = 180_000;
/** Requests that never end, or that nobody waits for. */
const BACKGROUND =
    /\/websocket|\/longpolling|\/bus\/|\/web\/image|\/mail\/|\.(png|svg|jpe?g|ico|woff2?)(\?|$)/;
/** Browser messages about the test machine, and not about the page. */
const HARMLESS = /favicon|websocket|WebSocket|service-worker|ServiceWorker|net::ERR_ABORTED/;
/** Where errors of the server are shown. */
const ERRORS = ".o_error_dialog, .o_notification:has(.bg-danger)";

export class Walker {
    /**
     * @param {import("playwright-core").BrowserContext} context logged in
     * @param {string} url address of the server
     * @param {string} [options.axe] source of axe-core
     * @param {string} [options.keep] where pictures of what was looked at go, and how their names begin
     */
    constructor(context, url, { axe, keep } = {}) {
        Object.assign(this, { context, url, axe, keep });
        this.clicks = 0;
        this.loads = [];
        this.problems = [];
        this.faults = [];
        this.seen = new Set();
        this.pending = new Set();
    }

    async start() {
        this.page = await this.context.newPage();
        this.page.setDefaultTimeout(PATIENCE_MS);
        this.page.on("console", (message) => {
            if (message.type() === "error" && !HARMLESS.test(message.text())) {
                this.problems.push(`console: ${message.text().slice(0, 400)}`);
            }
        });
        this.page.on("pageerror", (error) => this.problems.push(`page: ${error.message}`));
        this.page.on("response", (response) => {
            if (response.status() >= 500) {
                this.problems.push(`${response.status()} ${response.url()}`);
            }
        });
        this.page.on("request", (request) => {
            if (!BACKGROUND.test(request.url())) {
                this.pending.add(request);
                this.active = Date.now();
            }
        });
        for (const event of ["requestfinished", "requestfailed"]) {
            this.page.on(event, (request) => {
                if (this.pending.delete(request)) {
                    this.active = Date.now();
                }
            });
        }
        return this;
    }

    // --- what a person does ------------------------------------------------------------------------------------

    /** Open an address, as a bookmark does: no click, but its time is taken. */
    async open(path, ready) {
        const start = Date.now();
        await this.openOnly(path, ready);
        this.loads.push({ path, ms: Date.now() - start - QUIET_MS });
        await this.look(path);
    }
    async openOnly(path, ready = ".o_action_manager > .o_action, .pos, main") {
        await this.page.goto(this.url + path, { waitUntil: "commit", timeout: OPENING_MS });
        await this.page.locator(ready).first().waitFor({ timeout: OPENING_MS });
        await this.settle();
    }
    /** Click or tap, and wait for what comes of it. */
    async click(target) {
        this.clicks++;
        await this.find(target).click();
        await this.settle();
    }
    /** Point at something without a click, to read what it says. */
    async point(target) {
        await this.find(target).hover();
        await this.settle();
    }
    async press(key) {
        this.clicks++;
        await this.page.keyboard.press(key);
        await this.settle();
    }
    /** Type into a field; the click into it counts. */
    async type(target, text) {
        const field = this.find(target);
        if (!(await field.evaluate((element) => element === element.ownerDocument.activeElement))) {
            this.clicks++;
            await field.click();
            // What was typed before is being looked at by the server.
            await this.settle();
        }
        await field.fill(text);
        await this.settle();
    }
    /** Choose a record in a field with suggestions. */
    async choose(target, text) {
        await this.type(target, text);
        await this.click(
            this.page.locator(".o-autocomplete--dropdown-item").filter({ hasText: text }).first()
        );
    }
    /** Choose a value of a list of fixed values. */
    async select(target, label) {
        await this.click(target);
        await this.click(["option", label]);
    }
    /** Search a list, in the field that comes first or in the one that is named. */
    async search(text, field) {
        await this.type(".o_searchview_input", text);
        const choices = this.page.locator(
            ".o_searchview_autocomplete .o-dropdown-item, .o_searchview_autocomplete li"
        );
        await (field ? this.click(choices.filter({ hasText: field })) : this.press("Enter"));
    }
    /** Open a row of a list by its first cell, or its card on a phone. */
    async openRow(text) {
        const row = this.find(this.row(text));
        await row.waitFor();
        const cells = row.locator(".o_data_cell:not(.o_handle_cell)");
        await this.click((await cells.count()) ? cells : row);
    }
    /** Click what asks for a file, and choose it: the dialog of the system is none of ours. */
    async chooseFile(target, name, content) {
        const chooser = this.page.waitForEvent("filechooser");
        await this.click(target);
        const file = { name, mimeType: "text/csv", buffer: Buffer.from(content) };
        await (await chooser).setFiles(file);
        await this.settle();
    }
    /** Do something that is not part of the job. */
    async aside(action) {
        const { clicks } = this;
        await action();
        this.clicks = clicks;
    }
    /** Open an entry of the menus of the app, such as "Register / Cards". */
    async menu(path) {
        const [first, ...rest] = path.split(" / ");
        await this.click(this.page.locator(".o_menu_sections").getByText(first, { exact: true }));
        for (const name of rest) {
            await this.click(
                this.page.locator(".o-dropdown--menu").getByRole("menuitem", { name, exact: true })
            );
        }
        await this.look(path);
    }

    // --- what a person sees ------------------------------------------------------------------------------------

    /** A target is a locator, a selector, or a role with a name. */
    find(target) {
        if (Array.isArray(target)) {
            const [role, name] = target;
            const exact = typeof name === "string";
            return this.page.getByRole(role, { name, exact }).filter({ visible: true }).first();
        }
        const locator = typeof target === "string" ? this.page.locator(target) : target;
        return locator.filter({ visible: true }).first();
    }
    /** A row of a list, or its card on a phone. */
    row(text) {
        return this.page.locator(".o_data_row, .o_kanban_record").filter({ hasText: text });
    }
    dialog() {
        return this.page.locator(".modal:not(.o_inactive_modal)");
    }
    /** Fail unless this is to be seen. */
    async see(target) {
        const locator = target instanceof RegExp ? this.page.getByText(target) : target;
        await this.find(locator).waitFor();
    }
    async text(target) {
        return (await this.find(target).innerText()).replace(/\s+/g, " ").trim();
    }
    /** Wait until the page asks for nothing any longer, and shows what it got. */
    async settle() {
        const end = Date.now() + PATIENCE_MS;
        this.active = Date.now();
        while (this.pending.size || Date.now() - this.active < QUIET_MS) {
            if (Date.now() > end) {
                throw new Error(
                    `The page still waits for ${[...this.pending].map((request) => request.url())}`
                );
            }
            await this.page.waitForTimeout(20);
        }
        const error = this.page.locator(ERRORS).filter({ visible: true });
        if (await error.count()) {
            throw new Error(`The page says: ${(await error.first().innerText()).slice(0, 400)}`);
        }
    }
    /** Look at a screen for faults that keep people with a disability out, once per screen and size. */
    async look(name) {
        if (this.seen.has(name)) {
            return;
        }
        this.seen.add(name);
        if (this.keep) {
            const file = `${this.keep}-${this.seen.size}-${name.replace(/\W+/g, "-")}.png`;
            await this.page.screenshot({ path: file });
        }
        if (this.axe) {
            this.faults.push(...(await axeFaults(this.page, this.axe, name)));
        }
    }
}
